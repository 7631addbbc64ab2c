"""Overlaps written by hand: for trying a metric out on paper, and for the examples in the documentation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from overlap.results.overlaps import Overlap
from overlap.results.sides import SourceInfo, TrainInfo

__all__ = ["overlap_by_hand"]


def overlap_by_hand(examples: Sequence[tuple[int, Sequence[tuple[int, int]]]], n: int = 8) -> Overlap:
    """An overlap of examples given as (units, runs of hits), a run being (first n-gram, length in n-grams).

    >>> overlap_by_hand([(20, [(0, 5)]), (7, [])]).hits.tolist()
    [5, 0]
    """
    units = np.array([units for units, _ in examples], np.int64)
    ngrams = np.maximum(0, units - n + 1)
    runs = [run for _, some in examples for run in some]
    return Overlap(
        train=TrainInfo("train", "", 1, 1, 1, 0.0),
        test="test",
        n=n,
        document="record",
        engine="hand",
        test_sources=(SourceInfo("test", "jsonl", (), "record", 0, ""),),
        test_distinct=int(ngrams.sum()),
        distinct_hits=sum(length for _, length in runs),
        sources=np.zeros(units.size, np.int32),
        rows=np.arange(units.size, dtype=np.int64),
        units=units,
        ngrams=ngrams,
        run_counts=np.array([len(some) for _, some in examples], np.int64),
        run_starts=np.array([first for first, _ in runs], np.int64),
        run_lengths=np.array([length for _, length in runs], np.int64),
    )
