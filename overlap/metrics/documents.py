"""Metrics that need to know which training document has what: Tulu 3, Llama 2, ConTAM's extended spans, whole fields.

They work on ``ByDocument``, what ``overlap.by_document`` found in the training text. NaN where an example has no
n-gram.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap.errors import BadArgument
from overlap.results import ByDocument

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "contained_whole",
    "contaminated_tokens",
    "covered_by_one_document",
    "longest_span",
    "parts_in_one_document",
]


def _share(found: ByDocument, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(found.units >= found.n, counts / np.maximum(1, found.units), np.nan)


def covered_by_one_document(found: ByDocument) -> NDArray[np.float64]:
    """For each example, the largest share of its units in n-grams shared with one and the same training document.

    Formula: largest number of units in n-grams of one document / units; Tulu 3: overlaps if over 0.5, strictly.
    Source: Lambert et al. 2024 (Tulu 3), section 3.2, 8-grams of the prompt; open-instruct's decontamination/search.py.

    Of 20 units, one document has 15 in a row; or 10; or 9 in one document and 8 in another:

    >>> from overlap.results import by_document_by_hand
    >>> found = by_document_by_hand([(20, [[(0, 15)]]), (20, [[(0, 10)]]), (20, [[(0, 9)], [(12, 8)]])])
    >>> covered_by_one_document(found).tolist()
    [0.75, 0.5, 0.45]
    """
    return _share(found, found.covered)


def contaminated_tokens(found: ByDocument, least: int = 0) -> NDArray[np.float64]:
    """For each example, the share of its units in a span of at least ``least`` units that one training document has.

    Spans may differ in four places (the ``budget`` of ``by_document``), not in their first ten tokens (n = 10) nor at
    their end; ``least`` is the paper's L, 10 to 50. ConTAM's TOKEN-EXTEND is the same with n = 8 and its skip budget.

    Formula: units in a span of >= L units of one document / units.
    Source: Touvron et al. 2023 (Llama 2), appendix A.6; Singh et al. 2024 (ConTAM), TOKEN-EXTEND, read in quotations
    only.

    Of 40 units, 20 in a row in one document and 12 in another:

    >>> from overlap.results import by_document_by_hand
    >>> found = by_document_by_hand([(40, [[(0, 20)], [(25, 12)]])], n=10, budget=4)
    >>> [contaminated_tokens(found, least)[0].item() for least in (10, 20, 30)]
    [0.8, 0.5, 0.0]
    """
    owners = np.repeat(np.arange(len(found)), found.units)
    inside = found.longest >= max(1, least)
    return _share(found, np.bincount(owners, inside, len(found)).astype(np.int64))


def longest_span(found: ByDocument) -> NDArray[np.float64]:
    """For each example, the share of it that the longest span in one training document covers, substitutions allowed.

    Exactly, where ``longest_match`` of an index may string the n-grams of several documents together.

    Formula: units of the longest span of one document / units.
    Source: Singh et al. 2024 (ConTAM), LONGEST-MATCH with its skip budget, read in quotations only.

    Three windows of 8 apart from each other, and 24 in a row:

    >>> from overlap.results import by_document_by_hand
    >>> longest_span(by_document_by_hand([(40, [[(0, 8), (16, 8), (32, 8)]]), (40, [[(5, 24)]])])).tolist()
    [0.2, 0.6]
    """
    longest = np.zeros(len(found), np.int64)
    np.maximum.at(longest, np.repeat(np.arange(len(found)), found.units), found.longest)
    return _share(found, longest)


def contained_whole(found: ByDocument) -> NDArray[np.float64]:
    """For each example, 1 where it stands whole, from its first unit to its last, in one training document, else 0.

    The field that was measured, normalised for case and punctuation; without substitutions.

    Formula: 1 if the longest span of one document is the whole example, else 0.
    Source: Dodge et al. 2021 (C4), section 4.2, read in quotations only.

    >>> from overlap.results import by_document_by_hand
    >>> contained_whole(by_document_by_hand([(12, [[(0, 12)]]), (12, [[(0, 11)], [(1, 11)]]), (5, [])])).tolist()
    [1.0, 0.0, nan]
    """
    if found.budget:
        raise BadArgument(f"an example with {found.budget} substitutions is not whole: compare with budget=0")
    longest = longest_span(found)
    return np.where(np.isnan(longest), np.nan, (longest == 1.0).astype(np.float64))


def parts_in_one_document(found: ByDocument, first: str, second: str) -> NDArray[np.bool_]:
    """For each example, does one training document have n-grams of both parts? (Question and answer, for one.)

    Formula: true if some document has an n-gram within the one part and an n-gram within the other.
    Source: of this tool (docs/metrics.md), after Dodge et al. 2021 (C4), section 4.2: input and label together.

    Question and answer of 12 units each: in one document; in two; the question only.

    >>> from overlap.results import by_document_by_hand
    >>> both, apart, one = [[(0, 12), (12, 9)]], [[(0, 12)], [(12, 9)]], [[(0, 12)]]
    >>> found = by_document_by_hand([(24, both), (24, apart), (24, one)], parts=[("question", 12), ("answer", 12)])
    >>> parts_in_one_document(found, "question", "answer").tolist()
    [True, False, False]
    """
    for name in (first, second):
        if name not in found.parts:
            raise BadArgument(f"no part {name}; the test set has: {', '.join(found.parts) or 'none'}")
    return found.together[:, found.parts.index(first), found.parts.index(second)]
