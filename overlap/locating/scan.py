"""scan: measure and locate in one exact pass, without an index."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np

from overlap.corpus import InputFile, Sources, document_kind, make_layout
from overlap.digests import DigestsAhead
from overlap.errors import CorpusError
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
    training_files,
)
from overlap.measuring import assemble, check_train_names, union_info
from overlap.provenance import corpus_digest, source_infos
from overlap.results import ClassRule, Findings, Overlap, TrainInfo, TrainSources, skipped_in
from overlap.segmenting import DEFAULT, Segmenter, segmenter_of
from overlap.signature import Signature
from overlap.test_sets import Parts, read_test_sets
from overlap.text import chosen_n
from overlap.version import __version__

__all__ = ["scan"]


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
    n = chosen_n(n, segmenter)
    reading: dict[str, Any] = {
        "text_field": text_field,
        "by_line": by_line,
        "input_format": input_format,
        "on_bad_record": on_bad_record,
    }
    trains = training_files(train, id_field=id_field, **reading)
    check_train_names(list(trains))
    layout = make_layout(parts, template, test_id_field, group)
    test_files = read_test_sets(test, layout=layout, recipes=recipes, **reading)
    most = at_least_one(sample_documents)
    everything = [file for files in trains.values() for file in files]
    with opened(executor, workers) as pool, DigestsAhead(everything, idle=pool.is_local and pool.workers > 1) as ahead:
        tests = [hashed_test(name, files, None, n, segmenter) for name, files in test_files.items()]
        asked = ask([item.tested for item in tests], n, segmenter)
        passes = {name: search_corpus(files, asked, most, pool, progress, ahead) for name, files in trains.items()}
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


def _overlap(info: TrainInfo, item: TestSet, n: int, flags: Any, segmenter: Segmenter) -> Overlap:
    return assemble(info, item.name, n, item.document, "scan", item.infos, item.tested, item.distinct, flags, segmenter)


def _train_info(
    name: str, files: list[InputFile], found: CorpusFindings, n: int, segmenter: Segmenter, pool: Pool
) -> TrainInfo:
    if not found.ngrams:
        raise CorpusError(
            f"no {n}-gram in this corpus: {found.documents:,} documents, none with {n} {segmenter.noun} "
            "(a wrong field, or a wrong format?)",
            files[0].label,
        )
    infos = source_infos(files, pool, found.skipped, found.digests)
    digest = corpus_digest(infos)
    train = f"{name}#{digest[:12]}"
    signature = Signature(n, segmenter.unit, segmenter.norm, document_kind(files), 0.0, train, __version__)
    bound = found.ngrams / 2.0**64
    skipped, sources = skipped_in(infos), TrainSources.of(digest, infos)
    counts = (found.documents, found.ngrams, None)
    return TrainInfo(name, str(signature), *counts, bound, skipped=skipped, sources=sources)
