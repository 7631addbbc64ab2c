"""Steps 3 and 4 of a build, for the whole filter: unit after unit is filled on the pool, and written in order.

Units are worked on in any order by any number of workers; a journal names the partitions that are safely written, so
that a killed build goes on where it was.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from overlap.building.place import arrived, written
from overlap.building.unit import Filled, FillPlan, fill_units
from overlap.errors import OutputError
from overlap.executors import Pool
from overlap.filters import AnyRow, row_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FillPlan", "FilledUnit", "fill_all"]

_log = logging.getLogger("overlap")
_SYNC_EVERY = 128 << 20  # bytes
_LOST = (errno.EIO, errno.EROFS, errno.ESTALE)  # errors after which what was written before may not be there
_CHECKED = 512  # words that are one in a check: a page of the Bloom filter


@dataclass(frozen=True)
class FilledUnit:
    """A unit of work that is on disk: its partitions, and all hashes that went into it, xor."""

    partitions: list[AnyRow]
    checksum: int

    def to_line(self) -> str:
        """The unit's line of the journal."""
        return json.dumps([self.checksum, [asdict(row) for row in self.partitions]]) + "\n"

    @classmethod
    def from_line(cls, line: str, row: type[AnyRow]) -> FilledUnit:
        """Read a line of the journal. Raises ValueError or TypeError for a broken one."""
        checksum, rows = json.loads(line)
        return cls([row(**values) for values in rows], int(checksum))


def fill_all(plan: FillPlan, target: Path, journal: Path, pool: Pool) -> Iterator[FilledUnit]:
    """Fill unit after unit into ``target``; yields each as it is written, those of an earlier attempt first."""
    done, size = _recover(plan, target, journal)
    yield from done
    with (
        open(target, "ab") as pages,
        open(journal, "a", encoding="ascii") as log,
        _Syncing(pages, journal, plan.is_large) as syncing,
    ):
        pages.truncate(size)
        fill = _in_memory if pool.is_local else _by_files
        for unit in fill(plan, len(done), pages, pool):
            pages.flush()
            log.write(unit.to_line())
            log.flush()
            syncing.wrote(sum(row.bytes for row in unit.partitions))
            yield unit


class _Syncing:
    """Brings a file to the disk while it is being written, so that little is left to wait for at its end.

    With ``forget`` what is there need not stay in the system's cache. Where the disk fails, the journal goes: the
    system says only once that it has lost something, and shows it from its cache as if it were written.
    """

    def __init__(self, stream: IO[bytes], journal: Path, forget: bool):
        self._stream, self._journal, self._forget = stream, journal, forget
        self._thread = ThreadPoolExecutor(1, "sync")
        self._under_way: Future[None] | None = None
        self._fresh = 0

    def __enter__(self) -> _Syncing:
        return self

    def wrote(self, size: int) -> None:
        """So many bytes more are in the file."""
        self._fresh += size
        if self._fresh < _SYNC_EVERY or (self._under_way and not self._under_way.done()):
            return
        if self._under_way:
            self._under_way.result()
        self._under_way, self._fresh = self._thread.submit(self._sync), 0

    def _sync(self) -> None:
        self._bring(getattr(os, "fdatasync", os.fsync))  # which macOS has not
        if self._forget and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # room for the spill files

    def _bring(self, sync: Callable[[int], None]) -> None:
        try:
            sync(self._stream.fileno())
        except OSError:
            self._distrust()
            raise

    def _distrust(self) -> None:
        with suppress(OSError):  # the disk is read-only by now
            self._journal.unlink(missing_ok=True)

    def __exit__(self, kind: object, error: object, _: object) -> None:
        self._thread.shutdown()
        if isinstance(error, OSError) and error.errno in _LOST:
            self._distrust()
        if kind is None:
            if self._under_way:
                self._under_way.result()
            self._stream.flush()
            self._bring(os.fsync)


def _in_memory(plan: FillPlan, done: int, pages: IO[bytes], pool: Pool) -> Iterator[FilledUnit]:
    """Units filled by threads."""
    for _, some in pool.in_order(_fill, plan.tasks(done), (plan,)):
        for filled in some:
            for part in filled.partitions:
                pages.write(part.words.data)
            yield _described(filled)


def _by_files(plan: FillPlan, done: int, pages: IO[bytes], pool: Pool) -> Iterator[FilledUnit]:
    """Units filled elsewhere: their pages come as files of the work folder, and go when they are copied."""
    place = Path(pages.name).parent
    buffer = np.empty(0, np.uint64)  # used again: fresh memory costs as much as reading into it
    filled = pool.in_order(
        _fill_to_file, plan.tasks(done), (plan, place), kind=lambda units: type(plan.design).__name__
    )
    for _, (name, units, checks) in filled:
        path = place / name
        size = sum(row.bytes for unit in units for row in unit.partitions)
        arrived(path, partial(_if_whole, size=size))
        expected = iter(checks)
        with open(path, "rb") as stream:
            for unit in units:
                for row in unit.partitions:
                    if buffer.nbytes < row.bytes:
                        buffer = np.empty(row.bytes // 8 * 9 // 8, np.uint64)
                    words = buffer[: row.bytes // 8]
                    if stream.readinto(words.data) != row.bytes or _check(words) != next(expected):
                        raise OutputError("these pages arrived altered: run the same build again", path)
                    pages.write(words.data)
                yield unit
        path.unlink()


def _fill(units: range, plan: FillPlan) -> list[Filled]:
    return list(fill_units(plan, units))


def _fill_to_file(units: range, plan: FillPlan, place: Path) -> tuple[str, list[FilledUnit], list[str]]:
    """Write the pages of some units to a new file in the work folder.

    Its name, what is in it, and for each partition what tells whether its pages arrive.
    """
    path = place / f"{uuid.uuid4().hex}.pages"
    done, checks = [], []
    with written(path) as temporary, open(temporary, "wb") as stream:
        for filled in fill_units(plan, units):
            for part in filled.partitions:
                stream.write(part.words.data)
                checks.append(_check(part.words))
            done.append(_described(filled))
    return path.name, done, checks


def _check(words: NDArray[np.uint64]) -> str:
    """Tells whether words came as they were sent: a digest of the xor of every 512 of them.

    It stands for their SHA-256, which is in the index but takes twenty times as long: here it would be one process's
    work for all. Words that change places within their 512 it misses, which no storage does to a file.
    """
    whole = words.size // _CHECKED * _CHECKED
    folded = np.bitwise_xor.reduce(words[:whole].reshape(-1, _CHECKED), axis=1)
    return hashlib.sha256(folded.tobytes() + words[whole:].tobytes()).hexdigest()


def _described(filled: Filled) -> FilledUnit:
    parts = zip(filled.partitions, filled.digests, strict=True)
    return FilledUnit([part.row(digest) for part, digest in parts], filled.checksum)


def _if_whole(path: Path, size: int) -> bool | None:
    return True if path.exists() and path.stat().st_size == size else None


def _recover(plan: FillPlan, target: Path, journal: Path) -> tuple[list[FilledUnit], int]:
    """The units that an earlier attempt has written, each checked against its digest, and the bytes they take."""
    units: list[FilledUnit] = []
    size = 0
    try:
        lines = journal.read_text(encoding="ascii").splitlines()
        with open(target, "rb") as pages:
            for line in lines:
                unit = FilledUnit.from_line(line, row_type(plan.design))
                rows = unit.partitions
                if len(rows) != 1 << (plan.partition_bits - plan.unit_bits):
                    _log.info("what was filled before was cut otherwise, for another memory: it is filled again")
                    break
                if any(hashlib.sha256(pages.read(row.bytes)).hexdigest() != row.sha256 for row in rows):
                    break
                units.append(unit)
                size += sum(row.bytes for row in rows)
    except (OSError, ValueError, TypeError):
        pass
    journal.write_text("".join(unit.to_line() for unit in units), encoding="ascii")
    return units, size
