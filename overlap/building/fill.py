"""Steps 3 and 4 of a build: count the distinct hashes of a group exactly, size its pages, and fill them.

A unit of work is a range of leading bits: the coarser of a spill group and a partition of the filter. Units are
worked on in any order by any number of threads and written in order; a journal names the partitions that are
safely on disk, so that a killed build goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from overlap.bloom import PAGE_BYTES, Design, Partition, fill_partition
from overlap.building.spill import Spill, read_group
from overlap.executors import in_order
from overlap.hashing import distinct_hashes

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FillPlan", "FilledPartition", "FilledUnit", "fill_all"]

_AT_ONCE = 1 << 20  # hashes of a unit that are looked through together: where all are alike, a table of 32 MB


@dataclass(frozen=True)
class FilledPartition:
    """One row of the manifest's partition table."""

    keys: int
    pages: int
    realised_fpr: float
    sha256: str


@dataclass(frozen=True)
class FilledUnit:
    """A unit of work that is on disk: its partitions, and all hashes that went into it, xor."""

    partitions: list[FilledPartition]
    checksum: int

    def to_line(self) -> str:
        """The unit's line of the journal."""
        return json.dumps([self.checksum, [asdict(row) for row in self.partitions]]) + "\n"

    @classmethod
    def from_line(cls, line: str) -> FilledUnit:
        """Read a line of the journal. Raises ValueError or TypeError for a broken one."""
        checksum, rows = json.loads(line)
        return cls([FilledPartition(**row) for row in rows], int(checksum))


@dataclass(frozen=True)
class FillPlan:
    """Spill files in ``2^spill_bits`` groups become a filter of ``2^partition_bits`` partitions."""

    spills: list[Spill]
    spill_bits: int
    partition_bits: int
    design: Design

    @property
    def unit_bits(self) -> int:
        return min(self.spill_bits, self.partition_bits)


def fill_unit(plan: FillPlan, unit: int) -> tuple[list[tuple[Partition, str]], int]:
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
    filled = [fill_partition(part, plan.partition_bits, plan.design) for part in parts]
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


def fill_all(plan: FillPlan, target: Path, journal: Path, workers: int) -> Iterator[FilledUnit]:
    """Fill unit after unit into ``target``; yields each as it is written, those of an earlier attempt first."""
    done, size = _recover(plan, target, journal)
    yield from done
    with open(target, "ab") as pages, open(journal, "a", encoding="ascii") as log:
        pages.truncate(size)
        units = range(len(done), 1 << plan.unit_bits)
        for _, (filled, checksum) in in_order(lambda unit: fill_unit(plan, unit), units, workers):
            rows = []
            for part, digest in filled:
                pages.write(part.words.data)
                rows.append(FilledPartition(part.keys, part.pages, part.realised_fpr, digest))
            pages.flush()
            unit = FilledUnit(rows, checksum)
            log.write(unit.to_line())
            log.flush()
            yield unit
        pages.flush()
        os.fsync(pages.fileno())


def _recover(plan: FillPlan, target: Path, journal: Path) -> tuple[list[FilledUnit], int]:
    """The units that an earlier attempt has written, each checked against its digest, and the bytes they take."""
    units: list[FilledUnit] = []
    size = 0
    try:
        lines = journal.read_text(encoding="ascii").splitlines()
        with open(target, "rb") as pages:
            for line in lines:
                unit = FilledUnit.from_line(line)
                rows = unit.partitions
                if len(rows) != 1 << (plan.partition_bits - plan.unit_bits):
                    break
                if any(hashlib.sha256(pages.read(row.pages * PAGE_BYTES)).hexdigest() != row.sha256 for row in rows):
                    break
                units.append(unit)
                size += sum(row.pages for row in rows) * PAGE_BYTES
    except (OSError, ValueError, TypeError):
        pass
    journal.write_text("".join(unit.to_line() for unit in units), encoding="ascii")
    return units, size
