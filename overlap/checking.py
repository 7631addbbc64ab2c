"""check: build (or reuse) the indexes, then measure: the whole job in one call.

Each training set has an index of its own, and so has each test set's own training split: sharing a filter would
destroy the paper's first row.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.building import build_index
from overlap.corpus import (
    InputFile,
    Layout,
    Source,
    Sources,
    document_kind,
    group_training,
    make_layout,
    read_file,
    refuse_all_bad,
    resolve,
)
from overlap.corpus.addresses import shown
from overlap.distinct import distinct_hashes
from overlap.errors import BadArgument, CorpusError
from overlap.executors import Executor, check_executor, opened
from overlap.filters import FILTERS, check_filter
from overlap.index import Index
from overlap.measuring import (
    assemble,
    check_train_names,
    measure,
    union_info,
)
from overlap.progress import Progress
from overlap.provenance import corpus_digest, source_infos
from overlap.recipes import expand
from overlap.results import Overlap, TrainInfo, TrainSources, skipped_in
from overlap.segmenting import DEFAULT, default_n, segmenter_of
from overlap.signature import Signature
from overlap.test_sets import Parts, group_tests, hash_test_set, read_test_sets, refuse_empty
from overlap.text import NORMALISER
from overlap.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.reference import ReferenceIndex

__all__ = ["ENGINES", "check"]

ENGINES = ("index", "reference")


def check(
    train: Sources,
    test: Sources,
    *,
    own_train: Sources = (),
    n: int | None = None,
    unit: str = DEFAULT,
    fpr: float = 1e-8,
    filter: str = "bloom",
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    on_bad_record: str = "stop",
    parts: Parts = (),
    template: str | None = None,
    test_id_field: str | None = None,
    group: str | None = None,
    recipes: str | PathLike[str] | None = None,
    index_dir: str | PathLike[str] | None = None,
    engine: str = "index",
    memory: str | int | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> tuple[Overlap, ...]:
    """How much of each test set is in each training set?

    Sources are ``[NAME=]PATH[::FIELD,...]``; one name, one set. ``own_train`` pairs a test set, by name, with its own
    training split. ``unit``, ``n`` and ``filter`` are as in ``build_index``; ``parts``, ``template``,
    ``test_id_field``, ``group`` and ``recipes`` as in ``measure``; ``executor`` as in ``build_index``: it builds the
    indexes, which must lie where its workers see them. Indexes go to a temporary place, or under ``index_dir``, where
    those whose sources and options are unchanged are used again. ``engine="reference"`` runs ``overlap.reference``
    instead (small inputs only).

    Raises CorpusError and its kin, IndexFileError and its kin, SizingError; ValueError for bad arguments.
    """
    check_executor(executor, workers)
    check_filter(filter)
    segmenter = segmenter_of(unit)
    n = default_n(segmenter) if n is None else n
    if engine not in ENGINES:
        raise BadArgument(f"engine must be one of {', '.join(ENGINES)}, not {engine!r}")
    trains, tests = group_training(train), group_tests(test, recipes)
    owns = group_training(expand(own_train, recipes, own_train=True))
    if not trains and not owns:
        raise BadArgument("no training set was named")
    if unknown := set(owns) - set(tests):
        raise BadArgument(
            f"--own-train {', '.join(sorted(unknown))}: no test set has this name (there are: {', '.join(tests)})"
        )
    if not trains and (without := [name for name in tests if name not in owns]):
        raise BadArgument(f"no training set for test set {', '.join(without)}: name one with --train, or --own-train")
    reading: dict[str, Any] = {
        "text_field": text_field,
        "by_line": by_line,
        "input_format": input_format,
        "on_bad_record": on_bad_record,
    }
    layout = make_layout(parts, template, test_id_field, group)
    if engine == "reference":
        if executor is not None:
            raise BadArgument("engine reference runs here, one document after the other: it takes no executor")
        if segmenter.norm != NORMALISER:
            raise BadArgument(f"engine reference is the paper's procedure: its unit is alnum, not {unit}")
        if filter != FILTERS[0]:
            raise BadArgument(f"engine reference is the paper's procedure: its filter is bloom, not {filter}")
        return _by_reference(trains, owns, tests, n, fpr, reading, layout)
    check_train_names(list(trains))
    read_test_sets(
        _flat(tests), layout=layout, **reading
    )  # a missing test set is an error before the long build, not after
    building: dict[str, Any] = {"memory": memory, "progress": progress, "n": n, "unit": unit, "fpr": fpr, **reading}
    building["filter"] = filter
    laid_out: dict[str, Any] = {
        "parts": parts,
        "template": template,
        "test_id_field": test_id_field,
        "group": group,
        "recipes": recipes,
        **reading,
    }
    with _index_folder(index_dir) as folder, opened(executor, workers) as pool:
        building["executor"] = pool
        indexes = [_built(folder, "train", name, group, building, force) for name, group in trains.items()]
        own_indexes = {name: _built(folder, "own", name, group, building, force) for name, group in owns.items()}
        threads = pool.workers if pool.is_local else None
        overlaps = measure(indexes, _flat(tests), own_index=own_indexes, workers=threads, progress=progress, **laid_out)
    return tuple(replace(overlap, tokenizer=segmenter.tokenizer) for overlap in overlaps)  # not in a temporary folder


def _flat(groups: dict[str, list[Source]]) -> list[Source]:
    return [source for group in groups.values() for source in group]


@contextmanager
def _index_folder(index_dir: str | PathLike[str] | None) -> Iterator[Path]:
    if index_dir is not None:
        yield Path(index_dir)
        return
    with tempfile.TemporaryDirectory(prefix="overlap-") as folder:
        yield Path(folder)


def _built(folder: Path, role: str, name: str, group: list[Source], building: dict[str, Any], force: bool) -> Index:
    """The index of one training set under ``folder``; its place is named by what was asked, not by what is in it."""
    options = [building[key] for key in ("n", "fpr", "text_field", "by_line", "input_format")]
    options += [building["on_bad_record"]] if building["on_bad_record"] != "stop" else []
    options += [building["unit"]] if building["unit"] != DEFAULT else []
    options += [building["filter"]] if building["filter"] != FILTERS[0] else []
    asked = [role, name, [(shown(source.path), source.fields) for source in group], options]
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)[:60]
    place = folder / f"{role}-{safe}-{hashlib.sha256(repr(asked).encode()).hexdigest()[:8]}.index"
    return build_index(group, place, name=name, force=force, renew=True, **building)


def _by_reference(
    trains: dict[str, list[Source]],
    owns: dict[str, list[Source]],
    tests: dict[str, list[Source]],
    n: int,
    fpr: float,
    reading: dict[str, Any],
    layout: Layout,
) -> tuple[Overlap, ...]:
    """What the index engine does, by ``overlap.reference``: same rows, same order."""
    check_train_names(list(trains))
    indexes = {name: _reference_index(name, group, n, fpr, False, reading) for name, group in trains.items()}
    segmenter = segmenter_of(DEFAULT)
    overlaps: list[Overlap] = []
    for test, files in read_test_sets(_flat(tests), layout=layout, **reading).items():
        tested = hash_test_set(files, n, segmenter)
        refuse_empty(tested, test, files, n, segmenter)
        texts = _texts(files, [])
        chosen = [_reference_index(test, owns[test], n, fpr, True, reading)] if test in owns else []
        rows = [(info, _reference_hits(index, texts, n)) for info, index in (*chosen, *indexes.values())]
        if len(indexes) > 1:
            members = rows[len(chosen) :]
            union = union_info([info for info, _ in members])
            rows.append((union, np.logical_or.reduce([hits for _, hits in members])))
        infos, document = source_infos(files, skipped=tested.skipped), document_kind(files)
        distinct = distinct_hashes(tested.hashes, 0, 0).size
        overlaps += [
            assemble(info, test, n, document, "reference", infos, tested, distinct, hits, segmenter)
            for info, hits in rows
        ]
    return tuple(overlaps)


def _reference_index(
    name: str, group: list[Source], n: int, fpr: float, own: bool, reading: dict[str, Any]
) -> tuple[TrainInfo, ReferenceIndex]:
    from overlap.reference import build_reference

    files = resolve(group, **reading)
    skipped: list[Counter[str]] = []
    index = build_reference(_texts(files, skipped), n, fpr)
    if not index.ngrams:
        raise CorpusError(
            f"no {n}-gram in this corpus: {index.documents:,} documents, none with {n} words "
            "(a wrong field, or a wrong format?)",
            files[0].label,
        )
    infos = source_infos(files, skipped=skipped)
    digest = corpus_digest(infos)
    signature = Signature(n, "word", NORMALISER, document_kind(files), fpr, f"{name}#{digest[:12]}", __version__)
    counts = (index.documents, index.ngrams, len(index.filter))
    sources = TrainSources.of(digest, infos)
    return TrainInfo(name, str(signature), *counts, fpr, own, skipped=skipped_in(infos), sources=sources), index


def _reference_hits(index: ReferenceIndex, texts: list[str], n: int) -> NDArray[np.bool_]:
    from overlap.reference import hits_of

    return np.array([flag for flags in hits_of(index, texts, n) for flag in flags], np.bool_)


def _texts(files: list[InputFile], skipped: list[Counter[str]]) -> list[str]:
    """All documents as strings; ``skipped`` takes up the bad records of each file."""
    texts: list[str] = []
    for file in files:
        bad: Counter[str] = Counter()
        before = len(texts)
        for documents in read_file(file):
            bad.update(documents.skipped)
            texts += [documents.text(index) for index in range(len(documents))]
        refuse_all_bad(file, len(texts) - before, bad)
        skipped.append(bad)
    return texts
