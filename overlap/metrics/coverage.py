"""Units covered by hits: Llama 3's and ConTAM's token coverage, the longest match, Llama 2's subsets, shares by limits.

Words or tokens: a unit is what the overlap's n-grams are made of. Values are NaN where an example has no n-gram.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from overlap.metrics.ngrams import ngram_fraction
from overlap.results import Findings, Overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "LLAMA2_SUBSETS",
    "by_limits",
    "contamination",
    "covered_units",
    "llama2_subsets",
    "longest_match",
    "longest_match_in_one_document",
    "longest_units",
    "token_coverage",
]

LLAMA2_SUBSETS = ("clean", "not clean", "not dirty", "dirty")


def covered_units(overlap: Overlap) -> NDArray[np.int64]:
    """For each example, its units that stand in at least one n-gram that the training set has.

    A run of k hits covers k + n - 1 units; where two runs are closer than n units, what both cover counts once.

    >>> from overlap.results import overlap_by_hand
    >>> covered_units(overlap_by_hand([(40, [(0, 2)]), (40, [(0, 1), (4, 1)])])).tolist()
    [9, 12]
    """
    owners = np.repeat(np.arange(len(overlap)), overlap.run_counts)
    starts, stops = overlap.run_starts, overlap.run_starts + overlap.run_lengths + overlap.n - 1
    fresh = starts.copy()
    same = owners[1:] == owners[:-1]
    fresh[1:] = np.where(same, np.maximum(starts[1:], stops[:-1]), starts[1:])
    return np.bincount(owners, stops - fresh, len(overlap)).astype(np.int64)


def token_coverage(overlap: Overlap) -> NDArray[np.float64]:
    """For each example, the share of its units that stand in an n-gram of the training set; NaN where it has none.

    Units covered / units. Llama 3 (Grattafiori et al. 2024, section 5.1.4) with 8 tokens; ConTAM's TOKEN-MATCH
    (Singh et al. 2024). The n-grams may come from many documents: Tulu 3's rule is another.

    >>> from overlap.results import overlap_by_hand
    >>> apart, one = (40, [(0, 1), (14, 1), (30, 1)]), (40, [(5, 17)])
    >>> token_coverage(overlap_by_hand([apart, one])).tolist()
    [0.6, 0.6]
    """
    share = covered_units(overlap) / np.maximum(1, overlap.units)
    return np.where(overlap.ngrams > 0, share, np.nan)


def longest_units(overlap: Overlap) -> NDArray[np.int64]:
    """For each example, the units of its longest run of hits; 0 where it has none."""
    longest = np.zeros(len(overlap), np.int64)
    owners = np.repeat(np.arange(len(overlap)), overlap.run_counts)
    np.maximum.at(longest, owners, overlap.run_lengths + overlap.n - 1)
    return longest


def longest_match(overlap: Overlap) -> NDArray[np.float64]:
    """For each example, the share of it that its longest run of hits covers; NaN where it has no n-gram.

    ConTAM's LONGEST-MATCH (Singh et al. 2024): longest span / units. Consecutive n-grams may come from different
    documents, which the index cannot tell; ``longest_match_in_one_document`` can.

    >>> from overlap.results import overlap_by_hand
    >>> longest_match(overlap_by_hand([(40, [(0, 1), (14, 1), (30, 1)]), (40, [(5, 17)])])).tolist()
    [0.2, 0.6]
    """
    return np.where(overlap.ngrams > 0, longest_units(overlap) / np.maximum(1, overlap.units), np.nan)


def longest_match_in_one_document(overlap: Overlap, findings: Findings) -> NDArray[np.float64]:
    """``longest_match`` of spans that one training document has in a row, as ``scan`` or ``locate`` found them.

    Exact: the longest place of every run is kept, whatever the number of sampled documents.
    """
    longest = np.zeros(len(overlap), np.int64)
    for run in findings.runs:
        longest[run.example] = max(longest[run.example], run.longest)
    return np.where(overlap.ngrams > 0, longest / np.maximum(1, overlap.units), np.nan)


def by_limits(values: NDArray[np.float64], limits: Sequence[float]) -> NDArray[np.int64]:
    """For each value, how many of the limits it reaches; -1 for NaN.

    infini-gram mini (Xu et al. 2025, section 4): of the share of an example's 50-character windows that are found,
    below 20 % is clean, from 20 % suspicious, from 80 % dirty.

    >>> by_limits(np.array([0.0, 0.199, 0.2, 0.79, 0.8, np.nan]), (0.2, 0.8)).tolist()
    [0, 0, 1, 1, 2, -1]
    """
    found = np.searchsorted(np.asarray(limits, np.float64), values, side="right")
    return np.where(np.isnan(values), -1, found).astype(np.int64)


def llama2_subsets(values: NDArray[np.float64]) -> dict[str, NDArray[np.bool_]]:
    """Llama 2's four subsets of examples by their share of contaminated tokens (Touvron et al. 2023, A.6).

    Clean: below 20 %; not clean: from 20 % on; not dirty: below 80 %; dirty: from 80 % on. They are two pairs of
    complements. Examples that were not measured (NaN) are in none.

    >>> {name: int(mask.sum()) for name, mask in llama2_subsets(np.array([0.1, 0.2, 0.8, np.nan])).items()}
    {'clean': 1, 'not clean': 2, 'not dirty': 2, 'dirty': 1}
    """
    with np.errstate(invalid="ignore"):
        masks = (values < 0.2, values >= 0.2, values < 0.8, values >= 0.8)
    return dict(zip(LLAMA2_SUBSETS, masks, strict=True))


def contamination(overlap: Overlap) -> dict[str, NDArray[np.float64]]:
    """What each example has by name: n-gram fraction, token coverage, longest match; all without the training text."""
    return {
        "fraction": ngram_fraction(overlap),
        "coverage": token_coverage(overlap),
        "longest": longest_match(overlap),
    }
