"""A pass over the training text that keeps documents apart: which one document has most of an example?

Tulu 3 asks for an example's words in *one* training document, Llama 2 for spans with a few words exchanged, C4's
authors for whole fields. A union over documents, which is all that an index knows, answers none of these. Every
document is read whole, and compared exactly; memory follows the test sets and the largest document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.corpus import InputFile, Shard, Sources, check_shared, make_layout, plan_shards, read_whole
from overlap.errors import BadArgument
from overlap.executors import Executor, Pool, check_executor, opened
from overlap.hashing import HashedSet, UnitHasher
from overlap.locating.asked import AskedNgrams, ask
from overlap.locating.findings import Progress, training_files
from overlap.locating.stream import Search
from overlap.measuring import check_train_names
from overlap.progress import silent
from overlap.results import ByDocument
from overlap.segmenting import DEFAULT, Segmenter, segmenter_of
from overlap.test_sets import Parts, hash_test_set, read_test_sets, refuse_empty
from overlap.text import chosen_n

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["by_document"]

MOST_PARTS = 32


def by_document(
    train: Sources,
    test: Sources,
    *,
    n: int | None = None,
    unit: str = DEFAULT,
    budget: int = 0,
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    on_bad_record: str = "stop",
    parts: Parts = (),
    template: str | None = None,
    recipes: Any = None,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> tuple[ByDocument, ...]:
    """What single training documents have of each test example.

    ``budget``: substitutions that a span may have behind its first n-gram. The other arguments are those of ``scan``.
    Returns, for each test set, one value for each training set, in the order of ``scan`` (without unions).

    Raises CorpusError and its kin, TokenizerError; ValueError for bad arguments.
    """
    check_executor(executor, workers)
    if not 0 <= budget <= 1000:
        raise BadArgument(f"budget must be from 0 to 1,000 substitutions, not {budget}")
    segmenter = segmenter_of(unit)
    n = chosen_n(n, segmenter)
    reading: dict[str, Any] = {
        "text_field": text_field,
        "by_line": by_line,
        "input_format": input_format,
        "on_bad_record": on_bad_record,
    }
    trains = training_files(train, id_field=None, **reading)
    check_train_names(list(trains))
    layout = make_layout(parts, template, None, None)
    tests: dict[str, HashedSet] = {}
    for name, files in read_test_sets(test, layout=layout, recipes=recipes, **reading).items():
        tests[name] = hash_test_set(files, n, segmenter, keep_texts=True)
        refuse_empty(tests[name], name, files, n, segmenter)
    target = _Target.of(list(tests.values()), n, segmenter, budget)
    with opened(executor, workers) as pool:
        found = {name: _pass(files, target, pool, progress or silent) for name, files in trains.items()}
    bounds = np.cumsum([0, *(tested.units.size for tested in tests.values())]).tolist()
    return tuple(
        _value(found[train_name], target, train_name, name, tested, first, last)
        for (name, tested), (first, last) in zip(tests.items(), pairwise(bounds), strict=True)
        for train_name in trains
    )


@dataclass(frozen=True, eq=False)
class _Target:
    """All test sets as the kernel wants them: one example after the other."""

    asked: AskedNgrams
    budget: int
    unit_of: NDArray[np.int64]
    units: NDArray[np.uint64]
    stops: NDArray[np.int64]
    part_of: NDArray[np.int64]
    sets: NDArray[np.int64]
    parts: int

    @classmethod
    def of(cls, sets: Sequence[HashedSet], n: int, segmenter: Segmenter, budget: int) -> _Target:
        most = max(len(tested.parts) for tested in sets)
        if most > MOST_PARTS:
            raise BadArgument(f"at most {MOST_PARTS} parts can be kept apart, not {most}")
        asked = ask(sets, n, segmenter)
        counts = np.concatenate([tested.units for tested in sets])
        ngrams = np.maximum(0, counts - n + 1)
        inside = np.arange(int(ngrams.sum())) - np.repeat(np.cumsum(ngrams) - ngrams, ngrams)
        unit_of = np.repeat(np.cumsum(counts) - counts, ngrams) + inside
        hashes = np.concatenate([_unit_hashes(tested, segmenter) for tested in sets])
        part_of = np.concatenate([_parts_of_ngrams(tested, n) for tested in sets])
        set_of = np.repeat(np.arange(len(sets)), [tested.units.size for tested in sets])
        return cls(asked, budget, unit_of, hashes, np.cumsum(counts), part_of, set_of, most)


def _unit_hashes(tested: HashedSet, segmenter: Segmenter) -> NDArray[np.uint64]:
    hasher = UnitHasher(segmenter)
    shard: Any = None  # the texts were read before: they are valid
    return np.concatenate([np.empty(0, np.uint64), *(hasher.hash(batch, shard)[0].copy() for batch in tested.batches)])


def _parts_of_ngrams(tested: HashedSet, n: int) -> NDArray[np.int64]:
    """The part that each n-gram lies in, -1 where it lies in none, or crosses a joint."""
    ngrams = np.maximum(0, tested.units - n + 1)
    owners = np.repeat(np.arange(tested.units.size), ngrams)
    inside = np.arange(owners.size) - np.repeat(np.cumsum(ngrams) - ngrams, ngrams)
    found = np.full(owners.size, -1, np.int64)
    for number in range(len(tested.parts)):
        first = tested.part_starts[owners, number]
        last = first + tested.part_units[owners, number] - n
        found[(inside >= first) & (inside <= last)] = number
    return found


class _Comparison:
    """What the documents of one shard, or of all of them, have of the examples."""

    def __init__(self, target: _Target):
        examples = target.stops.size
        self.covered = np.zeros(examples, np.int64)
        self.row = np.full(examples, -1, np.int64)
        self.source = np.full(examples, -1, np.int64)
        self.shared_by = np.zeros(examples, np.int64)
        self.together = np.zeros((examples, target.parts, target.parts), np.bool_)
        self.longest = np.zeros(target.units.size, np.int32)
        self.totals = np.zeros((int(target.sets.max(initial=0)) + 1, 3), np.int64)
        self.documents = self.rows = 0

    def merge(self, other: _Comparison, source: int, rows_before: int) -> None:
        """Take what the next shard found; of documents that cover as much, the first stays."""
        better = other.covered > self.covered
        self.covered[better] = other.covered[better]
        self.row[better] = other.row[better] + rows_before
        self.source[better] = source
        self.shared_by += other.shared_by
        self.together |= other.together
        np.maximum(self.longest, other.longest, out=self.longest)
        self.totals += other.totals
        self.documents += other.documents


@dataclass(frozen=True, eq=False)
class _Passed:
    files: Sequence[InputFile]
    comparison: _Comparison


def _pass(files: Sequence[InputFile], target: _Target, pool: Pool, progress: Progress) -> _Passed:
    check_shared(pool, files)
    shards = plan_shards(files, whole_documents=True)
    numbers = {id(file): number for number, file in enumerate(files)}
    total, done, rows = sum(shard.weight for shard in shards), 0, 0
    whole = _Comparison(target)
    progress("compare", 0, total)
    for shard, found in pool.in_order(_compare, shards, (target,), _kind):
        rows = 0 if shard.start == 0 else rows
        whole.merge(found, numbers[id(shard.file)], rows)
        rows += found.rows
        done += shard.weight
        progress("compare", done, total)
    return _Passed(files, whole)


def _kind(shard: Shard) -> str:
    return f"{shard.file.format} {shard.file.document}"


def _compare(shard: Shard, target: _Target) -> _Comparison:
    from overlap.kernels.documents import compare_documents

    found, asked = _Comparison(target), target.asked
    search = Search(asked, 0)
    seen = np.full(asked.count, -1, np.int64)
    touched = np.empty(asked.ids.size, np.int64)
    of_batch = np.empty(0, np.int64)
    for batch in read_whole(shard):
        units, counts = search.hasher.hash(batch, shard)
        hits = search.hits(units, counts)
        if hits[0].size:
            of_batch = np.full(target.stops.size, -1, np.int64)
            compare_documents(
                found.documents, units, counts, asked.n, *hits, asked.ids, asked.is_first, asked.bounds, asked.places,
                asked.examples, target.unit_of, target.units, target.stops, target.part_of, target.sets, target.budget,
                seen, touched, found.covered, of_batch, found.shared_by, found.longest, found.together, found.totals,
            )  # fmt: skip
            for example in np.flatnonzero(of_batch >= 0).tolist():
                found.row[example] = batch.row(int(of_batch[example]) - found.documents)
        found.documents += len(batch)
        found.rows += batch.row_count
    return found


def _value(
    passed: _Passed, target: _Target, train: str, test: str, tested: HashedSet, first: int, last: int
) -> ByDocument:
    found, stops = passed.comparison, target.stops
    labels = [file.label for file in passed.files]
    parts = len(tested.parts)
    totals = found.totals[int(target.sets[first]) if last > first else 0]
    return ByDocument(
        train=train,
        test=test,
        n=target.asked.n,
        unit=target.asked.segmenter.unit,
        budget=target.budget,
        documents=found.documents,
        documents_hit=int(totals[0]),
        documents_half=int(totals[1]),
        cut=int(totals[2]),
        parts=tested.parts,
        units=tested.units,
        covered=found.covered[first:last],
        sources=tuple(labels[number] if number >= 0 else "" for number in found.source[first:last].tolist()),
        rows=found.row[first:last],
        shared_by=found.shared_by[first:last],
        together=found.together[first:last, :parts, :parts],
        longest=found.longest[(int(stops[first - 1]) if first else 0) : (int(stops[last - 1]) if last else 0)],
    )
