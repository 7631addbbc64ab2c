"""What hypothesis makes up: texts of many scripts, bytes that are almost UTF-8, sets of hashes."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

ASCII_WORDS = "abcxyzABCXYZ0189"
SEPARATORS = " \t\r\n.,;-_'\"\\/@[`{~\x00\x1f\x7f"
FOREIGN_SEPARATORS = "\u0085\u00a0\u2028\u3000\ufeff\ufffd«»—。😀\ue000\u0378\U0010ffff"
LETTERS = "éÉßẞñÑøØİıſﬁǅµΩΩKÅσςΣЖжЁғאبपি०Ꭰꭰ𝔄𐐀𐐨ⅫⅫ½²٣𞤀𞤢ª"
MARKS = "\u0301\u0300\u0327\u20dd\u0941\u093f\u0e31\u0e48\u3099\u17d2\u1039\U0001e944\ufe0f"
SPACELESS = "漢字語中文𠀀々〇ひらがなカタカナーｶไทยลาวខ្មែមြန်မာ"
_STRETCHES = [
    st.text(ASCII_WORDS, max_size=12),
    st.text(ASCII_WORDS + SEPARATORS, max_size=40),
    st.text(LETTERS + MARKS, max_size=12),
    st.text(SPACELESS + MARKS, max_size=12),
    st.text(ASCII_WORDS + LETTERS + MARKS + SPACELESS + SEPARATORS + FOREIGN_SEPARATORS, max_size=30),
    st.text(max_size=8),
]
_FILLERS = ["a", "Z", "0", " ", "ab ", "é", "\u0301", "漢", "e\u0301", "\n", "x9.", "𐐀"]


def _stretched(filler: str, size: int) -> str:
    return (filler * size)[:size]


def texts() -> st.SearchStrategy[str]:
    """Texts in which scripts, marks, digits and separators meet, at and around the edges of 64-byte blocks."""
    fillings = st.builds(
        _stretched, st.sampled_from(_FILLERS), st.sampled_from([1, 7, 8, 9, 16, 31, 62, 63, 64, 65, 66, 127, 128, 190])
    )
    return st.lists(st.one_of(*_STRETCHES, fillings), max_size=8).map("".join)


def lengths() -> st.SearchStrategy[int]:
    """An n: any, and often one that short texts reach."""
    return st.one_of(st.integers(1, 9), st.integers(1, 64))


def almost_utf8() -> st.SearchStrategy[bytes]:
    """Bytes that are UTF-8 with faults in it, or without."""
    faults = st.sampled_from(list(MALFORMED.values()))
    return st.lists(
        st.one_of(texts().map(str.encode), faults, st.binary(max_size=3), texts().map(lambda text: text.encode()[:-1])),
        max_size=5,
    ).map(b"".join)


MALFORMED = {
    "lone continuation byte": b"\x80",
    "two continuation bytes": b"\xbf\xbf",
    "overlong slash in two": b"\xc0\xaf",
    "overlong in two, the largest": b"\xc1\xbf",
    "overlong in three": b"\xe0\x80\xaf",
    "overlong in three, the largest": b"\xe0\x9f\xbf",
    "overlong in four": b"\xf0\x80\x80\xaf",
    "overlong in four, the largest": b"\xf0\x8f\xbf\xbf",
    "first surrogate": b"\xed\xa0\x80",
    "last surrogate": b"\xed\xbf\xbf",
    "surrogate pair": b"\xed\xa0\xbd\xed\xb8\x80",
    "behind U+10FFFF": b"\xf4\x90\x80\x80",
    "lead byte F5": b"\xf5\x80\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "byte FE": b"\xfe",
    "byte FF": b"\xff",
    "two bytes cut to one": b"\xc3",
    "three bytes cut to one": b"\xe6",
    "three bytes cut to two": b"\xe6\xbc",
    "four bytes cut to one": b"\xf0",
    "four bytes cut to two": b"\xf0\x9f",
    "four bytes cut to three": b"\xf0\x9f\x98",
    "Latin-1": b"caf\xe9 au lait",
    "UTF-16": b"\xff\xfea\x00b\x00",
}


def hashes(max_size: int = 300) -> st.SearchStrategy[NDArray[np.uint64]]:
    """64-bit hashes with repetitions, zero and the largest among them; some share their leading bits."""
    values = st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 20), st.sampled_from([0, 1, 2**63, 2**64 - 1]))
    return npst.arrays(np.uint64, st.integers(0, max_size), elements=values, fill=st.nothing())
