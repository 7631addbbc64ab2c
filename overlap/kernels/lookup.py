"""The exact pass: which n-grams of a text are among those asked for, and which stretches two texts share.

The asked n-grams are in an open-addressing table with a bit map in front of it: sixteen bits a key, so that it stays in
the L2 cache for hundreds of thousands of n-grams and 94 % of the absent ones end there. One pass over the training text
rolls the hash, asks the bit map, and stores nothing for what is absent.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from overlap.kernels.ngrams import MULTIPLIER, mix

U = np.uint64
FREE = -1
STRETCHES_A_DOCUMENT = 100_000
PAIRS_A_DOCUMENT = 20_000_000


@njit(nogil=True, cache=True)
def fill_table(keys, bitmap, slot_keys, slot_ids):
    """Enter distinct ``keys``; key i gets id i. Sizes are powers of two; ``slot_ids`` is FREE everywhere before."""
    bits = U(bitmap.size * 64 - 1)
    slots = U(slot_keys.size - 1)
    for i in range(keys.size):
        key = keys[i]
        bitmap[np.int64((key & bits) >> U(6))] |= U(1) << (key & U(63))
        place = (key >> U(20)) & slots
        while slot_ids[np.int64(place)] != FREE:
            place = (place + U(1)) & slots
        slot_keys[np.int64(place)] = key
        slot_ids[np.int64(place)] = i


@njit(inline="always")
def find(key, bitmap, bits, slot_keys, slot_ids, slots):
    """The id of a key, or FREE."""
    if not (bitmap[np.int64((key & bits) >> U(6))] >> (key & U(63))) & U(1):
        return FREE
    place = (key >> U(20)) & slots
    while slot_ids[np.int64(place)] != FREE:
        if slot_keys[np.int64(place)] == key:
            return slot_ids[np.int64(place)]
        place = (place + U(1)) & slots
    return FREE


@njit(nogil=True, cache=True)
def batch_hits(units, counts, n, bitmap, slot_keys, slot_ids, documents, positions, ids):
    """The n-grams of a batch that are in the table: (document in the batch, n-gram in the document, id).

    ``units`` holds the unit hashes of all documents, ``counts[i]`` of them for document i. The three outputs need room
    for every n-gram. Returns the number of hits.
    """
    bits, slots = U(bitmap.size * 64 - 1), U(slot_keys.size - 1)
    leading = U(1)
    for _ in range(n):
        leading *= MULTIPLIER
    hits = 0
    first = np.int64(0)
    for i in range(counts.size):
        last = first + counts[i]
        if counts[i] >= n:
            rolling = U(0)
            for j in range(first, last):
                rolling = rolling * MULTIPLIER + units[j]
                if j >= first + n:
                    rolling -= units[j - n] * leading
                if j >= first + n - 1:
                    found = find(mix(rolling), bitmap, bits, slot_keys, slot_ids, slots)
                    if found != FREE:
                        documents[hits] = i
                        positions[hits] = j - first - n + 1
                        ids[hits] = found
                        hits += 1
        first = last
    return hits


@njit(nogil=True, cache=True)
def count_documents(documents, ids, first_document, last_seen, frequency):
    """Add to ``frequency[id]`` the number of documents with a hit of it.

    ``last_seen[id]`` is the number of the last document counted for the id (FREE before the first); documents are
    numbered on from ``first_document``.
    """
    for i in range(ids.size):
        document = first_document + documents[i]
        if last_seen[ids[i]] != document:
            last_seen[ids[i]] = document
            frequency[ids[i]] += 1


@njit(nogil=True, cache=True)
def shared_stretches(
    begin,
    documents,
    positions,
    ids,
    first_document,
    test_ids,
    is_first,
    occurrence_bounds,
    occurrences,
    most,
    kept,
    kept_in,
    best,
    budget,
    is_continued,
    out,
):
    """Maximal stretches of n-grams that training documents share with test examples, from hit ``begin`` on.

    A stretch is (hit, test n-gram, length): from hit ``hit`` on, ``length`` consecutive n-grams of the document are
    those of the test set from n-gram ``test n-gram`` on. ``test_ids`` are the ids of all test n-grams, example
    after example (FREE where not asked for), ``is_first`` marks the first of each; the places of id x are
    ``occurrences[occurrence_bounds[x] : occurrence_bounds[x + 1]]``.

    A stretch is kept while any of its n-grams has been kept in fewer than ``most`` documents: ``kept[id]`` counts them
    and ``kept_in[id]`` is the last one. It is also kept if it is longer than ``best[t]``, the longest so far that
    begins at test n-gram t: so the longest stretch of every run is among those that are kept. Going through the
    documents in order this is a rule about the corpus, not about how it was cut.

    Text that repeats itself (``1 1 1 1 ...``) has a square number of stretches: at most STRETCHES_A_DOCUMENT are kept,
    and PAIRS_A_DOCUMENT looked at, in one document; counts do not come from here. ``budget`` (two numbers) is what is
    left of both for the document under way: with ``is_continued`` the first document goes on with it.

    Writes rows to ``out``, which has more than STRETCHES_A_DOCUMENT; returns (rows, the hit to begin with next).
    """
    written = 0
    i = begin
    while i < ids.size:
        if out.shape[0] - written < STRETCHES_A_DOCUMENT:
            return written, i
        document = documents[i]
        last = i
        while last < ids.size and documents[last] == document:
            last += 1
        if not (is_continued and i == 0):
            budget[0], budget[1] = STRETCHES_A_DOCUMENT, PAIRS_A_DOCUMENT
        for h in range(i, last):
            goes_on = h > i and positions[h - 1] + 1 == positions[h]
            for o in range(occurrence_bounds[ids[h]], occurrence_bounds[ids[h] + 1]):
                if budget[0] == 0 or budget[1] == 0:
                    break
                budget[1] -= 1
                t = occurrences[o]
                if goes_on and not is_first[t] and test_ids[t - 1] == ids[h - 1]:
                    continue  # the stretch has begun earlier
                length = 1
                while (
                    h + length < last
                    and t + length < test_ids.size
                    and positions[h + length] == positions[h] + length
                    and not is_first[t + length]
                    and test_ids[t + length] == ids[h + length]
                ):
                    length += 1
                wanted = length > best[t]
                for j in range(h, h + length):
                    if kept[ids[j]] < most or kept_in[ids[j]] == first_document + document:
                        wanted = True
                        break
                if not wanted:
                    continue
                best[t] = max(best[t], length)
                for j in range(h, h + length):
                    if kept_in[ids[j]] != first_document + document:
                        kept_in[ids[j]] = first_document + document
                        kept[ids[j]] += 1
                out[written, 0] = h
                out[written, 1] = t
                out[written, 2] = length
                written += 1
                budget[0] -= 1
        i = last
    return written, i
