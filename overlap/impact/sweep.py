"""ConTAM's sweep over thresholds, with a p-value that knows how many thresholds were tried.

Singh et al. 2024 choose, for each model and benchmark, the threshold with the largest z of the estimated performance
gain. The best of many thresholds looks good by chance: with 19 of them and scores that have nothing to do with the
flags, the largest z is over 1.64 in 25 % of data sets, and the chosen gain is over one point. So the p-value here is
that of the largest z over all thresholds and metrics, by permutation, and the gain is estimated on examples that did
not choose the threshold (``crossfitting``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap.impact.formulas import finite_population
from overlap.impact.guards import is_estimable
from overlap.impact.permuting import orders, over_strata, strata_of
from overlap.impact.resampling import Draws, cluster_sums
from overlap.impact.studentising import ClusterSums

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "THRESHOLDS",
    "SweepPoint",
    "SweepTest",
    "best_point",
    "sweep_points",
    "sweep_test",
]

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(20))  # 0 (any), 0.05, ... 0.95
LEAST_CLUSTERS = 20


@dataclass(frozen=True)
class SweepPoint:
    """One threshold of one metric: examples over it are dirty.

    ``gain``: score of all minus score of the clean ones; of every ``z``, more means that dirty examples do better (for
    losses the sign is turned). ``z_published``: gain / (sigma / sqrt(clean)); ``z_corrected``: for the finite
    population; ``z``: dirty minus clean, within strata, over its cluster-robust error. ``estimable``: enough clean and
    dirty examples, of enough clusters, to choose it.
    """

    metric: str
    threshold: float
    dirty: int
    clean: int
    gain: float
    z_published: float
    z_corrected: float
    z: float
    estimable: bool


@dataclass(frozen=True)
class SweepTest:
    """The largest z over all estimable thresholds and metrics, and the share of permutations that reach it."""

    points: tuple[SweepPoint, ...]
    best: SweepPoint | None
    p: float


def sweep_points(
    contamination: Mapping[str, NDArray[np.float64]],
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    clusters: NDArray[np.int64],
    strata: NDArray[np.int64],
    thresholds: Sequence[float] = THRESHOLDS,
) -> tuple[SweepPoint, ...]:
    """Every threshold of every metric. More of ``values`` must be better: turn the sign of losses.

    ``contamination`` has no NaN: leave out what is too short first.
    """
    dirty = _dirty_masks(contamination, thresholds)
    mean = float(values.sum() / weights.sum())
    residuals = over_strata(values, weights, np.zeros_like(strata))
    _, _, scores = ClusterSums.of(over_strata(values, weights, strata), weights, dirty, clusters).observed()
    fits = _are_estimable(dirty, weights, clusters)
    sigma = float(np.sqrt(np.mean(residuals**2)))
    points = []
    names = [(metric, threshold) for metric in contamination for threshold in thresholds]
    for (metric, threshold), mask, z, fit in zip(names, ~dirty.T, scores, fits, strict=True):
        count, weight = int(mask.sum()), float(weights[mask].sum())
        gain = mean - float(values[mask].sum()) / weight if weight else float("nan")
        published = -float(residuals[mask].sum()) / (sigma * np.sqrt(count)) if count and sigma else float("nan")
        corrected = finite_population(published, count, mask.size)
        found = float(z) if sigma else float("nan")
        points.append(
            SweepPoint(metric, threshold, mask.size - count, count, gain, published, corrected, found, bool(fit))
        )
    return tuple(points)


def sweep_test(
    contamination: Mapping[str, NDArray[np.float64]],
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    clusters: NDArray[np.int64],
    strata: NDArray[np.int64],
    draws: Draws,
    thresholds: Sequence[float] = THRESHOLDS,
) -> SweepTest:
    """The sweep, and the one-sided p-value of its largest z over all thresholds and metrics, by permutation.

    Every permutation divides every threshold's difference by its own error: a fixed one would take large or variable
    clusters for exchangeable with the others.
    """
    points = sweep_points(contamination, values, weights, clusters, strata, thresholds)
    best = best_point(points)
    if best is None:
        return SweepTest(points, None, float("nan"))
    fits = np.array([_is_candidate(point) for point in points], np.bool_)
    dirty = np.unique(_dirty_masks(contamination, thresholds)[:, fits], axis=1)  # neighbours often flag the same ones
    sums = ClusterSums.of(over_strata(values, weights, strata), weights, dirty, clusters)
    least = best.z - 1e-9 * abs(best.z)
    reached = np.zeros(2, np.int64)
    for order, signs in orders(strata_of(clusters, strata), draws, 2):
        for number, found in enumerate((sums.permuted(order, signs)[2], sums.flipped(signs)[2])):
            largest = np.nan_to_num(found, nan=-np.inf, posinf=np.inf).max(axis=1)
            reached[number] += int(np.count_nonzero(largest >= least))
    return SweepTest(points, best, (1 + int(reached.max())) / (1 + draws.draws))


def _is_candidate(point: SweepPoint) -> bool:
    """May this threshold be chosen: is it estimable, and has it a z?"""
    return point.estimable and not np.isnan(point.z)


def best_point(points: Sequence[SweepPoint]) -> SweepPoint | None:
    """The point with the largest z among those that may be chosen, the first of equals; None without any."""
    return max(filter(_is_candidate, points), key=lambda point: point.z, default=None)


def _dirty_masks(contamination: Mapping[str, NDArray[np.float64]], thresholds: Sequence[float]) -> NDArray[np.bool_]:
    """Over the threshold; shape (examples, metrics x thresholds)."""
    return np.concatenate([column[:, None] > np.asarray(thresholds)[None] for column in contamination.values()], 1)


def _are_estimable(
    dirty: NDArray[np.bool_], weights: NDArray[np.float64], clusters: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Has each column enough dirty and clean examples with tokens, and do they come from enough clusters?"""
    heavy = weights[:, None] > 0
    dirty_sizes, clean_sizes = (np.count_nonzero(mask & heavy, axis=0) for mask in (dirty, ~dirty))
    enough = [is_estimable(*map(int, sizes)) for sizes in zip(dirty_sizes, clean_sizes, strict=True)]
    groups = [np.count_nonzero(cluster_sums((m & heavy).astype(np.float64), clusters), axis=0) for m in (dirty, ~dirty)]
    found: NDArray[np.bool_] = np.array(enough, np.bool_) & (np.minimum(*groups) >= LEAST_CLUSTERS)
    return found
