"""Two results compared, as tables, JSON and HTML."""

from __future__ import annotations

import json
from dataclasses import asdict

from overlap.errors import BadArgument
from overlap.report.rendering import to_csv, to_latex, to_markdown
from overlap.report.tables import Table, percent
from overlap.results import ComparedSet, Comparison

__all__ = ["comparison_tables", "render_comparison"]

_MOST_EXAMPLES = 50


def comparison_tables(comparison: Comparison) -> tuple[Table, ...]:
    """The differences for each data set, and the examples that changed most."""
    tables = [_sets(comparison)]
    if any(item.changed for item in comparison.sets):
        tables.append(_examples(comparison))
    return tuple(tables)


def _sets(comparison: Comparison) -> Table:
    rows = tuple(
        (
            item.test,
            _sides(item.train_before, item.train_after),
            _sides(str(item.n_before), str(item.n_after)),
            _sides(f"{item.examples_before:,}", f"{item.examples_after:,}"),
            percent(item.percent_before),
            percent(item.percent_after),
            _signed(item.percent_after - item.percent_before),
            f"{item.examples_hit_before:,}",
            f"{item.examples_hit_after:,}",
            *("–" if count is None else f"{count:,}" for count in (item.gained, item.lost)),
            item.obstacle or f"{len(item.changed):,} of {item.examples_in_both:,}",
        )
        for item in comparison.sets
    )
    header = ("Test set", "Training set", "n", "examples", "% before", "% after", "difference", "any hit before")
    more = ("any hit after", "gained", "lost", "examples changed")
    notes = [
        "%: n-grams that training has, by occurrence; difference: in percentage points; any hit: examples; gained, "
        "lost: n-grams of the examples on both sides that are hits only after, only before",
    ]
    for item in comparison.sets:
        if item.paired_by_id:
            alone = item.examples_before - item.examples_in_both, item.examples_after - item.examples_in_both
            notes.append(
                f"{item.test} in {_sides(item.train_before, item.train_after)}: the test files differ; "
                f"{item.paired_by_id:,} examples were paired by id; unpaired: {alone[0]:,} before, {alone[1]:,} after"
            )
    for side, names in (("before", comparison.only_before), ("after", comparison.only_after)):
        if names:
            notes.append(f"only {side}: {'; '.join(names)}")
    return Table("Before and after", (*header, *more), rows, tuple(notes), labels=2)


def _sides(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _signed(value: float) -> str:
    return f"{value:+.2f}" if abs(value) >= 0.005 or value == 0 else f"{'+' if value > 0 else '-'}<0.01"


def _examples(comparison: Comparison) -> Table:
    pairs = [(item, example) for item in comparison.sets for example in item.changed]
    pairs.sort(key=lambda pair: -abs(pair[1].percent_after - pair[1].percent_before))
    rows = tuple(
        (
            item.test,
            _sides(item.train_before, item.train_after),
            f"{example.source}, record {example.row + 1}",
            percent(example.percent_before),
            percent(example.percent_after),
            *("–" if count is None else f"{count:,}" for count in (example.gained, example.lost)),
        )
        for item, example in pairs[:_MOST_EXAMPLES]
    )
    shown = f", the {_MOST_EXAMPLES} that differ most" if len(pairs) > _MOST_EXAMPLES else ""
    return Table(
        f"Examples that changed: {len(pairs):,}{shown}",
        ("Test set", "Training set", "Example", "% before", "% after", "gained", "lost"),
        rows,
        labels=3,
    )


def render_comparison(comparison: Comparison, format: str = "md") -> str:
    """The comparison as ``md``, ``csv``, ``json``, ``latex`` or ``html``; any other raises ValueError."""
    if format == "json":
        return json.dumps(asdict(comparison), indent=1, ensure_ascii=False) + "\n"
    if format == "csv":
        return to_csv([asdict(item) for item in comparison.sets])
    if format == "latex":
        return to_latex(comparison_tables(comparison))
    if format == "md":
        return to_markdown(comparison_tables(comparison))
    if format == "html":
        from overlap.report.page import render_tables

        return render_tables(_line(comparison.sets), comparison_tables(comparison))
    raise BadArgument(f"format must be md, csv, json, latex or html, not {format!r}")


def _line(sets: tuple[ComparedSet, ...]) -> str:
    """How many went down, how many up."""
    lower = sum(1 for item in sets if item.percent_after < item.percent_before)
    higher = sum(1 for item in sets if item.percent_after > item.percent_before)
    return f"Overlap fell in {lower} of {len(sets)} comparisons and rose in {higher}."
