"""The build itself: the steps in order, on threads, under a lock, resumable at any moment."""

from __future__ import annotations

import math
import os
import shutil
from functools import reduce
from operator import xor
from os import PathLike
from pathlib import Path

from overlap.bloom import check_fpr, filter_bound, hash_floor, partition_bits
from overlap.building.fill import FillPlan, fill_all
from overlap.building.pieces import hash_and_spill
from overlap.building.place import held, is_index_of, move_in, output_errors, remove_leftovers
from overlap.building.plan import BuildPlan, Settings, make_plan
from overlap.building.spill import Spill, counts_of_files
from overlap.building.stages import logged
from overlap.corpus import (
    Sources,
    check_shared,
    document_kind,
    group_training,
    refuse_all_bad,
    resolve,
    state_of,
)
from overlap.errors import BAD_RECORD_KINDS, BadArgument, CorpusError, OutputError, SizingError
from overlap.executors import Executor, Pool, check_executor, opened
from overlap.filters import AnyDesign, AnyRow, check_filter, design_of
from overlap.index import Index, open_index
from overlap.manifest import FILTER_NAME, Manifest
from overlap.progress import Progress
from overlap.provenance import corpus_digest, file_info
from overlap.resources import CLUSTER_MEMORY, SMALLEST_MEMORY, default_memory, parse_size
from overlap.segmenting import DEFAULT, default_n, segmenter_of
from overlap.text import check_n
from overlap.version import __version__

__all__ = ["build_index"]

_MOST_FLOOR_SHARE = 0.5  # of the bound that may be set aside for hashes before the distinct count is known


def build_index(
    train: Sources,
    output: str | PathLike[str],
    *,
    name: str | None = None,
    n: int | None = None,
    unit: str = DEFAULT,
    fpr: float = 1e-8,
    filter: str = "bloom",
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    on_bad_record: str = "stop",
    memory: str | int | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    force: bool = False,
    renew: bool = False,
    progress: Progress | None = None,
) -> Index:
    """Build the index of a training corpus in the folder ``output`` and open it.

    ``train`` are sources (``[NAME=]PATH[::FIELD,...]``); ``unit`` is what n-grams are made of (``alnum`` words,
    ``whitespace`` words, ``chars``, ``raw-chars``, ``tokens:TOKENIZER``), ``n`` how many of them (8; of characters 50).
    The tokenizer is copied into the index. ``fpr`` bounds the chance that an n-gram which is not in the corpus is taken
    for known; ``filter`` is ``bloom``, or ``fuse``: a quarter smaller, slower to build. ``memory`` is in bytes, or
    ``"2GB"``: of this process, or of each worker process of a cluster. ``executor`` is ``threads:8``,
    ``dask://HOST:8786``, ``ray://HOST:10001``, ``ray``, or a running ``concurrent.futures.Executor``; without one,
    ``workers`` threads. An index that is there already and was built from the same unchanged files is opened as it is;
    an unfinished build is resumed; any other index is left alone (IndexExists) unless ``force``, or unless its sources
    have changed and ``renew`` allows to follow them.
    ``progress(stage, done, total)`` is called with bytes.

    Raises CorpusError and its kin, IndexExists, IndexLocked, SizingError, TokenizerError, OutputError, ExecutorError;
    ValueError for bad arguments.
    """
    groups = group_training(train)
    if not groups:
        raise BadArgument("no training source was named")
    folder = Path(output)
    segmenter = segmenter_of(unit)
    n = default_n(segmenter) if n is None else n
    settings = Settings(name or (next(iter(groups)) if len(groups) == 1 else folder.stem), n, fpr, filter)
    check_n(n)
    check_fpr(fpr)
    check_filter(filter)
    check_executor(executor, workers)
    size = None if memory is None else max(SMALLEST_MEMORY, parse_size(memory))
    everything = [source for group in groups.values() for source in group]
    files = resolve(
        everything, text_field=text_field, by_line=by_line, input_format=input_format, on_bad_record=on_bad_record
    )
    with opened(executor, workers) as pool, output_errors(folder):
        memory_there = size or (default_memory() if pool.is_local else CLUSTER_MEMORY)
        plan = make_plan(files, settings, memory_there, pool.tasks_a_process, segmenter)
        if not force and is_index_of(folder, plan.key):
            remove_leftovers(folder)
            return open_index(folder)
        with held(folder, replace=force or renew) as work:
            place = Path(os.path.abspath(work))  # workers may stand in another folder
            _build(plan, folder, place, pool, logged(plan, progress))
    return open_index(folder)


def _build(plan: BuildPlan, folder: Path, work: Path, pool: Pool, report: Progress) -> None:
    _forget_other_builds(plan, work)
    check_shared(pool, plan.files, work)
    spills, digests = hash_and_spill(plan, work, pool, report)
    _refuse_changed_inputs(plan)
    for file, (documents, *bad) in zip(plan.files, counts_of_files(plan, spills).tolist(), strict=True):
        found = {kind: count for kind, count in zip(BAD_RECORD_KINDS, bad, strict=True) if count}
        refuse_all_bad(file, documents, found)
    ngrams, n = sum(spill.ngrams for spill in spills), plan.settings.n
    if ngrams == 0:
        documents = sum(spill.documents for spill in spills)
        shutil.rmtree(work, ignore_errors=True)
        raise CorpusError(
            f"no {n}-gram in this corpus: {documents:,} documents, none with {n} {plan.segmenter.noun} "
            "(a wrong field, or a wrong format?)",
            plan.files[0].label,
        )
    floor = min(hash_floor(ngrams), _MOST_FLOOR_SHARE * plan.settings.fpr)
    design = design_of(plan.settings.filter, _rounded_down(plan.settings.fpr - floor))
    sizes = plan.sizes
    filling = FillPlan.cut(spills, sizes.spill_bits, partition_bits(ngrams), design, sizes.at_once, plan.is_large)
    rows: list[AnyRow] = []
    units = 1 << filling.unit_bits
    checksum = keys = 0
    for number, unit in enumerate(fill_all(filling, work / FILTER_NAME, work / "filled.jsonl", pool)):
        rows += unit.partitions
        checksum ^= unit.checksum
        keys += sum(row.keys for row in unit.partitions)
        filter_bound(plan.settings.fpr, keys)
        report("fill", number + 1, units)
    if checksum != reduce(xor, (spill.checksum for spill in spills)):
        shutil.rmtree(work, ignore_errors=True)
        raise OutputError("a spill file was altered during the build: run the same build again", folder)
    manifest = _manifest(plan, spills, digests, design, rows)
    if manifest.bound > plan.settings.fpr:
        raise SizingError(f"the filter came out at {manifest.bound:.3g}, over the asked {plan.settings.fpr:g}")
    move_in(folder, work, plan.key, manifest, plan.segmenter.raw)


def _rounded_down(rate: float) -> float:
    """Three digits, never more than the rate: so that the design does not change with the last n-gram."""
    unit = 10.0 ** (math.floor(math.log10(rate)) - 2)
    return float(f"{math.floor(rate / unit) * unit:.3g}")


def _forget_other_builds(plan: BuildPlan, work: Path) -> None:
    """Remove pieces that this build cannot use: other sources, other options, half-written files."""
    wanted = {plan.spill_name(pack) for pack in plan.packs} | {plan.digest_name(tasks) for tasks in plan.digests}
    key = work / "plan.key"
    same = key.exists() and key.read_text(encoding="ascii", errors="replace") == plan.key
    keep = wanted | {"lock"} | ({"plan.key", FILTER_NAME, "filled.jsonl"} if same else set())
    for item in work.iterdir():
        if item.name not in keep:
            item.unlink(missing_ok=True)  # a worker of an earlier attempt may be at its end
    key.write_text(plan.key, encoding="ascii")


def _refuse_changed_inputs(plan: BuildPlan) -> None:
    """A file that changed while it was read gives an index of neither version."""
    for file, changed in zip(plan.files, plan.changed, strict=True):
        try:
            same = state_of(file) == changed
        except CorpusError:
            same = False
        if not same:
            raise CorpusError("the file changed while it was read: run the build again", file.label)


def _manifest(
    plan: BuildPlan,
    spills: list[Spill],
    digests: list[list[str]],
    design: AnyDesign,
    rows: list[AnyRow],
) -> Manifest:
    bad = [dict(zip(BAD_RECORD_KINDS, row[1:].tolist(), strict=True)) for row in counts_of_files(plan, spills)]
    sources = tuple(file_info(*item) for item in zip(plan.files, digests, bad, strict=True))
    return Manifest(
        name=plan.settings.name,
        n=plan.settings.n,
        unit=plan.segmenter.unit,
        normaliser=plan.segmenter.norm,
        document=document_kind(plan.files),
        fpr=plan.settings.fpr,
        documents=sum(spill.documents for spill in spills),
        units=sum(spill.units for spill in spills),
        ngrams=sum(spill.ngrams for spill in spills),
        distinct=sum(row.keys for row in rows),
        corpus_digest=corpus_digest(sources),
        sources=sources,
        partitions=tuple(rows),
        tool=f"overlap {__version__}",
        **design.described(),
    )
