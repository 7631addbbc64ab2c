"""What is too little to say anything: too few examples or clusters on a side of a split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap.impact.resampling import count_clusters
from overlap.impact.scores import ModelScores
from overlap.impact.splits import Split

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LEAST_CLUSTERS", "LEAST_EXAMPLES", "SIDES", "fewest_clusters", "is_estimable", "problem_of"]

LEAST_EXAMPLES = 20
LEAST_SHARE = 0.02
LEAST_CLUSTERS = 5  # with three, tests raise alarms in 9 % of data sets, and intervals cover 50 to 80 % (simulated)
SIDES = "sides"  # two sets of texts, of any sizes: no share of one set is flagged


def is_estimable(dirty: int, clean: int) -> bool:
    """Are there enough of both: at least 20 each, and from 2 % to 98 % flagged?

    >>> is_estimable(19, 900), is_estimable(30, 2000), is_estimable(30, 900)
    (False, False, True)
    """
    total = dirty + clean
    return min(dirty, clean) >= LEAST_EXAMPLES and LEAST_SHARE * total <= dirty <= (1 - LEAST_SHARE) * total


def problem_of(model: ModelScores, split: Split, clusters: NDArray[np.int64]) -> str:
    """Why the difference is not estimable, or nothing. Examples without tokens say nothing of it, and do not count."""
    heavy = model.weights > 0
    masks = split.clean & heavy, split.dirty & heavy
    clean, dirty = (int(mask.sum()) for mask in masks)
    if min(clean, dirty) < LEAST_EXAMPLES:
        return f"only {min(clean, dirty):,} {'clean' if clean < dirty else 'dirty'} examples"
    if not is_estimable(dirty, clean) and split.kind != SIDES:
        return f"{100 * dirty / (clean + dirty):.1f} % are dirty"
    groups = [count_clusters(clusters[mask]) for mask in masks]
    if min(groups) < LEAST_CLUSTERS:
        side = "clean" if groups[0] < groups[1] else "dirty"
        return f"the {side} examples are of only {min(groups)} cluster{'s' * (min(groups) != 1)}"
    return ""


def fewest_clusters(split: Split, clusters: NDArray[np.int64]) -> int:
    """The number of clusters on the side of the split that has fewer; ``clusters``: shape (examples,)."""
    return min(count_clusters(clusters[mask]) for mask in (split.clean, split.dirty))
