"""Permutation tests of dirty against clean: labels are moved at random, within strata, whole clusters at a time.

Dirty is compared with clean, never with all: a subset is not independent of the whole. The difference is divided by its
error, which is robust to clusters of different sizes (Janssen 1997; Chung and Romano 2013). With single examples as
clusters the test is exact; otherwise for many clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from overlap.impact.resampling import Draws, cluster_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Difference", "difference_tests", "over_strata", "permuted"]

_CELLS = 1 << 21


@dataclass(frozen=True)
class Difference:
    """Dirty minus clean, of means: the value, its cluster-robust standard error, and the two-sided p-value."""

    value: float
    error: float
    p: float


def permuted(
    values: NDArray[np.float64], strata: NDArray[np.int64], times: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """``values`` shuffled within strata, so many times; shape (times, values).

    >>> permuted(np.array([1.0, 2, 9]), np.array([0, 0, 1]), 4, np.random.default_rng(0))[:, 2].tolist()
    [9.0, 9.0, 9.0, 9.0]
    """
    if (strata == strata[:1]).all():
        return generator.permuted(np.broadcast_to(values, (times, values.size)), axis=1)
    order = np.argsort(strata, kind="stable")
    edges = np.flatnonzero(np.diff(strata[order], prepend=-1, append=-1))
    out = np.empty((times, values.size))
    for first, last in pairwise(edges.tolist()):
        out[:, order[first:last]] = generator.permuted(np.tile(values[order[first:last]], (times, 1)), axis=1)
    return out


def difference_tests(
    scores: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    dirty: NDArray[np.bool_],
    clusters: NDArray[np.int64],
    strata: NDArray[np.int64],
    draws: Draws,
) -> list[Difference]:
    """Test whether dirty and clean examples have one mean within their strata, for each model's (values, weights).

    A mean is a sum of values over a sum of weights. All arrays have one entry per example; ``clusters`` are numbered
    from 0, each within one stratum. Where a cluster has dirty and clean examples, its share of dirty ones is what is
    moved. With several strata, the values are taken over their stratum's mean: the difference is what is left of it.
    """
    flags = dirty.astype(np.float64)
    labels = cluster_sums(np.stack([flags, np.ones(flags.size), strata.astype(np.float64)], 1), clusters)
    share, of_cluster = labels[:, 0] / labels[:, 1], (labels[:, 2] / labels[:, 1]).astype(np.int64)
    observed, moments = [], []
    for values, weights in scores:
        values = over_strata(values, weights, strata)
        sums = cluster_sums(np.stack([flags * values, flags * weights, values, weights], 1), clusters)
        mean = sums[:, 2].sum() / sums[:, 3].sum()
        observed.append(_observed(sums))
        moments.append(_moments(sums[:, 2] - mean * sums[:, 3], sums[:, 3]))  # centred: squares lose no digits
    least = [abs(value / error) * (1 - 1e-9) if error > 0 else np.inf for value, error in observed]
    beyond = [0] * len(observed)
    generator = np.random.default_rng([draws.seed, 1])
    block = max(1, min(draws.draws, _CELLS // max(1, share.size)))
    for first in range(0, draws.draws, block):
        shares = permuted(share, of_cluster, min(block, draws.draws - first), generator)
        for number, columns in enumerate(moments):
            beyond[number] += int(np.count_nonzero(np.abs(_studentised(shares, columns)) >= least[number]))
    return [_judged(*pair, count, draws.draws) for pair, count in zip(observed, beyond, strict=True)]


def _judged(value: float, error: float, beyond: int, draws: int) -> Difference:
    if value == 0 or np.isnan(value):
        return Difference(value, error, 1.0 if value == 0 else float("nan"))
    return Difference(value, error, (1 + beyond) / (1 + draws))


def over_strata(
    values: NDArray[np.float64], weights: NDArray[np.float64], strata: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What each example has over the mean of its stratum; the values themselves where there is one stratum only.

    >>> over_strata(np.array([1.0, 0, 5, 7]), np.ones(4), np.array([0, 0, 1, 1])).tolist()
    [0.5, -0.5, -1.0, 1.0]
    """
    if np.unique(strata).size < 2:
        return values
    totals, sizes = np.bincount(strata, values), np.bincount(strata, weights)
    means = np.divide(totals, sizes, out=np.zeros_like(totals), where=sizes > 0)
    return values - means[strata] * weights


def _observed(sums: NDArray[np.float64]) -> tuple[float, float]:
    """(difference, robust standard error) with the labels as they are."""
    dirty_sum, dirty_weight, all_sum, all_weight = sums[:, :4].sum(0)
    clean_sum, clean_weight = all_sum - dirty_sum, all_weight - dirty_weight
    if dirty_weight <= 0 or clean_weight <= 0:
        return float("nan"), float("nan")
    dirty_mean, clean_mean = dirty_sum / dirty_weight, clean_sum / clean_weight
    of_dirty = (sums[:, 0] - dirty_mean * sums[:, 1]) / dirty_weight
    of_clean = (sums[:, 2] - sums[:, 0] - clean_mean * (sums[:, 3] - sums[:, 1])) / clean_weight
    count = sums.shape[0]
    square = float(np.square(of_dirty - of_clean).sum()) * count / max(1, count - 1)
    return float(dirty_mean - clean_mean), float(np.sqrt(square))


def _moments(sums: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each cluster: sum, weight, sum squared, sum times weight, weight squared; shape (clusters, 5)."""
    return np.stack([sums, weights, sums * sums, sums * weights, weights * weights], 1)


def _studentised(shares: NDArray[np.float64], moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Difference / error for each row of dirty shares; 0 where one side is empty. Shape (draws,)."""
    total = moments.sum(0)
    of_dirty, squared = shares @ moments, _squared(shares) @ moments[:, 2:]
    dirty_weight, clean_weight = of_dirty[:, 1], total[1] - of_dirty[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        dirty_mean, clean_mean = of_dirty[:, 0] / dirty_weight, (total[0] - of_dirty[:, 0]) / clean_weight
        linear = of_dirty[:, 2:]
        square = _spread(squared, dirty_mean, dirty_mean) / dirty_weight**2
        square += _spread(total[2:] - 2 * linear + squared, clean_mean, clean_mean) / clean_weight**2
        square -= 2 * _spread(linear - squared, dirty_mean, clean_mean) / (dirty_weight * clean_weight)
        count = shares.shape[1]
        difference = dirty_mean - clean_mean
        error = np.sqrt(np.maximum(square, 0) * count / max(1, count - 1))
        found = np.where(difference == 0, 0.0, difference / error)  # without any spread: infinitely many errors apart
    return np.where((dirty_weight > 0) & (clean_weight > 0), found, 0.0)


def _squared(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return shares if ((shares == 0) | (shares == 1)).all() else np.square(shares)


def _spread(
    squares: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum over clusters of (s - first w)(s - second w), from the sums of s s, s w and w w."""
    return squares[:, 0] - (first + second) * squares[:, 1] + first * second * squares[:, 2]
