"""UTF-8 bytes -> hashes of single characters, and where words begin among them.

A table says of every code point whether it is kept and what it becomes. A hash is one step of the unit hash on the
code point itself, so that no two characters have one hash.
"""

from __future__ import annotations

import numpy as np

from overlap.kernels.starting import njit
from overlap.kernels.units import CLASS_SHIFT, CODE_POINT, UNIT_SEED, U, absorb, decode, finish


@njit(inline="always")
def number_hash(number):
    """The hash of a unit that is a number: a code point, or a tokenizer's id. A bijection of 64 bits."""
    return finish(absorb(UNIT_SEED, U(number)))


@njit(nogil=True, cache=True)
def number_hashes(numbers, out):
    """``out[i]`` becomes the hash of ``numbers[i]``."""
    for i in range(numbers.size):
        out[i] = number_hash(numbers[i])


@njit(nogil=True, cache=True)
def document_characters(data, at, end, table, hashes, spans, with_spans, count):
    """Write the hashes of the kept characters of ``data[at:end]`` to ``hashes[count:]``.

    Returns the new count, or ``-1 - p`` where invalid UTF-8 begins at byte p. ``hashes`` and ``spans`` have room for
    one more than is kept: every character is written, and counted only if it is kept.
    """
    while at < end:
        code, size = decode(data, at, end)
        if size == 0:
            return -1 - at
        entry = np.int64(table[code])
        hashes[count] = number_hash(entry & CODE_POINT)
        if with_spans:
            spans[count, 0] = at
            spans[count, 1] = at + size
        count += (entry >> CLASS_SHIFT) != 0
        at += size
    return count


@njit(nogil=True, cache=True)
def batch_characters(data, offsets, table, hashes, counts, start):
    """As ``kernels.units.batch_units``, for characters."""
    no_spans = np.empty((0, 2), np.int64)
    count = start
    for i in range(counts.size):
        before = count
        count = document_characters(data, offsets[i], offsets[i + 1], table, hashes, no_spans, False, count)
        if count < 0:
            return count
        counts[i] = count - before
    return count


@njit(nogil=True, cache=True)
def word_starts(data, offsets, table, spaces, counts, starts):
    """The kept characters that begin a word: the first ones behind white space, or of their document.

    ``starts`` receives their numbers among the kept characters of their document, ``counts[i]`` how many document i
    has. The text is valid UTF-8. Returns the number of starts.
    """
    written = 0
    for i in range(counts.size):
        before = written
        kept = 0
        fresh = True
        at = offsets[i]
        while at < offsets[i + 1]:
            code, size = decode(data, at, offsets[i + 1])
            if (np.int64(spaces[code]) >> CLASS_SHIFT) == 0:
                fresh = True
                kept += (np.int64(table[code]) >> CLASS_SHIFT) != 0
            elif (np.int64(table[code]) >> CLASS_SHIFT) != 0:
                if fresh:
                    starts[written] = kept
                    written += 1
                fresh = False
                kept += 1
            at += size
        counts[i] = written - before
    return written
