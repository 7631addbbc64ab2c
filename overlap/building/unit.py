"""Steps 3 and 4 of a build for one range of leading bits: count its distinct hashes exactly, size its pages, fill them.

Pure functions of the spill files, on whatever thread or machine.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
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
_TOO_LARGE = 2  # times ``at_once``: distinct hashes of a mean unit
_MOST_FINER = 5  # so a group is read 32 times at most; text whose n-grams differ does not compress to more
_SAMPLED = 9  # groups, the middle one of which is looked into


@dataclass(frozen=True)
class FillPlan:
    """Spill files in ``2^spill_bits`` groups become a filter of ``2^partition_bits`` partitions.

    ``unit_bits``: log2 of the units of work, see ``cut``. ``at_once``: hashes that are read and looked through
    together; where all are alike, with a table of 32 bytes each.
    """

    spills: list[Spill]
    spill_bits: int
    partition_bits: int
    unit_bits: int
    design: AnyDesign
    at_once: int
    is_large: bool = False

    @classmethod
    def cut(
        cls, spills: list[Spill], spill_bits: int, partition_bits: int, design: AnyDesign, at_once: int, is_large: bool
    ) -> FillPlan:
        """A unit is the coarser of a spill group and a partition.

        Where there are far more distinct n-grams than the groups were made for (text that was compressed 30 times,
        say), a group would not fit the memory: a unit is then a part of one, and each of its units reads it.
        """
        unit_bits, most = min(spill_bits, partition_bits), _TOO_LARGE * at_once
        if unit_bits < partition_bits and sum(spill.ngrams for spill in spills) >> unit_bits > most:
            finer = (_distinct_in_a_group(spills, spill_bits, at_once) // most).bit_length()
            unit_bits = min(unit_bits + min(finer, _MOST_FINER), partition_bits)
        return cls(spills, spill_bits, partition_bits, unit_bits, design, at_once, is_large)

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
    inner = plan.partition_bits - plan.unit_bits
    for batches in _hashes(plan, units):
        keys = _distinct(batches, plan.unit_bits, inner, plan.at_once)
        parts = [plan.design.fill(part.hashes, plan.partition_bits, part.bounds) for part in keys.split(inner)]
        yield Filled(parts, [hashlib.sha256(part.words.data).hexdigest() for part in parts], keys.checksum)


def _hashes(plan: FillPlan, units: range) -> Iterator[Iterator[Pieces]]:
    """For each unit its hashes, in batches of what ``plan.at_once`` hashes give; each is valid until the next."""
    finer = plan.unit_bits - plan.spill_bits
    if finer <= 0:
        edges = [unit << -finer for unit in range(units.start, units.stop + 1)]
        yield from _mine.reader.units(plan.spills, edges, plan.at_once)
        return
    for unit in units:
        group, part = unit >> finer, unit & ((1 << finer) - 1)
        for batches in _mine.reader.units(plan.spills, [group, group + 1], plan.at_once):
            yield (_part_of(batch, plan.spill_bits, finer, part) for batch in batches)


def _distinct_in_a_group(spills: Sequence[Spill], spill_bits: int, at_once: int) -> int:
    """About how many distinct hashes a group has: a middle one, by the share of them in pieces from all over it.

    One n-gram that a corpus says over and over makes one group large, and takes no memory.
    """
    groups = sorted({number * (1 << spill_bits) // _SAMPLED for number in range(_SAMPLED)})
    sizes = {
        group: sum(int(np.diff(spill.bounds(group, group + 1), axis=0).sum()) for spill in spills) for group in groups
    }
    middle = sorted(groups, key=sizes.__getitem__)[len(groups) // 2]
    piece = max(1, at_once // _SAMPLED)
    every = max(1, sizes[middle] // piece // _SAMPLED)
    batches = next(GroupReader().units(spills, [middle, middle + 1], piece))
    sample = np.concatenate([_flat(batch) for number, batch in enumerate(batches) if number % every == 0])
    share = Distinct().of([Pieces.whole(sample)], spill_bits, 0).hashes.size / max(1, sample.size)
    return int(sizes[middle] * share)


def _flat(pieces: Pieces) -> NDArray[np.uint64]:
    spans = zip(pieces.starts.tolist(), pieces.stops.tolist(), strict=True)
    return np.concatenate([pieces.hashes[start:stop] for start, stop in spans])


def _part_of(pieces: Pieces, skip: int, bits: int, part: int) -> Pieces:
    """Those hashes whose ``bits`` behind the first ``skip`` say ``part``."""
    hashes = _flat(pieces)
    return Pieces.whole(hashes[(hashes << np.uint64(skip)) >> np.uint64(64 - bits) == part])


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
