"""Steps 3 and 4 of a build: count the distinct hashes of a group exactly, size its pages, and fill them.

A unit of work is a range of leading bits: the coarser of a spill group and a partition of the filter. Units are
worked on in any order by any number of threads and written in order; a journal names the partitions that are
safely on disk, so that a killed build goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from overlap.building.place import arrived
from overlap.building.spill import Spill, read_group
from overlap.errors import OutputError
from overlap.executors import Pool
from overlap.filters import AnyDesign, AnyPartition, AnyRow, row_type
from overlap.hashing import distinct_hashes

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FillPlan", "FilledUnit", "fill_all"]

_AT_ONCE = 1 << 20  # hashes of a unit that are looked through together: where all are alike, a table of 32 MB


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


@dataclass(frozen=True)
class FillPlan:
    """Spill files in ``2^spill_bits`` groups become a filter of ``2^partition_bits`` partitions."""

    spills: list[Spill]
    spill_bits: int
    partition_bits: int
    design: AnyDesign

    @property
    def unit_bits(self) -> int:
        return min(self.spill_bits, self.partition_bits)


def fill_unit(plan: FillPlan, unit: int) -> tuple[list[tuple[AnyPartition, str]], int]:
    """The filled partitions of one unit of work, each with the digest of its pages, and the checksum of the hashes."""
    groups = 1 << (plan.spill_bits - plan.unit_bits)
    inner = plan.partition_bits - plan.unit_bits
    keys, checksum = _distinct(read_group(plan.spills, unit * groups, (unit + 1) * groups, _AT_ONCE), plan, inner)
    numbers = (keys >> np.uint64(64 - plan.partition_bits)).astype(np.int64) if plan.partition_bits else None
    if inner == 0 or numbers is None:
        parts = [keys]
    else:
        edges = np.searchsorted(numbers, np.arange((unit << inner) + 1, (unit + 1) << inner))
        parts = np.split(keys, edges)
    filled = [plan.design.fill(part, plan.partition_bits) for part in parts]
    return [(part, hashlib.sha256(part.words.data).hexdigest()) for part in filled], checksum


def _distinct(pieces: Iterator[NDArray[np.uint64]], plan: FillPlan, inner: int) -> tuple[NDArray[np.uint64], int]:
    """(distinct hashes, grouped by ``inner`` more bits; xor of all). Memory follows the distinct ones, not all."""
    found = np.empty(0, np.uint64)
    fresh: list[NDArray[np.uint64]] = []
    held = checksum = 0
    for piece in pieces:
        checksum ^= int(np.bitwise_xor.reduce(piece))
        fresh.append(distinct_hashes(piece, plan.unit_bits, inner).copy())
        held += fresh[-1].size
        if held > max(_AT_ONCE, found.size):  # merged each time that they have doubled: no piece is merged too often
            found, fresh, held = distinct_hashes(np.concatenate([found, *fresh]), plan.unit_bits, inner).copy(), [], 0
    if found.size or len(fresh) != 1:
        found = distinct_hashes(np.concatenate([found, *fresh]), plan.unit_bits, inner)
    else:
        found = fresh[0]
    return found, checksum


def fill_all(plan: FillPlan, target: Path, journal: Path, pool: Pool) -> Iterator[FilledUnit]:
    """Fill unit after unit into ``target``; yields each as it is written, those of an earlier attempt first."""
    done, size = _recover(plan, target, journal)
    yield from done
    with open(target, "ab") as pages, open(journal, "a", encoding="ascii") as log:
        pages.truncate(size)
        units = range(len(done), 1 << plan.unit_bits)
        for unit in _in_memory(plan, units, pages, pool) if pool.is_local else _by_files(plan, units, pages, pool):
            pages.flush()
            log.write(unit.to_line())
            log.flush()
            yield unit
        pages.flush()
        os.fsync(pages.fileno())


def _in_memory(plan: FillPlan, units: range, pages: IO[bytes], pool: Pool) -> Iterator[FilledUnit]:
    """Units filled by threads."""
    for _, (filled, checksum) in pool.in_order(_fill, units, (plan,)):
        for part, _ in filled:
            pages.write(part.words.data)
        yield _described(filled, checksum)


def _by_files(plan: FillPlan, units: range, pages: IO[bytes], pool: Pool) -> Iterator[FilledUnit]:
    """Units filled elsewhere: their pages come as files of the work folder, and go when they are copied."""
    place = Path(pages.name).parent
    filled = pool.in_order(_fill_to_file, units, (plan, place), kind=lambda unit: type(plan.design).__name__)
    for number, (name, unit) in filled:
        for row, piece in zip(unit.partitions, _pages_in(place / name, unit), strict=True):
            if hashlib.sha256(piece).hexdigest() != row.sha256:
                raise OutputError(f"the pages of unit {number} arrived altered: run the same build again", place / name)
            pages.write(piece)
        (place / name).unlink()
        yield unit


def _fill(unit: int, plan: FillPlan) -> tuple[list[tuple[AnyPartition, str]], int]:
    return fill_unit(plan, unit)


def _fill_to_file(unit: int, plan: FillPlan, place: Path) -> tuple[str, FilledUnit]:
    """Write the pages of a unit to a new file in the work folder; its name, and what is in it."""
    filled, checksum = fill_unit(plan, unit)
    path = place / f"{uuid.uuid4().hex}.pages"
    with open(path, "wb") as stream:
        for part, _ in filled:
            stream.write(part.words.data)
        stream.flush()
        os.fsync(stream.fileno())
    return path.name, _described(filled, checksum)


def _described(filled: list[tuple[AnyPartition, str]], checksum: int) -> FilledUnit:
    return FilledUnit([part.row(digest) for part, digest in filled], checksum)


def _pages_in(path: Path, unit: FilledUnit) -> Iterator[bytes]:
    """The pages of each partition. Raises OutputError where the file is not here, or too short."""
    size = sum(row.bytes for row in unit.partitions)
    arrived(path, lambda path: True if path.exists() and path.stat().st_size == size else None)
    with open(path, "rb") as stream:
        for row in unit.partitions:
            yield stream.read(row.bytes)


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
                    break
                if any(hashlib.sha256(pages.read(row.bytes)).hexdigest() != row.sha256 for row in rows):
                    break
                units.append(unit)
                size += sum(row.bytes for row in rows)
    except (OSError, ValueError, TypeError):
        pass
    journal.write_text("".join(unit.to_line() for unit in units), encoding="ascii")
    return units, size
