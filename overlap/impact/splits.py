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

__all__ = ["BINS", "Split", "splits_of"]

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
    """All splits of an overlap's examples, that of the rule first. Examples that are too short are in none."""
    labels = labels_of(overlap, rule, findings)
    hit, measured = overlap.hits > 0, overlap.ngrams > 0
    untouched = measured & ~hit
    found = [Split("rule", str(rule), labels == 0, labels == 1), Split("any hit", "any hit", untouched, hit)]
    found += [Split("bin", name, untouched, mask) for name, mask in _bins(overlap, bins)]
    found += [Split("class", name, untouched, mask) for name, mask in _classes(overlap, findings)]
    found += _parts(overlap, untouched)
    if overlap.groups is not None:
        groups = np.array(overlap.groups, object)
        for name in dict.fromkeys(overlap.groups):
            mine = groups == name
            found.append(Split("group", name, mine & (labels == 0), mine & (labels == 1)))
    return found


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
