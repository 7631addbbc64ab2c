"""What a notebook shows of our values: plain HTML that needs no style sheet or script, and reads the same on GitHub."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from html import escape
from typing import Any

from overlap.impact import Distributions, Impact, TrainHeldout
from overlap.metrics import examples_by_class
from overlap.report import Report
from overlap.report.audits import audit_tables
from overlap.report.comparisons import comparison_tables
from overlap.report.distributions import distribution_tables, gap_tables
from overlap.report.excerpts import shown_sides
from overlap.report.impact import impact_tables
from overlap.report.rendering import one_line, visible
from overlap.report.side_by_side import facts, matches_markdown, title
from overlap.report.tables import Table, dataset_table
from overlap.report.verdict import verdict_of
from overlap.results import CLASSES, Audit, Comparison, Findings, Match, Matches, Overlap

__all__ = ["html_of", "text_of"]

_SHOWN = 5
_MOST = 10
_IMPACT_SHOWN = 3  # tables: the rule, other splits, the sweep; the others are in the report
_LONGEST_TABLE = 30  # rows
_LEFT = ' style="text-align: left; vertical-align: top; overflow-wrap: anywhere; max-width: 24em"'
_RIGHT = ' style="text-align: right; vertical-align: top"'


@singledispatch
def html_of(value: Any) -> str:
    """HTML for a notebook's cell. What is not known here is shown by its ``facts()``, or as text."""
    if hasattr(value, "facts"):
        return _facts(value.facts())
    return f"<pre>{_text(repr(value))}</pre>"


@html_of.register
def _(value: Report) -> str:
    verdict = verdict_of(value.overlaps, value.findings)
    head = f"<p><b>{_text(verdict.line)}</b> {_text(' '.join(verdict.more))}</p>"
    return head + "".join(map(_table, value.tables))


@html_of.register
def _(value: Overlap) -> str:
    (row,) = dataset_table([value]).rows
    names = dataset_table([value]).header
    return _facts([*zip(names, row, strict=True), ("signature", value.train.signature)])


@html_of.register
def _(value: Findings) -> str:
    counts = examples_by_class(value)
    rows = [(kind, f"{counts[kind]:,} of {value.examples:,} examples") for kind in CLASSES if counts[kind]]
    rows.append(("matches", f"{len(value.matches):,}"))
    rows.append(("confirmed", f"{value.confirmed:,} of {value.asked:,} distinct n-grams"))
    head = f"<p><b>{_text(value.test)}</b> in <b>{_text(value.train)}</b></p>{_facts(rows)}"
    return head + _matches(value.show(), f"The {_SHOWN} longest; findings.show(ID) shows those of an example.", _SHOWN)


@html_of.register
def _(value: Matches) -> str:
    return _matches(value, f"The {_MOST} longest of {len(value):,}.", _MOST)


@html_of.register
def _(value: Match) -> str:
    return _side_by_side(value)


@html_of.register
def _(value: Comparison) -> str:
    return "".join(map(_table, comparison_tables(value)))


@html_of.register
def _(value: Audit) -> str:
    return "".join(map(_table, audit_tables(value)))


@html_of.register
def _(value: Impact) -> str:
    return "".join(map(_table, impact_tables(value)[:_IMPACT_SHOWN]))


@html_of.register
def _(value: Distributions) -> str:
    return "".join(map(_table, distribution_tables(value)))


@html_of.register
def _(value: TrainHeldout) -> str:
    return "".join(map(_table, gap_tables(value)))


def _text(text: str) -> str:
    return escape(visible(text))


def _facts(rows: Sequence[tuple[str, str]]) -> str:
    cells = (f"<tr><th{_LEFT}>{_text(name)}</th><td{_LEFT}>{_text(fact)}</td></tr>" for name, fact in rows)
    return f"<table>{''.join(cells)}</table>"


def _table(table: Table) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        sides = [_LEFT if i < table.labels else _RIGHT for i in range(len(cells))]
        drawn = (f"<{tag}{side}>{_text(cell)}</{tag}>" for cell, side in zip(cells, sides, strict=True))
        return f"<tr>{''.join(drawn)}</tr>"

    notes = "".join(f"<p><small>{_text(note)}</small></p>" for note in table.notes)
    body = "".join(row(cells, "td") for cells in table.rows[:_LONGEST_TABLE])
    if (more := len(table.rows) - _LONGEST_TABLE) > 0:
        notes = f"<p><small>… and {more:,} more row{'' if more == 1 else 's'}, in the report</small></p>{notes}"
    head = f"<caption{_LEFT}><b>{_text(table.title)}</b></caption><thead>{row(table.header, 'th')}</thead>"
    return f'<div style="overflow-x: auto"><table>{head}<tbody>{body}</tbody></table></div>{notes}'


def _matches(value: Matches, note: str, most: int) -> str:
    if not value.matches:
        return f"<p>No match of {_text(value.test)} in {_text(value.train)}.</p>"
    parts = []
    for match in value.matches[:most]:
        head = f"<p><b>{_text(title(value, match))}</b><br><small>{_text(facts(value, match))}</small></p>"
        parts.append(head + _side_by_side(match))
    if len(value) > most:
        parts.append(f"<p><small>{_text(note)}</small></p>")
    return "".join(parts)


def _side_by_side(match: Match) -> str:
    cells = []
    for texts in (
        (match.test_before, match.test_text, match.test_after),
        (match.train_before, match.train_text, match.train_after),
    ):
        before, shared, after = map(_text, shown_sides(*texts))
        style = "text-align: left; vertical-align: top; width: 50%; white-space: pre-wrap"
        cells.append(f'<td dir="auto" style="{style}">{before}<mark>{shared}</mark>{after}</td>')
    heads = f"<tr><th{_LEFT}>test</th><th{_LEFT}>training</th></tr>"
    return f'<table style="width: 100%">{heads}<tr>{"".join(cells)}</tr></table>'


def text_of(value: Any) -> str:
    """Plain text for a terminal: Markdown, which reads well there."""
    if isinstance(value, Matches):
        pairs = [(value, match) for match in value.matches]
        return matches_markdown(pairs[:_MOST]) or one_line(f"no match of {value.test} in {value.train}")
    return repr(value)
