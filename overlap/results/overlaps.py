"""Overlap: what a measurement of one training set (or union) against one test set found, as frozen values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.displaying import Displayed
from overlap.errors import BadArgument
from overlap.results.sides import Skipped, SourceInfo, TrainInfo, skipped_in
from overlap.signature import noun_of

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["ExampleOverlap", "Overlap"]


@dataclass(frozen=True)
class ExampleOverlap:
    """One example: its place, its counts, and its runs of hits as (first n-gram, length in n-grams).

    ``id`` is what ``Overlap.example_id`` says; ``parts``: (name, units, n-grams, hits) of each part.
    """

    source: str
    row: int
    units: int
    ngrams: int
    hits: int
    runs: tuple[tuple[int, int], ...]
    id: str = ""
    group: str = ""
    parts: tuple[tuple[str, int, int, int], ...] = ()


def _no_parts() -> NDArray[np.int64]:
    return np.empty((0, 0), np.int64)


@dataclass(frozen=True, eq=False, repr=False)
class Overlap(Displayed):
    """One training set against one test set.

    Arrays have one entry per example, in the order of the files: ``sources`` (index into ``test_sources``), ``rows``
    (from 0, in its file), ``units``, ``ngrams``, ``run_counts``. ``run_starts`` and ``run_lengths`` hold the runs of
    all examples one after the other, in n-grams. ``test_distinct`` and ``distinct_hits`` count distinct n-grams.

    ``ids`` and ``groups``: what the id and group fields say of each example, None where none was named. ``parts``: the
    names of the examples' parts; ``part_starts`` and ``part_units``: the first unit and the number of units of each,
    shape (examples, parts). An n-gram is of a part if all of its units are; one that crosses a joint is of the whole.

    ``unit`` and ``norm`` are those of the signature, ``tokenizer`` the file that tokens were made with. Where units are
    characters, ``windows`` are the n-grams that begin where a word does, ``window_counts`` how many each example has.
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
    ids: Sequence[str] | None = field(default=None, repr=False)
    groups: Sequence[str] | None = field(default=None, repr=False)
    parts: tuple[str, ...] = ()
    part_starts: NDArray[np.int64] = field(default_factory=_no_parts, repr=False)
    part_units: NDArray[np.int64] = field(default_factory=_no_parts, repr=False)
    unit: str = "word"
    norm: str = "alnum-1"
    tokenizer: str = ""
    window_counts: NDArray[np.int64] | None = field(default=None, repr=False)
    windows: NDArray[np.int64] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        hits, ngrams = int(self.hits.sum()), int(self.ngrams.sum())
        share = f", {100 * hits / ngrams:.2f} %" if ngrams else ""
        return f"Overlap({self.test!r} in {self.train.name!r}: {hits:,} of {ngrams:,} {self.n}-grams{share})"

    def __len__(self) -> int:
        return self.units.size

    @property
    def test_skipped(self) -> tuple[Skipped, ...]:
        """Bad records of the test set that were passed over."""
        return skipped_in(self.test_sources)

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

    @cached_property
    def window_hits(self) -> NDArray[np.int64]:
        """Of the n-grams that begin where a word does, how many are hits, for each example. Raises BadArgument."""
        if self.windows is None or self.window_counts is None:
            raise BadArgument(f"windows at word starts are known of characters only, not of {noun_of(self.unit)}")
        owners = np.repeat(np.arange(len(self)), self.window_counts)
        first = np.cumsum(self.ngrams) - self.ngrams
        found = self.flags[first[owners] + self.windows]
        return np.bincount(owners[found], minlength=len(self))

    @cached_property
    def part_ngrams(self) -> NDArray[np.int64]:
        """n-grams of each part, shape (examples, parts)."""
        return np.maximum(0, self.part_units.reshape(len(self), len(self.parts)) - self.n + 1)

    @cached_property
    def part_hits(self) -> NDArray[np.int64]:
        """Hit n-grams of each part, by occurrence, shape (examples, parts): what of the runs lies within it."""
        hits = np.zeros((len(self), len(self.parts)), np.int64)
        owners = np.repeat(np.arange(len(self)), self.run_counts)
        for part in range(len(self.parts)):
            np.add.at(hits[:, part], owners, self.part_runs(part))
        return hits

    def part_runs(self, part: int) -> NDArray[np.int64]:
        """How many n-grams of each run lie within a part; shape (runs,)."""
        owners = np.repeat(np.arange(len(self)), self.run_counts)
        first = self.part_starts[owners, part]
        last = first + self.part_ngrams[owners, part]
        inside = np.minimum(self.run_starts + self.run_lengths, last) - np.maximum(self.run_starts, first)
        return np.maximum(0, inside)  # type: ignore[no-any-return]

    def part_of(self, example: int, first: int, units: int) -> str:
        """The part in which a stretch of units lies, ``question+answer`` where it crosses a joint; empty without."""
        touched = []
        for number, name in enumerate(self.parts):
            start = int(self.part_starts[example, number])
            if max(first, start) < min(first + units, start + int(self.part_units[example, number])):
                touched.append(name)
        return "+".join(touched)

    def example_id(self, index: int) -> str:
        """What identifies an example: its id field, or else its file and row (from 0) as ``PATH:ROW``."""
        if self.ids is not None and self.ids[index]:
            return self.ids[index]
        return f"{self.test_sources[int(self.sources[index])].path}:{int(self.rows[index])}"

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
            id=self.example_id(index),
            group=self.groups[index] if self.groups is not None else "",
            parts=tuple(
                (name, int(self.part_units[index, i]), int(self.part_ngrams[index, i]), int(self.part_hits[index, i]))
                for i, name in enumerate(self.parts)
            ),
        )

    def to_pandas(self) -> Any:
        """``to_arrow`` as a pandas DataFrame."""
        return self.to_arrow().to_pandas()

    def to_arrow(self) -> pa.Table:
        """A row per example: names, place, counts, runs (a list of {start, length}), parts; see docs/results.md."""
        from overlap.results.examples import examples_table

        return examples_table(self)
