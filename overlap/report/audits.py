"""Audits as tables, as JSON, and as the paragraph for a data card."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from overlap.errors import BadArgument
from overlap.metrics import overlap_percent, summarise, summarise_findings
from overlap.report.rendering import to_csv, to_latex, to_markdown
from overlap.report.tables import Table, fuzzy_table, percent, skipped_notes
from overlap.results import Audit, PairOfSplits
from overlap.signature import noun_of

__all__ = ["audit_json", "audit_tables", "card_paragraph", "render_audit", "verdict"]


def verdict(pair: PairOfSplits, fail_above: float) -> str:
    """``ok`` or ``over``, by the overlap of the pair in percent."""
    return "over" if overlap_percent(pair.overlap) > fail_above else "ok"


def audit_tables(audit: Audit, fail_above: float | None = None) -> tuple[Table, ...]:
    """The pairs, the inside of each split, and near-duplicates where they were looked for."""
    tables = [_pairs(audit, fail_above), _insides(audit)]
    if audit.fuzzy:
        tables.append(fuzzy_table(audit.fuzzy))
    return tuple(tables)


def _pairs(audit: Audit, fail_above: float | None) -> Table:
    rows = []
    for pair in audit.pairs:
        values = summarise(pair.overlap)
        counts = [values[name] for name in ("examples", "too_short", "examples_hit", "examples_over_15_percent")]
        located = summarise_findings(pair.overlap, pair.findings)
        row = [
            pair.test,
            pair.train,
            *(f"{count:,}" for count in counts),
            f"{values['examples_all_hit']:,}",
            f"{pair.contained:,}",
            f"{pair.identical:,}",
            percent(values["overlap_percent"]),
            percent(located["overlap_percent_without_phrases"]),
            f"{located['longest_match']:,}",
        ]
        rows.append((*row, *([] if fail_above is None else [verdict(pair, fail_above)])))
    header = ["Split", "in", "documents", "too short", "any hit", "> 15 %", "all hit", "contained", "identical", "%"]
    header += ["without phrases %", "longest"]
    notes = (
        f"%: {audit.n}-grams of the split that the other split has, by occurrence; contained: stands whole in one "
        "document of the other; identical: the same after normalisation; longest: "
        f"{noun_of(audit.pairs[0].overlap.unit)} in a row",
    )
    verdict_note = () if fail_above is None else (f"over: more than {fail_above:g} %",)
    return Table(
        "Overlap of splits",
        (*header, *([] if fail_above is None else ["verdict"])),
        tuple(rows),
        notes + verdict_note + skipped_notes([pair.overlap for pair in audit.pairs]),
        labels=2,
    )


def _insides(audit: Audit) -> Table:
    rows = tuple(
        (item.split, f"{item.documents:,}", f"{item.too_short:,}", f"{item.identical:,}", f"{item.covered:,}")
        for item in audit.inside
    )
    coverage = f"{audit.inside[0].coverage:.0%}" if audit.inside else ""
    return Table(
        "Repetition inside each split",
        ("Split", "documents", "too short", "identical", "covered"),
        rows,
        (
            "identical: the same as an earlier document after normalisation; "
            f"covered: {coverage} of its {audit.n}-grams stand in other documents of the split",
        ),
    )


def audit_json(audit: Audit, fail_above: float | None = None) -> dict[str, Any]:
    """The audit as JSON values."""
    pairs = []
    for pair in audit.pairs:
        more = {} if fail_above is None else {"verdict": verdict(pair, fail_above)}
        pairs.append(
            {
                **summarise(pair.overlap),
                "identical": pair.identical,
                "contained": pair.contained,
                "contained_rows": list(pair.contained_rows),
                "findings": summarise_findings(pair.overlap, pair.findings),
                **more,
            }
        )
    return {
        "n": audit.n,
        "pairs": pairs,
        "inside": [asdict(item) for item in audit.inside],
        "near_duplicates": None if audit.fuzzy is None else asdict(audit.fuzzy),
    }


def card_paragraph(audit: Audit) -> str:
    """A paragraph and a table for a data card, in Markdown."""
    splits = [item.split for item in audit.inside]
    worst = max(audit.pairs, key=lambda pair: overlap_percent(pair.overlap))
    highest = percent(overlap_percent(worst.overlap))
    signature, noun = worst.overlap.train.signature, noun_of(worst.overlap.unit)
    rows = "\n".join(
        f"| {pair.test} | {pair.train} | {percent(overlap_percent(pair.overlap))} "
        f"| {pair.contained:,} | {pair.identical:,} |"
        for pair in audit.pairs
    )
    repeats = "; ".join(f"{item.split}: {item.identical:,} of {item.documents:,}" for item in audit.inside)
    return (
        f"**Overlap of splits.** Every ordered pair of {', '.join(splits)} was compared by its {audit.n}-grams of "
        f"normalised {noun}, exactly, with overlap (`{signature}`). The highest overlap is {highest} % "
        f"({worst.test} in {worst.train}). Documents that repeat an earlier one of their split: {repeats}. "
        "Paraphrases and translations are not seen by this method.\n\n"
        f"| split | in | % of {audit.n}-grams | contained | identical |\n|:---|:---|---:|---:|---:|\n{rows}\n"
    )


def render_audit(audit: Audit, format: str, fail_above: float | None = None) -> str:
    """The audit as ``md`` (with the data card's paragraph), ``csv``, ``json`` or ``latex``; else ValueError."""
    import json

    if format == "json":
        return json.dumps(audit_json(audit, fail_above), indent=1, ensure_ascii=False) + "\n"
    if format == "csv":
        return to_csv(audit_json(audit, fail_above)["pairs"])
    if format == "latex":
        return to_latex(audit_tables(audit, fail_above))
    if format == "md":
        return to_markdown(audit_tables(audit, fail_above)) + "\n### For the data card\n\n" + card_paragraph(audit)
    raise BadArgument(f"format must be md, csv, json or latex, not {format!r}")
