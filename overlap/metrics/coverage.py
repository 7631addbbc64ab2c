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
    "LLAMA2_LENGTHS",
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
LLAMA2_LENGTHS = (10, 20, 30, 40, 50)  # L, the least length of a span: Touvron et al. 2023, appendix A.6


def covered_units(overlap: Overlap) -> NDArray[np.int64]:
    """For each example, its units that stand in at least one n-gram that the training set has.

    Where two runs are closer than n units, what both cover counts once.

    Formula: size of the union of the runs' spans, a run of k hits spanning k + n - 1 units.
    Source: Grattafiori et al. 2024 (Llama 3), section 5.1.4, as the numerator of ``token_coverage``.

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

    The n-grams may come from many documents: Tulu 3's rule is another.

    Formula: covered units / units.
    Source: Grattafiori et al. 2024 (Llama 3), section 5.1.4, with 8 tokens; Singh et al. 2024 (ConTAM), TOKEN-MATCH,
    read in quotations only.

    >>> from overlap.results import overlap_by_hand
    >>> apart, one = (40, [(0, 1), (14, 1), (30, 1)]), (40, [(5, 17)])
    >>> token_coverage(overlap_by_hand([apart, one])).tolist()
    [0.6, 0.6]
    """
    share = covered_units(overlap) / np.maximum(1, overlap.units)
    return np.where(overlap.ngrams > 0, share, np.nan)


def longest_units(overlap: Overlap) -> NDArray[np.int64]:
    """For each example, the units of its longest run of hits; 0 where it has none.

    Formula: largest (k + n - 1) over the runs of k hits.
    Source: Singh et al. 2024 (ConTAM), as the numerator of LONGEST-MATCH, read in quotations only.

    >>> from overlap.results import overlap_by_hand
    >>> longest_units(overlap_by_hand([(40, [(0, 1), (14, 5)]), (40, [])])).tolist()
    [12, 0]
    """
    longest = np.zeros(len(overlap), np.int64)
    owners = np.repeat(np.arange(len(overlap)), overlap.run_counts)
    np.maximum.at(longest, owners, overlap.run_lengths + overlap.n - 1)
    return longest


def longest_match(overlap: Overlap) -> NDArray[np.float64]:
    """For each example, the share of it that its longest run of hits covers; NaN where it has no n-gram.

    Consecutive n-grams may come from different documents, which the index cannot tell;
    ``longest_match_in_one_document`` can.

    Formula: units of the longest run / units.
    Source: Singh et al. 2024 (ConTAM), LONGEST-MATCH, read in quotations only.

    >>> from overlap.results import overlap_by_hand
    >>> longest_match(overlap_by_hand([(40, [(0, 1), (14, 1), (30, 1)]), (40, [(5, 17)])])).tolist()
    [0.2, 0.6]
    """
    return np.where(overlap.ngrams > 0, longest_units(overlap) / np.maximum(1, overlap.units), np.nan)


def longest_match_in_one_document(overlap: Overlap, findings: Findings) -> NDArray[np.float64]:
    """``longest_match`` of spans that one training document has in a row, as ``scan`` or ``locate`` found them.

    Exact: the longest place of every run is kept, whatever the number of sampled documents.

    Formula: units of the longest stretch that one document has / units.
    Source: Singh et al. 2024 (ConTAM), LONGEST-MATCH, read in quotations only.

    A run of 17 n-grams spans 24 units; the document that has most of it has 20 of them:

    >>> from overlap.results import findings_by_hand, overlap_by_hand
    >>> overlap = overlap_by_hand([(40, [(5, 17)]), (40, []), (7, [])])
    >>> longest_match_in_one_document(overlap, findings_by_hand(overlap, [(20, "passage")])).tolist()
    [0.5, 0.0, nan]
    """
    longest = np.zeros(len(overlap), np.int64)
    for run in findings.runs:
        longest[run.example] = max(longest[run.example], run.longest)
    return np.where(overlap.ngrams > 0, longest / np.maximum(1, overlap.units), np.nan)


def by_limits(values: NDArray[np.float64], limits: Sequence[float]) -> NDArray[np.int64]:
    """For each value, how many of the limits it reaches; -1 for NaN.

    Formula: number of limits <= value; infini-gram mini: clean < 0.2 <= suspicious < 0.8 <= dirty.
    Source: Xu et al. 2025 (infini-gram mini), section 4, of ``word_window_share``.

    >>> by_limits(np.array([0.0, 0.199, 0.2, 0.79, 0.8, np.nan]), (0.2, 0.8)).tolist()
    [0, 0, 1, 1, 2, -1]
    """
    found = np.searchsorted(np.asarray(limits, np.float64), values, side="right")
    return np.where(np.isnan(values), -1, found).astype(np.int64)


def llama2_subsets(values: NDArray[np.float64]) -> dict[str, NDArray[np.bool_]]:
    """Llama 2's four subsets of examples by their share of contaminated tokens.

    They are two pairs of complements. Examples that were not measured (NaN) are in none.

    Formula: clean < 0.2; not clean >= 0.2; not dirty < 0.8; dirty >= 0.8.
    Source: Touvron et al. 2023 (Llama 2), appendix A.6 and table 51.

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
