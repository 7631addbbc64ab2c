"""The matches that go into the page: chosen fairly, cut to a stated size, as JSON that no parser takes for markup."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from overlap.report.excerpts import shown_sides
from overlap.report.rendering import short_name
from overlap.results import Findings, Match
from overlap.signature import noun_of

__all__ = [
    "FIRST_PAGE",
    "MOST_BYTES",
    "MOST_MATCHES",
    "EmbeddedMatches",
    "embedded_matches",
    "json_for_script",
    "short_name",
    "train_name",
]

MOST_MATCHES = 5_000
MOST_BYTES = 12_000_000
FIRST_PAGE = 20

COLUMNS = (
    "test", "train", "example", "first", "kind", "units", "noun", "share", "part", "documents", "examples", "id",
    "place", "test_before", "test_text", "test_after", "train_before", "train_text", "train_after",
)  # fmt: skip


@dataclass(frozen=True)
class EmbeddedMatches:
    """``rows`` have a value for each of ``COLUMNS``; ``total`` matches there are, ``shown`` of them are in the page."""

    rows: tuple[tuple[Any, ...], ...]
    total: int
    by_pair: bool

    @property
    def shown(self) -> int:
        """How many are in the page."""
        return len(self.rows)

    def dicts(self, count: int) -> list[dict[str, Any]]:
        """The first so many, by name."""
        return [dict(zip(COLUMNS, row, strict=True)) for row in self.rows[:count]]

    def json(self) -> str:
        """All, for a script element of type application/json."""
        return json_for_script({"columns": COLUMNS, "rows": self.rows})


def embedded_matches(findings: Sequence[Findings]) -> EmbeddedMatches:
    """The longest matches of every pair of test and training set in turn, until the page has enough; longest first."""
    ranked: list[tuple[int, int, int, Match]] = []
    for number, item in enumerate(findings):
        by_length = sorted(item.matches, key=lambda match: (-match.units, match.example, match.first))
        ranked += [(rank, -match.units, number, match) for rank, match in enumerate(by_length[:MOST_MATCHES])]
    ranked.sort(key=lambda entry: entry[:3])
    chosen: list[tuple[int, tuple[Any, ...]]] = []
    size = 0
    for rank, _, number, match in ranked[:MOST_MATCHES]:
        row = _row(findings[number], match)
        size += len(json_for_script(row).encode()) + 1  # as it will stand there: a < takes six bytes
        if size > MOST_BYTES:
            break
        chosen.append((rank, row))
    units = COLUMNS.index("units")
    rows = [row for _, row in sorted(chosen, key=lambda entry: (-entry[1][units], entry[0]))]
    return EmbeddedMatches(tuple(rows), sum(len(item.matches) for item in findings), len(findings) > 1)


def _row(item: Findings, match: Match) -> tuple[Any, ...]:
    place = f"{match.source}, record {match.row + 1}" + (f" ({match.document})" if match.document else "")
    return (
        short_name(item.test),
        train_name(item),
        match.example,
        match.first,
        match.kind,
        match.units,
        noun_of(item.unit),
        _rounded(match.share),
        f" (in {short_name(match.part)})" if match.part else "",
        match.least_documents,
        match.least_examples,
        short_name(match.test_id or f"example {match.example}"),
        short_name(place),
        *shown_sides(match.test_before, match.test_text, match.test_after),
        *shown_sides(match.train_before, match.train_text, match.train_after),
    )


def _rounded(share: float) -> float:
    """To four decimals; but what is not all, or not nothing, stays so."""
    return share if share in (0.0, 1.0) else min(0.9999, max(0.0001, round(share, 4)))


def train_name(item: Findings) -> str:
    """The training set of findings, as the page calls it."""
    return short_name(f"{item.train} (own train)" if item.own else item.train)


def json_for_script(value: Any) -> str:
    """JSON in which no character begins a tag, an entity or a line that a browser could take for the end of the script.

    >>> json_for_script("</script>&")
    '"\\\\u003c/script\\\\u003e\\\\u0026"'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text.encode("utf-8", "backslashreplace").decode()
