"""What was left out of the numbers: bad records of every training set and test set, each set once."""

from __future__ import annotations

from collections.abc import Sequence

from overlap.report.naming import named_apart, row_names
from overlap.results import Overlap, Skipped

__all__ = ["skipped_notes", "skipped_records", "skipped_sentence", "skipped_sets"]

_FILES_SHOWN = 10


def skipped_sets(overlaps: Sequence[Overlap]) -> list[tuple[str, tuple[Skipped, ...]]]:
    """(name of a training set or test set, the bad records that were passed over in it), for each that had any.

    A set that was measured several times stands here once; two different sets of one name do both.
    """
    overlaps, _ = named_apart(overlaps, by_n=True)
    found: dict[tuple[object, ...], tuple[str, tuple[Skipped, ...]]] = {}
    for row, overlap in zip(row_names(overlaps), overlaps, strict=True):
        train = overlap.train
        if train.skipped and not train.members:
            name = f"own training set of {overlap.test}" if train.own else f"training set {row}"
            key = (train.own, train.name, train.signature, train.documents, train.ngrams, train.skipped)
            found.setdefault(key, (name, train.skipped))
        if overlap.test_skipped:
            found.setdefault((overlap.test, overlap.test_skipped), (f"test set {overlap.test}", overlap.test_skipped))
    return list(found.values())


def skipped_records(overlaps: Sequence[Overlap]) -> int:
    """How many bad records were passed over, in all training sets and test sets."""
    return sum(item.records for _, items in skipped_sets(overlaps) for item in items)


def skipped_sentence(count: int) -> str:
    """What is to be said of so many bad records, at least one; without a full stop."""
    if count == 1:
        return "1 bad record was skipped; the numbers are without it"
    return f"{count:,} bad records were skipped; the numbers are without them"


def skipped_notes(overlaps: Sequence[Overlap]) -> tuple[str, ...]:
    """A note for each set that had any bad records, with their files and kinds."""
    return tuple(f"NOT COUNTED, {name}: {_listed(items)}" for name, items in skipped_sets(overlaps))


def _listed(items: Sequence[Skipped]) -> str:
    total = sum(item.records for item in items)
    shown = "; ".join(f"{item.records:,} {item.kind} in {item.path}" for item in items[:_FILES_SHOWN])
    more = f"; and {len(items) - _FILES_SHOWN:,} more" if len(items) > _FILES_SHOWN else ""
    records = "bad record" if total == 1 else "bad records"
    return f"{total:,} {records} skipped ({shown}{more})"
