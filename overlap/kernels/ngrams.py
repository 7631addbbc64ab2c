"""Unit hashes -> n-gram hashes, and the runs of hits among them.

The hash of the n-gram u[0] ... u[n-1] is the polynomial u[0] M^(n-1) + ... + u[n-1] modulo 2^64 with an
odd M, rolled from one position to the next in O(1) whatever n is, and then mixed by ``mix`` (a bijection).
Two n-grams that differ in one unit never collide, as M is invertible; any other two do with a probability
of about 2^-64. It is part of index format 1 and must not change.
"""

from __future__ import annotations

import numpy as np
from numba import njit

U = np.uint64
MULTIPLIER = U(0xDA942042E4DD58B5)
MIX = U(0xD6E8FEB86659FD93)


@njit(inline="always")
def mix(word):
    """A strong bijective mixer of 64 bits: three xor-shifts and two odd multiplications."""
    word ^= word >> U(32)
    word *= MIX
    word ^= word >> U(32)
    word *= MIX
    return word ^ (word >> U(32))


@njit(nogil=True, cache=True)
def batch_ngrams(units, counts, n, out, start):
    """n-gram hashes of documents that have ``counts[i]`` units each, one after the other in ``units``.

    ``out`` is filled from ``start``; returns the end of the filled part. Document i contributes
    ``max(0, counts[i] - n + 1)`` n-grams; none crosses from one document to the next.
    """
    leading = U(1)  # M^n: what the oldest unit has been multiplied by when it leaves
    for _ in range(n):
        leading *= MULTIPLIER
    first = np.int64(0)
    for i in range(counts.size):
        last = first + counts[i]
        if counts[i] >= n:
            rolling = U(0)
            for j in range(first, first + n):
                rolling = rolling * MULTIPLIER + units[j]
            out[start] = mix(rolling)
            start += 1
            for j in range(first + n, last):
                rolling = rolling * MULTIPLIER + units[j] - units[j - n] * leading
                out[start] = mix(rolling)
                start += 1
        first = last
    return start


@njit(nogil=True, cache=True)
def document_hashes(units, counts, out):
    """One hash for each document's whole sequence of units: equal texts after normalisation have equal ones."""
    first = np.int64(0)
    for i in range(counts.size):
        rolling = U(counts[i])
        for j in range(first, first + counts[i]):
            rolling = rolling * MULTIPLIER + units[j]
        out[i] = mix(rolling)
        first += counts[i]


@njit(nogil=True, cache=True)
def hit_runs(hits, counts, run_counts, starts, lengths):
    """Maximal stretches of consecutive hits in each document.

    ``hits`` holds the n-grams of all documents one after the other, ``counts[i]`` of them for document i.
    Writes the runs' first n-gram (within its document) and length; ``run_counts[i]`` becomes the runs
    of document i. Returns the number of runs; ``starts`` and ``lengths`` need room for
    (n-grams + documents) / 2 + 1.
    """
    first = np.int64(0)
    written = 0
    for i in range(counts.size):
        before = written
        run = np.int64(0)
        for j in range(counts[i]):
            if hits[first + j]:
                run += 1
            elif run:
                starts[written] = j - run
                lengths[written] = run
                written += 1
                run = 0
        if run:
            starts[written] = counts[i] - run
            lengths[written] = run
            written += 1
        run_counts[i] = written - before
        first += counts[i]
    return written
