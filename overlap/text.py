"""Normalisation: text -> units, their hashes, and their places in the original string.

This is the convenient form for single strings (notebooks, inspection, tests). Corpora go through the same
kernels batch by batch, in ``overlap.building`` and ``overlap.measuring``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from overlap.errors import BadArgument

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
    "lower",
    "ngram_hashes",
    "normalise",
    "padded",
    "units",
]

NORMALISER = "alnum-1"  # part of the signature and of the index format
MAX_N = 64
_TABLE_FILE = "unicode-14.0.tsv"  # frozen: alnum-1 means Unicode 14.0 on every Python
_CLASSES = {"word": 1, "mark": 2, "spaceless": 3}  # as in overlap.kernels.units
_CLASS_NAMES = ("separator", *_CLASSES)


@dataclass(frozen=True)
class Unit:
    """One normalised unit and its place: ``text[start:stop]`` normalises to ``word``."""

    word: str
    start: int
    stop: int


@cache
def character_table() -> NDArray[np.uint32]:
    """Class (bits 24 and up) and lower-case code point (bits 0 to 20) of every code point, shape (0x110000,)."""
    import numpy as np

    table = np.arange(0x110000, dtype=np.uint32)
    source = files("overlap").joinpath("data", _TABLE_FILE).read_text(encoding="ascii")
    for line in source.splitlines():
        if line.startswith("#"):
            continue
        first, last, value = line.split("\t")
        span = slice(int(first, 16), int(last, 16) + 1)
        if value in _CLASSES:
            table[span] |= np.uint32(_CLASSES[value] << 24)
        else:
            table[span] += np.int64(value).astype(np.uint32)
    table.flags.writeable = False
    return table


def padded(data: bytes) -> NDArray[np.uint8]:
    """The bytes with the slack behind them that the kernels read into; shape (len(data) + slack,)."""
    import numpy as np

    from overlap.kernels.simd import SLACK

    buffer = np.zeros(len(data) + SLACK, np.uint8)
    buffer[: len(data)] = np.frombuffer(data, np.uint8)
    return buffer


def _unit_hashes(text: str) -> tuple[bytes, NDArray[np.uint64], NDArray[np.int64]]:
    """(UTF-8 bytes, hashes, byte spans) of the units of one string."""
    import numpy as np

    from overlap.kernels.units import document_units

    data = text.encode("utf-8", "replace")  # a lone surrogate is no letter: it separates, as '?' does
    room = len(data) // 2 + 1 if data.isascii() else len(data) + 1
    hashes = np.empty(room, np.uint64)
    spans = np.empty((room, 2), np.int64)
    count = document_units(padded(data), 0, len(data), character_table(), hashes, spans, True, 0)
    return data, hashes[:count], spans[:count]


def units(text: str) -> list[Unit]:
    """The units of ``text`` with their places in it, in characters.

    >>> [(unit.word, text[unit.start : unit.stop]) for text in ["Don't  stop"] for unit in units(text)]
    [('don', 'Don'), ('t', 't'), ('stop', 'stop')]
    """
    data, _, spans = _unit_hashes(text)
    found: list[Unit] = []
    at_byte = at_character = 0
    for first, last in spans.tolist():
        start = at_character + len(data[at_byte:first].decode())
        stop = start + len(data[first:last].decode())
        word = "".join(lower(character) for character in text[start:stop])
        found.append(Unit(word, start, stop))
        at_byte, at_character = last, stop
    return found


def lower(character: str) -> str:
    """Unicode's simple lower-casing of one character (one character always)."""
    return chr(int(character_table()[ord(character)]) & 0x1FFFFF)


def character_class(character: str) -> str:
    """``word``, ``mark``, ``spaceless`` or ``separator``: what a character is to the normaliser."""
    return _CLASS_NAMES[int(character_table()[ord(character)]) >> 24]


def normalise(text: str) -> str:
    """The units of ``text``, lower-cased, with single spaces between.

    >>> normalise("The U.S. -- don't!")
    'the u s don t'
    """
    return " ".join(unit.word for unit in units(text))


def ngram_hashes(text: str, n: int = 8) -> NDArray[np.uint64]:
    """Hashes of the n-grams of one text, in order; shape (max(0, units - n + 1),).

    Raises ValueError for an n outside 1 to 64.
    """
    import numpy as np

    from overlap.kernels.ngrams import batch_ngrams

    check_n(n)
    _, hashes, _ = _unit_hashes(text)
    out = np.empty(max(0, hashes.size - n + 1), np.uint64)
    batch_ngrams(hashes, np.array([hashes.size], np.int64), n, out, 0)
    return out


def check_n(n: int) -> None:
    """Raise ValueError for an n outside 1 to 64."""
    if not 1 <= n <= MAX_N:
        raise BadArgument(f"n must be from 1 to {MAX_N}, not {n}")
