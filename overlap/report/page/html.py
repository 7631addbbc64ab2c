"""Puts the page together: values in, one self-contained HTML file out.

Whatever a test set holds is text to the page: the template escapes, matches travel as JSON and are shown by their text
only, and a content security policy lets nothing run but the one script whose hash it names, and nothing load at all.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from overlap.impact import Impact
from overlap.report.figures.from_impact import scores_by_overlap, sweep
from overlap.report.figures.from_results import bars, cdf, growth, spectrum
from overlap.report.figures.svg import SHOWN, curve_class, intervals_svg, lines_svg
from overlap.report.figures.values import Bars, Intervals, Lines
from overlap.report.page.cards import cards_of
from overlap.report.page.embedded import FIRST_PAGE, embedded_matches, short_name, train_name
from overlap.report.page.evidence import (
    BLIND_SPOTS,
    certification_table,
    examples_table,
    skipped_tables,
    sources_table,
    training_files_table,
    training_table,
)
from overlap.report.rendering import visible
from overlap.report.tables import Table, signatures
from overlap.report.verdict import LIMIT, verdict_of
from overlap.results import CLASSES, Findings, Overlap
from overlap.signature import common_noun, noun_of
from overlap.version import __version__

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render_page", "render_tables"]

_LONGEST_TABLE = 40  # rows; longer ones are folded
_NUMBER = re.compile(r"[<≤≥+−-]?\s*\.?\d|–$")
_WIDEST_TABLE6 = 8  # test sets; more of them are shown as rows, or the table would be wider than any screen


def render_page(
    overlaps: Sequence[Overlap],
    findings: Sequence[Findings] = (),
    tables: Sequence[Table] = (),
    details: Sequence[Table] = (),
    impact: Impact | None = None,
    limit: float = LIMIT,
) -> str:
    """The page on these overlaps. ``tables`` come first (Table 6), ``details`` after the figures."""
    known = tuple(signature for _, signature in signatures(overlaps))
    matches = embedded_matches(findings)
    verdict = verdict_of(overlaps, findings, limit)
    located = {(item.train, item.own, item.test) for item in findings}
    unseen = [item for item in overlaps if (item.train.name, item.train.own, item.test) not in located]
    unseen = [item for item in unseen if not (item.train.members and findings)]
    return _rendered(
        "page.html",
        {
            "verdict": verdict,
            "signatures": signatures(overlaps),
            "tables": [_upright(table, known) for table in tables],
            "details": details,
            "cards": cards_of(overlaps, findings, limit),
            "bars": _bar_rows(bars(overlaps)),
            "figures": _figures(overlaps, findings, impact),
            "examples": examples_table(unseen),
            "matches": matches,
            "first_matches": matches.dicts(FIRST_PAGE),
            "kinds": [kind for kind in CLASSES if any(m.kind == kind for item in findings for m in item.matches)],
            "tests": list(dict.fromkeys(short_name(item.test) for item in findings if item.matches)),
            "trains": list(dict.fromkeys(train_name(item) for item in findings if item.matches)),
            "rules": list(dict.fromkeys((item.rule, noun_of(item.unit)) for item in findings)),
            "noun": common_noun(item.unit for item in findings),
            "page_size": FIRST_PAGE,
            "evidence": [
                training_table(overlaps),
                training_files_table(overlaps),
                sources_table(overlaps),
                *skipped_tables(overlaps),
                certification_table(overlaps, findings),
            ],
            "blind_spots": BLIND_SPOTS,
        },
    )


def render_tables(line: str, tables: Sequence[Table]) -> str:
    """A page with a headline and nothing but tables."""
    return _rendered("tables.html", {"line": line, "tables": tables})


def _rendered(template: str, values: dict[str, Any]) -> str:
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    page = _environment().get_template(template)
    return page.render(policy=policy, style=style, script=script, version=__version__, **values).rstrip() + "\n"


def _upright(table: Table, known: tuple[str, ...]) -> Table:
    """With a row per test set where they are many, and without the signatures, which the page shows for themselves."""
    table = replace(table, notes=tuple(note for note in table.notes if not note.endswith(known)))
    return table.transposed() if len(table.header) > _WIDEST_TABLE6 + 2 else table


def _figures(overlaps: Sequence[Overlap], findings: Sequence[Findings], impact: Impact | None) -> list[dict[str, Any]]:
    """The curves: drawing, note, and a legend of (class, name)."""
    figures: list[Lines | Intervals] = [make(overlaps, findings) for make in (cdf, spectrum, growth)]
    if impact is not None:
        figures += [scores_by_overlap(impact), sweep(impact)]
    return [_drawn(figure, f"figure-{i}") for i, figure in enumerate(figures) if _names(figure)]


def _names(figure: Lines | Intervals) -> list[str]:
    return [curve.name for curve in figure.curves] if isinstance(figure, Lines) else [name for name, _ in figure.series]


def _drawn(figure: Lines | Intervals, name: str) -> dict[str, Any]:
    names = _names(figure)
    svg = lines_svg(figure, name) if isinstance(figure, Lines) else intervals_svg(figure, name)
    legend = [(curve_class(number), label) for number, label in enumerate(names[:SHOWN])]
    return {"figure": figure, "svg": _safe(svg), "legend": legend, "rest": names[SHOWN:]}


def _bar_rows(figure: Bars) -> dict[str, Any]:
    """The bars as rows of a table: (test set, training set, class, length of the bar in percent of the longest, %)."""
    values = [value for row in figure.values for value in row if value is not None]
    highest = max(values, default=0.0) or 1.0
    rows = []
    for column, name in enumerate(figure.names):
        group = [
            (train, f"s{number % SHOWN}", round(100 * value / highest, 2), value)
            for number, (train, row) in enumerate(zip(figure.series, figure.values, strict=True))
            if (value := row[column]) is not None
        ]
        rows.append((name, group))
    return {"figure": figure, "rows": rows}


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from overlap.report.tables import percent, whole_percent

    environment = Environment(
        loader=PackageLoader("overlap.report.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.globals["longest_table"] = _LONGEST_TABLE
    environment.filters["number_columns"] = _number_columns
    environment.filters["short_name"] = short_name
    environment.filters["percent"] = percent
    environment.filters["whole_percent"] = whole_percent
    environment.filters["thousands"] = lambda number: f"{number:,}"
    return environment


def _number_columns(table: Table) -> frozenset[int]:
    """The columns of numbers: those that are not labels, and most of whose cells begin as a number does."""
    places = range(table.labels, len(table.header))
    counts = {i: sum(1 for row in table.rows if _NUMBER.match(row[i])) for i in places}
    return frozenset(i for i, count in counts.items() if 2 * count >= len(table.rows))


@cache
def _asset(name: str) -> str:
    """A style sheet or script of ours, as it stands in the page."""
    return _safe(files("overlap.report.page").joinpath("templates", name).read_text(encoding="utf-8").strip())


def _safe(text: str) -> str:
    """Our own markup, not to be escaped."""
    from markupsafe import Markup

    return Markup(text)


def _hash(text: str) -> str:
    digest = hashlib.sha256(str(text).encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
