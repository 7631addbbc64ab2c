"""The bits of the page-blocked Bloom filter: set them, test them, count them.

One key, one page of 32,768 bits. The page follows from the key's leading bits (monotone in the key), the
positions inside it from a remix of the whole key: five odd multipliers (for k = 20) give a 64-bit word each,
and each word, folded once, gives four positions of 15 bits. All 64 bits of the remix take part, so there is
none of the floor that double hashing has (2^29 patterns in a page, a floor near 1.6e-6 at 840 keys).
Part of index format 1: multipliers and folding must not change.

Filling works on one byte a bit in a scratch page that stays in the cache, and packs 64 bytes into a word by a
vector comparison. Measured for k = 20, a key: 8 ns, with the grouping by page; 11 where each key is multiplied and
marked before the next one (14 with the multipliers read again each time), 3 more where keys are grouped by page in a
pass of its own; ``words[i] |= bit`` in place 15.6; packing eight bytes by multiplication 15.4 against 10.3.
"""

from __future__ import annotations

import numpy as np

from overlap.kernels.asking import answers_in_order, group_block, order_group
from overlap.kernels.ngrams import mix
from overlap.kernels.partition import largest_group
from overlap.kernels.simd import non_zero_mask, popcount
from overlap.kernels.starting import njit

U = np.uint64
PAGE_BITS = 32768
PAGE_BYTES = PAGE_BITS // 8
PAGE_WORDS = PAGE_BITS // 64
LANES = 4  # positions from one multiplied word
TOGETHER = 64  # keys
LINE_WORDS = 8  # of a cache line
KEYS_AHEAD = 32  # is a page touched
MANY_A_PAGE = 8  # keys, of which each needs 4 to 20 of the 64 lines
REMIX = U(0x9E3779B97F4A7C15)
POSITION = U(PAGE_BITS - 1)
# Odd multipliers for up to 40 positions: the fractional parts of the square roots of the primes from 2 on,
# in 64 bits, made odd: numbers with nothing up their sleeve.
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)


def _square_root_fraction(prime: int) -> int:
    """The first 64 fractional bits of the square root of ``prime``, by Newton's method on integers."""
    scaled = prime << 128
    root = 1 << 68
    while True:
        better = (root + scaled // root) // 2
        if better >= root:
            return root & 0xFFFFFFFFFFFFFFFF
        root = better


MULTIPLIERS = np.array([_square_root_fraction(prime) | 1 for prime in _PRIMES], np.uint64)


@njit(inline="always")
def page_of(key, bits, pages):
    """The page of a key among the ``pages`` of its partition (partitions share ``bits`` leading bits)."""
    return np.int64((((key << bits) >> U(32)) * pages) >> U(32))


@njit(inline="always")
def fold(remixed, multiplier):
    """Sixty bits for four positions."""
    word = remixed * multiplier
    return word ^ (word >> U(32))


@njit(inline="always")
def _mark_all(scratch, keys, multipliers, remixed, folded):
    """Mark all positions of keys: those of some keys are computed together, in loops that have nothing else to do."""
    for begin in range(0, keys.size, TOGETHER):
        some = keys[begin : begin + TOGETHER]
        for i in range(some.size):
            remixed[i] = mix(some[i] * REMIX)
        for j in range(multipliers.size):
            multiplier = multipliers[j]
            for i in range(some.size):
                folded[i] = fold(remixed[i], multiplier)
            for i in range(some.size):
                word = folded[i]
                scratch[np.int64(word >> U(49))] = 1
                scratch[np.int64((word >> U(34)) & POSITION)] = 1
                scratch[np.int64((word >> U(19)) & POSITION)] = 1
                scratch[np.int64((word >> U(4)) & POSITION)] = 1


@njit(nogil=True, cache=True)
def fill_pages(keys, bounds, bits, pages, multipliers, words, scratch, some):
    """Fill the ``pages`` of a partition, ``words`` (512 a page).

    Its distinct ``keys`` share ``bits`` leading bits and are grouped by the bits that follow: group g of 2^s is
    ``keys[bounds[g] : bounds[g + 1]]``. A group that lies in two pages or more is gone through for each of them.
    Scratch: one byte for each bit of a page; ``some``, as large as the largest group. k is four times the number of
    ``multipliers``. Returns the mean over the pages of fill^k: the realised false-positive rate.
    """
    groups = bounds.size - 1
    step = (U(1) << U(32)) // U(groups)  # of the 32 bits behind the shared ones, which choose the page
    remixed, folded = np.empty(TOGETHER, np.uint64), np.empty(TOGETHER, np.uint64)
    first = 0
    total = 0.0
    for p in range(pages):
        scratch[:] = 0
        while first < groups - 1 and _page(U(first + 1) * step - U(1), pages) < p:
            first += 1
        g = first
        while g < groups and _page(U(g) * step, pages) <= p:
            group = keys[bounds[g] : bounds[g + 1]]
            if _page(U(g) * step, pages) == p and _page(U(g + 1) * step - U(1), pages) == p:
                _mark_all(scratch, group, multipliers, remixed, folded)
            else:
                taken = 0
                for i in range(group.size):
                    some[taken] = group[i]
                    taken += page_of(group[i], U(bits), U(pages)) == p
                _mark_all(scratch, some[:taken], multipliers, remixed, folded)
            g += 1
        ones = 0
        for w in range(PAGE_WORDS):
            packed = non_zero_mask(scratch, 64 * w)
            words[PAGE_WORDS * p + w] = packed
            ones += popcount(packed)
        total += (ones / PAGE_BITS) ** (LANES * multipliers.size)
    return total / pages


@njit(inline="always")
def _page(leading, pages):
    """The page of keys with these 32 bits behind the shared ones."""
    return np.int64((leading * U(pages)) >> U(32))


@njit(inline="always")
def has_bit(words, base, position):
    """Is the bit at ``position`` of the page that begins at word ``base`` set?"""
    return (words[base + np.int64(position >> U(6))] >> (position & U(63))) & U(1)


@njit(inline="always")
def is_member(key, words, bits, first_page, page_count, multipliers):
    """Are all positions of the key set?"""
    partition = np.int64(key >> U(64 - bits)) if bits else 0
    pages = U(page_count[partition])
    if pages == U(0):
        return False
    base = PAGE_WORDS * (first_page[partition] + page_of(key, U(bits), pages))
    remixed = mix(key * REMIX)
    for j in range(multipliers.size):
        word = fold(remixed, multipliers[j])
        if not (
            has_bit(words, base, word >> U(49))
            & has_bit(words, base, (word >> U(34)) & POSITION)
            & has_bit(words, base, (word >> U(19)) & POSITION)
            & has_bit(words, base, (word >> U(4)) & POSITION)
        ):
            return False
    return True


@njit(nogil=True, cache=True)
def contains(keys, words, bits, first_page, page_count, multipliers, out):
    """``out[i]`` becomes whether the filter knows ``keys[i]``."""
    for i in range(keys.size):
        out[i] = is_member(keys[i], words, bits, first_page, page_count, multipliers)


@njit(inline="always")
def _first_word(key, bits, first_page, page_count):
    """Where the page of a key begins."""
    partition = np.int64(key >> U(64 - bits)) if bits else 0
    return PAGE_WORDS * (first_page[partition] + page_of(key, U(bits), U(page_count[partition])))


@njit(nogil=True, cache=True)
def contains_grouped(keys, outer, inner, block, words, bits, first_page, page_count, multipliers, out):
    """As ``contains``, but asked in blocks of keys, by ``outer`` (1 or more) and then ``inner`` leading bits.

    Where a page has many keys, so that most of its lines are needed, it is read ahead of them, in the order of memory.
    Returns what was read for that, xor, which keeps it from being left out.
    """
    bounds, cursor = np.empty((1 << outer) + 1, np.int64), np.empty(1 << outer, np.int64)
    ends = np.empty((1 << inner) + 1, np.int64)
    grouped, answers = np.empty(min(block, keys.size), np.uint64), np.empty(min(block, keys.size), np.bool_)
    touched = U(0)
    for start in range(0, keys.size, block):
        some = keys[start : start + block]
        group_block(some, outer, bounds, cursor, grouped)
        most = largest_group(bounds)
        ordered, places = np.empty(most, np.uint64), np.empty(most, np.int32)
        ahead = some.size * PAGE_WORDS >= MANY_A_PAGE * words.size
        reached = np.int64(0)
        for g in range(cursor.size):
            group, here = grouped[bounds[g] : bounds[g + 1]], answers[bounds[g] : bounds[g + 1]]
            order_group(group, outer, inner, ends, ordered, places)
            for j in range(group.size):
                if ahead:
                    first = _first_word(ordered[min(j + KEYS_AHEAD, group.size - 1)], bits, first_page, page_count)
                    reached = max(reached, first)
                    while reached < min(words.size, first + PAGE_WORDS):
                        touched ^= words[reached]
                        reached += LINE_WORDS
                here[places[j]] = is_member(ordered[j], words, bits, first_page, page_count, multipliers)
        answers_in_order(some, outer, bounds, cursor, answers, out[start : start + block])
    return touched
