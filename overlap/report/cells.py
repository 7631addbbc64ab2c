"""Cells of statistical tables: numbers, estimates with intervals, p-values; and the four formats that they go to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from overlap.errors import BadArgument
from overlap.impact import Estimate
from overlap.report.rendering import to_csv, to_latex, to_markdown
from overlap.report.tables import Table

__all__ = ["NONE", "estimate", "flat", "number", "p_value", "rendered"]

NONE = "–"


def number(value: float) -> str:
    """Two decimals, no minus before a zero; a dash for what is not a number."""
    return NONE if value != value else f"{value:z.2f}"


def estimate(value: Estimate) -> str:
    """A value with its interval."""
    return NONE if value.value != value.value else f"{value.value:z.2f} [{value.low:z.2f}, {value.high:z.2f}]"


def p_value(value: float | None) -> str:
    """Three decimals, ``<0.001`` below that."""
    if value is None or value != value:
        return NONE
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def rendered(format: str, tables: Sequence[Table], body: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """One of the formats but the terminal. Raises ValueError for any other."""
    if format == "json":
        return json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if format == "csv":
        return to_csv(rows)
    if format == "latex":
        return to_latex(tables)
    if format == "md":
        return to_markdown(tables)
    raise BadArgument(f"format must be md, csv, json or latex, not {format!r}")


def flat(values: dict[str, Any]) -> dict[str, Any]:
    """Estimates as three columns each; what is not a number is None."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat.update({name: value["value"], f"{name}_low": value["low"], f"{name}_high": value["high"]})
        else:
            flat[name] = value
    return {name: None if isinstance(value, float) and value != value else value for name, value in flat.items()}
