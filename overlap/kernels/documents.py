"""What single training documents share with each test example: covered units, spans, parts together."""

from __future__ import annotations

import numpy as np

from overlap.kernels.starting import njit

FREE = -1
STEPS_A_DOCUMENT = 200_000_000


@njit(nogil=True, cache=True)
def compare_documents(
    first_row,
    unit_hashes,
    counts,
    n,
    documents,
    positions,
    ids,
    test_ids,
    is_first,
    bounds,
    occurrences,
    examples,
    unit_of,
    test_units,
    unit_stops,
    part_of,
    set_of,
    budget,
    seen,
    touched,
    covered,
    best_row,
    shared_by,
    longest,
    together,
    totals,
):
    """Compare each document of a batch with all test examples that it shares an n-gram with.

    Hits are (document, n-gram in it, id), in order. ``unit_of[t]`` is the first unit of test n-gram t in
    ``test_units``, ``unit_stops[e]`` where example e ends there, ``part_of[t]`` the part that t lies in, or FREE,
    ``set_of[e]`` the test set of an example. ``seen`` (an id's last document, FREE before) and ``touched`` (room for
    all test n-grams) are scratch. Documents are numbered from ``first_row``.

    For each example: ``covered``, the most units that n-grams of one document cover; ``best_row``, the first document
    that does; ``shared_by``, documents that share an n-gram; ``together[e, i, j]``, one document has n-grams of parts i
    and j. For each unit: ``longest``, the longest span in one document that it is in: an exact n-gram, extended to
    the right over at most ``budget`` substitutions, ending in a match. ``totals``, by test set: documents that share an
    n-gram; that cover more than half of an example; whose comparison was cut off after STEPS_A_DOCUMENT.
    """
    i = 0
    offset = np.int64(0)
    at_document = 0
    while i < ids.size:
        document = documents[i]
        while at_document < document:
            offset += counts[at_document]
            at_document += 1
        last = i
        while last < ids.size and documents[last] == document:
            last += 1
        row = first_row + document
        found = 0
        for h in range(i, last):
            if seen[ids[h]] != row:
                seen[ids[h]] = row
                for o in range(bounds[ids[h]], bounds[ids[h] + 1]):
                    touched[found] = occurrences[o]
                    found += 1
        touched[:found].sort()
        hit_set = np.int64(-1)  # examples come in the order of their sets
        half_set = np.int64(-1)
        begin = 0
        while begin < found:
            example = examples[touched[begin]]
            units = np.int64(0)
            parts = np.int64(0)
            k = begin
            while k < found and examples[touched[k]] == example:
                t = touched[k]
                if k > begin and t - touched[k - 1] < n:
                    units += t - touched[k - 1]
                else:
                    units += n
                if part_of[t] != FREE:
                    parts |= np.int64(1) << np.int64(part_of[t])
                k += 1
            begin = k
            shared_by[example] += 1
            if units > covered[example]:
                covered[example] = units
                best_row[example] = row
            length = unit_stops[example] - (unit_stops[example - 1] if example else 0)
            if set_of[example] != hit_set:
                hit_set = set_of[example]
                totals[hit_set, 0] += 1
            if 2 * units > length and set_of[example] != half_set:
                half_set = set_of[example]
                totals[half_set, 1] += 1
            for a in range(together.shape[1]):
                for b in range(together.shape[1]):
                    if (parts >> a) & 1 and (parts >> b) & 1:
                        together[example, a, b] = True
        steps = np.int64(0)
        for h in range(i, last):
            goes_on = h > i and positions[h - 1] + 1 == positions[h]
            place = offset + positions[h]
            end = offset + counts[document]
            for o in range(bounds[ids[h]], bounds[ids[h] + 1]):
                steps += 1
                if steps > STEPS_A_DOCUMENT:
                    break
                t = occurrences[o]
                if goes_on and not is_first[t] and test_ids[t - 1] == ids[h - 1]:
                    continue  # the span has begun earlier
                unit = unit_of[t]
                stop = unit_stops[examples[t]]
                span = n
                substitutions = 0
                j = n
                while unit + j < stop and place + j < end:
                    if test_units[unit + j] == unit_hashes[place + j]:
                        span = j + 1
                    else:
                        substitutions += 1
                        if substitutions > budget:
                            break
                    j += 1
                steps += j
                for j in range(unit, unit + span):
                    if longest[j] < span:
                        longest[j] = span
        if steps > STEPS_A_DOCUMENT:
            totals[:, 2] += 1
        i = last
