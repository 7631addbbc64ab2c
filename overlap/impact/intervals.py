"""Formulas that need no data: Wilson's interval, t quantiles, Holm's correction, detectable effects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

__all__ = ["LEVEL", "POWER", "detectable_effect", "expanded_level", "holm", "newcombe", "t_quantile", "wilson"]

LEVEL = 0.95
POWER = 0.8


def wilson(successes: float, trials: float, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927); for 0/1 scores of few examples, where normal theory is narrow.

    >>> [round(limit, 4) for limit in wilson(8, 10)]
    [0.4902, 0.9433]
    """
    if not trials:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, square = successes / trials, z * z / trials
    middle = share + square / 2
    half = z * math.sqrt(share * (1 - share) / trials + square / (4 * trials))
    return max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))


def newcombe(first: tuple[float, float], second: tuple[float, float], level: float = LEVEL) -> tuple[float, float]:
    """Interval of the first share minus the second, each as (successes, trials), from Wilson's limits of both.

    Newcombe 1998, method 10, and the first row of its table 2:

    >>> [round(limit, 4) for limit in newcombe((56, 70), (48, 80))]
    [0.0524, 0.3339]
    """
    one, other = first[0] / first[1], second[0] / second[1]
    low, high = wilson(*first, level)
    under, over = wilson(*second, level)
    return one - other - math.hypot(one - low, over - other), one - other + math.hypot(high - one, other - under)


def t_quantile(share: float, freedom: int) -> float:
    """Quantile of Student's t by its expansion in 1 / freedom (Abramowitz and Stegun 26.7.5): 0.2 % off at 5.

    >>> round(t_quantile(0.975, 19), 3), round(t_quantile(0.975, 10**9), 3)
    (2.093, 1.96)
    """
    z = NormalDist().inv_cdf(share)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def expanded_level(clusters: int, level: float = LEVEL) -> float:
    """The level that a bootstrap percentile interval is taken at, so that few clusters do not make it too narrow.

    Hesterberg 2015, section 5.3: sqrt(n / (n - 1)) * t(n - 1) instead of the normal quantile.

    >>> round(expanded_level(20), 4), round(expanded_level(10**6), 4)
    (0.9682, 0.95)
    """
    freedom = max(2, clusters - 1)
    return 2 * NormalDist().cdf(math.sqrt((freedom + 1) / freedom) * t_quantile((1 + level) / 2, freedom)) - 1


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction for several tests (Holm 1979); None or NaN, a test not made, is None.

    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    order = sorted((value, place) for place, value in enumerate(p_values) if value is not None and value == value)
    corrected: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (value, place) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * value))
        corrected[place] = highest
    return corrected


def detectable_effect(standard_error: float, level: float = LEVEL, power: float = POWER) -> float:
    """The smallest true difference that a two-sided test finds with this power: (z(1 - a / 2) + z(power)) * error.

    >>> round(detectable_effect(0.02), 4)
    0.056
    """
    normal = NormalDist()
    return (normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(power)) * standard_error
