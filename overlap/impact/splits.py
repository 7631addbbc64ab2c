"""The ways in which examples are split into clean and dirty: the rule, any hit, bins, classes, parts, groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap.impact.rules import DirtyRule, labels_of
from overlap.metrics import example_classes, findings_for, ngram_fraction
from overlap.results import CLASSES, Findings, Overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BINS", "Split", "group_splits", "splits_of"]

BINS = (0.0, 0.15, 0.5, 0.8)  # none, some; > 15 % is significant in Radford et al. 2019, section 4


@dataclass(frozen=True, eq=False)
class Split:
    """Masks over all examples, of those that are clean and those that are dirty; some may be neither."""

    kind: str
    name: str
    clean: NDArray[np.bool_]
    dirty: NDArray[np.bool_]


def splits_of(
    overlap: Overlap, rule: DirtyRule, findings: Sequence[Findings] = (), bins: Sequence[float] = BINS
) -> list[Split]:
    """All splits of an overlap's examples but those of groups, the rule's first. What is too short is in none."""
    labels = labels_of(overlap, rule, findings)
    hit, measured = overlap.hits > 0, overlap.ngrams > 0
    untouched = measured & ~hit
    found = [Split("rule", str(rule), labels == 0, labels == 1), Split("any hit", "any hit", untouched, hit)]
    found += [Split("bin", name, untouched, mask) for name, mask in _bins(overlap, bins)]
    found += [Split("class", name, untouched, mask) for name, mask in _classes(overlap, findings)]
    return found + _parts(overlap, untouched)


def group_splits(groups: Sequence[str], split: Split) -> list[tuple[NDArray[np.int64], Split]]:
    """Of each group, in the order of their first examples: the numbers of its examples, and their split.

    Masks are over the group's examples only: with thousands of groups, masks over all would not fit.

    >>> whole = Split("rule", "any hit", np.array([True, True, False]), np.array([False, False, True]))
    >>> [(split.name, mine.tolist(), split.dirty.tolist()) for mine, split in group_splits(["b", "a", "b"], whole)]
    [('b', [0, 2], [False, True]), ('a', [1], [False])]
    """
    names = {name: number for number, name in enumerate(dict.fromkeys(groups))}
    numbers = np.fromiter((names[name] for name in groups), np.int64, len(groups))
    members = np.split(np.argsort(numbers, kind="stable"), np.cumsum(np.bincount(numbers))[:-1]) if names else []
    return [
        (mine, Split("group", name, split.clean[mine], split.dirty[mine]))
        for name, mine in zip(names, members, strict=True)
    ]


def _bins(overlap: Overlap, bins: Sequence[float]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Examples by the share of their n-grams that are hits: over one limit, and up to the next."""
    values = np.nan_to_num(ngram_fraction(overlap), nan=-1.0)
    for low, high in zip(bins, [*bins[1:], 1.0], strict=True):
        name = f"> {100 * low:g} %" if high == 1.0 else f"> {100 * low:g} to {100 * high:g} %"
        yield name, (values > low) & (values <= high)


def _classes(overlap: Overlap, findings: Sequence[Findings]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    located = findings_for(overlap, findings)
    if located is None:
        return
    of_example = example_classes(located)
    for kind in CLASSES:
        mask = np.zeros(len(overlap), np.bool_)
        mask[[example for example, name in of_example.items() if name == kind]] = True
        if mask.any():
            yield kind, mask


def _parts(overlap: Overlap, untouched: NDArray[np.bool_]) -> list[Split]:
    """Hits in a part against none in it; and hits in that part only, or in several, against none at all."""
    if len(overlap.parts) < 2:
        return []
    hit, can_be = overlap.part_hits > 0, overlap.part_ngrams > 0
    found = [
        Split("part", name, can_be[:, number] & ~hit[:, number], hit[:, number])
        for number, name in enumerate(overlap.parts)
    ]
    alone = hit.sum(axis=1) == 1
    found += [
        Split("part", f"{name} only", untouched, hit[:, number] & alone) for number, name in enumerate(overlap.parts)
    ]
    return [*found, Split("part", "several parts", untouched, hit.sum(axis=1) > 1)]
