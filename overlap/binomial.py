"""Exact limits of a binomial rate (Clopper and Pearson 1934), without scipy.

The limits are quantiles of beta distributions; the regularised incomplete beta function comes from its continued
fraction (Lentz's method), the quantile from bisection.
"""

from __future__ import annotations

import math

from overlap.errors import BadArgument

__all__ = ["lower_limit", "upper_limit"]

_TINY = 1e-300
_STEPS = 10_000


def upper_limit(hits: int, trials: int, confidence: float = 0.95) -> float:
    """The one-sided upper limit of the rate: with it or any lower rate, more hits are likelier than 1 - confidence.

    >>> f"{upper_limit(0, 1_000_000):.1e}"
    '3.0e-06'
    """
    _check(hits, trials, confidence)
    if hits == trials:
        return 1.0
    if hits == 0:
        return -math.expm1(math.log1p(-confidence) / trials)
    return _beta_quantile(confidence, hits + 1, trials - hits)


def lower_limit(hits: int, trials: int, confidence: float = 0.95) -> float:
    """The one-sided lower limit of the rate."""
    _check(hits, trials, confidence)
    if hits == 0:
        return 0.0
    if hits == trials:
        return math.exp(math.log1p(-confidence) / trials)
    return _beta_quantile(1 - confidence, hits, trials - hits + 1)


def _check(hits: int, trials: int, confidence: float) -> None:
    if not (0 <= hits <= trials and trials > 0 and 0 < confidence < 1):
        raise BadArgument(f"no such proportion: {hits} of {trials} at confidence {confidence}")


def _beta_quantile(probability: float, a: float, b: float) -> float:
    low, high = math.log(_TINY), 0.0  # bisected in the logarithm: rates are tiny
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _beta_cdf(math.exp(middle), a, b) < probability else (low, middle)
    return math.exp(high)


def _beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_front) * _continued_fraction(x, a, b) / a
    return 1 - math.exp(log_front) * _continued_fraction(1 - x, b, a) / b


def _continued_fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / _away_from_zero(1 + step * d)
            c = _away_from_zero(1 + step / c)
            value *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
