"""What single characters are: the frozen Unicode table, and the tables that the kernels read.

A table has an entry for every code point: its class in bits 24 and up (as in ``overlap.kernels.units``), and in bits
0 to 20 the code point that it becomes.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "WHITE_SPACE",
    "character_class",
    "character_table",
    "frozen",
    "kept_table",
    "lower",
    "padded",
    "raw_table",
    "space_table",
]

_TABLE_FILE = "unicode-14.0.tsv"  # frozen: alnum-1 means Unicode 14.0 on every Python
_CLASSES = {"word": 1, "mark": 2, "spaceless": 3}  # as in overlap.kernels.units
_CLASS_NAMES = ("separator", *_CLASSES)
_SHIFT = 24
_CODE_POINTS = 0x110000
_CODE_POINT_BITS = 0x1FFFFF

# What str.split() splits at, written down: Unicode's White_Space, and the four ASCII separators U+001C to U+001F.
WHITE_SPACE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B)))
WHITE_SPACE += "\u2028\u2029\u202f\u205f\u3000"


@cache
def character_table() -> NDArray[np.uint32]:
    """Class (bits 24 and up) and lower-case code point (bits 0 to 20) of every code point, shape (0x110000,)."""
    import numpy as np

    table = np.arange(_CODE_POINTS, dtype=np.uint32)
    source = files("overlap").joinpath("data", _TABLE_FILE).read_text(encoding="ascii")
    for line in source.splitlines():
        if line.startswith("#"):
            continue
        first, last, value = line.split("\t")
        span = slice(int(first, 16), int(last, 16) + 1)
        if value in _CLASSES:
            table[span] |= np.uint32(_CLASSES[value] << _SHIFT)
        else:
            table[span] += np.int64(value).astype(np.uint32)
    table.flags.writeable = False
    return table


@cache
def space_table() -> NDArray[np.uint32]:
    """White space separates, everything else belongs to words and is lower-cased; shape (0x110000,).

    U+0000 becomes a number behind the last code point: the words' hash pads with zero bytes, and ``a`` must not
    have the hash of ``a\\0``.
    """
    import numpy as np

    table = character_table() & np.uint32(_CODE_POINT_BITS)
    table[0] = _CODE_POINTS
    table |= np.uint32(_CLASSES["word"] << _SHIFT)
    for character in WHITE_SPACE:
        table[ord(character)] = ord(character)
    table.flags.writeable = False
    return table


@cache
def kept_table() -> NDArray[np.uint32]:
    """Letters, numbers and marks (categories L, N, M) are kept as they stand; shape (0x110000,)."""
    import numpy as np

    kept = character_table() >> np.uint32(_SHIFT) > 0
    table = np.arange(_CODE_POINTS, dtype=np.uint32) | (kept.astype(np.uint32) << np.uint32(_SHIFT))
    table.flags.writeable = False
    return table


@cache
def raw_table() -> NDArray[np.uint32]:
    """Every code point is kept as it stands; shape (0x110000,)."""
    import numpy as np

    table = np.arange(_CODE_POINTS, dtype=np.uint32) | np.uint32(1 << _SHIFT)
    table.flags.writeable = False
    return table


def lower(character: str) -> str:
    """Unicode's simple lower-casing of one character (one character always)."""
    return chr(int(character_table()[ord(character)]) & _CODE_POINT_BITS)


def character_class(character: str) -> str:
    """``word``, ``mark``, ``spaceless`` or ``separator``: what a character is to the normaliser ``alnum-1``."""
    return _CLASS_NAMES[int(character_table()[ord(character)]) >> _SHIFT]


def padded(data: bytes) -> NDArray[np.uint8]:
    """The bytes with the slack behind them that the kernels read into; shape (len(data) + slack,)."""
    import numpy as np

    from overlap.kernels import SLACK

    buffer = np.zeros(len(data) + SLACK, np.uint8)
    buffer[: len(data)] = np.frombuffer(data, np.uint8)
    return buffer


def frozen(data: bytes) -> NDArray[np.uint8]:
    """The bytes as a text buffer: with slack, and read-only, the one array type that the kernels are compiled for."""
    buffer = padded(data)
    buffer.flags.writeable = False
    return buffer
