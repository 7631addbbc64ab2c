"""Index format 2 in plain Python integers: what a fuse filter answers, by its description, not by the kernels."""

from __future__ import annotations

from typing import Any

from format_one import BITS_64, PAGE_REMIX, POSITION_MULTIPLIERS, mix

SALT, FINGER = POSITION_MULTIPLIERS[:2]
PLAIN_SEEDS = 8


def slots(key: int, partition_bits: int, segments: int, segment_bits: int, seed: int) -> list[int]:
    """The four slots of a key in its partition."""
    mixed = mix((key * PAGE_REMIX + seed * SALT) & BITS_64)
    leading = key << partition_bits & BITS_64 if seed < PLAIN_SEEDS else mixed * FINGER & BITS_64
    first = (leading >> 32) * segments >> 32
    within = [mixed >> (64 - (j + 1) * segment_bits) & ((1 << segment_bits) - 1) for j in range(4)]
    return [((first + j) << segment_bits) + within[j] for j in range(4)]


def fingerprint(key: int, bits: int) -> int:
    """What the slots of a member give together."""
    return mix((key ^ FINGER) * SALT & BITS_64) >> (64 - bits)


def slot_value(data: bytes, number: int, bits: int) -> int:
    """The slot's bits, counted from the lowest bit of the first byte."""
    at = number * bits
    return int.from_bytes(data[at // 8 : at // 8 + 8], "little") >> at % 8 & ((1 << bits) - 1)


def difference(key: int, row: list[Any], data: bytes, partition_bits: int, bits: int) -> int:
    """What the slots give, xor the key's fingerprint: zero for a member. ``row`` is that of the manifest."""
    _, _, segments, segment_bits, seed, *_ = row
    found = fingerprint(key, bits)
    for number in slots(key, partition_bits, segments, segment_bits, seed):
        found ^= slot_value(data, number, bits)
    return found
