"""Overlap: what a measurement of one training set (or union) against one test set found, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["ExampleOverlap", "Overlap", "SourceInfo", "TrainInfo"]


@dataclass(frozen=True)
class SourceInfo:
    """One test file: path as given, how it was read, size in bytes, digest."""

    path: str
    format: str
    fields: tuple[str, ...]
    document: str
    bytes: int
    digest: str


@dataclass(frozen=True)
class TrainInfo:
    """The training side of an overlap.

    ``distinct`` is None for a union of several indexes (it cannot be read off their filters). ``bound`` is the
    false-positive rate that the index guarantees (of a union: the sum). ``own`` marks a data set's own training split.
    """

    name: str
    signature: str
    documents: int
    ngrams: int
    distinct: int | None
    bound: float
    own: bool = False
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExampleOverlap:
    """One example: its place, its counts, and its runs of hits as (first n-gram, length in n-grams)."""

    source: str
    row: int
    units: int
    ngrams: int
    hits: int
    runs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Overlap:
    """One training set against one test set.

    Arrays have one entry per example, in the order of the files: ``sources`` (index into ``test_sources``), ``rows``
    (from 0, in its file), ``units``, ``ngrams``, ``run_counts``. ``run_starts`` and ``run_lengths`` hold the runs of
    all examples one after the other, in n-grams. Where units are characters, ``windows`` are the n-grams that begin
    where a word does, ``window_counts`` how many each example has. ``unit`` and ``norm`` are those of the signature,
    ``tokenizer`` the file that tokens were made with. ``test_distinct`` and ``distinct_hits`` count distinct n-grams.
    """

    train: TrainInfo
    test: str
    n: int
    document: str
    engine: str
    test_sources: tuple[SourceInfo, ...]
    test_distinct: int
    distinct_hits: int
    sources: NDArray[np.int32] = field(repr=False)
    rows: NDArray[np.int64] = field(repr=False)
    units: NDArray[np.int64] = field(repr=False)
    ngrams: NDArray[np.int64] = field(repr=False)
    run_counts: NDArray[np.int64] = field(repr=False)
    run_starts: NDArray[np.int64] = field(repr=False)
    run_lengths: NDArray[np.int64] = field(repr=False)
    unit: str = "word"
    norm: str = "alnum-1"
    tokenizer: str = ""
    window_counts: NDArray[np.int64] | None = field(default=None, repr=False)
    windows: NDArray[np.int64] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return self.units.size

    @cached_property
    def run_ends(self) -> NDArray[np.int64]:
        """For each example, where its runs end in ``run_starts`` and ``run_lengths``."""
        return np.cumsum(self.run_counts)

    @cached_property
    def hits(self) -> NDArray[np.int64]:
        """Hit n-grams of each example, by occurrence."""
        total = np.concatenate([[0], np.cumsum(self.run_lengths)])
        return total[self.run_ends] - total[self.run_ends - self.run_counts]  # type: ignore[no-any-return]

    @cached_property
    def flags(self) -> NDArray[np.bool_]:
        """For each n-gram of all examples, one after the other, is it a hit? Shape (n-grams,)."""
        starts = np.repeat(np.cumsum(self.ngrams) - self.ngrams, self.run_counts) + self.run_starts
        change = np.zeros(int(self.ngrams.sum()) + 1, np.int8)
        change[starts] += 1
        change[starts + self.run_lengths] -= 1
        return np.cumsum(change[:-1]) > 0

    def example(self, index: int) -> ExampleOverlap:
        """The overlap of one example."""
        runs = slice(int(self.run_ends[index] - self.run_counts[index]), int(self.run_ends[index]))
        return ExampleOverlap(
            source=self.test_sources[int(self.sources[index])].path,
            row=int(self.rows[index]),
            units=int(self.units[index]),
            ngrams=int(self.ngrams[index]),
            hits=int(self.hits[index]),
            runs=tuple(zip(self.run_starts[runs].tolist(), self.run_lengths[runs].tolist(), strict=True)),
        )

    def to_arrow(self) -> pa.Table:
        """A row per example: names, place, counts, and runs (a list of {start, length}); see docs/results.md."""
        import pyarrow as pa

        names = pa.array([source.path for source in self.test_sources], pa.string())
        runs = pa.StructArray.from_arrays(
            [pa.array(self.run_starts, pa.int64()), pa.array(self.run_lengths, pa.int64())], ["start", "length"]
        )
        offsets = pa.array(np.concatenate([[0], self.run_ends]), pa.int32())
        table = pa.table(
            {
                "train": pa.array([self.train.name] * len(self), pa.string()),
                "own_train": pa.array([self.train.own] * len(self), pa.bool_()),
                "test": pa.array([self.test] * len(self), pa.string()),
                "source": names.take(pa.array(self.sources)) if len(self) else pa.array([], pa.string()),
                "row": pa.array(self.rows, pa.int64()),
                "units": pa.array(self.units, pa.int64()),
                "ngrams": pa.array(self.ngrams, pa.int64()),
                "hits": pa.array(self.hits, pa.int64()),
                "runs": pa.ListArray.from_arrays(offsets, runs),
            }
        )
        if self.window_counts is None:
            return table
        edges = pa.array(np.concatenate([[0], np.cumsum(self.window_counts)]), pa.int32())
        return table.append_column("windows", pa.ListArray.from_arrays(edges, pa.array(self.windows, pa.int64())))
