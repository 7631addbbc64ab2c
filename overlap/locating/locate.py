"""locate: find the hits of a measurement in the training text, in an exact second pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from overlap.corpus import InputFile, Sources, group_sources
from overlap.errors import BadArgument, SignatureMismatch
from overlap.executors import Executor, Pool, check_executor, opened
from overlap.locating.asked import ask
from overlap.locating.corpus_pass import CorpusFindings, search_corpus
from overlap.locating.findings import (
    SAMPLE_DOCUMENTS,
    Progress,
    TestSet,
    at_least_one,
    findings_of,
    hashed_test,
    segmenter_again,
    training_files,
)
from overlap.provenance import corpus_digest, files_again, source_infos
from overlap.results import ClassRule, Findings, Overlap
from overlap.segmenting import Segmenter
from overlap.signature import Signature

__all__ = ["locate", "rows_to_locate"]


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
            found = search_corpus(files, asked, most, pool, progress)
            if not partial:
                _refuse_other_text(chosen[0], found, files, pool, all_found=bool(found.frequency.all()))
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


def _refuse_other_text(
    overlap: Overlap, found: CorpusFindings, files: Sequence[InputFile], pool: Pool, *, all_found: bool
) -> None:
    """Raise SignatureMismatch where the text is not what was measured: hits would be taken for errors of the filter.

    The files are read for their digest only where a hit was not found.
    """
    expected, here = (
        f"{documents:,} documents with {ngrams:,} {overlap.n}-grams"
        for documents, ngrams in ((overlap.train.documents, overlap.train.ngrams), (found.documents, found.ngrams))
    )
    if expected == here and not all_found:
        expected = Signature.parse(overlap.train.signature).train.rpartition("#")[2]
        here = corpus_digest(source_infos(files, pool, found.skipped))[: len(expected)]
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


def _test_again(overlap: Overlap, id_field: str | None, segmenter: Segmenter) -> TestSet:
    files = files_again(overlap.test_sources, id_field)
    return hashed_test(overlap.test, files, overlap.test_sources, overlap.n, segmenter)
