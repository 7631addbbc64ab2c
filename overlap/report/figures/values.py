"""What a figure shows: axes with units, and numbers. How it looks is for those who draw it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Bars", "Curve", "Figure", "Intervals", "Lines", "Point"]


@dataclass(frozen=True)
class Curve:
    """One line: ``x`` ascending, ``y`` as many."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Lines:
    """Curves over common axes; ``marks`` are upright lines.

    ``steps``: a curve is straight from point to point (""), or level, and jumps at each x: to the height that it has
    ``after`` it, or from the height that it has ``before`` it (up to there, that x with it).

    ``x_range`` and ``y_range`` are the ends of the axes, or None for those of the numbers.
    """

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    note: str
    steps: Literal["", "before", "after"] = ""
    log_x: bool = False
    log_y: bool = False
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    marks: tuple[tuple[float, str], ...] = ()

    @property
    def x_values(self) -> list[float]:
        """What the x axis has to hold: the curves, and the marks with room for their names on the right."""
        curves = [value for curve in self.curves for value in curve.x]
        return curves + [1.6 * value if self.log_x else value for value, _ in self.marks]


@dataclass(frozen=True)
class Bars:
    """Horizontal bars: under each of ``names`` one for each of ``series``: ``values[series][name]``, or None."""

    title: str
    x_label: str
    names: tuple[str, ...]
    series: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    note: str


@dataclass(frozen=True)
class Point:
    """A value at a place of the x axis, with the ends of its interval."""

    x: str
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Intervals:
    """Points with intervals over named places, a group for each of ``series``."""

    title: str
    x_label: str
    y_label: str
    places: tuple[str, ...]
    series: tuple[tuple[str, tuple[Point, ...]], ...]
    note: str


Figure = Lines | Bars | Intervals
