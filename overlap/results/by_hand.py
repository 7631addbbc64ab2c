"""Results written by hand: for trying a metric out on paper, and for the examples in the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from overlap.results.by_document import ByDocument
from overlap.results.matches import ClassRule, Findings, Run
from overlap.results.overlaps import Overlap
from overlap.results.sides import SourceInfo, TrainInfo

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["by_document_by_hand", "findings_by_hand", "overlap_by_hand"]


def overlap_by_hand(
    examples: Sequence[tuple[int, Sequence[tuple[int, int]]]],
    n: int = 8,
    *,
    distinct: tuple[int, int] | None = None,
    windows: Sequence[Sequence[int]] | None = None,
    parts: Sequence[tuple[str, int]] = (),
) -> Overlap:
    """An overlap of examples given as (units, runs of hits), a run being (first n-gram, length in n-grams).

    ``distinct``: distinct n-grams of the test set and how many of them are hits; by default, all n-grams differ.
    ``windows``: of each example, the n-grams that begin where a word does; units are then characters. ``parts``:
    (name, units) of each, the same for all examples, one after the other.

    >>> overlap_by_hand([(20, [(0, 5)]), (7, [])]).hits.tolist()
    [5, 0]
    """
    units = np.array([units for units, _ in examples], np.int64)
    ngrams = np.maximum(0, units - n + 1)
    runs = [run for _, some in examples for run in some]
    of_all, found = distinct or (int(ngrams.sum()), sum(length for _, length in runs))
    begins = [place for some in windows or () for place in some]
    sizes = np.array([size for _, size in parts], np.int64)
    one_each = np.ones((units.size, 1), np.int64)
    return Overlap(
        train=TrainInfo("train", "", 1, 1, 1, 0.0),
        test="test",
        n=n,
        document="record",
        engine="hand",
        test_sources=(SourceInfo("test", "jsonl", (), "record", 0, ""),),
        test_distinct=of_all,
        distinct_hits=found,
        sources=np.zeros(units.size, np.int32),
        rows=np.arange(units.size, dtype=np.int64),
        units=units,
        ngrams=ngrams,
        run_counts=np.array([len(some) for _, some in examples], np.int64),
        run_starts=np.array([first for first, _ in runs], np.int64),
        run_lengths=np.array([length for _, length in runs], np.int64),
        parts=tuple(name for name, _ in parts),
        part_starts=one_each * (np.cumsum(sizes) - sizes),
        part_units=one_each * sizes,
        unit="word" if windows is None else "char",
        window_counts=None if windows is None else np.array([len(some) for some in windows], np.int64),
        windows=None if windows is None else np.array(begins, np.int64),
    )


def findings_by_hand(overlap: Overlap, runs: Sequence[tuple[int, str]]) -> Findings:
    """What an exact pass found of the runs of an overlap, in their order: (longest in one document, class) of each.

    >>> overlap = overlap_by_hand([(20, [(0, 5)])])
    >>> [run.longest for run in findings_by_hand(overlap, [(10, "short match")]).runs]
    [10]
    """
    owners = np.repeat(np.arange(len(overlap)), overlap.run_counts).tolist()
    places = zip(owners, overlap.run_starts.tolist(), overlap.run_lengths.tolist(), runs, strict=True)
    made = tuple(
        Run(example, first, ngrams, int(longest > 0), 1, longest, kind, "")
        for example, first, ngrams, (longest, kind) in places
    )
    return Findings(
        train=overlap.train.name,
        own=overlap.train.own,
        test=overlap.test,
        n=overlap.n,
        examples=len(overlap),
        asked=overlap.distinct_hits,
        confirmed=overlap.distinct_hits,
        exact=True,
        tested=overlap.test_distinct,
        bound=overlap.train.bound,
        sampled=1,
        refuted=0,
        rule=ClassRule(),
        runs=made,
        matches=(),
    )


def by_document_by_hand(
    examples: Sequence[tuple[int, Sequence[Sequence[tuple[int, int]]]]],
    n: int = 8,
    budget: int = 0,
    parts: Sequence[tuple[str, int]] = (),
) -> ByDocument:
    """What single documents have of examples given as (units, documents), a document as its spans (first unit, units).

    ``parts``: (name, units) of each, the same for all examples, one after the other.

    >>> found = by_document_by_hand([(20, [[(0, 10)], [(5, 9), (14, 3)]])])
    >>> found.covered.tolist(), found.longest.tolist()[:12]
    ([12], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 9, 9])
    """
    made = [_spans(units, documents) for units, documents in examples]
    most = max((len(documents) for _, documents in examples), default=0)
    halves = (2 * len(span) > units for (units, _), (some, _) in zip(examples, made, strict=True) for span in some)
    covered = [max((len(span) for span in some), default=0) for some, _ in made]
    return ByDocument(
        train="train",
        test="test",
        n=n,
        unit="word",
        budget=budget,
        documents=most,
        documents_hit=most,
        documents_half=sum(halves),
        cut=0,
        parts=tuple(name for name, _ in parts),
        units=np.array([units for units, _ in examples], np.int64),
        covered=np.array(covered, np.int64),
        sources=tuple("train" if units else "" for units in covered),
        rows=np.array([_first_best(some) for some, _ in made], np.int64),
        shared_by=np.array([len(documents) for _, documents in examples], np.int64),
        together=_together(examples, n, [units for _, units in parts]),
        longest=np.array([length for _, longest in made for length in longest], np.int32),
    )


def _spans(units: int, documents: Sequence[Sequence[tuple[int, int]]]) -> tuple[list[set[int]], list[int]]:
    """The units that each document covers; and for each unit, the longest span that it lies in."""
    longest = [0] * units
    for first, length in (span for spans in documents for span in spans):
        for unit in range(first, first + length):
            longest[unit] = max(longest[unit], length)
    return [{u for first, length in spans for u in range(first, first + length)} for spans in documents], longest


def _first_best(covered: Sequence[set[int]]) -> int:
    """The first document that covers most, -1 where there is none."""
    return max(range(len(covered)), key=lambda number: (len(covered[number]), -number), default=-1)


def _together(
    examples: Sequence[tuple[int, Sequence[Sequence[tuple[int, int]]]]], n: int, units: Sequence[int]
) -> NDArray[np.bool_]:
    """For each example, has one document n-grams of both parts? The parts have so many units, one after the other."""
    stops = list(accumulate(units))
    found = np.zeros((len(examples), len(stops), len(stops)), np.bool_)
    for number, (_, documents) in enumerate(examples):
        for spans in documents:
            has = np.zeros(len(stops), np.bool_)
            for part, (size, stop) in enumerate(zip(units, stops, strict=True)):
                has[part] = any(min(stop, first + length) - max(stop - size, first) >= n for first, length in spans)
            found[number] |= np.outer(has, has)
    return found
