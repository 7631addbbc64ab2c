"""ConTAM's sweep over thresholds, with a p-value that knows how many thresholds were tried.

Singh et al. 2024 choose, for each model and benchmark, the threshold with the largest z of the estimated performance
gain. The best of many thresholds looks good by chance: with 19 of them and scores that have nothing to do with the
flags, the largest z is over 1.64 in 25 % of data sets, and the chosen gain is over one point. So the p-value here is
that of the largest z over all thresholds and metrics, by permutation, and the gain is estimated with thresholds chosen
on other folds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap.impact.permuting import permuted
from overlap.impact.resampling import Draws, cluster_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "THRESHOLDS",
    "SweepPoint",
    "SweepTest",
    "crossfit_labels",
    "is_estimable",
    "strata_of",
    "sweep_points",
    "sweep_test",
]

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(20))  # 0 (any), 0.05, ... 0.95
FOLDS = 5
LEAST_EXAMPLES = 20
LEAST_SHARE = 0.02
_CELLS = 1 << 21


@dataclass(frozen=True)
class SweepPoint:
    """One threshold of one metric: examples over it are dirty.

    ``gain``: mean of all minus mean of clean (for losses with the sign turned, so that more is better throughout);
    ``z_published``: gain / (sigma / sqrt(clean)); ``z``: with the finite-population correction, and of whole clusters;
    ``estimable``: enough clean and dirty examples to choose it.
    """

    metric: str
    threshold: float
    dirty: int
    clean: int
    gain: float
    z_published: float
    z: float
    estimable: bool


@dataclass(frozen=True)
class SweepTest:
    """The largest z over all estimable thresholds and metrics, and the share of permutations that reach it."""

    points: tuple[SweepPoint, ...]
    best: SweepPoint | None
    p: float


def is_estimable(dirty: int, clean: int) -> bool:
    """Are there enough of both: at least 20 each, and from 2 % to 98 % flagged?

    >>> is_estimable(19, 900), is_estimable(30, 2000), is_estimable(30, 900)
    (False, False, True)
    """
    total = dirty + clean
    return min(dirty, clean) >= LEAST_EXAMPLES and LEAST_SHARE * total <= dirty <= (1 - LEAST_SHARE) * total


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
    clean = _clean_masks(contamination, thresholds)
    mean, residuals = _residuals(values, weights)
    sums, shares, spread = _parts(clean, residuals, clusters, strata)
    scores = _standardised(sums @ shares, sums, shares, strata_of(clusters, strata), spread)
    sigma = float(np.sqrt(np.mean(residuals**2)))
    points = []
    names = [(metric, threshold) for metric in contamination for threshold in thresholds]
    for (metric, threshold), mask, z in zip(names, clean.T, scores, strict=True):
        count = int(mask.sum())
        weight = float(weights[mask].sum())
        gain = mean - float(values[mask].sum()) / weight if weight else float("nan")
        published = -float(residuals[mask].sum()) / (sigma * np.sqrt(count)) if count and sigma else float("nan")
        fits = is_estimable(mask.size - count, count)
        points.append(SweepPoint(metric, threshold, mask.size - count, count, gain, published, float(z), fits))
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
    """The sweep, and the one-sided p-value of its largest z over all thresholds and metrics, by permutation."""
    points = sweep_points(contamination, values, weights, clusters, strata, thresholds)
    fits = np.array([point.estimable and np.isfinite(point.z) for point in points], np.bool_)
    if not fits.any():
        return SweepTest(points, None, float("nan"))
    best = max((point for point, fit in zip(points, fits, strict=True) if fit), key=lambda point: point.z)
    clean = _clean_masks(contamination, thresholds)[:, fits]
    _, residuals = _residuals(values, weights)
    sums, shares, spread = _parts(clean, residuals, clusters, strata)
    of_cluster = strata_of(clusters, strata)
    generator = np.random.default_rng([draws.seed, 2])
    block = max(1, min(draws.draws, _CELLS // max(1, sums.size)))
    reached = 0
    for first in range(0, draws.draws, block):
        shuffled = permuted(sums, of_cluster, min(block, draws.draws - first), generator)
        found = _standardised(shuffled @ shares, sums, shares, of_cluster, spread)
        reached += int(np.count_nonzero(found.max(axis=1) >= best.z - 1e-9))
    return SweepTest(points, best, (1 + reached) / (1 + draws.draws))


def crossfit_labels(
    contamination: Mapping[str, NDArray[np.float64]],
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    clusters: NDArray[np.int64],
    strata: NDArray[np.int64],
    seed: int,
    thresholds: Sequence[float] = THRESHOLDS,
) -> NDArray[np.bool_] | None:
    """Which examples are dirty, each by the metric and threshold that were best on the other folds.

    Folds are of whole clusters. None where some fold finds no threshold to choose from.
    """
    count = int(clusters.max(initial=-1)) + 1
    folds = np.random.default_rng([seed, 3]).permutation(np.arange(count) % FOLDS)[clusters]
    dirty = np.zeros(values.size, np.bool_)
    for fold in range(FOLDS):
        others, mine = folds != fold, folds == fold
        known = {metric: column[others] for metric, column in contamination.items()}
        numbered = np.unique(clusters[others], return_inverse=True)[1]
        points = sweep_points(known, values[others], weights[others], numbered, strata[others], thresholds)
        fitting = [point for point in points if point.estimable and np.isfinite(point.z)]
        if not fitting:
            return None
        best = max(fitting, key=lambda point: point.z)
        dirty[mine] = contamination[best.metric][mine] > best.threshold
    return dirty


def strata_of(clusters: NDArray[np.int64], strata: NDArray[np.int64]) -> NDArray[np.int64]:
    """The stratum of each cluster."""
    found = np.zeros(int(clusters.max(initial=-1)) + 1, np.int64)
    found[clusters] = strata
    return found


def _clean_masks(contamination: Mapping[str, NDArray[np.float64]], thresholds: Sequence[float]) -> NDArray[np.bool_]:
    """Not over the threshold; shape (examples, metrics x thresholds)."""
    return np.concatenate([column[:, None] <= np.asarray(thresholds)[None] for column in contamination.values()], 1)


def _residuals(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """(mean of all, what each example has over it), the latter summing to 0."""
    mean = float(values.sum() / weights.sum())
    return mean, values - mean * weights


def _parts(
    clean: NDArray[np.bool_], residuals: NDArray[np.float64], clusters: NDArray[np.int64], strata: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of each cluster: its residuals' sum, its share of clean examples at each threshold; and their spread.

    The spread is the standard deviation, over all permutations within strata, of the sum of their products.
    """
    ones = np.ones((residuals.size, 1))
    grouped = cluster_sums(np.concatenate([residuals[:, None], ones, clean.astype(np.float64)], 1), clusters)
    sums, shares = grouped[:, 0], grouped[:, 2:] / grouped[:, 1:2]
    square = np.zeros(shares.shape[1])
    of_cluster = strata_of(clusters, strata)
    for stratum in np.unique(of_cluster):
        mine = of_cluster == stratum
        if mine.sum() > 1:
            left = np.square(sums[mine] - sums[mine].mean()).sum()
            square += left * np.square(shares[mine] - shares[mine].mean(0)).sum(0) / (mine.sum() - 1)
    return sums, shares, np.sqrt(square)


def _standardised(
    products: NDArray[np.float64],
    sums: NDArray[np.float64],
    shares: NDArray[np.float64],
    of_cluster: NDArray[np.int64],
    spread: NDArray[np.float64],
) -> NDArray[np.float64]:
    """z of the gain: clean examples below what chance expects, in standard deviations; NaN where there is no spread."""
    expected = np.zeros(shares.shape[1])
    for stratum in np.unique(of_cluster):
        mine = of_cluster == stratum
        expected += shares[mine].sum(0) * sums[mine].mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 0, (expected - products) / spread, np.nan)
