"""A card for each test set: its highest overlap, and what its examples share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overlap.metrics import findings_for, overlap_percent, summarise, summarise_findings
from overlap.report.tables import percent, row_names
from overlap.results import Findings, Overlap
from overlap.signature import noun_of

__all__ = ["Card", "cards_of"]


@dataclass(frozen=True)
class Card:
    """``percent`` of the ``test`` set is in ``train``; ``facts`` are (name, value), ``matches`` how many were found.

    ``standing``: what the limit says of it, empty where it is under the limit.
    """

    test: str
    train: str
    percent: str
    width: float
    standing: str
    facts: tuple[tuple[str, str], ...]
    matches: int


def cards_of(overlaps: Sequence[Overlap], findings: Sequence[Findings], limit: float) -> tuple[Card, ...]:
    """For each test set the training set that has most of it; the highest first. ``limit`` in percent."""
    names = dict(zip(map(id, overlaps), row_names(overlaps), strict=True))
    matches: dict[str, int] = {}
    for item in findings:
        matches[item.test] = matches.get(item.test, 0) + len(item.matches)
    cards = []
    for test in dict.fromkeys(overlap.test for overlap in overlaps):
        of_test = sorted((item for item in overlaps if item.test == test), key=overlap_percent, reverse=True)
        worst = next((item for item in of_test if not item.train.members), of_test[0])
        facts = [*_facts(worst), *_found(worst, findings)]
        facts += [("in all together", f"{percent(overlap_percent(item))} %") for item in of_test if item.train.members][
            :1
        ]
        value, train = overlap_percent(worst), "its own training split" if worst.train.own else names[id(worst)]
        single = [item for item in of_test if not item.train.members]
        if not value and len(single) > 1:
            train = f"any of {len(single)} training sets"
        standing = _standing(value, overlap_percent(of_test[0]), limit)
        cards.append(Card(test, train, percent(value), round(value, 2), standing, tuple(facts), matches.get(test, 0)))
    return tuple(sorted(cards, key=lambda card: -card.width))


def _standing(value: float, highest: float, limit: float) -> str:
    """What is over the limit: the number that the card shows, or only that of all training sets together."""
    if value > limit:
        return "over the limit"
    return f"over the limit in all together: {percent(highest)} %" if highest > limit else ""


def _facts(overlap: Overlap) -> list[tuple[str, str]]:
    values = summarise(overlap)
    whole = values["examples"]
    return [
        ("examples", f"{whole:,}"),
        ("with any hit", _of(values["examples_hit"], whole)),
        ("over 15 %", _of(values["examples_over_15_percent"], whole)),
        ("wholly hit", _of(values["examples_all_hit"], whole)),
        ("too short", _of(values["too_short"], whole)),
    ]


def _found(overlap: Overlap, findings: Sequence[Findings]) -> list[tuple[str, str]]:
    located = findings_for(overlap, findings)
    if located is None:
        return [("longest run", f"{int(overlap.run_lengths.max(initial=0)):,} n-grams")]
    found = summarise_findings(overlap, located)
    return [
        ("duplicates", _of(found["examples_by_class"]["duplicate"], len(overlap))),
        ("passages", _of(found["examples_by_class"]["passage"], len(overlap))),
        ("without phrases", f"{percent(found['overlap_percent_without_phrases'])} %"),
        ("longest match", f"{found['longest_match']:,} {noun_of(overlap.unit)}"),
    ]


def _of(part: int, whole: int) -> str:
    return f"{part:,} ({100 * part / whole:.1f} %)" if part and whole else f"{part:,}"
