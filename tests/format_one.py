"""Index format 1 in plain Python integers: the hashes and the places of bits that no later version may change.

Written from the description, not from the kernels; slow, and compared with them everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isqrt

BITS_64 = (1 << 64) - 1
PAGE_BITS = 32768
UNIT_SEED = 0x243F6A8885A308D3
UNIT_STEP = 0x9E3779B97F4A7C15
UNIT_FINAL = 0xD6E8FEB86659FD93
NGRAM_MULTIPLIER = 0xDA942042E4DD58B5
NGRAM_MIX = 0xD6E8FEB86659FD93
PAGE_REMIX = 0x9E3779B97F4A7C15
POSITION_MULTIPLIERS = [(isqrt(prime << 128) & BITS_64) | 1 for prime in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)]


def unit_hash(unit: str) -> int:
    """The hash of one normalised unit: a chain over its bytes in little-endian words of eight."""
    data = unit.encode()
    state = UNIT_SEED
    for start in range(0, len(data), 8):
        state ^= int.from_bytes(data[start : start + 8], "little")
        state = state * UNIT_STEP & BITS_64
        state ^= state >> 32
    state = state * UNIT_FINAL & BITS_64
    return state ^ (state >> 29)


def mix(word: int) -> int:
    """A bijection of 64 bits."""
    for _ in range(2):
        word ^= word >> 32
        word = word * NGRAM_MIX & BITS_64
    return word ^ (word >> 32)


def ngram_hash(units: Iterable[str]) -> int:
    """The hash of one n-gram: the mixed polynomial of its unit hashes, the first unit with the highest power."""
    polynomial = 0
    for unit in units:
        polynomial = (polynomial * NGRAM_MULTIPLIER + unit_hash(unit)) & BITS_64
    return mix(polynomial)


def page_of(key: int, partition_bits: int, pages: int) -> int:
    """The page of a key within its partition: the 32 bits behind the partition's, scaled."""
    return ((key << partition_bits & BITS_64) >> 32) * pages >> 32


def positions(key: int, k: int) -> list[int]:
    """The bits of a page that a key sets: four of 15 bits from each multiplied and folded remix."""
    remixed = mix(key * PAGE_REMIX & BITS_64)
    found = []
    for multiplier in POSITION_MULTIPLIERS[: k // 4]:
        word = remixed * multiplier & BITS_64
        word ^= word >> 32
        found += [word >> shift & (PAGE_BITS - 1) for shift in (49, 34, 19, 4)]
    return found
