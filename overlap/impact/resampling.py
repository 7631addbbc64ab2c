"""The cluster bootstrap: examples that belong together are drawn together, with their labels attached.

Every statistic here is a ratio of sums (a mean of scores; a mean log-likelihood weighted by tokens), so one matrix of
sums for each cluster is all that a draw needs, and all subsets of all models are drawn jointly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from overlap.errors import BadArgument
from overlap.impact.intervals import LEVEL, expanded_level

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "DRAWS",
    "Draws",
    "bootstrap_sums",
    "cluster_sums",
    "count_clusters",
    "number_clusters",
    "percentile_interval",
    "ratio",
]

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


def count_clusters(clusters: NDArray[np.int64]) -> int:
    """How many different clusters, of small numbers, these examples are of.

    >>> count_clusters(np.array([0, 4, 4]))
    2
    """
    return int(np.count_nonzero(np.bincount(clusters)))


def cluster_sums(columns: NDArray[np.float64], clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sums of each column over each cluster; (examples, columns) -> (clusters, columns).

    >>> cluster_sums(np.array([[1.0, 1], [2, 1], [5, 1]]), np.array([0, 0, 1])).tolist()
    [[3.0, 2.0], [5.0, 1.0]]
    """
    count = int(clusters.max(initial=-1)) + 1
    if count == clusters.size and (clusters == np.arange(count)).all():
        return columns
    return np.stack([np.bincount(clusters, column, count) for column in columns.T], 1)


def bootstrap_sums(sums: NDArray[np.float64], draws: Draws) -> NDArray[np.float64]:
    """Sums over clusters drawn with replacement; (clusters, columns) -> (draws, columns)."""
    count = sums.shape[0]
    if count * draws.draws <= _CELLS:
        return _times_drawn(count, draws) @ sums
    rows, sizes = _alike(sums)
    generator = np.random.default_rng(draws.seed)
    block = max(1, min(draws.draws, _CELLS // max(1, rows.shape[0])))
    out = np.empty((draws.draws, sums.shape[1]))
    for first in range(0, draws.draws, block):
        size = min(block, draws.draws - first)
        times = _times(generator, size, count) if sizes is None else generator.multinomial(count, sizes / count, size)
        out[first : first + size] = times.astype(np.float64) @ rows
    return out


def _times(generator: np.random.Generator, draws: int, count: int) -> NDArray[np.int64]:
    """How many times each of so many clusters is drawn; shape (draws, count)."""
    drawn = generator.integers(0, count, (draws, count))
    drawn += count * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * count).reshape(draws, count)


@lru_cache(maxsize=1)
def _times_drawn(count: int, draws: Draws) -> NDArray[np.float64]:
    """The same for a few clusters, kept for the next group of this size; not to be written to."""
    return _times(np.random.default_rng(draws.seed), draws.draws, count).astype(np.float64)


def _alike(sums: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64] | None]:
    """Clusters whose sums are equal need one number a draw: (different rows, how many clusters have each).

    (The rows as they are, None) where they are mostly different, as those of real-valued scores.
    """
    some = sums[:: max(1, sums.shape[0] // 1000)]
    if np.unique(some, axis=0).shape[0] > some.shape[0] // 4:
        return sums, None
    rows, sizes = np.unique(sums, axis=0, return_counts=True)
    return (rows, sizes) if 4 * rows.shape[0] <= sums.shape[0] else (sums, None)


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
