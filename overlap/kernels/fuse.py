"""The slots of the binary fuse filter: place keys by peeling, and ask for them.

Each key has four slots, one in each of four neighbouring segments, and a fingerprint of r bits: the exclusive or of
what its slots hold. Which segments follows from the key's leading bits (monotone in the key, so that keys in
order touch memory in order), which slots from a mix of the whole key and the partition's seed, the fingerprint from
another mix of the whole key. Part of index format 2: multipliers, constants and bit fields must not change.

Peeling takes away, again and again, a key that is alone in one of its slots; what is left then, if all go, is an
order in which each key has a slot to itself that no later one reads. The slots hold counts and exclusive ors
of keys, and are looked through in their own order: the outcome depends on the set of the keys, not on their order.

Measured for half a million keys, a key: peeling 32 to 42 ns, assigning 9, packing 1.4, asking again 3. Within what
repeated measurements differ: counts and keys side by side in one array, numbers of keys instead of keys, breadth
first instead of depth first, no branch before a slot is kept for later.
"""

from __future__ import annotations

import numpy as np

from overlap.kernels.asking import answers_in_order, group_block, order_group
from overlap.kernels.ngrams import mix
from overlap.kernels.pages import MULTIPLIERS, REMIX
from overlap.kernels.partition import largest_group
from overlap.kernels.simd import load64
from overlap.kernels.starting import njit

U = np.uint64
ARITY = 4
PLAIN_SEEDS = 8  # seeds from here on do not trust the leading bits to be well spread
SALT = MULTIPLIERS[0]  # of seeds
FINGER = MULTIPLIERS[1]  # of fingerprints
COLUMNS = 5  # of the partition table: first byte, salt, segments (0: no keys), bits of a segment, trusts leading bits


@njit(inline="always")
def slot_mix(key, salt):
    """The word from which the slots follow: for each seed a bijection of the key. ``salt`` is seed * SALT."""
    return mix(key * REMIX + salt)


@njit(inline="always")
def first_slot(key, mixed, bits, segments, segment_bits, plain):
    """The first slot of the key's first segment, in a partition that shares ``bits`` leading bits."""
    leading = (key << bits) if plain else mixed * FINGER
    return np.int64((((leading >> U(32)) * segments) >> U(32)) << segment_bits)


@njit(inline="always")
def slot(mixed, base, j, segment_bits):
    """The slot of a key in its j-th segment."""
    within = (mixed >> (U(64) - U(j + 1) * segment_bits)) & ((U(1) << segment_bits) - U(1))
    return base + np.int64((U(j) << segment_bits) + within)


@njit(inline="always")
def fingerprint(key):
    """Sixty-four bits, of which the leading r are the fingerprint."""
    return mix((key ^ FINGER) * SALT)


@njit(nogil=True, cache=True)
def peel(keys, bits, seed, segments, segment_bits, counts, together, order, places):
    """Find the order in which keys can be placed: ``order`` (keys) and ``places`` (the slot that each one owns).

    ``counts`` (uint32) and ``together`` (uint64) have a place for each slot, fewer than 2^32. Returns how many keys
    were taken away: fewer than there are where this seed does not do. Keys that are there twice are never taken away.
    """
    bits, salt, plain = U(bits), U(seed) * SALT, seed < PLAIN_SEEDS
    segments, segment_bits = U(segments), U(segment_bits)
    counts[:] = 0
    together[:] = 0
    for i in range(keys.size):
        key = keys[i]
        mixed = slot_mix(key, salt)
        base = first_slot(key, mixed, bits, segments, segment_bits, plain)
        for j in range(ARITY):
            at = slot(mixed, base, j, segment_bits)
            counts[at] += 1
            together[at] ^= key
    taken = 0
    waiting = np.empty(counts.size, np.uint32)
    for start in range(counts.size):
        waiting[0] = start
        held = 1
        while held:
            held -= 1
            alone = np.int64(waiting[held])
            if counts[alone] != 1:
                continue
            key = together[alone]
            order[taken] = key
            places[taken] = alone
            taken += 1
            mixed = slot_mix(key, salt)
            base = first_slot(key, mixed, bits, segments, segment_bits, plain)
            for j in range(ARITY):
                at = slot(mixed, base, j, segment_bits)
                counts[at] -= 1
                together[at] ^= key
                if counts[at] == 1:
                    waiting[held] = at
                    held += 1
    return taken


@njit(nogil=True, cache=True)
def assign(order, places, bits, seed, segments, segment_bits, fingerprint_bits, slots):
    """Fill ``slots`` (uint64), last taken first, so that the slots of each key give its fingerprint together."""
    bits, salt, plain = U(bits), U(seed) * SALT, seed < PLAIN_SEEDS
    segments, segment_bits = U(segments), U(segment_bits)
    drop = U(64 - fingerprint_bits)
    slots[:] = 0
    for i in range(order.size - 1, -1, -1):
        key = order[i]
        mixed = slot_mix(key, salt)
        base = first_slot(key, mixed, bits, segments, segment_bits, plain)
        word = fingerprint(key) >> drop
        for j in range(ARITY):
            word ^= slots[slot(mixed, base, j, segment_bits)]
        slots[places[i]] = word  # which was zero until now


@njit(nogil=True, cache=True)
def pack(slots, fingerprint_bits, words):
    """Write the slots without gaps: bit b of slot i is bit i r + b, counted from the lowest bit of the first word."""
    width = U(fingerprint_bits)
    words[:] = 0
    for i in range(slots.size):
        bit = U(i) * width
        at, shift = np.int64(bit >> U(6)), bit & U(63)
        words[at] |= slots[i] << shift
        if shift + width > U(64):
            words[at + 1] |= slots[i] >> (U(64) - shift)


@njit(inline="always")
def read_slot(data, first, at, width):
    """The slot number ``at`` in its lowest bits, with others' bits above. Reads eight bytes wherever they lie."""
    bit = U(at) * width
    return load64(data, first + np.int64(bit >> U(3))) >> (bit & U(7))


@njit(inline="always")
def difference(key, data, bits, partition, table, width):
    """What the key's slots give together, xor its fingerprint: r bits, zero for every member."""
    mixed = slot_mix(key, table[partition, 1])
    segment_bits = table[partition, 3]
    base = first_slot(key, mixed, U(bits), table[partition, 2], segment_bits, table[partition, 4] != U(0))
    first = np.int64(table[partition, 0])
    word = fingerprint(key) >> (U(64) - width)
    for j in range(ARITY):
        word ^= read_slot(data, first, slot(mixed, base, j, segment_bits), width)
    return word & ((U(1) << width) - U(1))


@njit(inline="always")
def is_member(key, data, bits, table, width):
    """Do the key's slots give its fingerprint?"""
    partition = np.int64(key >> U(64 - bits)) if bits else 0
    if table[partition, 2] == U(0):
        return False
    return difference(key, data, bits, partition, table, width) == U(0)


@njit(nogil=True, cache=True)
def contains(keys, data, bits, table, width, out):
    """``out[i]`` becomes whether the filter knows ``keys[i]``.

    ``data``: the packed slots as bytes, with eight to spare behind each partition; ``table``: uint64, ``COLUMNS`` for
    each of the 2^bits partitions.
    """
    for i in range(keys.size):
        out[i] = is_member(keys[i], data, bits, table, U(width))


@njit(nogil=True, cache=True)
def contains_grouped(keys, outer, inner, block, data, bits, table, width, out):
    """As ``contains``, but asked in blocks of keys, by ``outer`` (1 or more) and then ``inner`` leading bits."""
    bounds, cursor = np.empty((1 << outer) + 1, np.int64), np.empty(1 << outer, np.int64)
    ends = np.empty((1 << inner) + 1, np.int64)
    grouped, answers = np.empty(min(block, keys.size), np.uint64), np.empty(min(block, keys.size), np.bool_)
    for start in range(0, keys.size, block):
        some = keys[start : start + block]
        group_block(some, outer, bounds, cursor, grouped)
        most = largest_group(bounds)
        ordered, places = np.empty(most, np.uint64), np.empty(most, np.int32)
        for g in range(cursor.size):
            group, here = grouped[bounds[g] : bounds[g + 1]], answers[bounds[g] : bounds[g + 1]]
            order_group(group, outer, inner, ends, ordered, places)
            for j in range(group.size):
                here[places[j]] = is_member(ordered[j], data, bits, table, U(width))
        answers_in_order(some, outer, bounds, cursor, answers, out[start : start + block])


@njit(nogil=True, cache=True)
def count_absent(keys, data, bits, partition, table, width):
    """How many of the keys of one partition the filter does not know: none, unless memory is broken."""
    absent = 0
    for i in range(keys.size):
        if difference(keys[i], data, bits, partition, table, U(width)) != U(0):
            absent += 1
    return absent
