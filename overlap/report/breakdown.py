"""Tables of what is below a test set: its parts, its groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from overlap.metrics import group_counts, part_counts
from overlap.report.rendering import short_name
from overlap.report.tables import COLUMNS, Table, cell, row_names
from overlap.results import Overlap

__all__ = ["breakdown_tables"]

_SHOWN = (
    "examples",
    "test_ngrams",
    "hits",
    "overlap_percent",
    "mean_overlap_percent",
    "examples_hit",
    "examples_over_15_percent",
    "examples_all_hit",
    "too_short",
    "longest_run",
)
_NO_GROUP = "(none)"


def breakdown_tables(overlaps: Sequence[Overlap]) -> list[Table]:
    """A row for each part, and one for each group, of every test set that has them, and of every training set."""
    parts = _table(overlaps, part_counts, "part", "Part", "Per part of the examples", _PARTS_NOTE)
    groups = _table(overlaps, group_counts, "group", "Group", "Per group of examples", "")
    return [table for table in (parts, groups) if table is not None]


_PARTS_NOTE = (
    "an n-gram that crosses from one part to the next belongs to the whole only; an example may lack a part; "
    "only here: examples with a hit in this part and in no other"
)


def _columns(key: str) -> dict[str, str]:
    """Header and name of what is shown; of parts, beside all that have a hit, those that have one in this part only."""
    found = {}
    for header, name in COLUMNS.items():
        if name in _SHOWN:
            found[header] = name
        if key == "part" and name == "examples_hit":
            found["only here"] = "examples_hit_only"
    return found


def _table(
    overlaps: Sequence[Overlap],
    counts: Callable[[Overlap], list[dict[str, Any]]],
    key: str,
    header: str,
    title: str,
    note: str,
) -> Table | None:
    columns = _columns(key)
    more_n = len({overlap.n for overlap in overlaps}) > 1
    rows = [
        (
            overlap.test,
            name,
            short_name(row[key]) or _NO_GROUP,
            *([f"{overlap.n}"] if more_n else []),
            *(cell(column, row[column]) for column in columns.values()),
        )
        for test in dict.fromkeys(overlap.test for overlap in overlaps)
        for name, overlap in zip(row_names(overlaps), overlaps, strict=True)
        if overlap.test == test
        for row in counts(overlap)
    ]
    if not rows:
        return None
    header_row = ("Test set", "Training set", header, *(["n"] if more_n else []), *columns)
    return Table(title, header_row, tuple(rows), (note,) if note else (), labels=3)
