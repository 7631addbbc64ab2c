"""Figures as SVG for the HTML page: small, without style attributes (the page's policy forbids them), themable.

Colours and dashes come from the page's style sheet by the classes ``s0`` to ``s7``; further curves are ``rest``.
"""

from __future__ import annotations

from collections.abc import Sequence

from overlap.report.figures.axes import Axis, axis_of, tick_text
from overlap.report.figures.values import Curve, Intervals, Lines
from overlap.report.rendering import visible

__all__ = ["SHOWN", "curve_class", "intervals_svg", "lines_svg"]

SHOWN = 8  # curves that have a colour and a dash of their own
_WIDTH, _HEIGHT = 480, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 12, 46


def curve_class(number: int) -> str:
    """The class of the curve with this number."""
    return f"s{number}" if number < SHOWN else "rest"


def lines_svg(figure: Lines, name: str) -> str:
    """The curves as an SVG element; ``name`` makes its ids unique in the page."""
    x = axis_of(figure.x_values, figure.log_x, figure.x_range)
    y = axis_of([v for curve in figure.curves for v in curve.y], figure.log_y, figure.y_range)
    parts = [_frame(x, y, figure.x_label, figure.y_label)]
    for value, label in figure.marks:
        at = _x(x, value)
        parts.append(f'<line class="mark" x1="{at}" x2="{at}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>')
        parts.append(f'<text class="mark" x="{at}" dx="4" y="{_TOP + 11}">{_text(label)}</text>')
    for number, curve in reversed(list(enumerate(figure.curves))):
        path = _path(curve, x, y, figure.steps)
        parts.append(f'<path class="line {curve_class(number)}" d="{path}"><title>{_text(curve.name)}</title></path>')
    return _whole(name, figure.title, f"{figure.y_label} against {figure.x_label}. {figure.note}", parts)


def intervals_svg(figure: Intervals, name: str) -> str:
    """Points with intervals as an SVG element."""
    values = [v for _, points in figure.series for point in points for v in (point.low, point.high)]
    y = axis_of(values)
    x = Axis(0, len(figure.places), False, ())
    parts = [_frame(x, y, figure.x_label, figure.y_label)]
    for i, place in enumerate(figure.places):
        spot = f'x="{_x(x, i + 0.5)}" y="{_HEIGHT - _BOTTOM + 15}"'
        parts.append(f'<text class="place" {spot} text-anchor="middle">{_text(place)}</text>')
    for number, (series, points) in enumerate(figure.series):
        shift = (number + 1) / (len(figure.series) + 1)
        for point in points:
            at = _x(x, figure.places.index(point.x) + shift)
            title = f"{series}, {point.x}: {point.y:.4g} ({point.low:.4g} to {point.high:.4g})"
            parts.append(
                f'<g class="{curve_class(number)}"><title>{_text(title)}</title>'
                f'<line class="line" x1="{at}" x2="{at}" y1="{_y(y, point.low)}" y2="{_y(y, point.high)}"/>'
                f'<circle class="point" cx="{at}" cy="{_y(y, point.y)}" r="4"/></g>'
            )
    return _whole(name, figure.title, f"{figure.y_label} by {figure.x_label}. {figure.note}", parts)


def _whole(name: str, title: str, description: str, parts: Sequence[str]) -> str:
    return (
        f'<svg class="figure" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">{_text(title)}</title>'
        f'<desc id="{name}-desc">{_text(description)}</desc>{"".join(parts)}</svg>'
    )


def _frame(x: Axis, y: Axis, x_label: str, y_label: str) -> str:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = []
    for tick in y.ticks:
        at = _y(y, tick)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{at}" y2="{at}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at}" dy="4" text-anchor="end">{tick_text(tick)}</text>')
    for tick in x.ticks:
        at = _x(x, tick)
        parts.append(f'<line class="axis" x1="{at}" x2="{at}" y1="{bottom}" y2="{bottom + 4}"/>')
        parts.append(f'<text x="{at}" y="{bottom + 16}" text-anchor="middle">{tick_text(tick)}</text>')
    middle = (_LEFT + right) / 2
    parts.append(f'<line class="axis" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    parts.append(f'<text class="label" x="{middle:g}" y="{_HEIGHT - 8}" text-anchor="middle">{_text(x_label)}</text>')
    parts.append(
        f'<text class="label" transform="rotate(-90)" x="{-(_TOP + bottom) / 2:g}" y="12" '
        f'text-anchor="middle">{_text(y_label)}</text>'
    )
    return "".join(parts)


def _path(curve: Curve, x: Axis, y: Axis, steps: str) -> str:
    points = [(_x(x, a), _y(y, b)) for a, b in zip(curve.x, curve.y, strict=True)]
    (first_x, first_y), *others = points
    if steps:
        return f"M{first_x} {first_y}" + "".join(f"H{a}V{b}" if steps == "after" else f"V{b}H{a}" for a, b in others)
    if not others:  # a single point would draw nothing
        return f"M{first_x - 3:g} {first_y}h6"
    return f"M{first_x} {first_y}" + "".join(f"L{a} {b}" for a, b in others)


def _x(axis: Axis, value: float) -> float:
    return round(_LEFT + axis.place(value) * (_WIDTH - _RIGHT - _LEFT), 1)


def _y(axis: Axis, value: float) -> float:
    return round(_HEIGHT - _BOTTOM - axis.place(value) * (_HEIGHT - _BOTTOM - _TOP), 1)


def _text(text: str) -> str:
    from html import escape

    return escape(visible(text))
