"""The build itself: the steps in order, on threads, under a lock, resumable at any moment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from overlap.bloom import design_filter, filter_bound, hash_floor, partition_bits
from overlap.building.fill import FilledPartition, FillPlan, fill_all
from overlap.building.plan import BuildPlan, Settings, make_plan
from overlap.building.spill import Spill, hash_shard, open_spill
from overlap.corpus import (
    InputFile,
    Shard,
    Source,
    digest_block,
    document_kind,
    group_sources,
    resolve,
)
from overlap.errors import CorpusError, IndexExists, IndexLocked, OutputError, SizingError
from overlap.index import Index, open_index
from overlap.manifest import (
    FILTER_NAME,
    MANIFEST_NAME,
    WORK_NAME,
    Manifest,
    PartitionRow,
    write_manifest,
)
from overlap.provenance import corpus_digest, file_info
from overlap.resources import SMALLEST_MEMORY, default_memory, default_workers, parse_size
from overlap.text import NORMALISER, check_n
from overlap.version import __version__

__all__ = ["build_index"]

Progress = Callable[[str, int, int], None]
_KEY_NAME = "inputs.key"  # beside the manifest: tells whether the sources are those of the index, without reading them
_MOST_FLOOR_SHARE = 0.5  # of the bound that may be set aside for hashes before the distinct count is known


def build_index(
    train: str | Source | Sequence[str | Source],
    output: str | PathLike[str],
    *,
    name: str | None = None,
    n: int = 8,
    fpr: float = 1e-8,
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    memory: str | int | None = None,
    workers: int | None = None,
    force: bool = False,
    renew: bool = False,
    progress: Progress | None = None,
) -> Index:
    """Build the index of a training corpus in the folder ``output`` and open it.

    ``train`` are sources (``[NAME=]PATH[::FIELD,...]``); ``fpr`` bounds the chance that an n-gram which is not in the
    corpus is taken for known; ``memory`` is in bytes, or ``"2GB"``. An index that is there already and was built
    from the same unchanged files is opened as it is; an unfinished build is resumed; any other index is left
    alone (IndexExists) unless ``force``, or unless its sources have changed and ``renew`` allows to follow
    them. ``progress(stage, done, total)`` is called with bytes.

    Raises CorpusError and its kin, IndexExists, IndexLocked, SizingError, OutputError; ValueError for bad arguments.
    """
    sources = [train] if isinstance(train, (str, Source)) else list(train)
    groups = group_sources(sources)
    if not groups:
        raise ValueError("no training source was named")
    folder = Path(output)
    settings = Settings(name or (next(iter(groups)) if len(groups) == 1 else folder.stem), n, fpr)
    check_n(n)
    design_filter(fpr)
    workers = default_workers() if workers is None else workers
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    size = max(SMALLEST_MEMORY, default_memory() if memory is None else parse_size(memory))
    everything = [source for group in groups.values() for source in group]
    files = resolve(everything, text_field=text_field, by_line=by_line, input_format=input_format)
    plan = make_plan(files, settings, size, workers)
    report = progress or (lambda stage, done, total: None)
    if (folder / MANIFEST_NAME).exists() and not force:
        if _is_same(folder, plan):
            return open_index(folder)
        if not renew:
            raise IndexExists(
                "an index of other sources or options is here: choose another place, or use --force", folder
            )
    with _output_errors(folder), _locked(folder) as work:
        _build(plan, folder, work, workers, report)
    return open_index(folder)


def _is_same(folder: Path, plan: BuildPlan) -> bool:
    """Was the index in this folder built from these very files with these options?"""
    try:
        return (folder / _KEY_NAME).read_text(encoding="ascii") == plan.key
    except (OSError, ValueError):
        return False


@contextmanager
def _output_errors(folder: Path) -> Iterator[None]:
    """What goes wrong while writing (disk full, read-only) as one line; what is written so far stays for a resume."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot be written: {error.strerror or error}; the same command resumes the build", folder
        ) from error


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """The work folder, held by this process alone."""
    import fcntl

    work = folder / WORK_NAME
    if folder.exists() and not folder.is_dir():
        raise IndexExists("a file is where the index should go: choose another place", folder)
    if folder.is_dir() and not work.is_dir() and not (folder / MANIFEST_NAME).exists() and any(folder.iterdir()):
        raise IndexExists("a folder with other things in it is where the index should go: choose another place", folder)
    work.mkdir(parents=True, exist_ok=True)
    handle = os.open(work / "lock", os.O_CREAT | os.O_RDWR)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise IndexLocked("another build is writing here: wait for it, or choose another place", folder) from None
        yield work
    finally:
        os.close(handle)


def _build(plan: BuildPlan, folder: Path, work: Path, workers: int, report: Progress) -> None:
    (folder / MANIFEST_NAME).unlink(missing_ok=True)
    _forget_other_builds(plan, work)
    spills, digests = _hash_and_spill(plan, work, workers, report)
    ngrams = sum(spill.ngrams for spill in spills)
    if ngrams == 0:
        documents = sum(spill.documents for spill in spills)
        shutil.rmtree(work)
        raise CorpusError(
            f"no {plan.settings.n}-gram in this corpus: {documents:,} documents, none with {plan.settings.n} words "
            "(a wrong field, or a wrong format?)",
            plan.files[0].label,
        )
    floor = min(hash_floor(ngrams), _MOST_FLOOR_SHARE * plan.settings.fpr)
    design = design_filter(float(f"{plan.settings.fpr - floor:.3g}"))
    filling = FillPlan(spills, plan.spill_bits, partition_bits(ngrams), design)
    rows: list[FilledPartition] = []
    temporary = work / FILTER_NAME
    units = 1 << filling.unit_bits
    for number, unit in enumerate(fill_all(filling, temporary, work / "filled.jsonl", workers)):
        rows += unit
        filter_bound(plan.settings.fpr, sum(row.keys for row in rows))
        report("fill", number + 1, units)
    manifest = _manifest(plan, spills, digests, design.k, design.bits_per_key, design.fpr, rows)
    if manifest.bound > plan.settings.fpr:
        raise SizingError(f"the filter came out at {manifest.bound:.3g}, over the asked {plan.settings.fpr:g}")
    temporary.replace(folder / FILTER_NAME)
    (folder / _KEY_NAME).write_text(plan.key, encoding="ascii")
    write_manifest(folder, manifest)
    shutil.rmtree(work, ignore_errors=True)


def _forget_other_builds(plan: BuildPlan, work: Path) -> None:
    """Remove pieces that this build cannot use: other sources, other options, half-written files."""
    wanted = {plan.shard_name(shard) for shard in plan.shards} | {plan.digest_name(task) for task in plan.digests}
    key = work / "plan.key"
    same = key.exists() and key.read_text(encoding="ascii", errors="replace") == plan.key
    keep = wanted | {"lock"} | ({"plan.key", FILTER_NAME, "filled.jsonl"} if same else set())
    for item in work.iterdir():
        if item.name not in keep:
            item.unlink()
    key.write_text(plan.key, encoding="ascii")


def _hash_and_spill(
    plan: BuildPlan, work: Path, workers: int, report: Progress
) -> tuple[list[Spill], dict[str, list[str]]]:
    """All spill files and all digests, by file; those of an earlier attempt are taken as they are."""
    tasks: list[tuple[int, Callable[[], None]]] = []
    for shard in plan.shards:
        path = work / plan.shard_name(shard)
        weight = shard.file.size * (shard.stop - shard.start) // max(1, _extent(plan, shard.file))
        if open_spill(path, plan.spill_bits) is None:
            tasks.append((weight, _spill_task(plan, shard, path)))
    for task in plan.digests:
        path = work / plan.digest_name(task)
        if not path.exists():
            tasks.append((0, _digest_job(task.file, task.index, path)))
    total = sum(file.size for file in plan.files)
    done = total - sum(weight for weight, _ in tasks)
    report("hash", done, total)
    for weight in _run(tasks, workers):
        done += weight
        report("hash", done, total)
    spills = [open_spill(work / plan.shard_name(shard), plan.spill_bits) for shard in plan.shards]
    _refuse_changed_inputs(plan)
    digests: dict[str, list[str]] = {}
    for task in plan.digests:
        digests.setdefault(task.file.label, []).append((work / plan.digest_name(task)).read_text(encoding="ascii"))
    return [spill for spill in spills if spill is not None], digests


def _extent(plan: BuildPlan, file: InputFile) -> int:
    return max(shard.stop for shard in plan.shards if shard.file == file)


def _spill_task(plan: BuildPlan, shard: Shard, path: Path) -> Callable[[], None]:
    return lambda: hash_shard(shard, path, n=plan.settings.n, bits=plan.spill_bits, chunk=plan.chunk, block=plan.block)


def _digest_job(file: InputFile, index: int, path: Path) -> Callable[[], None]:
    def job() -> None:
        temporary = path.with_suffix(".partial")
        temporary.write_text(digest_block(file, index), encoding="ascii")
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
    for file in plan.files:
        if os.stat(file.path).st_size != file.size:
            raise CorpusError("the file changed while it was read: run the build again", file.label)


def _manifest(
    plan: BuildPlan,
    spills: list[Spill],
    digests: dict[str, list[str]],
    k: int,
    bits_per_key: float,
    filter_fpr: float,
    rows: list[FilledPartition],
) -> Manifest:
    sources = tuple(file_info(file, digests[file.label]) for file in plan.files)
    return Manifest(
        name=plan.settings.name,
        n=plan.settings.n,
        unit="word",
        normaliser=NORMALISER,
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
