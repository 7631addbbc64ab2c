"""Shares of n-grams: GPT-2's overlap, GPT-3's any collision, PaLM's fraction.

A value for each example is NaN where the example is too short to have an n-gram: not measured is not clean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from overlap.errors import BadArgument
from overlap.results import Overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "SIGNIFICANT_SHARE",
    "any_collision",
    "distinct_overlap_percent",
    "examples_over",
    "expected_false_hits",
    "gpt3_n",
    "macro_mean",
    "mean_overlap_percent",
    "ngram_fraction",
    "overlap_percent",
    "percent_of",
]

SIGNIFICANT_SHARE = 0.15  # Radford et al. 2019, section 4: LAMBADA examples with more than 15 % overlap


def overlap_percent(overlap: Overlap) -> float:
    """Share of the test set's n-grams, by occurrence, that the training set has, in percent.

    Radford et al. 2019, section 4 and Table 6 (the paper does not say whether occurrences or distinct n-grams).

    Two examples of ten n-grams, two of the first being hits:

    >>> from overlap.results import overlap_by_hand
    >>> overlap_percent(overlap_by_hand([(17, [(0, 2)]), (17, [])]))
    10.0
    """
    return percent_of(int(overlap.hits.sum()), int(overlap.ngrams.sum()))


def distinct_overlap_percent(overlap: Overlap) -> float:
    """Share of the test set's distinct n-grams that the training set has, in percent."""
    return percent_of(overlap.distinct_hits, overlap.test_distinct)


def mean_overlap_percent(overlap: Overlap) -> float:
    """Mean over the examples that have any n-gram of the share of their n-grams that are hits, in percent.

    >>> from overlap.results import overlap_by_hand
    >>> mean_overlap_percent(overlap_by_hand([(17, [(0, 2)]), (27, []), (7, [])]))  # 20 %, 0 %, and one too short
    10.0
    """
    eligible = overlap.ngrams > 0
    if not eligible.any():
        return 0.0
    return 100 * float(np.mean(overlap.hits[eligible] / overlap.ngrams[eligible]))


def examples_over(overlap: Overlap, share: float) -> int:
    """How many examples have more than this share of their n-grams in the training set.

    ``examples_over(overlap, 0)`` counts those with any hit; examples that are too short never count.
    """
    eligible = overlap.ngrams > 0
    return int(np.count_nonzero(overlap.hits[eligible] > share * overlap.ngrams[eligible]))


def expected_false_hits(overlap: Overlap) -> float:
    """Distinct test n-grams that may be expected to be hits by the filter's error alone.

    bound * (distinct n-grams that are absent); those that were found are nearly all present.
    """
    return overlap.train.bound * (overlap.test_distinct - overlap.distinct_hits)


def macro_mean(percents: Sequence[float]) -> float:
    """The unweighted mean over data sets, as the paper's averages (5.9 % and 3.2 %) are.

    >>> round(macro_mean([2.67, 0.66, 7.50, 2.34, 9.09, 13.19]), 1)
    5.9
    """
    return sum(percents) / len(percents)


def ngram_fraction(overlap: Overlap) -> NDArray[np.float64]:
    """For each example, the share of its n-grams that the training set has; NaN where it has none.

    hits / n-grams. PaLM (Chowdhery et al. 2022, section 8) calls an example contaminated from 70 % on; ConTAM (Singh
    et al. 2024) calls this NGRAM-MATCH. A run of 9 words is two 8-grams: this is not the share of words covered.

    >>> from overlap.results import overlap_by_hand
    >>> ngram_fraction(overlap_by_hand([(17, [(0, 2)]), (27, []), (7, [])])).tolist()
    [0.2, 0.0, nan]
    """
    return np.where(overlap.ngrams > 0, overlap.hits / np.maximum(1, overlap.ngrams), np.nan)


def any_collision(overlap: Overlap) -> NDArray[np.float64]:
    """For each example, 1 where any of its n-grams is in the training set, else 0; NaN where it has none.

    GPT-3's measurement (Brown et al. 2020, appendix C), whose n is ``gpt3_n`` of the data set. Its filter of the
    training text, with windows and a limit on documents, is another rule: ``overlap clean --rule cut``.

    >>> from overlap.results import overlap_by_hand
    >>> any_collision(overlap_by_hand([(17, [(0, 2)]), (27, []), (7, [])])).tolist()
    [1.0, 0.0, nan]
    """
    return np.where(overlap.ngrams > 0, (overlap.hits > 0).astype(np.float64), np.nan)


def gpt3_n(units: NDArray[np.int64] | Sequence[int], least: int = 8, most: int = 13) -> int:
    """The n of a data set: the 5th percentile of its examples' lengths in words, from 8 to 13.

    Brown et al. 2020, appendix C. How the percentile falls between two lengths is not published; here it is the largest
    length that at least 95 % of the examples have.

    >>> gpt3_n([5, 9, 20, 30]), gpt3_n([11] * 6 + [40] * 94), gpt3_n([50] * 9)
    (8, 11, 13)
    """
    lengths = np.sort(np.asarray(units, np.int64))
    if not lengths.size:
        raise BadArgument("no examples: their lengths have no percentile")
    return int(np.clip(lengths[lengths.size * 5 // 100], least, most))


def percent_of(part: int, whole: int) -> float:
    """100 * part / whole, and 0 where there is no whole."""
    return 100 * part / whole if whole else 0.0
