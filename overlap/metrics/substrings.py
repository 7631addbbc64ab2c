"""Substrings: GPT-4's few random windows of each example, infini-gram mini's at a stride of one word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap.errors import BadArgument
from overlap.results import Overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["sampled_windows", "word_window_share"]


def sampled_windows(overlap: Overlap, windows: int = 3, seed: int = 0) -> NDArray[np.float64]:
    """For each example, 1 where any of ``windows`` of its n-grams, drawn at random, is in the training set, else 0.

    The windows are n-grams of the overlap (unit ``chars``, n = 50), drawn without replacement where there are enough.
    Another ``seed`` flags other examples: it belongs in the report, and ``any_collision``, which looks at all windows,
    misses nothing. NaN where an example has no n-gram: the paper then looks for the whole string, which n-grams cannot.

    Formula: 1 if any of three random substrings of 50 characters, spaces and symbols removed, is a hit, else 0.
    Source: OpenAI 2023 (GPT-4), appendix C.

    >>> from overlap.results import overlap_by_hand
    >>> whole, part = (60, [(0, 11)]), (1049, [(0, 10)])
    >>> sampled_windows(overlap_by_hand([whole, part, (30, [])], n=50)).tolist()
    [1.0, 0.0, nan]
    """
    if windows < 1:
        raise BadArgument(f"windows must be at least 1, not {windows}")
    generator = np.random.default_rng(seed)
    flags = np.full(len(overlap), np.nan)
    ends = overlap.run_ends
    for example in np.flatnonzero(overlap.ngrams):
        ngrams = int(overlap.ngrams[example])
        drawn = generator.choice(ngrams, min(windows, ngrams), replace=False)
        runs = slice(int(ends[example] - overlap.run_counts[example]), int(ends[example]))
        starts, lengths = overlap.run_starts[runs], overlap.run_lengths[runs]
        before = np.searchsorted(starts, drawn, side="right") - 1
        inside = (before >= 0) & (drawn < (starts + lengths)[before]) if starts.size else np.zeros(drawn.size, bool)
        flags[example] = float(inside.any())
    return flags


def word_window_share(overlap: Overlap) -> NDArray[np.float64]:
    """For each example, the share of its windows that begin where a word does and are in the training set.

    With n = 50 and ``raw-chars``; ``by_limits`` makes clean, suspicious and dirty of it. NaN where an example is too
    short. Raises BadArgument for other units than characters.

    Formula: hits among the substrings of 50 characters that begin a word / number of these substrings.
    Source: Xu et al. 2025 (infini-gram mini), section 4: a stride of one word.

    60 characters have 11 windows; words begin at the 1st, 5th and 10th, and the first eight windows are hits:

    >>> from overlap.results import overlap_by_hand
    >>> found = overlap_by_hand([(60, [(0, 8)]), (30, [])], n=50, windows=[(0, 4, 9), ()])
    >>> [round(share, 2) for share in word_window_share(found).tolist()]
    [0.67, nan]
    """
    hits = overlap.window_hits
    assert overlap.window_counts is not None
    shares = np.full(len(overlap), np.nan)
    np.divide(hits, overlap.window_counts, out=shares, where=overlap.window_counts > 0)
    return shares
