"""The section for a data card: Markdown with YAML metadata in front, as cards on the Hugging Face hub have it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from overlap.metrics import findings_for, summarise, summarise_findings
from overlap.report.rendering import one_line, to_markdown, visible
from overlap.report.tables import Table, percent, row_names, signatures
from overlap.report.verdict import LIMIT, verdict_of
from overlap.results import Findings, Overlap
from overlap.signature import common_noun
from overlap.version import __version__

__all__ = ["render_card"]

Value = str | int | float | None
_SHOWN = {
    "examples": "examples",
    "too short": "too_short",
    "any hit": "examples_hit",
    "> 15 %": "examples_over_15_percent",
    "all hit": "examples_all_hit",
}


def render_card(overlaps: Sequence[Overlap], findings: Sequence[Findings] = (), limit: float = LIMIT) -> str:
    """What was checked against what, how, with which numbers, and how to make them again.

    The metadata stand under one key, ``train_test_overlap``: merge them into those that the card has.
    """
    verdict = verdict_of(overlaps, findings, limit)
    words = " ".join((verdict.line, *verdict.more))
    return "\n".join(
        [
            "---",
            "train_test_overlap:",
            f"  tool: {_yaml(f'overlap {__version__}')}",
            f"  limit_percent: {limit:g}",
            "  results:" if overlaps else "  results: []",
            *(line for row in _metadata(overlaps, findings) for line in row),
            "---",
            "",
            "## Overlap with training data",
            "",
            _escaped(words),
            "",
            _method(overlaps),
            "",
            to_markdown([_table(overlaps, findings)]).partition("\n\n")[2],
            "Paraphrase, translation and renamed code share no n-gram and are not seen by this method; examples that "
            "are too short have none and were not judged. No exact match is not the same as clean.",
            "",
        ]
    )


def _metadata(overlaps: Sequence[Overlap], findings: Sequence[Findings]) -> list[list[str]]:
    rows = []
    for name, overlap in zip(row_names(overlaps), overlaps, strict=True):
        values = summarise(overlap)
        entry: dict[str, Value] = {
            "test": overlap.test,
            "train": name,
            "n": overlap.n,
            "overlap_percent": round(values["overlap_percent"], 4),
            **{key: values[key] for key in _SHOWN.values()},
            "false_positive_bound": values["false_positive_bound"],
            "signature": values["signature"],
        }
        found = findings_for(overlap, findings)
        if found is not None:
            located = summarise_findings(overlap, found)
            entry["overlap_percent_without_phrases"] = round(located["overlap_percent_without_phrases"], 4)
            entry["duplicates"] = located["examples_by_class"]["duplicate"]
            entry["passages"] = located["examples_by_class"]["passage"]
        first, *others = (f"{key}: {_yaml(value)}" for key, value in entry.items())
        rows.append([f"  - {first}", *(f"    {line}" for line in others)])
    return rows


def _yaml(value: Value) -> str:
    """A scalar: JSON is YAML, but for what YAML does not print."""
    if isinstance(value, float):
        text = repr(value)
        return text if "e" not in text or "." in text else text.replace("e", ".0e")  # 1e-08 would be a text in YAML 1.1
    return json.dumps(visible(value) if isinstance(value, str) else value, ensure_ascii=False)


def _method(overlaps: Sequence[Overlap]) -> str:
    sizes = sorted({overlap.n for overlap in overlaps})
    ngrams = " and ".join(f"{n}-grams" for n in sizes) or "n-grams"
    documents = ", ".join(sorted({f"one {overlap.document}" for overlap in overlaps})) or "one record"
    noun = common_noun(overlap.unit for overlap in overlaps)
    return (
        f"**Method.** {ngrams} of normalised {noun}, by occurrence; an example is {documents}; measured with overlap "
        f"{__version__}. *any hit*, *> 15 %*, *all hit*: examples with so much of their n-grams in training. The "
        "signature makes a number reproducible."
    )


def _table(overlaps: Sequence[Overlap], findings: Sequence[Findings]) -> Table:
    rows = []
    for name, overlap in zip(row_names(overlaps), overlaps, strict=True):
        values = summarise(overlap)
        found = findings_for(overlap, findings)
        located = None if found is None else summarise_findings(overlap, found)
        without = "–" if located is None else percent(located["overlap_percent_without_phrases"])
        counts = (f"{values[key]:,}" for key in _SHOWN.values())
        rows.append((overlap.test, name, percent(values["overlap_percent"]), without, *counts))
    header = ("checked", "against", "%", "without phrases %", *_SHOWN)
    notes = tuple(f"{name}: {signature}" for name, signature in signatures(overlaps))
    table = Table("", header, tuple(rows), notes, labels=2)
    return table if findings else table.with_columns([0, 1, 2, *range(4, len(header))])


def _escaped(text: str) -> str:
    text = one_line(text)
    for mark in "\\`*_[]<>|#&$":
        text = text.replace(mark, "\\" + mark)
    return text
