"""The build itself: the steps in order, on threads, under a lock, resumable at any moment."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import reduce
from operator import xor
from os import PathLike
from pathlib import Path

from overlap.bloom import check_fpr, design_filter, filter_bound, hash_floor, partition_bits
from overlap.building.fill import FilledPartition, FillPlan, fill_all
from overlap.building.place import held, is_index_of, move_in, output_errors, remove_leftovers
from overlap.building.plan import BuildPlan, DigestTask, Pack, Settings, make_plan
from overlap.building.spill import Spill, counts_of_files, hash_pack, open_spill
from overlap.corpus import (
    Sources,
    digest_block,
    document_kind,
    group_sources,
    refuse_all_bad,
    resolve,
    state_of,
)
from overlap.errors import BAD_RECORD_KINDS, BadArgument, CorpusError, OutputError, SizingError
from overlap.index import Index, open_index
from overlap.manifest import FILTER_NAME, Manifest, PartitionRow
from overlap.provenance import corpus_digest, file_info
from overlap.resources import SMALLEST_MEMORY, default_memory, default_workers, parse_size
from overlap.segmenting import DEFAULT, default_n, segmenter_of
from overlap.text import check_n
from overlap.version import __version__

__all__ = ["build_index"]

_DIGEST = re.compile(r"[0-9a-f]{64}")
Progress = Callable[[str, int, int], None]
_MOST_FLOOR_SHARE = 0.5  # of the bound that may be set aside for hashes before the distinct count is known


def build_index(
    train: Sources,
    output: str | PathLike[str],
    *,
    name: str | None = None,
    n: int | None = None,
    unit: str = DEFAULT,
    fpr: float = 1e-8,
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    on_bad_record: str = "stop",
    memory: str | int | None = None,
    workers: int | None = None,
    force: bool = False,
    renew: bool = False,
    progress: Progress | None = None,
) -> Index:
    """Build the index of a training corpus in the folder ``output`` and open it.

    ``train`` are sources (``[NAME=]PATH[::FIELD,...]``); ``unit`` is what n-grams are made of (``alnum`` words,
    ``whitespace`` words, ``chars``, ``raw-chars``, ``tokens:TOKENIZER``), ``n`` how many of them (8; of characters 50).
    The tokenizer is copied into the index. ``fpr`` bounds the chance that an n-gram which is not in the corpus is taken
    for known; ``memory`` is in bytes, or ``"2GB"``. An index that is there already and was built from the same
    unchanged files is opened as it is; an unfinished build is resumed; any other index is left alone (IndexExists)
    unless ``force``, or unless its sources have changed and ``renew`` allows to follow them. ``progress(stage, done,
    total)`` is called with bytes.

    Raises CorpusError and its kin, IndexExists, IndexLocked, SizingError, TokenizerError, OutputError; ValueError for
    bad arguments.
    """
    groups = group_sources(train)
    if not groups:
        raise BadArgument("no training source was named")
    folder = Path(output)
    segmenter = segmenter_of(unit)
    n = default_n(segmenter) if n is None else n
    settings = Settings(name or (next(iter(groups)) if len(groups) == 1 else folder.stem), n, fpr)
    check_n(n)
    check_fpr(fpr)
    workers = default_workers() if workers is None else workers
    if workers < 1:
        raise BadArgument(f"workers must be at least 1, not {workers}")
    size = max(SMALLEST_MEMORY, default_memory() if memory is None else parse_size(memory))
    everything = [source for group in groups.values() for source in group]
    files = resolve(
        everything, text_field=text_field, by_line=by_line, input_format=input_format, on_bad_record=on_bad_record
    )
    plan = make_plan(files, settings, size, workers, segmenter)
    report = progress or (lambda stage, done, total: None)
    with output_errors(folder):
        if not force and is_index_of(folder, plan.key):
            remove_leftovers(folder)
            return open_index(folder)
        with held(folder, replace=force or renew) as work:
            _build(plan, folder, work, workers, report)
    return open_index(folder)


def _build(plan: BuildPlan, folder: Path, work: Path, workers: int, report: Progress) -> None:
    _forget_other_builds(plan, work)
    spills, digests = _hash_and_spill(plan, work, workers, report)
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
    design = design_filter(_rounded_down(plan.settings.fpr - floor))
    filling = FillPlan(spills, plan.spill_bits, partition_bits(ngrams), design)
    rows: list[FilledPartition] = []
    units = 1 << filling.unit_bits
    checksum = keys = 0
    for number, unit in enumerate(fill_all(filling, work / FILTER_NAME, work / "filled.jsonl", workers)):
        rows += unit.partitions
        checksum ^= unit.checksum
        keys += sum(row.keys for row in unit.partitions)
        filter_bound(plan.settings.fpr, keys)
        report("fill", number + 1, units)
    if checksum != reduce(xor, (spill.checksum for spill in spills)):
        shutil.rmtree(work, ignore_errors=True)
        raise OutputError("a spill file was altered during the build: run the same build again", folder)
    manifest = _manifest(plan, spills, digests, design.k, design.bits_per_key, design.fpr, rows)
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
            item.unlink()
    key.write_text(plan.key, encoding="ascii")


def _hash_and_spill(plan: BuildPlan, work: Path, workers: int, report: Progress) -> tuple[list[Spill], list[list[str]]]:
    """All spill files and all digests, by file; those of an earlier attempt are taken as they are."""
    tasks: dict[Path, tuple[int, Callable[[], None]]] = {}  # by what they write: a file named twice is read once
    for pack in plan.packs:
        path = work / plan.spill_name(pack)
        if path not in tasks and open_spill(path, plan.spill_bits) is None:
            tasks[path] = (pack.weight, _spill_task(plan, pack, path))
    for blocks in plan.digests:
        path = work / plan.digest_name(blocks)
        if path not in tasks and _digests_in(path, blocks) is None:
            tasks[path] = (0, _digest_job(blocks, path))
    total = sum(pack.weight for pack in plan.packs)
    done = total - sum(weight for weight, _ in tasks.values())
    report("hash", done, total)
    for weight in _run(list(tasks.values()), workers):
        done += weight
        report("hash", done, total)
    names = [plan.spill_name(pack) for pack in plan.packs]
    opened = {name: open_spill(work / name, plan.spill_bits) for name in dict.fromkeys(names)}
    spills = [spill for name in names if (spill := opened[name]) is not None]
    _refuse_changed_inputs(plan)
    digests: list[list[str]] = [[] for _ in plan.files]
    for blocks in plan.digests:
        for task, digest in zip(blocks, _digests_in(work / plan.digest_name(blocks), blocks) or (), strict=True):
            digests[task.number].append(digest)
    return spills, digests


def _spill_task(plan: BuildPlan, pack: Pack, path: Path) -> Callable[[], None]:
    cut = {"bits": plan.spill_bits, "chunk": plan.chunk, "block": plan.block}
    return lambda: hash_pack(pack, path, n=plan.settings.n, segmenter=plan.segmenter, **cut)


def _digests_in(path: Path, blocks: Sequence[DigestTask]) -> list[str] | None:
    """The digests that an earlier attempt has written, or None where they are missing or damaged."""
    try:
        found = path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return None
    return found if len(found) == len(blocks) and all(_DIGEST.fullmatch(line) for line in found) else None


def _digest_job(blocks: Sequence[DigestTask], path: Path) -> Callable[[], None]:
    def job() -> None:
        temporary = path.with_suffix(".partial")
        lines = [digest_block(task.file, task.index) + "\n" for task in blocks]
        temporary.write_text("".join(lines), encoding="ascii")
        temporary.replace(path)

    return job


def _run(tasks: list[tuple[int, Callable[[], None]]], workers: int) -> Iterator[int]:
    """Run tasks on threads; yield the weight of each as it ends. The first error stops the rest."""
    pool = ThreadPoolExecutor(workers)
    upcoming = iter(tasks)
    running: dict[Future[None], int] = {}
    try:
        while True:
            while len(running) < 2 * workers and (task := next(upcoming, None)) is not None:
                running[pool.submit(task[1])] = task[0]
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                weight = running.pop(future)
                future.result()
                yield weight
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


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
    k: int,
    bits_per_key: float,
    filter_fpr: float,
    rows: list[FilledPartition],
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
        filter_fpr=filter_fpr,
        k=k,
        bits_per_key=bits_per_key,
        documents=sum(spill.documents for spill in spills),
        units=sum(spill.units for spill in spills),
        ngrams=sum(spill.ngrams for spill in spills),
        distinct=sum(row.keys for row in rows),
        corpus_digest=corpus_digest(sources),
        sources=sources,
        partitions=tuple(PartitionRow(row.keys, row.pages, row.realised_fpr, row.sha256) for row in rows),
        tool=f"overlap {__version__}",
    )
