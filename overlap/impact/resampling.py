"""The cluster bootstrap: examples that belong together are drawn together, with their labels attached.

Every statistic here is a ratio of sums (a mean of scores; a mean log-likelihood weighted by tokens), so one matrix of
sums for each cluster is all that a draw needs, and all subsets of all models are drawn jointly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap.errors import BadArgument
from overlap.impact.intervals import LEVEL, expanded_level

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DRAWS", "Draws", "bootstrap_sums", "cluster_sums", "number_clusters", "percentile_interval", "ratio"]

DRAWS = 10_000
_CELLS = 1 << 22  # of one block of draws: 32 MB


@dataclass(frozen=True)
class Draws:
    """How the random part is done: number of draws, seed, level of intervals. Raises ValueError outside of these."""

    draws: int = DRAWS
    seed: int = 0
    level: float = LEVEL

    def __post_init__(self) -> None:
        if not 2 <= self.draws <= 1_000_000:
            raise BadArgument(f"draws must be from 2 to 1,000,000, not {self.draws:,}")
        if not 0.5 <= self.level < 1:
            raise BadArgument(f"level must be from 0.5 to below 1, not {self.level:g}")
        if self.seed < 0:
            raise BadArgument(f"seed must not be negative, not {self.seed}")


def number_clusters(names: NDArray[np.int64]) -> NDArray[np.int64]:
    """Clusters numbered from 0 without gaps, in the order of their names."""
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def cluster_sums(columns: NDArray[np.float64], clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sums of each column over each cluster; (examples, columns) -> (clusters, columns).

    >>> cluster_sums(np.array([[1.0, 1], [2, 1], [5, 1]]), np.array([0, 0, 1])).tolist()
    [[3.0, 2.0], [5.0, 1.0]]
    """
    count = int(clusters.max(initial=-1)) + 1
    if count == clusters.size and (clusters == np.arange(count)).all():
        return columns
    sums = np.zeros((count, columns.shape[1]))
    np.add.at(sums, clusters, columns)
    return sums


def bootstrap_sums(sums: NDArray[np.float64], draws: Draws) -> NDArray[np.float64]:
    """Sums over clusters drawn with replacement; (clusters, columns) -> (draws, columns)."""
    generator = np.random.default_rng(draws.seed)
    count = sums.shape[0]
    block = max(1, min(draws.draws, _CELLS // max(1, count)))
    out = np.empty((draws.draws, sums.shape[1]))
    for first in range(0, draws.draws, block):
        size = min(block, draws.draws - first)
        drawn = generator.integers(0, count, (size, count))
        drawn += count * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
        out[first : first + size] = times.astype(np.float64) @ sums
    return out


def ratio(sums: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """sums / weights, NaN where there is no weight."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(weights > 0, sums / weights, np.nan)


def percentile_interval(values: NDArray[np.float64], clusters: int, level: float) -> tuple[float, float]:
    """The percentile interval of bootstrap draws, widened for few clusters; NaN where no draw is defined."""
    known = values[~np.isnan(values)]
    if not known.size:
        return float("nan"), float("nan")
    tail = (1 - expanded_level(clusters, level)) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)
