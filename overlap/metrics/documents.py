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

    Tulu 3 (Lambert et al. 2024, section 3.2): an example overlaps if this is over 50 %, strictly; 8-grams of the
    prompt. A 20-token prompt that shares 15 in a row has 0.75; 10 in a row 0.5, which is not over; 7 and 7 around a
    changed token 0.
    """
    return _share(found, found.covered)


def contaminated_tokens(found: ByDocument, least: int = 0) -> NDArray[np.float64]:
    """For each example, the share of its units in a span of at least ``least`` units that one training document has.

    Llama 2 (Touvron et al. 2023, A.6): spans may differ in four places (the ``budget`` of ``by_document``), not in
    their first ten tokens (n = 10) nor at their end; ``least`` is the paper's L, 10 to 50. ConTAM's TOKEN-EXTEND
    (Singh et al. 2024) is the same with n = 8 and its skip budget.
    """
    owners = np.repeat(np.arange(len(found)), found.units)
    inside = found.longest >= max(1, least)
    return _share(found, np.bincount(owners, inside, len(found)).astype(np.int64))


def longest_span(found: ByDocument) -> NDArray[np.float64]:
    """For each example, the share of it that the longest span in one training document covers, substitutions allowed.

    ConTAM's LONGEST-MATCH with its skip budget, exactly.
    """
    longest = np.zeros(len(found), np.int64)
    np.maximum.at(longest, np.repeat(np.arange(len(found)), found.units), found.longest)
    return _share(found, longest)


def contained_whole(found: ByDocument) -> NDArray[np.float64]:
    """For each example, 1 where it stands whole, from its first unit to its last, in one training document, else 0.

    Dodge et al. 2021, section 4.2: exact matches of the input, normalised for case and punctuation. With a budget of 0.
    """
    if found.budget:
        raise BadArgument(f"an example with {found.budget} substitutions is not whole: compare with budget=0")
    longest = longest_span(found)
    return np.where(np.isnan(longest), np.nan, (longest == 1.0).astype(np.float64))


def parts_in_one_document(found: ByDocument, first: str, second: str) -> NDArray[np.bool_]:
    """For each example, does one training document have n-grams of both parts? (Question and answer, for one.)"""
    for name in (first, second):
        if name not in found.parts:
            raise BadArgument(f"no part {name}; the test set has: {', '.join(found.parts) or 'none'}")
    return found.together[:, found.parts.index(first), found.parts.index(second)]
