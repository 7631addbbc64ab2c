"""Overlap of model samples against overlap of reference texts: two distributions, as numbers.

Radford et al. 2019, section 4 and figure 5. Generations are measured like a test set, and so are texts held out; the
samples repeat the training text more, or less, than people do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.displaying import Displayed
from overlap.errors import BadArgument
from overlap.impact.intervals import LEVEL
from overlap.impact.permuting import permuted
from overlap.impact.resampling import DRAWS, Draws, bootstrap_sums, percentile_interval, ratio
from overlap.impact.values import Estimate, plain
from overlap.metrics import CDF_POINTS, cdf, contamination, largest_distance
from overlap.results import Overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["METRICS", "Distribution", "Distributions", "distributions"]

METRICS = ("fraction", "coverage", "longest")
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
_CELLS = 1 << 21


@dataclass(frozen=True)
class Distribution:
    """The per-example overlap of one set of texts with one training set.

    ``cdf``: share of the examples with at most so much, at ``CDF_POINTS``; ``quantiles`` at ``QUANTILES``. Against the
    reference: ``difference`` of means, ``distance`` (the largest between the two CDFs) and its permutation p-value.
    """

    train: str
    own: bool
    test: str
    signature: str
    examples: int
    too_short: int
    mean: float
    cdf: tuple[float, ...]
    quantiles: tuple[float, ...]
    difference: Estimate | None
    distance: float | None
    p: float | None


@dataclass(frozen=True)
class Distributions(Displayed):
    """All distributions of a result, by metric; compared with the set named ``reference`` where there is one."""

    metric: str
    reference: str | None
    points: tuple[float, ...]
    quantile_points: tuple[float, ...]
    draws: Draws
    rows: tuple[Distribution, ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON values; what is not a number is null."""
        found: dict[str, Any] = plain(asdict(self))
        return found


def distributions(
    overlaps: Sequence[Overlap],
    *,
    reference: str | None = None,
    metric: str = "fraction",
    draws: int = DRAWS,
    seed: int = 0,
    level: float = LEVEL,
) -> Distributions:
    """The distribution of per-example overlap of every test set, and its distance from that of the ``reference`` set.

    ``metric``: ``fraction`` of n-grams, ``coverage`` of units, ``longest`` match. Raises ValueError for an unknown
    one, and for a reference that was not measured.
    """
    if metric not in METRICS:
        raise BadArgument(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")
    tests = list(dict.fromkeys(overlap.test for overlap in overlaps))
    if reference is not None and reference not in tests:
        raise BadArgument(f"reference {reference} was not measured; the result has: {', '.join(tests)}")
    random = Draws(draws, seed, level)
    known = {(overlap.train.name, overlap.train.own, overlap.test): _values(overlap, metric) for overlap in overlaps}
    rows = []
    for overlap in overlaps:
        values = known[overlap.train.name, overlap.train.own, overlap.test]
        against = known.get((overlap.train.name, overlap.train.own, reference or ""))
        compared = None if against is None or overlap.test == reference else _compared(values, against, random)
        rows.append(
            Distribution(
                overlap.train.name,
                overlap.train.own,
                overlap.test,
                overlap.train.signature,
                len(overlap),
                len(overlap) - values.size,
                float(values.mean()) if values.size else float("nan"),
                tuple(cdf(values).tolist()),
                tuple(np.quantile(values, QUANTILES).tolist()) if values.size else (float("nan"),) * len(QUANTILES),
                *(compared or (None, None, None)),
            )
        )
    return Distributions(metric, reference, CDF_POINTS, QUANTILES, random, tuple(rows))


def _values(overlap: Overlap, metric: str) -> NDArray[np.float64]:
    return contamination(overlap)[metric][overlap.ngrams > 0]


def _compared(
    values: NDArray[np.float64], against: NDArray[np.float64], draws: Draws
) -> tuple[Estimate, float, float] | None:
    """(difference of means with interval, distance, p-value); None where one side is empty."""
    if not values.size or not against.size:
        return None
    means = [
        _drawn_means(side, Draws(draws.draws, draws.seed + number, draws.level))
        for number, side in enumerate((values, against))
    ]
    low, high = percentile_interval(means[0] - means[1], min(values.size, against.size), draws.level)
    difference = Estimate(float(values.mean() - against.mean()), low, high)
    distance = largest_distance(values, against)
    return difference, distance, _distance_p(values, against, distance, draws)


def _drawn_means(values: NDArray[np.float64], draws: Draws) -> NDArray[np.float64]:
    sums = bootstrap_sums(np.stack([values, np.ones(values.size)], 1), draws)
    return ratio(sums[:, 0], sums[:, 1])


def _distance_p(values: NDArray[np.float64], against: NDArray[np.float64], distance: float, draws: Draws) -> float:
    """How often two random halves of such sizes are as far apart."""
    both = np.concatenate([values, against])
    order = np.argsort(both, kind="stable")
    last = np.flatnonzero(np.diff(both[order], append=np.inf) > 0)  # where the CDFs may be compared: behind ties
    steps = np.concatenate([np.full(values.size, 1 / values.size), np.full(against.size, -1 / against.size)])
    generator = np.random.default_rng([draws.seed, 4])
    block = max(1, min(draws.draws, _CELLS // both.size))
    reached = 0
    for first in range(0, draws.draws, block):
        shuffled = permuted(steps, np.zeros(both.size, np.int64), min(block, draws.draws - first), generator)
        apart = np.abs(np.cumsum(shuffled, axis=1)[:, last]).max(axis=1)
        reached += int(np.count_nonzero(apart >= distance - 1e-9))
    return (1 + reached) / (1 + draws.draws)
