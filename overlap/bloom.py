"""The page-blocked Bloom filter: its sizing mathematics, and a filter over 64-bit hashes.

A filter is split into 2^b partitions by the b leading bits of the hash, a partition into pages of 4 KiB. One
key sets k bits of one page. With c bits per key the load of a page is Poisson distributed, and

    FPR(c, k) = sum over i of Poisson(i; B / c) * (1 - (1 - 1/B)^(i k))^k,    B = 32,768

(Putze, Sanders, Singler: Cache-, hash- and space-efficient Bloom filters, 2007). At 1e-8 that is 38.7 bits
per key with k = 26 and 39.7 with k = 20; a classical, unblocked filter needs 38.3.

This module does not know n-grams, files or threads: ``overlap.building`` and ``overlap.index`` do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.distinct import grouped_hashes
from overlap.errors import BadArgument, SizingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BloomFilter",
    "Design",
    "Partition",
    "PartitionRow",
    "blocked_false_positive_rate",
    "check_fpr",
    "design_filter",
    "fill_partition",
    "hash_floor",
    "partition_bits",
]

PAGE_BITS = 32768
PAGE_BYTES = PAGE_BITS // 8
HEADROOM = 0.9  # size for 90 % of the bound: a partition's realised rate scatters by a few percent
SPARE_BITS = 0.03  # a smaller k (faster) is taken while it costs at most 3 % more bits
PARTITION_KEYS = 1 << 19  # n-gram occurrences a partition holds at most, while there are at most ...
_MANY = 1 << 14  # hashes asked at once, from which on they are asked in groups of leading bits
_CACHED_BYTES = 1 << 19  # of a filter that is asked in any order
_OUTER_BITS = 9  # groups to which keys are written at once: few enough for the processor's table of pages
_LEAST_IN_GROUP = 4
_PROBED_AT_ONCE = 1 << 22
BLOCK = 1 << 24  # hashes grouped at once, of 9 bytes: the filter is gone through once for each block
MAX_PARTITION_BITS = 14  # ... 16,384 of them
SMALLEST_FPR, LARGEST_FPR = 1e-12, 0.1
_LEAST_FILTER_SHARE = 0.4  # of the whole bound: the filter's own share is less than the whole by the hash floor


def blocked_false_positive_rate(bits_per_key: float, k: int, block_bits: int = PAGE_BITS) -> float:
    """The false-positive rate of a Bloom filter in blocks of ``block_bits``, k independent bits a key.

    Putze, Sanders and Singler 2007, section 3. Exact up to the Poisson approximation of block loads.

    >>> f"{blocked_false_positive_rate(38.73, 26):.2e}"
    '9.97e-09'
    """
    mean = block_bits / bits_per_key
    low = max(0, int(mean - 12 * math.sqrt(mean)))
    high = int(mean + 16 * math.sqrt(mean)) + 24
    loads = np.arange(low, high)
    log_factorials = math.lgamma(low + 1) + np.concatenate([[0.0], np.cumsum(np.log(loads[1:]))])
    weights = np.exp(loads * math.log(mean) - mean - log_factorials)
    fills = -np.expm1(loads * k * math.log1p(-1 / block_bits))
    return float(np.sum(weights * fills**k))


def check_fpr(fpr: float) -> None:
    """Raise ValueError for a bound outside 1e-12 to 0.1."""
    if not SMALLEST_FPR <= fpr <= LARGEST_FPR:
        raise BadArgument(f"fpr must be from {SMALLEST_FPR:g} to {LARGEST_FPR:g}, not {fpr:g}")


@dataclass(frozen=True)
class Design:
    """Positions per key and bits per key that keep a rate: ``fpr`` is the bound on the filter's own rate."""

    fpr: float
    k: int
    bits_per_key: float

    def pages(self, keys: int) -> int:
        """Pages for so many distinct keys."""
        return math.ceil(keys * self.bits_per_key / PAGE_BITS)

    def fill(self, keys: NDArray[np.uint64], bits: int, bounds: NDArray[np.int64] | None = None) -> Partition:
        """The partition of these distinct keys, which share ``bits`` leading bits (``bounds``: ``fill_partition``)."""
        return fill_partition(keys, bits, self, bounds)

    def described(self) -> dict[str, Any]:
        """What the manifest says of the filter as a whole."""
        return {"filter_fpr": self.fpr, "k": self.k, "bits_per_key": self.bits_per_key}


def _bits_needed(rate: float, k: int) -> float:
    low, high = 1.0, 4096.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if blocked_false_positive_rate(middle, k) > rate else (low, middle)
    return high


@lru_cache(maxsize=64)
def design_filter(fpr: float) -> Design:
    """The filter for a bound: k is a multiple of four, and smaller than the optimum where that is cheap.

    ``bits_per_key`` is rounded up to a hundredth, so that it comes out the same on every machine.
    Raises ValueError for a rate outside 1e-12 to 0.1.

    >>> design_filter(1e-8).k
    20
    """
    if not SMALLEST_FPR * _LEAST_FILTER_SHARE <= fpr <= LARGEST_FPR:
        raise BadArgument(f"fpr must be from {SMALLEST_FPR:g} to {LARGEST_FPR:g}, not {fpr:g}")
    needed = {k: _bits_needed(HEADROOM * fpr, k) for k in range(4, 41, 4)}
    best = min(needed.values())
    k = min(k for k, bits in needed.items() if bits <= best * (1 + SPARE_BITS))
    return Design(fpr, k, math.ceil(needed[k] * 100) / 100)


def hash_floor(keys: int) -> float:
    """The chance that an absent n-gram has the 64-bit hash of one of so many distinct keys: keys / 2^64."""
    return keys / 2.0**64


def filter_bound(fpr: float, keys: int) -> float:
    """What remains of the whole bound for the filter itself, when the hash floor is taken off.

    Raises SizingError where the floor alone breaks the bound: 64-bit hashes cannot keep it.
    """
    if hash_floor(keys) >= fpr:
        raise SizingError(
            f"{keys:,} distinct n-grams give a false-positive rate of {hash_floor(keys):.2g} by their 64-bit "
            f"hashes alone, more than the asked {fpr:g}: ask for a higher --fpr or split the corpus"
        )
    return fpr - hash_floor(keys)


def partition_bits(ngrams: int) -> int:
    """log2 of the number of partitions for so many n-gram occurrences: a rule of the index format."""
    bits = math.ceil(math.log2(max(1, ngrams) / PARTITION_KEYS)) if ngrams > PARTITION_KEYS else 0
    return min(bits, MAX_PARTITION_BITS)


@dataclass(frozen=True)
class PartitionRow:
    """A partition on disk: distinct keys, pages of 4 KiB, realised rate, digest of the pages."""

    keys: int
    pages: int
    realised_fpr: float
    sha256: str

    @property
    def bytes(self) -> int:
        return self.pages * PAGE_BYTES


@dataclass(frozen=True)
class Partition:
    """A filled partition: distinct ``keys``, its ``words`` (uint64, 512 a page), and its realised rate."""

    keys: int
    words: NDArray[np.uint64]
    realised_fpr: float

    @property
    def pages(self) -> int:
        return self.words.size // (PAGE_BITS // 64)

    def row(self, sha256: str) -> PartitionRow:
        """Its row of the manifest, with the digest of its pages."""
        return PartitionRow(self.keys, self.pages, self.realised_fpr, sha256)


def fill_partition(
    keys: NDArray[np.uint64], bits: int, design: Design, bounds: NDArray[np.int64] | None = None
) -> Partition:
    """Fill the pages of one partition with its distinct keys, which share ``bits`` leading bits.

    With ``bounds`` they come in groups of the bits that follow (see ``overlap.distinct.Grouped``), else in any order.
    The realised rate, the mean over the pages of fill^k, is held at or under ``design.fpr`` by adding pages:
    only small partitions, whose few pages are unevenly loaded, ever need it.
    """
    from overlap.kernels.pages import MULTIPLIERS, fill_pages

    if keys.size == 0:
        return Partition(0, np.empty(0, np.uint64), 0.0)
    if bounds is None:
        grouped = grouped_hashes(keys, bits)
        keys, bounds = grouped.hashes, grouped.bounds
    some = np.empty(int(np.diff(bounds).max()), np.uint64)
    scratch = np.zeros(PAGE_BITS + 64, np.uint8)[:PAGE_BITS]
    pages = design.pages(keys.size)
    while True:
        words = np.empty(pages * (PAGE_BITS // 64), np.uint64)
        realised = float(fill_pages(keys, bounds, bits, pages, MULTIPLIERS[: design.k // 4], words, scratch, some))
        if realised <= design.fpr:
            return Partition(keys.size, words, realised)
        pages += 1 + pages // 64


def in_partitions(hashes: NDArray[np.uint64]) -> tuple[int, list[NDArray[np.uint64]]]:
    """(leading bits that choose a partition, the distinct hashes of each partition)."""
    distinct = np.sort(hashes)
    distinct = distinct[np.concatenate([[True], distinct[1:] != distinct[:-1]])] if distinct.size else distinct
    bits = partition_bits(distinct.size)
    edges = np.searchsorted(distinct, np.arange(1 << bits, dtype=np.uint64) << np.uint64((64 - bits) % 64))
    return bits, np.split(distinct, edges[1:])


def group_bits(size: int, asked: int) -> tuple[int, int]:
    """Leading bits by which hashes are grouped before a filter of ``size`` bytes is asked, and more within each group.

    In all so many that a group needs about a page of the filter; (0, 0) for few of either.
    """
    if asked < _MANY or size <= _CACHED_BYTES:
        return 0, 0
    bits = min((size // PAGE_BYTES).bit_length(), (asked // _LEAST_IN_GROUP).bit_length(), 2 * _OUTER_BITS)
    return min(bits, _OUTER_BITS), max(0, bits - _OUTER_BITS)


def count_known(contains: Callable[[NDArray[np.uint64]], NDArray[np.bool_]], first: int, count: int, n: int) -> int:
    """How many of ``count`` n-grams that no text can contain, from number ``first`` on, does a filter claim to know?"""
    from overlap.kernels.asking import impossible_ngrams

    known = 0
    for start in range(0, count, _PROBED_AT_ONCE):
        hashes = np.empty(min(_PROBED_AT_ONCE, count - start), np.uint64)
        impossible_ngrams(first + start, n, hashes)
        known += int(np.count_nonzero(contains(hashes)))
    return known


class BloomFilter:
    """A filter over 64-bit hashes: a view of its pages and of the table that says where they lie.

    ``words``: uint64, 512 for each page, partition after partition; ``pages``: int64, pages of each of the
    2^bits partitions; ``k``: positions per key. The hashes must be well mixed, as
    ``overlap.text.ngram_hashes`` are.
    """

    def __init__(self, words: NDArray[np.uint64], pages: NDArray[np.int64], k: int):
        self.bits = (pages.size - 1).bit_length()
        if pages.size != 1 << self.bits or words.size != pages.sum() * (PAGE_BITS // 64) or k % 4 or not 4 <= k <= 40:
            raise ValueError(f"no such filter: {words.size} words, {pages.size} partitions, k = {k}")
        self.words = words.view(np.ndarray)
        self.words.flags.writeable = False
        self.pages = pages
        self.first_pages = np.cumsum(pages) - pages
        self.k = k

    @classmethod
    def from_hashes(cls, hashes: NDArray[np.uint64], fpr: float = 1e-8) -> BloomFilter:
        """A filter over the distinct values of ``hashes`` whose realised rate is at most ``fpr``."""
        design = design_filter(fpr)
        bits, keys = in_partitions(hashes)
        parts = [design.fill(part, bits) for part in keys]
        words = np.concatenate([part.words for part in parts])
        return cls(words, np.array([part.pages for part in parts], np.int64), design.k)

    def contains(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """For every hash, does the filter know it? Never False for a hash that was added."""
        from overlap.kernels.pages import contains, contains_grouped

        out = np.empty(hashes.size, np.bool_)
        keys = np.ascontiguousarray(hashes)
        asked = (self.words, self.bits, self.first_pages, self.pages, self._multipliers(), out)
        outer, inner = group_bits(self.words.nbytes, hashes.size)
        if outer:
            contains_grouped(keys, outer, inner, BLOCK, *asked)
        else:
            contains(keys, *asked)
        return out

    def probe(self, first: int, count: int, n: int) -> int:
        """How many of ``count`` n-grams that no text can contain are found: see ``count_known``."""
        return count_known(self.contains, first, count, n)

    def realised_fpr(self, words: NDArray[np.uint64]) -> float:
        """The rate of a partition with these words, from the fill of its pages."""
        ones = np.bitwise_count(words).reshape(-1, PAGE_BITS // 64).sum(axis=1, dtype=np.int64)
        return float(np.mean((ones / PAGE_BITS) ** self.k)) if words.size else 0.0

    def _multipliers(self) -> NDArray[np.uint64]:
        from overlap.kernels.pages import MULTIPLIERS

        return MULTIPLIERS[: self.k // 4]
