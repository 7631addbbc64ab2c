"""Axes: where the ticks stand, and what is written at them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Axis", "axis_of", "tick_text"]


@dataclass(frozen=True)
class Axis:
    """From ``low`` to ``high``, straight or logarithmic, with ticks."""

    low: float
    high: float
    is_log: bool
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Where a value stands: 0 at the low end, 1 at the high end; what is outside is at the end."""
        low, high, value = self.low, self.high, min(max(value, self.low), self.high)
        if self.is_log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return (value - low) / (high - low)


def axis_of(values: Sequence[float], is_log: bool = False, ends: tuple[float, float] | None = None) -> Axis:
    """An axis for these values (or between these ends), with four to eight ticks."""
    low, high = ends or (min(values, default=0.0), max(values, default=1.0))
    if is_log:
        low = max(low, 1e-12)
        high = max(high, 2 * low)
        return Axis(low, high, True, _log_ticks(low, high))
    low = low if ends else min(low, 0.0)
    high = high if high > low else low + 1
    step = _step(high - low)
    first = math.ceil(low / step - 1e-9)
    ticks = [round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]
    if not ends and ticks[-1] < high - 1e-9 * step:
        ticks.append(round(ticks[-1] + step, 12))
        high = ticks[-1]
    return Axis(low, high, False, tuple(ticks))


def _step(span: float) -> float:
    """1, 2 or 5 times a power of ten, so that four to eight steps make the span."""
    power = 10.0 ** math.floor(math.log10(span))
    return next(factor * power for factor in (0.1, 0.2, 0.5, 1.0, 2.0) if span / (factor * power) <= 8)


def _log_ticks(low: float, high: float) -> tuple[float, ...]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        ticks = tuple(f * 10.0**d for d in decades for f in factors if low * 0.999 <= f * 10.0**d <= high * 1.001)
        if len(ticks) <= 8:
            break
    return ticks[:: -(-len(ticks) // 8)] if ticks else (low, high)


def tick_text(value: float) -> str:
    """A number at a tick.

    >>> tick_text(0.5), tick_text(20.0), tick_text(12000.0), tick_text(3e6)
    ('0.5', '20', '12k', '3M')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
