"""Compare two results: before and after cleaning, two corpora, two methods. Works on stored values; measures nothing.

What is compared with what: training sets of one name; and where a test set has one training set left on each side,
those two, whatever their names. Examples are compared where both sides read the same file content with the same
fields, and else (a test set before and after cleaning, say) where both have them under one id, read with the same
fields and of the same length; single n-grams where n is the same too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from overlap.errors import BadArgument
from overlap.metrics import examples_over, overlap_percent
from overlap.results import ComparedExample, ComparedSet, Comparison, MeasuredFile, Overlap, SourceInfo, load_result

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["compare"]

Result = Sequence[Overlap] | str | PathLike[str]


def compare(before: Result, after: Result) -> Comparison:
    """What changed from one result to another, for each data set and each example.

    Results are overlaps, or folders that hold some. Raises ResultFileError; ValueError where the two have no test set
    in common.
    """
    first, second = _overlaps(before), _overlaps(after)
    pairs = list(_pairs(first, second))
    if not pairs:
        names = [", ".join(dict.fromkeys(item.test for item in side)) or "none" for side in (first, second)]
        raise BadArgument(f"the two results have nothing to compare: test sets {names[0]}, and {names[1]}")
    paired = {id(item) for pair in pairs for item in pair}
    return Comparison(
        tuple(_compared(*pair) for pair in pairs),
        tuple(_name(item) for item in first if id(item) not in paired),
        tuple(_name(item) for item in second if id(item) not in paired),
    )


def _overlaps(result: Result) -> tuple[Overlap, ...]:
    return load_result(result) if isinstance(result, (str, PathLike)) else tuple(result)


def _name(overlap: Overlap) -> str:
    return f"{overlap.test} in {overlap.train.name}"


def _pairs(before: Sequence[Overlap], after: Sequence[Overlap]) -> Iterator[tuple[Overlap, Overlap]]:
    for test in dict.fromkeys(item.test for item in before):
        left = [item for item in before if item.test == test]
        right = [item for item in after if item.test == test]
        for item in list(left):
            same = [other for other in right if _role(other) == _role(item)]
            same = [other for other in same if other.n == item.n] or same
            if same:
                left.remove(item)
                right.remove(same[0])
                yield item, same[0]
        if len(left) == len(right) == 1:
            yield left[0], right[0]


def _role(overlap: Overlap) -> tuple[str, bool, bool]:
    return overlap.train.name, overlap.train.own, bool(overlap.train.members)


def _compared(before: Overlap, after: Overlap) -> ComparedSet:
    pairs, by_id, obstacle = _paired(before, after)
    places = (pairs[:, 0], pairs[:, 1]) if not obstacle else None
    changed = () if places is None else tuple(_changes(before, after, *places))
    is_exact = places is not None and before.n == after.n
    return ComparedSet(
        test=before.test,
        train_before=before.train.name,
        train_after=after.train.name,
        n_before=before.n,
        n_after=after.n,
        examples_before=len(before),
        examples_after=len(after),
        percent_before=overlap_percent(before),
        percent_after=overlap_percent(after),
        hits_before=int(before.hits.sum()),
        hits_after=int(after.hits.sum()),
        examples_hit_before=examples_over(before, 0.0),
        examples_hit_after=examples_over(after, 0.0),
        examples_in_both=len(pairs),
        obstacle=obstacle,
        gained=sum(item.gained or 0 for item in changed) if is_exact else None,
        lost=sum(item.lost or 0 for item in changed) if is_exact else None,
        changed=changed,
        paired_by_id=by_id,
    )


def _paired(before: Overlap, after: Overlap) -> tuple[NDArray[np.int64], int, str]:
    """The examples that both have, as places in both, shape (examples, 2), in the order of ``before``.

    With how many of them were found by their ids, and why single examples cannot be compared, or nothing.
    """
    none = np.empty((0, 2), np.int64)
    if (before.unit, before.norm) != (after.unit, after.norm):
        return none, 0, "units differ"
    by_place = _common(before, after)
    by_id = _common_ids(before, after, by_place)
    if pairs := sorted([*by_place, *by_id]):
        return np.array(pairs, np.int64), len(by_id), ""
    is_shared = bool(_shared_sources(before, after))
    return none, 0, "the two have no example in common" if is_shared else "the test files differ"


def _shared_sources(before: Overlap, after: Overlap) -> dict[int, int]:
    """Sources of ``after`` -> those of ``before`` that hold the same and were read in the same way."""
    known = {_text_of(item): i for i, item in enumerate(before.test_sources)}
    keys = [_text_of(item) for item in after.test_sources]
    return {i: known[key] for i, key in enumerate(keys) if key in known}


def _text_of(source: SourceInfo) -> tuple[object, ...]:
    """What makes the text of a file's examples: its content, and how it is read."""
    return source.digest, *_reading_of(source)


def _reading_of(source: SourceInfo) -> tuple[object, ...]:
    made_of = (source.parts, source.template) if isinstance(source, MeasuredFile) else ((), None)
    return source.fields, source.document, *made_of


def _common(before: Overlap, after: Overlap) -> list[tuple[int, int]]:
    """The places in both of the examples of files that both have."""
    shared = _shared_sources(before, after)
    to_first = np.array([shared.get(i, -1) for i in range(len(after.test_sources))], np.int64)
    left = {key: i for i, key in enumerate(zip(before.sources.tolist(), before.rows.tolist(), strict=True))}
    keys = zip(to_first[after.sources].tolist(), after.rows.tolist(), strict=True)
    return [(left[key], i) for i, key in enumerate(keys) if key in left]


def _common_ids(before: Overlap, after: Overlap, known: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The places of the other examples that have one id, read in the same way and of the same length.

    Ids that stand twice on a side say nothing, nor do examples whose length differs: their text was changed.
    """
    left, right = _by_id(before), _by_id(after)
    done = {place for place, _ in known}, {place for _, place in known}
    found = []
    for name, a in left.items():
        b = right.get(name, -1)
        if b >= 0 and a not in done[0] and b not in done[1] and _is_alike(before, a, after, b):
            found.append((a, b))
    return found


def _by_id(overlap: Overlap) -> dict[str, int]:
    """Ids that stand once, and where."""
    ids = overlap.ids or ()
    counts = Counter(ids)
    return {name: place for place, name in enumerate(ids) if name and counts[name] == 1}


def _is_alike(before: Overlap, a: int, after: Overlap, b: int) -> bool:
    sources = before.test_sources[int(before.sources[a])], after.test_sources[int(after.sources[b])]
    return bool(before.units[a] == after.units[b]) and _reading_of(sources[0]) == _reading_of(sources[1])


def _changes(
    before: Overlap, after: Overlap, left: NDArray[np.int64], right: NDArray[np.int64]
) -> Iterator[ComparedExample]:
    """The examples whose hits are not the same, those with the largest difference first."""
    flags = (_flags(before), _flags(after)) if before.n == after.n else None
    starts = [np.cumsum(item.ngrams) - item.ngrams for item in (before, after)]
    found = []
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        counts = int(before.hits[a]), int(after.hits[b])
        gained = lost = None
        if flags is not None and before.ngrams[a] == after.ngrams[b]:
            if not any(counts):
                continue
            old = flags[0][starts[0][a] : starts[0][a] + before.ngrams[a]]
            new = flags[1][starts[1][b] : starts[1][b] + after.ngrams[b]]
            gained, lost = int(np.count_nonzero(new & ~old)), int(np.count_nonzero(old & ~new))
        old_share, new_share = counts[0] / max(1, int(before.ngrams[a])), counts[1] / max(1, int(after.ngrams[b]))
        if gained or lost or (gained is None and old_share != new_share):
            source = before.test_sources[int(before.sources[a])].path
            found.append(
                ComparedExample(source, int(before.rows[a]), 100 * old_share, 100 * new_share, *counts, gained, lost)
            )
    return iter(sorted(found, key=lambda item: -abs(item.percent_after - item.percent_before)))


def _flags(overlap: Overlap) -> NDArray[np.bool_]:
    """For every n-gram of all examples, one after the other, is it a hit?"""
    starts = np.cumsum(overlap.ngrams) - overlap.ngrams
    first = np.repeat(starts, overlap.run_counts) + overlap.run_starts
    steps = np.zeros(int(overlap.ngrams.sum()) + 1, np.int64)
    np.add.at(steps, first, 1)
    np.add.at(steps, first + overlap.run_lengths, -1)
    return np.cumsum(steps[:-1]) > 0
