"""Dirty minus clean over its cluster-robust error, for many labellings at once, with clusters moved at random.

A labelling is a column. Its dirty sum in a cluster has two parts: the cluster's share of dirty examples times its
whole sum, and what dirty examples have beyond that, which is 0 where a cluster is all clean or all dirty. A draw gives
each place the sums of another cluster, and turns the signs of the second part. Everything that it needs is a product of
a row of moved sums with a table of labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from overlap.impact.resampling import cluster_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Triple = tuple[Floats, Floats, Floats]

__all__ = ["ClusterSums"]

_NONE = 1e-12  # a sum of squares below this part of its terms is what rounding left of 0
_NO_Z = 1e-9  # and so is a difference of so few errors


@dataclass(frozen=True, eq=False)
class _Sides:
    """What turned signs need of clusters where they are: sums of either side, shape (clusters, columns), and totals.

    ``parts``: what a cluster adds to the difference; ``of_dirty``, ``of_clean``: 1 / weight of the side; ``squares``:
    of parts, heavy and light, and heavy times light. ``is_plain``: no cluster is mixed, all are of one weight.
    """

    dirty: Floats
    heavy: Floats
    light: Floats
    parts: Floats
    of_dirty: Floats
    of_clean: Floats
    squares: tuple[Floats, ...]
    is_plain: bool


@dataclass(frozen=True, eq=False)
class ClusterSums:
    """Sums of clusters, and their labels in each column.

    ``values`` (over the mean) and ``weights``: of all examples, shape (clusters,); ``shares``: of dirty examples;
    ``inner`` and ``inner_weights``: what dirty examples have beyond their share, shape (clusters, columns).
    """

    values: Floats
    weights: Floats
    shares: Floats
    inner: Floats
    inner_weights: Floats

    @classmethod
    def of(cls, values: Floats, weights: Floats, dirty: NDArray[np.bool_], clusters: NDArray[np.int64]) -> ClusterSums:
        """From examples: ``values`` over their mean; ``dirty`` of shape (examples, columns)."""
        flags = dirty.astype(np.float64)
        sums = cluster_sums(np.stack([values, weights, np.ones(values.size)], 1), clusters)
        shares = cluster_sums(flags, clusters) / sums[:, 2:]
        mixed = (shares > 0) & (shares < 1)
        inner = cluster_sums(flags * values[:, None], clusters) - shares * sums[:, :1]
        heavy = cluster_sums(flags * weights[:, None], clusters) - shares * sums[:, 1:2]
        close = np.abs(heavy) <= _NONE * sums[:, 1:2]
        return cls(sums[:, 0], sums[:, 1], shares, np.where(mixed, inner, 0.0), np.where(mixed & ~close, heavy, 0.0))

    def observed(self) -> Triple:
        """(difference, error, z) of each column with the clusters where they are; each of shape (columns,)."""
        found = self.permuted(np.arange(self.values.size)[None], np.ones((1, self.values.size)))
        return found[0][0], found[1][0], found[2][0]

    def permuted(self, order: NDArray[np.int64], signs: Floats) -> Triple:
        """(difference, error, z) for each row of orders and signs; each of shape (rows, columns).

        All NaN where one side is empty. z is 0 without a difference, and infinite where only the error is 0.
        """
        values, even = self.values[order], bool((self.weights == self.weights[:1]).all())
        weights = self.weights[:1][None] if even else self.weights[order]
        dirty, heavy = self._linear(values, weights, signs)
        total, weight = self.values.sum(), self.weights.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            a, b = 1 / np.where(heavy > 0, heavy, np.nan), 1 / np.where(weight - heavy > 0, weight - heavy, np.nan)
            dirty_mean, clean_mean = dirty * a, (total - dirty) * b
            # of each cluster: a (D - dirty_mean H) - b (S - D - clean_mean (W - H)), with D, H the dirty sums
            factors = a + b, -(a * dirty_mean + b * clean_mean), -b, b * clean_mean
            square, terms = self._square(values, weights, signs, factors)
            return self._studentised(dirty_mean - clean_mean, square, terms)

    def flipped(self, signs: Floats) -> Triple:
        """(difference, error, z) with every cluster in its place, and the sign of its values turned by each row.

        What a cluster has over the mean may as well be under it: so each side keeps its own spread (the wild cluster
        bootstrap with the null imposed, Cameron, Gelbach and Miller 2008; Davidson and Flachaire 2008). Shapes as in
        ``permuted``.
        """
        sides = self._sides
        a, b, found = sides.of_dirty, sides.of_clean, _dot(signs, sides.dirty)
        left = (signs @ self.values)[:, None] - found
        with np.errstate(invalid="ignore"):
            dirty_mean, clean_mean = a * found, b * left
            # of each cluster: its sign times "parts", less h H - k (W - H)
            h, k = a * dirty_mean, b * clean_mean
            if sides.is_plain:
                weight = self.weights[0]
                crossed = h * (a * weight * found) + k * (b * weight * left)
            else:
                parts = sides.parts
                crossed = h * _dot(signs, parts * sides.heavy) - k * _dot(signs, parts * sides.light)
            terms = sides.squares[0] + h * h * sides.squares[1] + k * k * sides.squares[2]
            return self._studentised(dirty_mean - clean_mean, terms - 2 * h * k * sides.squares[3] - 2 * crossed, terms)

    @cached_property
    def _sides(self) -> _Sides:
        dirty = self.shares * self.values[:, None] + self.inner
        heavy = self.shares * self.weights[:, None] + self.inner_weights
        light = self.weights[:, None] - heavy
        even = bool((self.weights == self.weights[:1]).all())
        with np.errstate(divide="ignore", invalid="ignore"):
            a, b = (1 / np.where(side.sum(0) > 0, side.sum(0), np.nan) for side in (heavy, light))
            parts = (a + b) * dirty - b * self.values[:, None]
        squares = tuple(
            (one * two).sum(0) for one, two in ((parts, parts), (heavy, heavy), (light, light), (heavy, light))
        )
        is_plain = even and not self.inner.any() and bool(((self.shares == 0) | (self.shares == 1)).all())
        return _Sides(dirty, heavy, light, parts, a, b, squares, is_plain)

    def _studentised(self, difference: Floats, square: Floats, terms: Floats) -> Triple:
        """(difference, error, z) from the sum of squares over clusters, and its positive terms."""
        count = self.values.size
        error = np.sqrt(np.where(square > _NONE * terms, square, 0.0) * count / max(1, count - 1))
        return difference, error, np.where(np.abs(difference) <= _NO_Z * error, 0.0, difference / error)

    def _linear(self, values: Floats, weights: Floats, signs: Floats) -> tuple[Floats, Floats]:
        """Sums of values and of weights of the dirty examples, shape (rows, columns)."""
        dirty = _dot(values, self.shares) + _dot(signs, self.inner)
        return dirty, _dot(weights, self.shares) + _dot(signs, self.inner_weights) + np.zeros_like(dirty)

    def _square(
        self, values: Floats, weights: Floats, signs: Floats, factors: tuple[Floats, Floats, Floats, Floats]
    ) -> tuple[Floats, Floats]:
        """Sum over clusters of (d D + h H + s S + w W)^2, and the sum of its positive terms (for rounding).

        D = share S + sign inner and H = share W + sign inner_weights: so it is ((d share + s) S + (h share + w) W +
        sign (d inner + h inner_weights))^2, whose products are taken one by one.
        """
        d, h, s, w = factors
        shares, inner, heavy = self.shares, self.inner, self.inner_weights
        squared = shares if ((shares == 0) | (shares == 1)).all() else np.square(shares)
        ss, sw, ww = (
            (_dot(moment, squared), _dot(moment, shares), float(np.sum(whole)))
            for moment, whole in (
                (values * values, self.values**2),
                (values * weights, self.values * self.weights),
                (weights * weights, self.weights**2),
            )
        )
        terms = d * d * ss[0] + 2 * d * s * ss[1] + s * s * ss[2]
        terms = terms + h * h * ww[0] + 2 * h * w * ww[1] + w * w * ww[2]
        found = terms + 2 * (d * h * sw[0] + (d * w + h * s) * sw[1] + s * w * sw[2])
        if inner.any() or heavy.any():
            within = d * d * (inner * inner).sum(0) + h * h * (heavy * heavy).sum(0)
            within = within + 2 * d * h * (inner * heavy).sum(0)
            terms, found = terms + within, found + within
            for moved, share, plain in ((signs * values, d, s), (signs * weights, h, w)):
                for table, factor in ((inner, d), (heavy, h)):
                    found = found + 2 * factor * (share * _dot(moved, shares * table) + plain * _dot(moved, table))
        return found, np.abs(terms)


def _dot(rows: Floats, table: Floats) -> Floats:
    """rows @ table, with rows of one column as if it was repeated; without work where the table is all 0."""
    if not table.any():
        return np.zeros((1, table.shape[1]))
    return rows * table.sum(0) if rows.shape[1] == 1 else rows @ table
