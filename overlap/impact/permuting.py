"""Permutation tests of dirty against clean: clusters are moved at random, within strata, whole.

Dirty is compared with clean, never with all: a subset is not independent of the whole. The difference is divided by its
error, which is robust to clusters of different sizes and spreads (Janssen 1997; Chung and Romano 2013). Where a cluster
has dirty and clean examples, moving whole clusters says nothing of the difference inside it: that part of the
difference has its sign turned at random (as in a paired test; Hemerik, Goeman and Finos 2020). With single examples as
clusters, and with pairs of a dirty and a clean one, the test is exact; otherwise for many clusters.

Where clean and dirty scores differ in spread, or a few clusters are both, moving clusters alone raises alarms in 6 to
15 % of data sets instead of 5 % (simulated). So each test is made a second time with every cluster in its place and
the sign of what it has over the mean turned at random (the wild cluster bootstrap), and the larger p-value is taken:
it is right where one of them is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.impact.resampling import Draws
from overlap.impact.studentising import ClusterSums

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Difference", "difference_tests", "orders", "over_strata", "permuted", "strata_of"]

_CELLS = 1 << 22
_EQUAL = 1e-12  # of the largest score: what is nearer to its mean is equal to it


@dataclass(frozen=True)
class Difference:
    """Dirty minus clean, of means: the value, its cluster-robust standard error, and the two-sided p-value."""

    value: float
    error: float
    p: float


def permuted(
    values: NDArray[Any], strata: NDArray[np.int64], times: int, generator: np.random.Generator
) -> NDArray[Any]:
    """``values`` shuffled within strata, so many times; shape (times, values).

    >>> permuted(np.array([1.0, 2, 9]), np.array([0, 0, 1]), 4, np.random.default_rng(0))[:, 2].tolist()
    [9.0, 9.0, 9.0, 9.0]
    """
    if (strata == strata[:1]).all():
        return generator.permuted(np.broadcast_to(values, (times, values.size)), axis=1)
    order = np.argsort(strata, kind="stable")
    edges = np.flatnonzero(np.diff(strata[order], prepend=-1, append=-1))
    out = np.empty((times, values.size), values.dtype)
    for first, last in pairwise(edges.tolist()):
        out[:, order[first:last]] = generator.permuted(np.tile(values[order[first:last]], (times, 1)), axis=1)
    return out


def orders(
    strata: NDArray[np.int64], draws: Draws, stream: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Blocks of random orders of clusters within their strata, and of signs; each of shape (block, clusters)."""
    generator = np.random.default_rng([draws.seed, stream])
    block = max(1, min(draws.draws, _CELLS // max(1, strata.size)))
    numbers = np.arange(strata.size)
    for first in range(0, draws.draws, block):
        size = min(block, draws.draws - first)
        order = permuted(numbers, strata, size, generator)
        yield order, generator.integers(0, 2, order.shape, np.int8) * 2.0 - 1.0


def difference_tests(
    scores: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    dirty: NDArray[np.bool_],
    clusters: NDArray[np.int64],
    strata: NDArray[np.int64],
    draws: Draws,
) -> list[Difference]:
    """Test whether dirty and clean examples have one mean within their strata, for each model's (values, weights).

    A mean is a sum of values over a sum of weights. All arrays have one entry per example; ``clusters`` are numbered
    from 0, each within one stratum. With several strata, the values are taken over their stratum's mean: the difference
    is what is left of it.
    """
    sums = [ClusterSums.of(over_strata(*pair, strata), pair[1], dirty[:, None], clusters) for pair in scores]
    observed = [tuple(float(values[0]) for values in item.observed()) for item in sums]
    beyond = np.zeros((len(sums), 3), np.int64)
    for order, signs in orders(strata_of(clusters, strata), draws, 1):
        for counts, item, (_, _, z) in zip(beyond, sums, observed, strict=True):
            counts += _beyond(z, item.permuted(order, signs)[2], item.flipped(signs)[2])
    return [
        _judged(value, error, z, counts.tolist(), draws.draws)
        for (value, error, z), counts in zip(observed, beyond, strict=True)
    ]


def _beyond(z: float, moved: NDArray[np.float64], flipped: NDArray[np.float64]) -> list[int]:
    """How many z of moved clusters are as high, and as low; and how many of turned signs are as far from 0."""
    near = 1e-9 * abs(z) if np.isfinite(z) else 0.0
    counts = moved >= z - near, moved <= z + near, np.abs(flipped) >= abs(z) - near
    return [int(np.count_nonzero(count)) for count in counts]


def _judged(value: float, error: float, z: float, beyond: Sequence[int], draws: int) -> Difference:
    """Twice the smaller tail, as moved z lean to one side where scores are mostly right, or mostly wrong."""
    if z == 0 or np.isnan(value):
        return Difference(value, error, 1.0 if z == 0 else float("nan"))
    above, below, apart = ((1 + count) / (1 + draws) for count in beyond)
    return Difference(value, error, max(min(1.0, 2 * min(above, below)), apart))


def over_strata(
    values: NDArray[np.float64], weights: NDArray[np.float64], strata: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What each example has over the mean of its stratum (where there is one only, over that of all).

    What is left of equal scores by rounding is 0: else 0.1, which no binary fraction is, would differ from 0.1.

    >>> over_strata(np.array([1.0, 0, 5, 7]), np.ones(4), np.array([0, 0, 1, 1])).tolist()
    [0.5, -0.5, -1.0, 1.0]
    """
    numbered = np.unique(strata, return_inverse=True)[1]
    totals, sizes = np.bincount(numbered, values), np.bincount(numbered, weights)
    means = np.divide(totals, sizes, out=np.zeros_like(totals), where=sizes > 0)
    left = values - means[numbered] * weights
    largest = np.abs(values).max(initial=0.0)
    return np.where(np.abs(left) <= _EQUAL * largest, 0.0, left)


def strata_of(clusters: NDArray[np.int64], strata: NDArray[np.int64]) -> NDArray[np.int64]:
    """The stratum of each cluster."""
    found = np.zeros(int(clusters.max(initial=-1)) + 1, np.int64)
    found[clusters] = strata
    return found
