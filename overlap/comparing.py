"""Compare two results: before and after cleaning, two corpora, two methods. Works on stored values; measures nothing.

What is compared with what: training sets of one name; and where a test set has one training set left on each side,
those two, whatever their names. Examples are compared where both sides read the same file content with the same
fields; single n-grams where n is the same too.
"""

from __future__ import annotations

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
    obstacle, places = _obstacle(before, after), None
    if not obstacle:
        places = _common(before, after)
        if not places[0].size:
            obstacle, places = "the two have no example in common", None
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
        examples_in_both=0 if places is None else places[0].size,
        obstacle=obstacle,
        gained=sum(item.gained or 0 for item in changed) if is_exact else None,
        lost=sum(item.lost or 0 for item in changed) if is_exact else None,
        changed=changed,
    )


def _obstacle(before: Overlap, after: Overlap) -> str:
    """Why single examples cannot be compared, or nothing."""
    if (before.unit, before.norm) != (after.unit, after.norm):
        return "units differ"
    if not _shared_sources(before, after):
        return "the test files differ"
    return ""


def _shared_sources(before: Overlap, after: Overlap) -> dict[int, int]:
    """Sources of ``after`` -> those of ``before`` that hold the same and were read in the same way."""
    known = {_text_of(item): i for i, item in enumerate(before.test_sources)}
    keys = [_text_of(item) for item in after.test_sources]
    return {i: known[key] for i, key in enumerate(keys) if key in known}


def _text_of(source: SourceInfo) -> tuple[object, ...]:
    """What makes the text of a file's examples: its content, and how it is read."""
    made_of = (source.parts, source.template) if isinstance(source, MeasuredFile) else ((), None)
    return source.digest, source.fields, source.document, *made_of


def _common(before: Overlap, after: Overlap) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places in both of the examples that both have, in the order of ``before``."""
    shared = _shared_sources(before, after)
    to_first = np.array([shared.get(i, -1) for i in range(len(after.test_sources))], np.int64)
    left = {key: i for i, key in enumerate(zip(before.sources.tolist(), before.rows.tolist(), strict=True))}
    keys = zip(to_first[after.sources].tolist(), after.rows.tolist(), strict=True)
    places = sorted((left[key], i) for i, key in enumerate(keys) if key in left)
    return np.array([a for a, _ in places], np.int64), np.array([b for _, b in places], np.int64)


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
