"""What asking has in common for every kind of filter: an order that keeps memory in the cache, and probes."""

from __future__ import annotations

import numpy as np

from overlap.kernels.ngrams import MULTIPLIER, mix
from overlap.kernels.starting import njit
from overlap.kernels.units import UNIT_SEED, absorb, finish

U = np.uint64


@njit(nogil=True, cache=True)
def group_block(keys, bits, bounds, grouped, places):
    """Write ``keys`` to ``grouped``, group by group of their ``bits`` leading bits, and where each was to ``places``.

    ``bounds`` (2^bits + 1 places) is work space.
    """
    shift = U(64 - bits)
    bounds[:] = 0
    for i in range(keys.size):
        bounds[np.int64(keys[i] >> shift) + 1] += 1
    for g in range(bounds.size - 1):
        bounds[g + 1] += bounds[g]
    for i in range(keys.size):
        group = np.int64(keys[i] >> shift)
        grouped[bounds[group]] = keys[i]
        places[bounds[group]] = i
        bounds[group] += 1


@njit(nogil=True, cache=True)
def impossible_ngrams(first, n, out):
    """Write the hashes of n-grams that no text can contain to ``out``, from number ``first`` on.

    Number i is the n-gram of the "units" i, ..., i + n - 1, where unit j is the eight bytes of the number j with
    a zero byte on top. A normalised unit has no zero byte inside it (and eight-byte units none at all), so these
    n-grams are absent from every corpus; they are hashed like any other.
    """
    leading = U(1)
    for _ in range(n):
        leading *= MULTIPLIER
    rolling = U(0)
    for j in range(n - 1):
        rolling = rolling * MULTIPLIER + finish(absorb(UNIT_SEED, _impossible(U(first + j))))
    for i in range(out.size):
        newest = finish(absorb(UNIT_SEED, _impossible(U(first + i + n - 1))))
        rolling = rolling * MULTIPLIER + newest
        if i:
            rolling -= finish(absorb(UNIT_SEED, _impossible(U(first + i - 1)))) * leading
        out[i] = mix(rolling)


@njit(inline="always")
def _impossible(number):
    """Eight bytes that no normalised unit has: a zero byte first, a non-zero byte after it."""
    return (number << U(8)) | (U(1) << U(63))
