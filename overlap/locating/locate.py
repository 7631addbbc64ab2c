"""locate and scan: the exact pass, after a measurement or instead of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

import numpy as np

from overlap.corpus import InputFile, Sources, document_kind, group_sources, make_layout, resolve
from overlap.errors import BadArgument, CorpusError, SignatureMismatch
from overlap.executors import Executor, Pool, check_executor, opened
from overlap.hashing import HashedSet
from overlap.locating.asked import AskedNgrams, ask
from overlap.locating.corpus_pass import CorpusFindings, search_corpus
from overlap.locating.evidence import collect
from overlap.measuring import assemble, check_train_names, union_info
from overlap.provenance import corpus_digest, files_again, source_infos
from overlap.results import ClassRule, Findings, Overlap, SourceInfo, TrainInfo, skipped_in
from overlap.segmenting import DEFAULT, Segmenter, default_n, recorded_segmenter, segmenter_of
from overlap.signature import Signature
from overlap.test_sets import Parts, hash_test_set, read_test_sets, refuse_empty
from overlap.text import check_n
from overlap.version import __version__

__all__ = [
    "asked_of_test_sets",
    "at_least_one",
    "findings_of",
    "locate",
    "rows_to_locate",
    "scan",
    "segmenter_again",
    "training_files",
]

Progress = Callable[[str, int, int], None]
SAMPLE_DOCUMENTS = 5


def scan(
    train: Sources,
    test: Sources,
    *,
    n: int | None = None,
    unit: str = DEFAULT,
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    on_bad_record: str = "stop",
    id_field: str | None = None,
    parts: Parts = (),
    template: str | None = None,
    test_id_field: str | None = None,
    group: str | None = None,
    recipes: str | PathLike[str] | None = None,
    sample_documents: int = SAMPLE_DOCUMENTS,
    rule: ClassRule | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> tuple[tuple[Overlap, ...], tuple[Findings, ...]]:
    """Measure and locate in one exact pass over the training sets, without an index.

    n-grams are made of ``n`` units (``alnum`` words, ``whitespace`` words, ``chars``, ``raw-chars``,
    ``tokens:TOKENIZER``): 8, of characters 50. Memory follows the test sets. Of each n-gram the places in the first
    ``sample_documents`` documents are kept; counts are exact. ``id_field`` names what identifies a training document;
    ``parts``, ``template``, ``test_id_field``, ``group`` and ``recipes`` say of the test sets what they say in
    ``measure``; ``executor`` and ``workers`` are as in ``build_index``.
    Returns overlaps (as ``measure`` does, ``train.distinct`` being unknown) and findings, in the same order but for
    the union.

    Raises CorpusError and its kin, TokenizerError, ExecutorError; ValueError for bad arguments.
    """
    check_executor(executor, workers)
    segmenter = segmenter_of(unit)
    n = default_n(segmenter) if n is None else n
    check_n(n)
    reading: dict[str, Any] = {
        "text_field": text_field,
        "by_line": by_line,
        "input_format": input_format,
        "on_bad_record": on_bad_record,
    }
    trains = training_files(train, id_field=id_field, **reading)
    check_train_names(list(trains))
    layout = make_layout(parts, template, test_id_field, group)
    tests = _hashed_tests(read_test_sets(test, layout=layout, recipes=recipes, **reading), n, segmenter)
    asked = ask([item.tested for item in tests], n, segmenter)
    most = at_least_one(sample_documents)
    with opened(executor, workers) as pool:
        passes = {name: search_corpus(files, asked, most, pool, progress or _silent) for name, files in trains.items()}
        infos = {name: _train_info(name, files, passes[name], n, segmenter, pool) for name, files in trains.items()}
    overlaps: list[Overlap] = []
    findings: list[Findings] = []
    first = 0
    for item in tests:
        ids = asked.ids[first : first + item.tested.hashes.size]
        flags = {name: found.frequency[ids] > 0 for name, found in passes.items()}
        for name, found in passes.items():
            overlap = _overlap(infos[name], item, n, flags[name], segmenter)
            overlaps.append(overlap)
            findings.append(findings_of(overlap, item.tested, asked, first, found, sample_documents, rule, exact=True))
        if len(passes) > 1:
            overlaps.append(
                _overlap(
                    union_info(list(infos.values())), item, n, np.logical_or.reduce(list(flags.values())), segmenter
                )
            )
        first += item.tested.hashes.size
    return tuple(overlaps), tuple(findings)


def locate(
    overlaps: Sequence[Overlap],
    train: Sources = (),
    *,
    own_train: Sources = (),
    partial: bool = False,
    unit: str | None = None,
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    on_bad_record: str = "stop",
    id_field: str | None = None,
    test_id_field: str | None = None,
    sample_documents: int = SAMPLE_DOCUMENTS,
    rule: ClassRule | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> tuple[Findings, ...]:
    """Find the hits of a measurement in the training text: an exact second pass that confirms or refutes each.

    ``overlaps`` are those of ``measure`` or ``check``; the training sources have the names that they had there (a
    single one may have any), ``own_train`` pairs test sets, by name, with their own training splits. With ``partial``
    they are only a part of what was measured: what is not found there is not taken for an error of the filter.
    The test files are read again and must be unchanged. ``unit`` is needed only where the tokenizer of the measurement
    is not where it was: ``tokens:TOKENIZER``. Memory follows the number of hits.

    Raises CorpusError and its kin, SignatureMismatch where a test file has changed or the training text is not what was
    measured; ValueError for bad arguments, and for training sets that were not measured.
    """
    reading: dict[str, Any] = {
        "text_field": text_field,
        "by_line": by_line,
        "input_format": input_format,
        "on_bad_record": on_bad_record,
    }
    check_executor(executor, workers)
    rows = rows_to_locate(overlaps, train, own_train)
    texts = [
        files
        for sources in (train, own_train)
        if sources
        for files in training_files(sources, id_field=id_field, **reading).values()
    ]
    most = at_least_one(sample_documents)
    findings: list[Findings] = []
    with opened(executor, workers) as pool:
        for chosen, files in zip(rows, texts, strict=True):
            segmenter = segmenter_again(chosen, unit)
            tests = [_test_again(overlap, test_id_field, segmenter) for overlap in chosen]
            masks = [overlap.flags for overlap in chosen]
            asked = ask([item.tested for item in tests], chosen[0].n, segmenter, masks)
            found = search_corpus(files, asked, most, pool, progress or _silent)
            if not partial:
                _refuse_other_text(chosen[0], found, files)
            first = 0
            for overlap, item in zip(chosen, tests, strict=True):
                located = findings_of(overlap, item.tested, asked, first, found, sample_documents, rule, exact=False)
                findings.append(_without_unfound(located) if partial else located)
                first += item.tested.hashes.size
    return tuple(findings)


def rows_to_locate(overlaps: Sequence[Overlap], train: Sources, own_train: Sources = ()) -> list[list[Overlap]]:
    """The measured overlaps of each training set that is named, then of each own training split.

    Raises ValueError where one was not measured, or none is named.
    """
    names, owns = list(group_sources(train)), list(group_sources(own_train))
    if not names and not owns:
        raise BadArgument("no training set was named")
    measured: dict[str, list[Overlap]] = {}
    own_rows: dict[str, list[Overlap]] = {}
    for overlap in overlaps:
        if overlap.train.own:
            own_rows.setdefault(overlap.test, []).append(overlap)
        elif not overlap.train.members:
            measured.setdefault(overlap.train.name, []).append(overlap)
    if len(names) == 1 and len(measured) == 1:
        names = list(measured)
    for asked, known in ((names, measured), (owns, own_rows)):
        if missing := [name for name in asked if name not in known]:
            raise BadArgument(f"not measured: {', '.join(missing)}; the result has: {', '.join(known) or 'none'}")
    return [*(measured[name] for name in names), *(own_rows[name] for name in owns)]


def _refuse_other_text(overlap: Overlap, found: CorpusFindings, files: Sequence[InputFile]) -> None:
    """Raise SignatureMismatch where the text is not what was measured: hits would be taken for errors of the filter."""
    expected, here = (
        f"{documents:,} documents with {ngrams:,} {overlap.n}-grams"
        for documents, ngrams in ((overlap.train.documents, overlap.train.ngrams), (found.documents, found.ngrams))
    )
    if expected != here:
        raise SignatureMismatch(
            f"this is not the text that was measured as {overlap.train.name} ({files[0].label}); name all of it and "
            "read it in the same way, or say --partial",
            expected,
            here,
        )


def _without_unfound(findings: Findings) -> Findings:
    """What a search of a part of the text can tell."""
    return replace(findings, partial=True, runs=tuple(run for run in findings.runs if run.longest))


@dataclass(frozen=True)
class _TestSet:
    name: str
    document: str
    infos: tuple[SourceInfo, ...]
    tested: HashedSet
    distinct: int


def _silent(stage: str, done: int, total: int) -> None:
    pass


def at_least_one(sample_documents: int) -> int:
    """Raise ValueError for a sample of none."""
    if sample_documents < 1:
        raise BadArgument(f"sample_documents must be at least 1, not {sample_documents}")
    return sample_documents


def training_files(train: Sources, **reading: Any) -> dict[str, list[InputFile]]:
    """The files of each training set, by name."""
    groups = group_sources(train)
    if not groups:
        raise BadArgument("no training set was named")
    return {name: resolve(group, **reading) for name, group in groups.items()}


def segmenter_again(overlaps: Sequence[Overlap], unit: str | None = None) -> Segmenter:
    """What a measurement's units were made with. Raises SignatureMismatch, TokenizerError, BadArgument."""
    first = overlaps[0]
    if {(overlap.n, overlap.unit, overlap.norm) for overlap in overlaps} != {(first.n, first.unit, first.norm)}:
        raise BadArgument("these overlaps were measured with different n-grams")
    return recorded_segmenter(first.unit, first.norm, first.tokenizer, unit)


def asked_of_test_sets(tests: Sequence[Sequence[InputFile]], n: int, segmenter: Segmenter) -> AskedNgrams:
    """The table of all n-grams of some test sets. Raises CorpusError."""
    return ask([hash_test_set(files, n, segmenter) for files in tests], n, segmenter)


def _hashed_tests(files: dict[str, list[InputFile]], n: int, segmenter: Segmenter) -> list[_TestSet]:
    return [_hashed_test(name, group, None, n, segmenter) for name, group in files.items()]


def _hashed_test(
    name: str, files: list[InputFile], infos: tuple[SourceInfo, ...] | None, n: int, segmenter: Segmenter
) -> _TestSet:
    from overlap.hashing import distinct_hashes

    tested = hash_test_set(files, n, segmenter, keep_texts=True)
    refuse_empty(tested, name, files, n, segmenter)
    infos = infos or source_infos(files, skipped=tested.skipped)
    return _TestSet(name, document_kind(files), infos, tested, distinct_hashes(tested.hashes, 0, 0).size)


def _test_again(overlap: Overlap, id_field: str | None, segmenter: Segmenter) -> _TestSet:
    files = files_again(overlap.test_sources, id_field)
    return _hashed_test(overlap.test, files, overlap.test_sources, overlap.n, segmenter)


def _overlap(info: TrainInfo, item: _TestSet, n: int, flags: Any, segmenter: Segmenter) -> Overlap:
    return assemble(info, item.name, n, item.document, "scan", item.infos, item.tested, item.distinct, flags, segmenter)


def findings_of(
    overlap: Overlap,
    tested: HashedSet,
    asked: AskedNgrams,
    first: int,
    found: CorpusFindings,
    sample_documents: int,
    rule: ClassRule | None,
    *,
    exact: bool,
) -> Findings:
    """What the pass found in one test set, whose n-grams begin at ``first`` of those asked for."""
    last = first + tested.hashes.size
    rule = rule or ClassRule.of_unit(overlap.unit, overlap.norm)
    places = [(file, place) for file, place in found.places if first <= place.at < last]
    evidence = collect(overlap, tested, asked, first, found, places, rule)
    present = np.zeros(asked.count, np.bool_)
    present[asked.ids[first:last][asked.ids[first:last] >= 0]] = True
    ids = np.flatnonzero(present)
    return Findings(
        train=overlap.train.name,
        own=overlap.train.own,
        test=overlap.test,
        n=overlap.n,
        examples=len(overlap),
        asked=ids.size,
        confirmed=int(np.count_nonzero(found.frequency[ids])),
        exact=exact,
        tested=overlap.test_distinct,
        bound=overlap.train.bound,
        sampled=sample_documents,
        refuted=evidence.refuted,
        rule=rule,
        runs=evidence.runs,
        matches=evidence.matches,
        unit=overlap.unit,
    )


def _train_info(
    name: str, files: list[InputFile], found: CorpusFindings, n: int, segmenter: Segmenter, pool: Pool
) -> TrainInfo:
    if not found.ngrams:
        raise CorpusError(
            f"no {n}-gram in this corpus: {found.documents:,} documents, none with {n} {segmenter.noun} "
            "(a wrong field, or a wrong format?)",
            files[0].label,
        )
    infos = source_infos(files, pool, found.skipped)
    train = f"{name}#{corpus_digest(infos)[:12]}"
    signature = Signature(n, segmenter.unit, segmenter.norm, document_kind(files), 0.0, train, __version__)
    bound = found.ngrams / 2.0**64
    skipped = skipped_in(infos)
    return TrainInfo(name, str(signature), found.documents, found.ngrams, None, bound, skipped=skipped)
