"""A pass over the training text that keeps documents apart: which one document has most of an example?

Tulu 3 asks for an example's words in *one* training document, Llama 2 for spans with a few words exchanged, C4's
authors for whole fields. A union over documents, which is all that an index knows, answers none of these. Every
document is read whole, and compared exactly; memory follows the test sets and the largest document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from overlap.corpus import InputFile, Shard, Sources, check_shared, make_layout, plan_shards, read_whole
from overlap.errors import BadArgument
from overlap.executors import Executor, Pool, check_executor, opened
from overlap.hashing import HashedSet
from overlap.locating.findings import Progress, training_files
from overlap.locating.stream import Search
from overlap.locating.target import Target
from overlap.locating.together import FileTally, kind_of_task, small_together
from overlap.measuring import check_train_names
from overlap.progress import silent
from overlap.results import ByDocument, Skipped
from overlap.segmenting import DEFAULT, segmenter_of
from overlap.test_sets import Parts, hash_test_set, read_test_sets, refuse_empty
from overlap.text import chosen_n

__all__ = ["by_document"]


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
    Returns, for each test set, one value for each training set, in the order of ``scan`` (without unions), with the bad
    records that were skipped.

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
    test_files = read_test_sets(test, layout=layout, recipes=recipes, **reading)
    for name, files in test_files.items():
        tests[name] = hash_test_set(files, n, segmenter, keep_texts=True)
        refuse_empty(tests[name], name, files, n, segmenter)
    target = Target.of(list(tests.values()), n, segmenter, budget)
    with opened(executor, workers) as pool:
        found = {name: _pass(files, target, pool, progress or silent) for name, files in trains.items()}
    bounds = np.cumsum([0, *(tested.units.size for tested in tests.values())]).tolist()
    return tuple(
        replace(
            _value(found[train_name], target, train_name, name, tested, first, last),
            test_skipped=_skipped(test_files[name], tested.skipped),
        )
        for (name, tested), (first, last) in zip(tests.items(), pairwise(bounds), strict=True)
        for train_name in trains
    )


@dataclass(frozen=True)
class _Shard:
    """What was read of one shard: rows, documents, and bad records that were passed over, by kind."""

    rows: int
    documents: int
    skipped: Counter[str]


class _Comparison:
    """What the documents of one task, or of all of them, have of the examples; ``shards``: those of the task.

    ``source``: the number, from 0, of the shard in the task, or of the file.
    """

    def __init__(self, target: Target):
        examples = target.stops.size
        self.covered = np.zeros(examples, np.int64)
        self.row = np.full(examples, -1, np.int64)
        self.source = np.full(examples, -1, np.int64)
        self.shared_by = np.zeros(examples, np.int64)
        self.together = np.zeros((examples, target.parts, target.parts), np.bool_)
        self.longest = np.zeros(target.units.size, np.int32)
        self.totals = np.zeros((int(target.sets.max(initial=0)) + 1, 3), np.int64)
        self.documents = 0
        self.shards: list[_Shard] = []

    def merge(self, other: _Comparison, sources: Sequence[int], rows_before: Sequence[int]) -> None:
        """Take what the next task found; of documents that cover as much, the first stays.

        Its shards are of files ``sources``, and so many rows of these come before them.
        """
        better = other.covered > self.covered
        shards = other.source[better]
        self.covered[better] = other.covered[better]
        self.row[better] = other.row[better] + np.array(rows_before, np.int64)[shards]
        self.source[better] = np.array(sources, np.int64)[shards]
        self.shared_by += other.shared_by
        self.together |= other.together
        np.maximum(self.longest, other.longest, out=self.longest)
        self.totals += other.totals
        self.documents += other.documents


@dataclass(frozen=True, eq=False)
class _Passed:
    files: Sequence[InputFile]
    comparison: _Comparison
    skipped: tuple[Skipped, ...]


def _pass(files: Sequence[InputFile], target: Target, pool: Pool, progress: Progress) -> _Passed:
    check_shared(pool, files)
    shards = plan_shards(files, whole_documents=True)
    total, rows, tally = sum(shard.weight for shard in shards), 0, FileTally()
    whole = _Comparison(target)
    progress("compare", 0, total)
    for task, found in pool.in_order(_compare, small_together(shards), (target,), kind_of_task):
        sources: list[int] = []
        rows_before: list[int] = []
        for shard, part in zip(task, found.shards, strict=True):
            tally.add(shard, part.documents, part.skipped)
            sources.append(tally.files - 1)
            rows_before.append(0 if shard.start == 0 else rows)
            rows = rows_before[-1] + part.rows
        whole.merge(found, sources, rows_before)
        progress("compare", tally.weight, total)
    tally.refuse_all_bad(files)
    return _Passed(files, whole, _skipped(files, tally.skipped))


def _skipped(files: Sequence[InputFile], counts: Sequence[Mapping[str, int]]) -> tuple[Skipped, ...]:
    return tuple(
        Skipped(file.label, kind, records)
        for file, bad in zip(files, counts, strict=True)
        for kind, records in sorted(bad.items())
    )


def _compare(task: Sequence[Shard], target: Target) -> _Comparison:
    from overlap.kernels.documents import compare_documents

    found, asked = _Comparison(target), target.asked
    search = Search(asked, 0)
    seen = np.full(asked.count, -1, np.int64)
    touched = np.empty(asked.ids.size, np.int64)
    of_batch = np.full(target.stops.size, -1, np.int64)
    for number, shard in enumerate(task):
        rows, before, skipped = 0, found.documents, Counter[str]()
        for batch in read_whole(shard):
            units, counts = search.hasher.hash(batch, shard)
            hits = search.hits(units, counts)
            if hits[0].size:
                compare_documents(
                    found.documents, units, counts, asked.n, *hits, asked.ids, asked.is_first, asked.bounds,
                    asked.places, asked.examples, target.unit_of, target.units, target.stops, target.part_of,
                    target.sets, target.budget, seen, touched, found.covered, of_batch, found.shared_by, found.longest,
                    found.together, found.totals,
                )  # fmt: skip
                better = np.flatnonzero(of_batch >= 0)
                for example in better.tolist():
                    found.row[example] = batch.row(int(of_batch[example]) - found.documents)
                found.source[better] = number
                of_batch[better] = -1
            found.documents += len(batch)
            rows += batch.row_count
            skipped.update(batch.skipped)
        found.shards.append(_Shard(rows, found.documents - before, skipped))
    return found


def _value(
    passed: _Passed, target: Target, train: str, test: str, tested: HashedSet, first: int, last: int
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
        train_skipped=passed.skipped,
    )
