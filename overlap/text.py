"""Normalisation: text -> units, their hashes, and their places in the original string.

This is the convenient form for single strings (notebooks, inspection, tests). Corpora go through the same
segmenters batch by batch, in ``overlap.building`` and ``overlap.measuring``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from overlap.characters import character_class, character_table, lower, padded
from overlap.errors import BadArgument
from overlap.segmenting import DEFAULT, Segmenter, Unit, default_n, segmenter_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "MAX_N",
    "NORMALISER",
    "Unit",
    "character_class",
    "character_table",
    "check_n",
    "chosen_n",
    "hashes_of_units",
    "lower",
    "ngram_hashes",
    "normalise",
    "padded",
    "units",
]

NORMALISER = "alnum-1"  # of the default unit
MAX_N = 64


def units(text: str, unit: str = DEFAULT) -> list[Unit]:
    """The units of ``text`` with their places in it, in characters.

    ``unit`` is ``alnum``, ``whitespace``, ``chars``, ``raw-chars`` or ``tokens:TOKENIZER``. Raises ValueError,
    TokenizerError.

    >>> [(unit.word, text[unit.start : unit.stop]) for text in ["Don't  stop"] for unit in units(text)]
    [('don', 'Don'), ('t', 't'), ('stop', 'stop')]
    >>> [unit.word for unit in units("Don't  stop", "whitespace")]
    ["don't", 'stop']
    """
    return segmenter_of(unit).units(text)


def normalise(text: str, unit: str = DEFAULT) -> str:
    """The units of ``text``, lower-cased, with single spaces between.

    >>> normalise("The U.S. -- don't!")
    'the u s don t'
    >>> normalise("The U.S. -- don't!", "chars")
    'T h e U S d o n t'
    """
    return segmenter_of(unit).normalise(text)


def ngram_hashes(text: str, n: int | None = None, unit: str = DEFAULT) -> NDArray[np.uint64]:
    """Hashes of the n-grams of one text, in order; shape (max(0, units - n + 1),).

    n is 8 where nothing else is said, of characters 50. Raises ValueError for an n outside 1 to 64, or another unit;
    TokenizerError.
    """
    segmenter = segmenter_of(unit)
    return hashes_of_units(segmenter.hashes(text), chosen_n(n, segmenter))


def hashes_of_units(hashes: NDArray[np.uint64], n: int) -> NDArray[np.uint64]:
    """Hashes of the n-grams of one text from those of its units; shape (max(0, units - n + 1),)."""
    import numpy as np

    from overlap.kernels.ngrams import batch_ngrams

    out = np.empty(max(0, hashes.size - n + 1), np.uint64)
    batch_ngrams(hashes, np.array([hashes.size], np.int64), n, out, 0)
    return out


def chosen_n(n: int | None, segmenter: Segmenter) -> int:
    """n, or what is usual for the unit where none is said; a ValueError outside of 1 to 64."""
    return checked_n(default_n(segmenter) if n is None else n)


def checked_n(n: int) -> int:
    """An n from 1 to 64, or a ValueError."""
    check_n(n)
    return n


def check_n(n: int) -> None:
    """Raise ValueError for an n outside 1 to 64."""
    if not 1 <= n <= MAX_N:
        raise BadArgument(f"n must be from 1 to {MAX_N}, not {n}")
