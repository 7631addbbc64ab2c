"""The pieces of a build, each a file of its own in the work folder: spill files and digests.

A piece is written by a pure function of its inputs, on any worker that sees the files, under a name of its own until it
is complete: two workers may write the same piece at once, as they do where a cluster took one of them for lost.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from overlap.building.place import arrived, written
from overlap.building.plan import BuildPlan, DigestTask, Pack, Sizes
from overlap.building.spill import Spill, hash_pack, open_spill
from overlap.corpus import InputFile, digest_block, forget
from overlap.digests import Position, is_at_hand, is_stream
from overlap.executors import Pool
from overlap.progress import Progress, Stage
from overlap.segmenting import Segmenter

__all__ = ["hash_and_spill"]

_SECOND_DIGEST = 2  # comes after the first digest and the first pack; both take as long as loading, 0.3 s
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class _Piece:
    """What is to be written to ``path``: the spill file of a pack, or the digests of blocks."""

    path: Path
    pack: Pack | None
    blocks: Sequence[DigestTask] = ()

    @property
    def weight(self) -> int:
        """Bytes of input, for progress."""
        return self.pack.weight if self.pack else 0

    @property
    def files(self) -> list[InputFile]:
        """The file of each of its shards."""
        return [shard.file for shard in self.pack.shards] if self.pack else []


@dataclass(frozen=True)
class _Cut:
    """How packs are hashed. With ``forget`` the system need not remember what has been read."""

    n: int
    segmenter: Segmenter
    sizes: Sizes
    forget: bool


def hash_and_spill(plan: BuildPlan, work: Path, pool: Pool, report: Progress) -> tuple[list[Spill], list[list[str]]]:
    """All spill files and all digests, by file; those of an earlier attempt are taken as they are.

    Raises CorpusError and its kin, OutputError, ExecutorError.
    """
    missing = _missing(plan, work)
    _write_all(missing, plan, pool, report)
    names = [plan.spill_name(pack) for pack in plan.packs]
    opened = {name: arrived(work / name, lambda path: open_spill(path, plan.sizes.spill_bits)) for name in names}
    digests: list[list[str]] = [[] for _ in plan.files]
    for blocks in plan.digests:
        found = arrived(work / plan.digest_name(blocks), partial(_digests_in, blocks=blocks))
        for task, digest in zip(blocks, found, strict=True):
            digests[task.number].append(digest)
    return [opened[name] for name in names], digests


def _write_all(missing: Sequence[_Piece], plan: BuildPlan, pool: Pool, report: Progress) -> None:
    """Write the pieces on any workers, and say how many files are done with."""
    total = sum(pack.weight for pack in plan.packs)
    done = total - sum(piece.weight for piece in missing)
    waiting = Counter(file for piece in missing for file in piece.files)  # and how many shards of each
    files = len(set(plan.files))
    report(Stage("hash", files - len(waiting), files), done, total)
    cut = _Cut(plan.settings.n, plan.segmenter, plan.sizes, plan.is_large)
    for some in _in_turn(missing):
        with closing(pool.as_done(_write, some, (cut,), _kind)) as work:  # nobody writes on where an error ends it
            for piece, _ in work:
                done += piece.weight
                _take_off(waiting, piece.files)
                report(Stage("hash", files - len(waiting), files), done, total)


def _take_off(waiting: Counter[InputFile], files: Iterable[InputFile]) -> None:
    """Count one shard less of each; ``-=`` would go through all that are waiting."""
    for file in files:
        waiting[file] -= 1
        if not waiting[file]:
            del waiting[file]


def _missing(plan: BuildPlan, work: Path) -> list[_Piece]:
    """The pieces that are not there yet, in the order of what they read; a file that is named twice is read once.

    The digest of a block comes just before the packs in it: what is read for one is in memory for the others. The
    second one comes early, since one worker makes digests while another loads numba and the kernels that all need. Of
    files elsewhere nothing is in memory: their digests come last, so that where a network fails its packs are there.
    """
    pieces: dict[Path, _Piece] = {}
    upcoming = deque(blocks for blocks in plan.digests if all(is_at_hand(task.file) for task in blocks))
    position = Position(plan.files)
    for pack in plan.packs:
        reads = position.before(pack.shards)
        while upcoming and (_begins(position, upcoming[0][0]) <= reads or len(pieces) == _SECOND_DIGEST):
            _add(pieces, work / plan.digest_name(upcoming[0]), upcoming.popleft())
        path = work / plan.spill_name(pack)
        if path not in pieces and open_spill(path, plan.sizes.spill_bits) is None:
            pieces[path] = _Piece(path, pack)
    for blocks in plan.digests:
        _add(pieces, work / plan.digest_name(blocks), blocks)
    return list(pieces.values())


def _begins(position: Position, task: DigestTask) -> tuple[int, int]:
    return position.of(task.file, task.index)


def _in_turn(missing: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """First all but the digests of streams of rows, and then those: no stream is read twice at once."""
    for late in (False, True):
        yield [piece for piece in missing if any(is_stream(task.file) for task in piece.blocks) == late]


def _add(pieces: dict[Path, _Piece], path: Path, blocks: Sequence[DigestTask]) -> None:
    if path not in pieces and _digests_in(path, blocks) is None:
        pieces[path] = _Piece(path, None, blocks)


def _write(piece: _Piece, cut: _Cut) -> None:
    if piece.pack:
        sizes = cut.sizes
        into = {"bits": sizes.spill_bits, "chunk": sizes.chunk, "block": sizes.block}
        hash_pack(piece.pack, piece.path, n=cut.n, segmenter=cut.segmenter, **into)
        if cut.forget:
            for shard in piece.pack.shards:
                forget(shard)
        return
    lines = [digest_block(task.file, task.index) + "\n" for task in piece.blocks]
    with written(piece.path) as temporary:
        temporary.write_text("".join(lines), encoding="ascii")


def _kind(piece: _Piece) -> str:
    """What decides which kernels a piece needs."""
    if piece.pack is None:
        return "digest"
    return " ".join(sorted({f"{shard.file.format} {shard.file.document}" for shard in piece.pack.shards}))


def _digests_in(path: Path, blocks: Sequence[DigestTask]) -> list[str] | None:
    """The digests that have been written, or None where they are missing or damaged."""
    try:
        found = path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return None
    return found if len(found) == len(blocks) and all(_DIGEST.fullmatch(line) for line in found) else None
