"""Which examples belong together: those that share a training document, those of one group, or each its own.

Two examples whose text stands in one training document were seen, or not, together, and are mostly of one kind:
counting them as two makes intervals too narrow. Only duplicates and passages connect: through common phrases
everything would be one cluster. Where a result has no matches, every example is its own cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from overlap.errors import BadArgument
from overlap.impact.scores import Scores
from overlap.results import Findings, Overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CLUSTERS", "chosen_clusters", "chosen_strata", "shared_documents"]

CLUSTERS = ("auto", "document", "group", "example")
LENGTH_BINS = 5
_CONNECTING = ("duplicate", "passage")


def chosen_clusters(
    name: str, overlap: Overlap, findings: Sequence[Findings], scores: Scores
) -> tuple[str, NDArray[np.int64]]:
    """(what the clusters are, the cluster of each example). ``name``: of CLUSTERS, or a label column of the scores.

    ``auto`` is ``document`` where the result has matches, else ``example``. Raises ValueError for what is not there.
    """
    located = [item for item in findings if item.test == overlap.test and _is_side(item, overlap)]
    if name == "auto":
        name = "document" if located else "example"
    if name == "example":
        return name, np.arange(len(overlap), dtype=np.int64)
    if name == "document":
        if not located:
            raise BadArgument(f"no matches of {overlap.test} in {overlap.train.name}: run overlap locate first")
        return name, shared_documents(len(overlap), located)
    return name, _labels(name, "clusters", overlap, scores)


def chosen_strata(name: str | None, overlap: Overlap, scores: Scores, clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """The stratum of each example: one for all; fifths by ``length``; by ``group``, or a label column of the scores.

    Short examples are easier, and a hit is a larger share of them: without strata by length, shares may show just that.
    Clusters move whole, so that all examples of one are in the fifth of their mean length; ``clusters`` are numbers.
    """
    if name is None:
        return np.zeros(len(overlap), np.int64)
    if name == "length":
        measured = overlap.units[overlap.ngrams > 0]
        limits: NDArray[np.float64] = (
            np.quantile(measured, np.arange(1, LENGTH_BINS) / LENGTH_BINS) if measured.size else np.zeros(0)
        )
        numbered, sizes = np.unique(clusters, return_inverse=True, return_counts=True)[1:]
        means = np.bincount(numbered, overlap.units) / sizes
        return np.searchsorted(limits, means[numbered], side="left").astype(np.int64)
    return _labels(name, "strata", overlap, scores)


def shared_documents(examples: int, findings: Sequence[Findings]) -> NDArray[np.int64]:
    """Examples connected through training documents that they share a passage with; the smallest number names them."""
    parent = np.arange(examples, dtype=np.int64)

    def root(example: int) -> int:
        while parent[example] != example:
            parent[example] = parent[parent[example]]
            example = int(parent[example])
        return example

    first: dict[tuple[str, str, int], int] = {}
    for item in findings:
        for match in item.matches:
            if match.kind in _CONNECTING:
                other = first.setdefault((item.train, match.source, match.row), match.example)
                low, high = sorted((root(other), root(match.example)))
                parent[high] = low
    return np.array([root(example) for example in range(examples)], np.int64)


def _is_side(item: Findings, overlap: Overlap) -> bool:
    train = overlap.train
    return item.train in train.members if train.members else (item.train, item.own) == (train.name, train.own)


def _labels(name: str, what: str, overlap: Overlap, scores: Scores) -> NDArray[np.int64]:
    labels = overlap.groups if name == "group" else scores.labels.get(name)
    if labels is None:
        where = f"test set {overlap.test}" if name == "group" else scores.source
        raise BadArgument(f"{what} by {name}: {where} has no such labels")
    return np.unique(np.array(labels, str), return_inverse=True)[1].astype(np.int64)
