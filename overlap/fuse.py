"""The binary fuse filter: its sizing, and a filter over 64-bit hashes. Smaller than the Bloom filter, never added to.

Every key has four slots in neighbouring segments, and the exclusive or of what they hold is its fingerprint of r bits
(Graf, Lemire: Binary Fuse Filters: Fast and Smaller Than Xor Filters, 2022). Any other hash is taken for a member with
a probability of 2^-r: whatever the slots hold, its own fingerprint is one of 2^r. At 1e-8, r is 27; a partition
of 524,288 keys has 1.08 slots a key, so 29.1 bits against the Bloom filter's 40.0.

The table is solved for its keys, partition by partition, and is a function of their set alone. This module does not
know n-grams, files or threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.bloom import BLOCK, LARGEST_FPR, SMALLEST_FPR, count_known, group_bits, in_partitions
from overlap.errors import BadArgument, SizingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FuseDesign", "FuseFilter", "FusePartition", "FuseRow", "design_fuse", "fuse_partition", "segments_for"]

ARITY = 4
MOST_FINGERPRINT_BITS = 57  # that eight bytes hold wherever in a byte they begin
_ATTEMPTS = 64
_GROWTH = 64  # each attempt has a 64th of the first one's segments more
_LEAST_FILTER_SHARE = 0.4  # of the whole bound, as with the Bloom filter
_MOST_SEGMENT_BITS = 15
# From 2^i to 2^(i+1) keys: log2 of a segment's slots, and the slots for 1000 keys at either end with which 95 % of
# first attempts succeeded, as measured. For ever more keys they come down to 1024, the threshold for four slots a key.
_SIZES = (
    *((2, 8000, 8000), (2, 8000, 5334), (2, 4000, 2858), (3, 4000, 2134), (3, 2500, 2065), (4, 2000, 1778)),
    *((4, 1750, 1638), (5, 1750, 1506), (5, 1500, 1441), (6, 1500, 1377), (7, 1500, 1314), (7, 1313, 1251)),
    *((8, 1313, 1219), (8, 1219, 1188), (9, 1190, 1157), (9, 1157, 1133), (10, 1129, 1104), (10, 1110, 1102)),
    *((11, 1090, 1083), (11, 1083, 1077), (12, 1070, 1063), (13, 1059, 1053), (14, 1055, 1047), (15, 1047, 1047)),
)


def segments_for(keys: int) -> tuple[int, int]:
    """(segments in which a key's first slot can lie, log2 of a segment's slots) of the first attempt for so many keys.

    Integers only, so that it comes out the same on every machine.
    """
    octave = min(max(1, keys).bit_length() - 1, len(_SIZES) - 1)
    segment_bits, first, last = _SIZES[octave]
    above = min(keys, (2 << octave) - 1) - (1 << octave)
    slots_per_1000 = first - ((first - last) * above >> octave)
    slots = -(-keys * slots_per_1000 // 1000)
    return max(1, -(-slots >> segment_bits) + 1 - ARITY), segment_bits


def slots_for(segments: int, segment_bits: int) -> int:
    """Slots of a partition: a first slot lies in one of ``segments``, the others in those that follow."""
    return (segments + ARITY - 1) << segment_bits


def words_for(segments: int, segment_bits: int, fingerprint_bits: int) -> int:
    """Words of 64 bits that a partition's slots take, with one to spare, so that eight bytes can be read anywhere."""
    slots = slots_for(segments, segment_bits)
    return -(-slots * fingerprint_bits // 64) + 1


@dataclass(frozen=True)
class FuseRow:
    """A partition on disk: distinct keys, words, geometry, the seed that solved it, its rate, digest of its words."""

    keys: int
    words: int
    segments: int
    segment_bits: int
    seed: int
    realised_fpr: float
    sha256: str

    @property
    def bytes(self) -> int:
        return 8 * self.words

    @property
    def slots(self) -> int:
        return slots_for(self.segments, self.segment_bits) if self.keys else 0

    def is_possible(self, fingerprint_bits: int) -> bool:
        """Do its numbers fit each other?"""
        numbers = (self.keys, self.words, self.segments, self.segment_bits, self.seed)
        if any(type(number) is not int or number < 0 for number in numbers):
            return False
        if self.keys == 0:
            return not any(numbers)
        possible = self.segments > 0 and 1 <= self.segment_bits <= _MOST_SEGMENT_BITS and self.seed < _ATTEMPTS
        return possible and self.words == words_for(self.segments, self.segment_bits, fingerprint_bits)


@dataclass(frozen=True)
class FusePartition:
    """A solved partition: its packed slots (``words``, uint64), and what ``FuseRow`` says of it."""

    keys: int
    words: NDArray[np.uint64]
    segments: int
    segment_bits: int
    seed: int
    realised_fpr: float

    def row(self, sha256: str) -> FuseRow:
        """Its row of the manifest, with the digest of its words."""
        geometry = (self.segments, self.segment_bits, self.seed)
        return FuseRow(self.keys, self.words.size, *geometry, self.realised_fpr, sha256)


@dataclass(frozen=True)
class FuseDesign:
    """Bits of a fingerprint that keep a rate: ``fpr`` is the bound on the filter's own rate, 2^-r at most."""

    fpr: float
    fingerprint_bits: int

    def fill(self, keys: NDArray[np.uint64], bits: int, bounds: NDArray[np.int64] | None = None) -> FusePartition:
        """The partition of these distinct keys, which share ``bits`` leading bits, in any order."""
        return fuse_partition(keys, bits, self.fingerprint_bits)

    def described(self) -> dict[str, Any]:
        """What the manifest says of the filter as a whole."""
        bits = self.fingerprint_bits
        return {"filter": "fuse", "filter_fpr": self.fpr, "fingerprint_bits": bits, "k": 0, "bits_per_key": 0.0}


def design_fuse(fpr: float) -> FuseDesign:
    """The shortest fingerprints whose rate, 2^-r, is at most ``fpr``. Raises ValueError outside 1e-12 to 0.1.

    >>> design_fuse(1e-8).fingerprint_bits
    27
    """
    if not SMALLEST_FPR * _LEAST_FILTER_SHARE <= fpr <= LARGEST_FPR:
        raise BadArgument(f"fpr must be from {SMALLEST_FPR:g} to {LARGEST_FPR:g}, not {fpr:g}")
    return FuseDesign(fpr, next(r for r in range(1, MOST_FINGERPRINT_BITS + 1) if 2.0**-r <= fpr))


def fuse_partition(keys: NDArray[np.uint64], bits: int, fingerprint_bits: int) -> FusePartition:
    """Solve the slots of one partition for its distinct keys, in any order (they share ``bits`` leading bits).

    One seed after the other is tried, each with a little more room. Every key is asked when all is done: that none is
    unknown is seen, not assumed. Raises SizingError where no seed does, which distinct keys do not bring about.
    """
    from overlap.kernels.fuse import assign, pack, peel

    if keys.size == 0:
        return FusePartition(0, np.empty(0, np.uint64), 0, 0, 0, 0.0)
    first, segment_bits = segments_for(keys.size)
    order, places = np.empty_like(keys), np.empty(keys.size, np.uint32)
    for seed in range(_ATTEMPTS):
        segments = first + seed * (1 + first // _GROWTH)
        slots = np.empty(slots_for(segments, segment_bits), np.uint64)
        geometry = (bits, seed, segments, segment_bits)
        if peel(keys, *geometry, np.empty(slots.size, np.uint32), slots, order, places) == keys.size:
            break
    else:
        raise SizingError(f"{keys.size:,} hashes cannot be placed in a fuse filter: some are there twice")
    assign(order, places, *geometry, fingerprint_bits, slots)
    words = np.empty(words_for(segments, segment_bits, fingerprint_bits), np.uint64)
    pack(slots, fingerprint_bits, words)
    part = FusePartition(keys.size, words, segments, segment_bits, seed, 2.0**-fingerprint_bits)
    _refuse_lost(part, keys, bits, fingerprint_bits)
    return part


def _refuse_lost(part: FusePartition, keys: NDArray[np.uint64], bits: int, fingerprint_bits: int) -> None:
    """Ask the packed words for every key. Raises SizingError where one is not found."""
    from overlap.kernels.fuse import count_absent

    table = _table([part.row("")])
    lost = int(count_absent(keys, part.words.view(np.uint8), bits, 0, table, fingerprint_bits))
    if lost:
        raise SizingError(f"the filter has lost {lost:,} of {keys.size:,} n-grams: is this machine's memory broken?")


def _table(rows: Sequence[FuseRow]) -> NDArray[np.uint64]:
    """What a look-up needs of each partition, in one line of the cache: ``kernels.fuse.COLUMNS``."""
    from overlap.kernels.fuse import COLUMNS, PLAIN_SEEDS, SALT

    table = np.empty((len(rows), COLUMNS), np.uint64)
    sizes = np.array([row.bytes for row in rows], np.uint64)
    seeds = np.array([row.seed for row in rows], np.uint64)
    table[:, 0] = np.cumsum(sizes) - sizes
    table[:, 1] = seeds * SALT
    table[:, 2] = [row.segments for row in rows]
    table[:, 3] = [row.segment_bits for row in rows]
    table[:, 4] = seeds < PLAIN_SEEDS
    return table


class FuseFilter:
    """A filter over 64-bit hashes: a view of its packed slots and of the table that says where they lie.

    ``words``: uint64, partition after partition; ``rows``: what is known of each of the 2^bits partitions. The hashes
    must be well mixed, as ``overlap.text.ngram_hashes`` are; others cost attempts, never a member.
    """

    def __init__(self, words: NDArray[np.uint64], rows: Sequence[FuseRow], fingerprint_bits: int):
        self.bits = (len(rows) - 1).bit_length()
        sound = type(fingerprint_bits) is int and 1 <= fingerprint_bits <= MOST_FINGERPRINT_BITS
        if not sound or len(rows) != 1 << self.bits or not all(row.is_possible(fingerprint_bits) for row in rows):
            raise ValueError(f"no such filter: {len(rows)} partitions, fingerprints of {fingerprint_bits} bits")
        if words.size != sum(row.words for row in rows):
            raise ValueError(f"no such filter: {words.size} words")
        self.words = words.view(np.ndarray)
        self.words.flags.writeable = False
        self.fingerprint_bits = fingerprint_bits
        self._data = self.words.view(np.uint8)
        self._partitions = _table(rows)

    @classmethod
    def from_hashes(cls, hashes: NDArray[np.uint64], fpr: float = 1e-8) -> FuseFilter:
        """A filter over the distinct values of ``hashes`` whose rate is at most ``fpr``."""
        design = design_fuse(fpr)
        bits, keys = in_partitions(hashes)
        parts = [design.fill(part, bits) for part in keys]
        words = np.concatenate([part.words for part in parts])
        return cls(words, [part.row("") for part in parts], design.fingerprint_bits)

    def contains(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """For every hash, does the filter know it? Never False for a hash that it was made of."""
        from overlap.kernels.fuse import contains, contains_grouped

        out = np.empty(hashes.size, np.bool_)
        keys = np.ascontiguousarray(hashes)
        asked = (self._data, self.bits, self._partitions, self.fingerprint_bits, out)
        outer, inner = group_bits(self.words.nbytes, hashes.size)
        if outer:
            contains_grouped(keys, outer, inner, BLOCK, *asked)
        else:
            contains(keys, *asked)
        return out

    def probe(self, first: int, count: int, n: int) -> int:
        """How many of ``count`` n-grams that no text can contain are found: see ``bloom.count_known``."""
        return count_known(self.contains, first, count, n)

    def realised_fpr(self, words: NDArray[np.uint64]) -> float:
        """The rate of a partition with these words: that of its fingerprints, whatever stands in them."""
        return 2.0**-self.fingerprint_bits if words.size else 0.0
