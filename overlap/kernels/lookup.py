"""The exact pass: which n-grams of a text are among those asked for, and which stretches two texts share.

The asked n-grams are in an open-addressing table with a bit map in front of it: sixteen bits a key, so that it stays in
the L2 cache for hundreds of thousands of n-grams and 94 % of the absent ones end there. One pass over the training text
rolls the hash, asks the bit map, and stores nothing for what is absent.
"""

from __future__ import annotations

import numpy as np

from overlap.kernels.ngrams import BLOCK, leading_power, mix_all, roll
from overlap.kernels.starting import njit

U = np.uint64
FREE = -1
PAIRS_A_DOCUMENT = 100_000_000


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


@njit(nogil=True, cache=True)
def batch_hits(units, counts, n, bitmap, slot_keys, slot_ids, documents, positions, ids):
    """The n-grams of a batch that are in the table: (document in the batch, n-gram in the document, id).

    ``units`` holds the unit hashes of all documents, ``counts[i]`` of them for document i. The three outputs need room
    for every n-gram. Returns the number of hits.

    A thousand n-grams at a time, of one document or of many, are hashed, then asked of the bit map without a branch;
    what passes is looked up.
    """
    leading = leading_power(n)
    hashes, passed = np.empty(BLOCK, np.uint64), np.empty(BLOCK + 1, np.int64)
    pieces = np.empty((BLOCK + 1, 3), np.int64)  # of the block: where it begins, its document, its first n-gram there
    hits = filled = held = first = np.int64(0)
    for i in range(counts.size):
        begin = np.int64(0)
        while begin < counts[i] - n + 1:
            size = min(BLOCK - filled, counts[i] - n + 1 - begin)
            stop = first + begin + size + n - 1
            roll(units[first + begin : stop], n, leading, hashes[filled : filled + size])
            pieces[held, 0], pieces[held, 1], pieces[held, 2] = filled, i, begin
            filled, held, begin = filled + size, held + 1, begin + size
            if filled == BLOCK:
                hits = _look_up(
                    hashes, pieces[:held], passed, bitmap, slot_keys, slot_ids, documents, positions, ids, hits
                )
                filled = held = np.int64(0)
        first += counts[i]
    return _look_up(
        hashes[:filled], pieces[:held], passed, bitmap, slot_keys, slot_ids, documents, positions, ids, hits
    )


@njit(nogil=True, cache=True)
def _look_up(hashes, pieces, passed, bitmap, slot_keys, slot_ids, documents, positions, ids, hits):
    """Mix the hashes of a block, and write what is in the table behind the ``hits`` so far; return the new number."""
    slots = U(slot_keys.size - 1)
    mix_all(hashes)
    piece = 0
    for k in range(_that_pass(hashes, bitmap, passed)):
        at = passed[k]
        key = hashes[at]
        place = (key >> U(20)) & slots
        while slot_ids[np.int64(place)] != FREE and slot_keys[np.int64(place)] != key:
            place = (place + U(1)) & slots
        if slot_ids[np.int64(place)] == FREE:
            continue
        while piece + 1 < pieces.shape[0] and pieces[piece + 1, 0] <= at:
            piece += 1
        documents[hits] = pieces[piece, 1]
        positions[hits] = pieces[piece, 2] + at - pieces[piece, 0]
        ids[hits] = slot_ids[np.int64(place)]
        hits += 1
    return hits


@njit(inline="always")
def _that_pass(hashes, bitmap, passed):
    """Write the places of hashes whose bit is set; return how many."""
    bits = U(bitmap.size * 64 - 1)
    count = np.int64(0)
    for j in range(hashes.size):
        key = hashes[j]
        passed[count] = j
        count += np.int64((bitmap[np.int64((key & bits) >> U(6))] >> (key & U(63))) & U(1))
    return count


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
def hits_ahead(documents, positions, out):
    """``out[h]`` becomes the number of hits that follow each other without a gap in a document, from hit h on."""
    for h in range(positions.size - 1, -1, -1):
        goes_on = h + 1 < positions.size and documents[h + 1] == documents[h] and positions[h + 1] == positions[h] + 1
        out[h] = out[h + 1] + 1 if goes_on else 1


@njit(nogil=True, cache=True)
def shared_stretches(
    begin,
    documents,
    positions,
    ids,
    ahead,
    first_document,
    test_ids,
    is_first,
    left,
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
    those of the test set from n-gram ``test n-gram`` on. ``ahead`` is what ``hits_ahead`` makes. ``test_ids`` are the
    ids of all test n-grams, example after example (FREE where not asked for), ``is_first`` marks the first of each,
    ``left`` counts those from each to the end of its example; the places of id x are
    ``occurrences[occurrence_bounds[x] : occurrence_bounds[x + 1]]``.

    Of the stretches that begin at test n-gram t, those of the first ``most`` documents are kept, the first of each
    (``kept[t]`` documents so far, ``kept_in[t]`` the last of them), and every one that is longer than all before it
    (``best[t]``). So every hit has a place, the longest stretch of every run is among those kept, and no text can have
    more places than its test set has n-grams, times ``most`` and a little. Going through the documents in order this
    is a rule about the corpus, not about how it was cut.

    Text that repeats itself (``1 1 1 1 ...``) has a square number of pairs: PAIRS_A_DOCUMENT of them are looked at in
    one document. ``budget`` holds what is left of them, below zero where they were not enough, and counts such
    documents; with ``is_continued`` the first document goes on with it. Counts do not come from here.

    Writes rows to ``out``, which has room for all places of any id; returns (rows, the hit to begin with next).
    """
    written = 0
    for h in range(begin, ids.size):
        x = ids[h]
        if out.shape[0] - written < occurrence_bounds[x + 1] - occurrence_bounds[x]:
            return written, h
        is_new = h == 0 or documents[h - 1] != documents[h]
        if is_new and not (is_continued and h == 0):
            budget[0] = PAIRS_A_DOCUMENT
        goes_on = not is_new and positions[h - 1] + 1 == positions[h]
        document = first_document + documents[h]
        for o in range(occurrence_bounds[x], occurrence_bounds[x + 1]):
            if budget[0] < 0:
                break
            if budget[0] == 0:
                budget[0] = -1
                budget[1] += 1
                break
            budget[0] -= 1
            t = occurrences[o]
            if goes_on and not is_first[t] and test_ids[t - 1] == ids[h - 1]:
                continue  # the stretch has begun earlier
            is_due = kept[t] < most and kept_in[t] != document
            longest = min(ahead[h], left[t])
            if not is_due and best[t] >= longest:
                continue
            length = 1
            while length < longest and test_ids[t + length] == ids[h + length]:
                length += 1
            if not is_due and best[t] >= length:
                continue
            best[t] = max(best[t], length)
            if kept_in[t] != document:
                kept_in[t] = document
                kept[t] += 1
            out[written, 0] = h
            out[written, 1] = t
            out[written, 2] = length
            written += 1
    return written, ids.size
