"""UTF-8 bytes -> hashes of lower-cased words between white space: the ``lower-1`` normaliser.

The shape is that of ``kernels.units``: blocks of 64 ASCII bytes become a bit mask of white space, and words are cut
out of it with bit scans; everything else goes code point by code point through ``characters.space_table``. A zero
byte takes the slow way, as the table has another number for it. ASCII letters are lower-cased eight at a time:
setting bit 5 of every byte, as for letters and digits, would make an '@' a '`'.
"""

from __future__ import annotations

import numpy as np

from overlap.kernels.simd import load64, non_ascii_mask, non_zero_mask, trailing_zeros, white_space_mask
from overlap.kernels.starting import njit
from overlap.kernels.units import ALL, UNIT_SEED, U, absorb, finish, general_stretch

ONES = U(0x0101010101010101)
ABOVE_Z = U(0x7F - ord("Z")) * ONES
FROM_A = U(0x80 - ord("A")) * ONES
TOP_BITS = U(0x80) * ONES


@njit(inline="always")
def lower_ascii(word):
    """Eight ASCII bytes with A to Z in lower case: bit 7 marks the letters, and moves to bit 5."""
    letters = ((word + FROM_A) ^ (word + ABOVE_Z)) & TOP_BITS
    return word | (letters >> U(2))


@njit(inline="always")
def ascii_word(data, first, length):
    """The hash of the ASCII bytes ``data[first : first + length]``, lower-cased; none of them is zero."""
    state = UNIT_SEED
    while length > 8:
        state = absorb(state, lower_ascii(load64(data, first)))
        first += 8
        length -= 8
    return finish(absorb(state, lower_ascii(load64(data, first) & (ALL >> U(64 - 8 * length)))))


@njit(nogil=True, cache=True)
def document_spaced(data, at, end, table, hashes, spans, with_spans, count):
    """As ``kernels.units.document_units``, for words between white space."""
    while at < end:
        size = min(64, end - at)
        valid = ALL >> U(64 - size)
        foreign = (non_ascii_mask(data, at) | ~non_zero_mask(data, at)) & valid
        if foreign:
            size = trailing_zeros(foreign)
            valid = ALL >> U(64 - size) if size else U(0)
        inside = ~white_space_mask(data, at) & valid
        first_bits = inside & ~(inside << U(1))
        after_bits = ~inside & (inside << U(1)) & valid
        while after_bits:
            first = at + trailing_zeros(first_bits)
            after = at + trailing_zeros(after_bits)
            first_bits &= first_bits - U(1)
            after_bits &= after_bits - U(1)
            hashes[count] = ascii_word(data, first, after - first)
            if with_spans:
                spans[count, 0] = first
                spans[count, 1] = after
            count += 1
        unfinished = trailing_zeros(first_bits) if first_bits else size
        if at + size == end:  # the document ends here, and with it a word that reaches its end
            if first_bits:
                hashes[count] = ascii_word(data, at + unfinished, size - unfinished)
                if with_spans:
                    spans[count, 0] = at + unfinished
                    spans[count, 1] = end
                count += 1
            return count
        if unfinished:
            at += unfinished
            continue
        at, count = general_stretch(data, at, end, table, hashes, spans, with_spans, count)
        if at < 0:
            return at
    return count


@njit(nogil=True, cache=True)
def batch_spaced(data, offsets, table, hashes, counts, start):
    """As ``kernels.units.batch_units``, for words between white space."""
    no_spans = np.empty((0, 2), np.int64)
    count = start
    for i in range(counts.size):
        before = count
        count = document_spaced(data, offsets[i], offsets[i + 1], table, hashes, no_spans, False, count)
        if count < 0:
            return count
        counts[i] = count - before
    return count
