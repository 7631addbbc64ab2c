"""UTF-8 bytes -> hashes of normalised words: the ``alnum-1`` normaliser.

A unit is a maximal run of letters, numbers and the marks that follow them, lower-cased code point by
code point; in scripts that are written without spaces every letter is a unit of its own.

Two paths, one result. Blocks of 64 ASCII bytes become a bit mask of letters and digits, and each word
is cut out of it with two bit scans; a word of up to eight bytes is one load. Everything that touches a
byte above 0x7F goes code point by code point through the table of ``overlap.text.character_table``.

The hash of a unit is a chain over its normalised bytes in little-endian words of eight, the last one
padded with zeros (a normalised unit never contains a zero byte). Each step is a bijection of 64 bits,
so two units of up to eight bytes never collide. It is part of index format 1 and must not change.

What was tried: a byte-wise multiply-and-xor hash (five cycles a byte, 12 ns a word), and lower-casing
into a copy first (all bytes written once more). For ASCII letters and digits, setting bit 5 of every
byte *is* lower-casing: digits have it set already.
"""

from __future__ import annotations

import numpy as np

from overlap.kernels.simd import alphanumeric_mask, load64, non_ascii_mask, trailing_zeros
from overlap.kernels.starting import njit

U = np.uint64
UNIT_SEED = U(0x243F6A8885A308D3)
UNIT_STEP = U(0x9E3779B97F4A7C15)
UNIT_FINAL = U(0xD6E8FEB86659FD93)
LOWER_CASE = U(0x2020202020202020)
ALL = U(0xFFFFFFFFFFFFFFFF)

# Classes of code points, in bits 24 and up of a table entry; bits 0 to 20 are the lower-case code point.
SEPARATOR, WORD, MARK, SPACELESS = 0, 1, 2, 3
CLASS_SHIFT = 24
CODE_POINT = 0x1FFFFF


@njit(inline="always")
def absorb(state, word):
    """One step of the unit hash."""
    state = (state ^ word) * UNIT_STEP
    return state ^ (state >> U(32))


@njit(inline="always")
def finish(state):
    """The last step of the unit hash."""
    state = state * UNIT_FINAL
    return state ^ (state >> U(29))


@njit(inline="always")
def ascii_unit(data, first, length):
    """The hash of the ASCII letters and digits ``data[first : first + length]``, lower-cased."""
    state = UNIT_SEED
    while length > 8:
        state = absorb(state, load64(data, first) | LOWER_CASE)
        first += 8
        length -= 8
    return finish(absorb(state, (load64(data, first) | LOWER_CASE) & (ALL >> U(64 - 8 * length))))


@njit(inline="always")
def decode(data, at, end):
    """(code point, bytes) of the UTF-8 sequence at ``at``; 0 bytes where it is not valid UTF-8."""
    lead = np.int64(data[at])
    if lead < 0x80:
        return lead, 1
    if lead < 0xC2 or lead > 0xF4:
        return 0, 0
    size = 2 if lead < 0xE0 else (3 if lead < 0xF0 else 4)
    if at + size > end:
        return 0, 0
    code = lead & (0x7F >> size)
    for i in range(1, size):
        byte = np.int64(data[at + i])
        if byte & 0xC0 != 0x80:
            return 0, 0
        code = (code << 6) | (byte & 0x3F)
    if size == 3 and (code < 0x800 or 0xD800 <= code <= 0xDFFF):
        return 0, 0
    if size == 4 and (code < 0x10000 or code > 0x10FFFF):
        return 0, 0
    return code, size


@njit(inline="always")
def encode(code):
    """(UTF-8 bytes as a little-endian integer, how many) of a code point."""
    if code < 0x80:
        return U(code), 1
    if code < 0x800:
        return U(0xC0 | (code >> 6)) | U(0x80 | (code & 0x3F)) << U(8), 2
    if code < 0x10000:
        low = U(0x80 | ((code >> 6) & 0x3F)) << U(8) | U(0x80 | (code & 0x3F)) << U(16)
        return U(0xE0 | (code >> 12)) | low, 3
    low = U(0x80 | ((code >> 12) & 0x3F)) << U(8) | U(0x80 | ((code >> 6) & 0x3F)) << U(16)
    return U(0xF0 | (code >> 18)) | low | U(0x80 | (code & 0x3F)) << U(24), 4


@njit(nogil=True, cache=True)
def general_stretch(data, at, end, table, hashes, spans, with_spans, count):
    """Units from the boundary ``at`` on, until a unit is complete and an ASCII byte follows.

    Returns (position, count); position is ``-1 - p`` where invalid UTF-8 begins at byte p.
    """
    entry_point = at
    state, word, filled = UNIT_SEED, U(0), 0
    is_open, is_single = False, False
    while at < end:
        if not is_open and at > entry_point and data[at] < 0x80:
            return at, count
        code, size = decode(data, at, end)
        if size == 0:
            return -1 - at, count
        entry = np.int64(table[code])
        kind = entry >> CLASS_SHIFT
        goes_on = is_open and (kind == MARK or (kind == WORD and not is_single))
        if is_open and not goes_on:
            hashes[count] = finish(absorb(state, word) if filled else state)
            if with_spans:
                spans[count, 1] = at
            count += 1
            is_open = False
            if data[at] < 0x80:
                return at, count
        if goes_on or (kind != MARK and kind != SEPARATOR):
            if not is_open:
                state, word, filled = UNIT_SEED, U(0), 0
                is_open, is_single = True, kind == SPACELESS
                if with_spans:
                    spans[count, 0] = at
            piece, length = encode(entry & CODE_POINT)
            word |= piece << U(8 * filled)
            filled += length
            if filled >= 8:
                state = absorb(state, word)
                filled -= 8
                word = piece >> U(8 * (length - filled)) if filled else U(0)
        at += size
    if is_open:
        hashes[count] = finish(absorb(state, word) if filled else state)
        if with_spans:
            spans[count, 1] = end
        count += 1
    return end, count


@njit(nogil=True, cache=True)
def document_units(data, at, end, table, hashes, spans, with_spans, count):
    """Write the hashes of the units of ``data[at:end]`` to ``hashes[count:]``.

    Returns the new count, or ``-1 - p`` where invalid UTF-8 begins at byte p. ``spans`` receives the
    (first, last + 1) byte of each unit where ``with_spans`` is true.
    """
    while at < end:
        size = min(64, end - at)
        valid = ALL >> U(64 - size)
        foreign = non_ascii_mask(data, at) & valid
        if foreign:
            size = trailing_zeros(foreign)
            valid = ALL >> U(64 - size) if size else U(0)
        inside = alphanumeric_mask(data, at) & valid
        first_bits = inside & ~(inside << U(1))
        after_bits = ~inside & (inside << U(1)) & valid
        while after_bits:
            first = at + trailing_zeros(first_bits)
            after = at + trailing_zeros(after_bits)
            first_bits &= first_bits - U(1)
            after_bits &= after_bits - U(1)
            hashes[count] = ascii_unit(data, first, after - first)
            if with_spans:
                spans[count, 0] = first
                spans[count, 1] = after
            count += 1
        unfinished = trailing_zeros(first_bits) if first_bits else size
        if at + size == end:  # the document ends here, and with it a word that reaches its end
            if first_bits:
                hashes[count] = ascii_unit(data, at + unfinished, size - unfinished)
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
def character_spans(data, at, end, spans):
    """Turn byte spans of the document ``data[at:end]``, in order, into spans in its characters."""
    characters = np.int64(0)
    for i in range(spans.shape[0]):
        for edge in range(2):
            while at < spans[i, edge]:
                characters += (data[at] & 0xC0) != 0x80
                at += 1
            spans[i, edge] = characters


@njit(nogil=True, cache=True)
def batch_units(data, offsets, table, hashes, counts, start):
    """Unit hashes of documents ``data[offsets[i] : offsets[i + 1]]``, one after the other.

    ``hashes`` is filled from ``start``; ``counts[i]`` becomes the units of document i. Returns the end
    of the filled part, or ``-1 - p`` where invalid UTF-8 begins at byte p.
    """
    no_spans = np.empty((0, 2), np.int64)
    count = start
    for i in range(counts.size):
        before = count
        count = document_units(data, offsets[i], offsets[i + 1], table, hashes, no_spans, False, count)
        if count < 0:
            return count
        counts[i] = count - before
    return count
