"""measure: test sets x indexes -> overlaps.

Each test set is read and hashed once, and asked of every index; with several indexes there is one overlap for each
and one for their union. Distinct counts are counts of 64-bit hashes: exact up to the hash floor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.corpus import InputFile, Sources, document_kind, make_layout
from overlap.distinct import distinct_hashes
from overlap.errors import BadArgument, SignatureMismatch
from overlap.hashing import HashedSet
from overlap.index import Index, open_index
from overlap.progress import Progress, logged
from overlap.provenance import source_infos
from overlap.resources import default_workers
from overlap.results import Overlap, SourceInfo, TrainInfo, TrainSources, skipped_in
from overlap.segmenting import Segmenter
from overlap.test_sets import Parts, hash_test_set, read_test_sets, refuse_empty

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "UNION",
    "assemble",
    "check_train_names",
    "measure",
    "union_info",
]

UNION = "union"


def measure(
    index: str | PathLike[str] | Index | Sequence[str | PathLike[str] | Index],
    test: Sources,
    *,
    own_index: Mapping[str, Index] | None = None,
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    on_bad_record: str = "stop",
    parts: Parts = (),
    template: str | None = None,
    test_id_field: str | None = None,
    group: str | None = None,
    recipes: str | PathLike[str] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[Overlap, ...]:
    """Measure test sets against indexes.

    ``test`` are sources (``[NAME=]PATH[::FIELD,...]``), or benchmarks by the names of their recipes (``recipes``: a
    YAML file of more); those with one name make one test set. ``own_index`` gives, by test set's name, the index of
    its own training split. ``parts`` (``{"question": "question", "choices": ["A", "B"]}``) or ``template``
    (``"{passage}\\n{question}"``) say what the text is of those whose source names no fields; ``test_id_field`` and
    ``group`` name the fields of an example's id and group; see docs/test-sets.md.
    Returns the overlaps of the first test set (own training split first, the union last), then those of the next.

    Raises CorpusError and its kin, IndexFileError and its kin, SignatureMismatch where the indexes differ in n or
    normaliser, ValueError for bad arguments.
    """
    items = [index] if isinstance(index, (str, PathLike, Index)) else list(index)
    indexes = [item if isinstance(item, Index) else open_index(item) for item in items]
    own = dict(own_index or {})
    n = _common_n([*indexes, *own.values()])
    segmenter = (indexes or list(own.values()))[0].segmenter
    names = [item.manifest.name for item in indexes]
    check_train_names(names)
    layout = make_layout(parts, template, test_id_field, group)
    reading: dict[str, Any] = {"text_field": text_field, "by_line": by_line, "input_format": input_format}
    files = read_test_sets(test, layout=layout, recipes=recipes, on_bad_record=on_bad_record, **reading)
    if unknown := set(own) - set(files):
        raise BadArgument(f"own training split of no test set: {', '.join(sorted(unknown))}")
    report = logged(progress)
    columns: list[list[Overlap]] = []
    with ThreadPoolExecutor(min(workers or default_workers(), len(files))) as pool:
        jobs = pool.map(
            lambda item: _measure_set(item[0], item[1], n, segmenter, indexes, own.get(item[0])), files.items()
        )
        for number, column in enumerate(jobs):
            columns.append(column)
            report("measure", number + 1, len(files))
    return tuple(overlap for column in columns for overlap in column)


def check_train_names(names: Sequence[str]) -> None:
    """Raise ValueError for training sets whose rows could not be told apart."""
    if len(set(names)) != len(names):
        raise BadArgument(f"two training sets have one name: {', '.join(sorted(names))}")
    if len(names) > 1 and UNION in names:
        raise BadArgument(f"no training set beside others can be called {UNION}: that is the row for all of them")


def _common_n(indexes: Sequence[Index]) -> int:
    if not indexes:
        raise BadArgument("no index was named")
    first = indexes[0].manifest
    for index in indexes[1:]:
        expected, found = (f"n:{m.n}|unit:{m.unit}|norm:{m.normaliser}" for m in (first, index.manifest))
        if found != expected:
            raise SignatureMismatch(f"{index.path} was not made like {indexes[0].path}", expected, found)
    return first.n


def _measure_set(
    name: str, files: list[InputFile], n: int, segmenter: Segmenter, indexes: Sequence[Index], own: Index | None
) -> list[Overlap]:
    tested = hash_test_set(files, n, segmenter)
    refuse_empty(tested, name, files, n, segmenter)
    infos = source_infos(files, skipped=tested.skipped)
    trains: list[tuple[TrainInfo, NDArray[np.bool_]]] = []
    if own:
        trains.append((_train_info(own, own=True), own.filter.contains(tested.hashes)))
    known = [index.filter.contains(tested.hashes) for index in indexes]
    trains += [(_train_info(index), hits) for index, hits in zip(indexes, known, strict=True)]
    if len(indexes) > 1:
        members = [_train_info(index) for index in indexes]
        trains.append((union_info(members), np.logical_or.reduce(known)))
    distinct = distinct_hashes(tested.hashes, 0, 0).size
    document = document_kind(files)
    return [
        assemble(info, name, n, document, "index", infos, tested, distinct, hits, segmenter) for info, hits in trains
    ]


def assemble(
    train: TrainInfo,
    test: str,
    n: int,
    document: str,
    engine: str,
    infos: tuple[SourceInfo, ...],
    tested: HashedSet,
    distinct: int,
    hits: NDArray[np.bool_],
    segmenter: Segmenter,
) -> Overlap:
    """An overlap from the hit flags of a test set's n-grams. ``hits``: bool, as many as ``tested.hashes``."""
    from overlap.kernels.ngrams import hit_runs

    ngrams = np.maximum(0, tested.units - n + 1)
    run_counts = np.empty(ngrams.size, np.int64)
    room = (hits.size + ngrams.size) // 2 + 1
    starts, lengths = np.empty(room, np.int64), np.empty(room, np.int64)
    runs = int(hit_runs(hits, ngrams, run_counts, starts, lengths))
    return Overlap(
        train=train,
        test=test,
        n=n,
        document=document,
        engine=engine,
        test_sources=infos,
        test_distinct=distinct,
        distinct_hits=distinct_hashes(tested.hashes[hits], 0, 0).size,
        sources=tested.sources,
        rows=tested.rows,
        units=tested.units,
        ngrams=ngrams,
        run_counts=run_counts,
        run_starts=starts[:runs].copy(),
        run_lengths=lengths[:runs].copy(),
        ids=tested.ids,
        groups=tested.groups,
        parts=tested.parts,
        part_starts=tested.part_starts,
        part_units=tested.part_units,
        unit=segmenter.unit,
        norm=segmenter.norm,
        tokenizer=segmenter.tokenizer,
        **_word_windows(tested, ngrams),
    )


def _word_windows(tested: HashedSet, ngrams: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """The n-grams that begin where a word does, for units that are smaller than words."""
    if tested.word_starts is None:
        return {}
    counts, starts = tested.word_starts
    owners = np.repeat(np.arange(counts.size), counts)
    whole = starts < ngrams[owners]
    return {"window_counts": np.bincount(owners[whole], minlength=counts.size), "windows": starts[whole]}


def _train_info(index: Index, own: bool = False) -> TrainInfo:
    manifest = index.manifest
    return TrainInfo(
        name=manifest.name,
        signature=str(manifest.signature),
        documents=manifest.documents,
        ngrams=manifest.ngrams,
        distinct=manifest.distinct,
        bound=manifest.bound,
        own=own,
        skipped=skipped_in(manifest.sources),
        sources=TrainSources.of(manifest.corpus_digest, manifest.sources),
    )


def union_info(members: Sequence[TrainInfo]) -> TrainInfo:
    """The training side of the row for several training sets together: an n-gram that any of them has is a hit."""
    return TrainInfo(
        name=UNION,
        signature=" + ".join(member.signature for member in members),
        documents=sum(member.documents for member in members),
        ngrams=sum(member.ngrams for member in members),
        distinct=None,
        bound=sum(member.bound for member in members),
        members=tuple(member.name for member in members),
        skipped=tuple(item for member in members for item in member.skipped),
    )
