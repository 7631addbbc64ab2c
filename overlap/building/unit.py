"""Steps 3 and 4 of a build for one range of leading bits: count its distinct hashes exactly, size its pages, fill them.

Pure functions of the spill files, on whatever thread or machine.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from overlap.building.groups import GroupReader
from overlap.building.spill import Spill
from overlap.distinct import Distinct, Grouped, Pieces
from overlap.filters import AnyDesign, AnyPartition

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FillPlan", "Filled", "fill_units"]

_TASKS = 32  # at least, so that workers end together


@dataclass(frozen=True)
class FillPlan:
    """Spill files in ``2^spill_bits`` groups become a filter of ``2^partition_bits`` partitions.

    ``at_once``: hashes that are read and looked through together; where all are alike, with a table of 32 bytes each.
    """

    spills: list[Spill]
    spill_bits: int
    partition_bits: int
    design: AnyDesign
    at_once: int
    is_large: bool = False

    @property
    def unit_bits(self) -> int:
        """log2 of the units of work: a unit is the coarser of a spill group and a partition."""
        return min(self.spill_bits, self.partition_bits)

    def tasks(self, done: int) -> Iterator[range]:
        """The units from number ``done`` on, as many together as are read at once."""
        units = 1 << self.unit_bits
        mean = sum(spill.ngrams for spill in self.spills) // units
        together = max(1, min(self.at_once // max(1, mean), units // _TASKS))
        for first in range(done, units, together):
            yield range(first, min(first + together, units))


@dataclass(frozen=True)
class Filled:
    """The partitions of a unit, the SHA-256 of the words of each, and the checksum of all hashes that went in."""

    partitions: list[AnyPartition]
    digests: list[str]
    checksum: int


class _Buffers(threading.local):
    """Each thread's own, used again for unit after unit; made when needed, as kernels are loaded for them."""

    @cached_property
    def reader(self) -> GroupReader:
        return GroupReader()

    @cached_property
    def distinct(self) -> Distinct:
        return Distinct()


_mine = _Buffers()


def fill_units(plan: FillPlan, units: range) -> Iterator[Filled]:
    """Fill the partitions of some units. Raises OutputError where a spill file is shorter than it was."""
    groups = 1 << (plan.spill_bits - plan.unit_bits)
    inner = plan.partition_bits - plan.unit_bits
    edges = [unit * groups for unit in range(units.start, units.stop + 1)]
    for batches in _mine.reader.units(plan.spills, edges, plan.at_once):
        keys = _distinct(batches, plan.unit_bits, inner, plan.at_once)
        parts = [plan.design.fill(part.hashes, plan.partition_bits, part.bounds) for part in keys.split(inner)]
        yield Filled(parts, [hashlib.sha256(part.words.data).hexdigest() for part in parts], keys.checksum)


def _distinct(batches: Iterator[Pieces], skip: int, inner: int, at_once: int) -> Grouped:
    """The distinct hashes, grouped by ``inner`` more bits at least. Memory follows the distinct ones, not all."""
    found = np.empty(0, np.uint64)
    fresh: list[NDArray[np.uint64]] = []
    held = checksum = 0
    more: Pieces | None = next(batches, Pieces.whole(found))
    while more is not None:
        these = _mine.distinct.of([more], skip, inner)
        checksum ^= these.checksum
        more = next(batches, None)
        if more is None and not fresh and not found.size:
            return replace(these, checksum=checksum)  # the usual case: all in one batch
        fresh.append(these.hashes.copy())
        held += fresh[-1].size
        if held > max(at_once, found.size):  # merged when they have doubled: no piece is merged too often
            found, fresh, held = _merged([found, *fresh], skip, inner).hashes.copy(), [], 0
    return replace(_merged([found, *fresh], skip, inner), checksum=checksum)


def _merged(parts: list[NDArray[np.uint64]], skip: int, inner: int) -> Grouped:
    return _mine.distinct.of([Pieces.whole(part) for part in parts], skip, inner)
