"""Shares of n-grams: GPT-2's overlap, GPT-3's any collision, PaLM's fraction.

Each says its formula, where it was published, and what comes out of a small case. A value for each example is NaN where
the example is too short to have an n-gram: not measured is not clean.
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

    Formula: 100 * hits / n-grams, summed over all examples.
    Source: Radford et al. 2019 (GPT-2), section 4 and table 6 (which do not say whether occurrences or distinct).

    Two examples of ten n-grams, two of the first being hits:

    >>> from overlap.results import overlap_by_hand
    >>> overlap_percent(overlap_by_hand([(17, [(0, 2)]), (17, [])]))
    10.0
    """
    return percent_of(int(overlap.hits.sum()), int(overlap.ngrams.sum()))


def distinct_overlap_percent(overlap: Overlap) -> float:
    """Share of the test set's distinct n-grams that the training set has, in percent.

    Formula: 100 * distinct hits / distinct n-grams.
    Source: Radford et al. 2019 (GPT-2), section 4 and table 6 (which do not say whether occurrences or distinct).

    Twenty n-grams, of which one stands five times and is the only hit: 25 % by occurrence, but

    >>> from overlap.results import overlap_by_hand
    >>> distinct_overlap_percent(overlap_by_hand([(27, [(0, 5)])], distinct=(16, 1)))
    6.25
    """
    return percent_of(overlap.distinct_hits, overlap.test_distinct)


def mean_overlap_percent(overlap: Overlap) -> float:
    """Mean over the examples that have any n-gram of the share of their n-grams that are hits, in percent.

    Formula: 100 * mean of (hits / n-grams) over the examples with n-grams.
    Source: Radford et al. 2019 (GPT-2), section 4: LAMBADA's "average overlap" (which may be pooled as well).

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

    Formula: number of examples with hits > share * n-grams.
    Source: Radford et al. 2019 (GPT-2), section 4: LAMBADA examples with any overlap, and with more than 15 %.

    >>> from overlap.results import overlap_by_hand
    >>> some = overlap_by_hand([(27, [(0, 3)]), (27, [(0, 4)]), (27, []), (7, [])])  # 15 %, 20 %, none, too short
    >>> examples_over(some, 0), examples_over(some, SIGNIFICANT_SHARE)
    (2, 1)
    """
    eligible = overlap.ngrams > 0
    return int(np.count_nonzero(overlap.hits[eligible] > share * overlap.ngrams[eligible]))


def expected_false_hits(overlap: Overlap) -> float:
    """Distinct test n-grams that may be expected to be hits by the filter's error alone.

    Those that were found are nearly all present.

    Formula: bound of the false-positive rate * (distinct n-grams - distinct hits).
    Source: of this tool (docs/method.md); the bound is that of Radford et al. 2019, section 4.

    >>> from dataclasses import replace
    >>> from overlap.results import overlap_by_hand
    >>> found = overlap_by_hand([(1007, [(0, 100)])])
    >>> expected_false_hits(replace(found, train=replace(found.train, bound=0.001)))
    0.9
    """
    return overlap.train.bound * (overlap.test_distinct - overlap.distinct_hits)


def macro_mean(percents: Sequence[float]) -> float:
    """The unweighted mean over data sets, as the paper's averages (5.9 % and 3.2 %) are.

    Formula: sum of the percents / their number.
    Source: Radford et al. 2019 (GPT-2), table 6, and the averages in section 4.

    >>> round(macro_mean([2.67, 0.66, 7.50, 2.34, 9.09, 13.19]), 1)
    5.9
    """
    return sum(percents) / len(percents)


def ngram_fraction(overlap: Overlap) -> NDArray[np.float64]:
    """For each example, the share of its n-grams that the training set has; NaN where it has none.

    A run of 9 words is two 8-grams: this is not the share of words covered.

    Formula: hits / n-grams; PaLM: contaminated from 0.7 on.
    Source: Chowdhery et al. 2022 (PaLM), section 8; Singh et al. 2024 (ConTAM), NGRAM-MATCH. Both rules were read in
    quotations only.

    >>> from overlap.results import overlap_by_hand
    >>> ngram_fraction(overlap_by_hand([(17, [(0, 2)]), (27, []), (7, [])])).tolist()
    [0.2, 0.0, nan]
    """
    return np.where(overlap.ngrams > 0, overlap.hits / np.maximum(1, overlap.ngrams), np.nan)


def any_collision(overlap: Overlap) -> NDArray[np.float64]:
    """For each example, 1 where any of its n-grams is in the training set, else 0; NaN where it has none.

    GPT-3's measurement, whose n is ``gpt3_n`` of the data set. Its filter of the training text, with windows and a
    limit on documents, is another rule: ``overlap clean --rule cut``.

    Formula: 1 if hits > 0, else 0.
    Source: Brown et al. 2020 (GPT-3), appendix C and table C.1.

    >>> from overlap.results import overlap_by_hand
    >>> any_collision(overlap_by_hand([(17, [(0, 2)]), (27, []), (7, [])])).tolist()
    [1.0, 0.0, nan]
    """
    return np.where(overlap.ngrams > 0, (overlap.hits > 0).astype(np.float64), np.nan)


def gpt3_n(units: NDArray[np.int64] | Sequence[int], least: int = 8, most: int = 13) -> int:
    """The n of a data set: the 5th percentile of its examples' lengths in words, from 8 to 13.

    How the percentile falls between two lengths is not published; here it is the largest length that at least 95 % of
    the examples have.

    Formula: min(13, max(8, 5th percentile of the lengths)).
    Source: Brown et al. 2020 (GPT-3), appendix C.

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
