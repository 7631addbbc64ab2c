"""Distributions of per-example overlap: those of model samples against those of reference texts.

Radford et al. 2019, section 4 and figure 5: the CDF of the share of 8-grams that samples have in common with the
training set, beside that of texts held out. Samples to the left of the reference repeat less than people do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CDF_POINTS", "cdf", "largest_distance"]

CDF_POINTS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def cdf(values: NDArray[np.float64], points: Sequence[float] = CDF_POINTS) -> NDArray[np.float64]:
    """The share of the values that are at most each point; NaN are left out. Shape (points,).

    Formula: number of values <= point / number of values.
    Source: Radford et al. 2019 (GPT-2), section 4 and figure 5.

    >>> cdf(np.array([0.0, 0.0, 0.1, 0.6, np.nan]), (0.0, 0.1, 0.5, 1.0)).tolist()
    [0.5, 0.75, 0.75, 1.0]
    """
    known = np.sort(values[~np.isnan(values)])
    if not known.size:
        return np.full(len(points), np.nan)
    return np.searchsorted(known, np.asarray(points), side="right") / known.size


def largest_distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """The largest vertical distance of two CDFs (Kolmogorov and Smirnov's D); NaN where one has no values.

    Formula: largest |CDF of the first - CDF of the second| over all values.
    Source: of this tool (docs/impact.md): the two curves of Radford et al. 2019, figure 5, as one number.

    >>> largest_distance(np.array([0.0, 0.1, 0.2]), np.array([0.0, 0.5, 0.9]))
    0.6666666666666667
    """
    places = np.unique(np.concatenate([first[~np.isnan(first)], second[~np.isnan(second)]]))
    if np.isnan(first).all() or np.isnan(second).all():
        return float("nan")
    return float(np.abs(cdf(first, places.tolist()) - cdf(second, places.tolist())).max())
