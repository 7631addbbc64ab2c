"""The test side: a test set split into clean, dirty and too short examples under a stated rule."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from overlap.cleaning.places import new_folder, relative_places
from overlap.cleaning.rewriting import rewrite
from overlap.errors import BadArgument
from overlap.metrics import findings_for
from overlap.provenance import files_again
from overlap.results import Findings, Overlap

__all__ = ["RULES", "Split", "SplitRule", "clean_test", "label_examples"]

RULES = ("any", "fraction", "longest", "class")
CLEAN, DIRTY, TOO_SHORT = LABELS = ("clean", "dirty", "too_short")


@dataclass(frozen=True)
class SplitRule:
    """When an example is dirty.

    ``any``: any hit. ``fraction``: more than ``threshold`` of its n-grams are hits. ``longest``: at least ``threshold``
    units in a row are hits. ``class``: it has a run of one of ``classes`` (needs the matches of ``locate`` or
    ``scan``).
    """

    kind: str = "any"
    threshold: float = 0.0
    classes: tuple[str, ...] = ("duplicate", "passage")

    def __str__(self) -> str:
        words = {
            "any": "any hit",
            "fraction": f"more than {self.threshold:.4g} of the n-grams are hits",
            "longest": f"at least {self.threshold:.4g} units in a row are hits",
            "class": f"a run of class {' or '.join(self.classes)}",
        }
        return words[self.kind]


@dataclass(frozen=True)
class Split:
    """How one test set was split; ``folder`` holds ``clean``, ``dirty``, ``too_short`` and ``labels.csv``.

    ``skipped``: bad records that were not measured; as far as they can be told apart they are in ``skipped``.
    """

    test: str
    folder: Path
    clean: int
    dirty: int
    too_short: int
    skipped: int = 0


def clean_test(
    overlaps: Sequence[Overlap],
    output: str | PathLike[str],
    *,
    rule: SplitRule | None = None,
    findings: Sequence[Findings] = (),
) -> tuple[Split, ...]:
    """Write the examples of each test set into clean, dirty and too short, in their own format.

    An example is dirty if it is so against any training set of the result. ``OUTPUT/TEST/labels.csv`` lists every
    example with its label, its hits and its longest run. The test files must be as they were measured.

    Raises OutputError where ``output`` exists, CorpusError, SignatureMismatch; ValueError for an unknown rule or one
    that needs matches that are not there.
    """
    rule = rule or SplitRule()
    if rule.kind not in RULES:
        raise BadArgument(f"rule must be one of {', '.join(RULES)}, not {rule.kind!r}")
    highest = 1.0 if rule.kind == "fraction" else math.inf
    if not (0 <= rule.threshold <= highest and math.isfinite(rule.threshold)):
        raise BadArgument(f"threshold must be a share from 0 to 1, or words in a row, not {rule.threshold:g}")
    groups: dict[str, list[Overlap]] = {}
    for overlap in overlaps:
        groups.setdefault(overlap.test, []).append(overlap)
    splits: list[Split] = []
    with new_folder(output) as folder:
        for test, group in groups.items():
            labels = label_examples(group, rule, findings)
            place = folder / _folder_name(test, [split.folder.name for split in splits])
            _write(group[0], labels, place)
            _write_labels(group, labels, place / "labels.csv")
            (place / "rule.txt").write_text(f"dirty: {rule}\n", encoding="utf-8")
            clean, dirty, short = (int(np.count_nonzero(labels == number)) for number in range(len(LABELS)))
            bad = sum(item.records for item in group[0].test_skipped)
            splits.append(Split(test, Path(output) / place.name, clean, dirty, short, bad))
    return tuple(splits)


def _folder_name(test: str, taken: Sequence[str]) -> str:
    """A folder name for a test set: its own, as far as a file system takes it, and no other set's."""
    safe = "".join(letter if letter.isalnum() or letter in "-_. " else "_" for letter in test).strip(". ") or "test"
    name, number = safe, 1
    while name in taken:
        number += 1
        name = f"{safe}-{number}"
    return name


def label_examples(
    group: Sequence[Overlap], rule: SplitRule, findings: Sequence[Findings] = ()
) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    """For each example of one test set, measured against several training sets: 0 clean, 1 dirty, 2 too short."""
    dirty = np.zeros(len(group[0]), np.bool_)
    for overlap in group:
        if overlap.train.members:
            continue  # a union says nothing that its members do not
        dirty |= _is_dirty(overlap, rule, findings)
    labels = dirty.astype(np.int8)
    labels[group[0].ngrams == 0] = 2
    return labels


def _is_dirty(
    overlap: Overlap, rule: SplitRule, findings: Sequence[Findings]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if rule.kind == "any":
        return overlap.hits > 0
    if rule.kind == "fraction":
        return overlap.hits > rule.threshold * overlap.ngrams
    owners = np.repeat(np.arange(len(overlap)), overlap.run_counts)
    flags = np.zeros(len(overlap), np.bool_)
    if rule.kind == "longest":
        flags[owners[overlap.run_lengths + overlap.n - 1 >= rule.threshold]] = True
        return flags
    item = findings_for(overlap, findings)
    if item is None:
        raise BadArgument(f"no matches of {overlap.test} in {overlap.train.name}: run overlap locate first")
    if item.partial:
        raise BadArgument(
            f"only a part of {overlap.train.name} was searched for {overlap.test}: run overlap locate on all of it"
        )
    flags[[run.example for run in item.runs if run.kind in rule.classes]] = True
    return flags


def _write(overlap: Overlap, labels: np.ndarray[tuple[int], np.dtype[np.int8]], place: Path) -> None:
    files = files_again(overlap.test_sources)
    for number, (file, relative) in enumerate(zip(files, relative_places(files), strict=True)):
        mine = overlap.sources == number
        of_row = dict(zip(overlap.rows[mine].tolist(), labels[mine].tolist(), strict=True))
        for label, name in enumerate((*LABELS, "skipped") if overlap.test_skipped else LABELS):

            def change(
                row: int, text: str | None, label: int = label, of_row: dict[int, int] = of_row
            ) -> list[str] | None:
                return None if of_row.get(row, len(LABELS)) == label else []

            rewrite(file, place / name / relative, change)


def _write_labels(group: Sequence[Overlap], labels: np.ndarray[tuple[int], np.dtype[np.int8]], path: Path) -> None:
    overlaps = [overlap for overlap in group if not overlap.train.members]
    names = [f"hits:{overlap.train.name}{' (own)' * overlap.train.own}" for overlap in overlaps]
    first = overlaps[0]
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["example", "source", "row", "id", "label", "ngrams", *names])
        for example, label in enumerate(labels.tolist()):
            source = first.test_sources[int(first.sources[example])].path
            hits = [int(overlap.hits[example]) for overlap in overlaps]
            identity = first.example_id(example)
            place = [example, source, int(first.rows[example]), identity]
            writer.writerow([*place, LABELS[label], int(first.ngrams[example]), *hits])
