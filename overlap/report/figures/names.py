"""Names in figures: on one line, of bounded length, and still to be told apart."""

from __future__ import annotations

import unicodedata

from overlap.report.rendering import one_line

__all__ = ["figure_name"]

_WIDEST = 44  # letters: two such names fit beside each other under a figure of 6.5 inches


def figure_name(name: str) -> str:
    """A name as figures show it: the middle of a long one is left out. Letters of East Asia take the room of two.

    >>> figure_name("gsm8k"), figure_name("a" * 100 + " in web")
    ('gsm8k', 'aaaaaaaaaaaaaaaaaaaaa…aaaaaaaaaaaaaaa in web')
    """
    name = one_line(name)
    if _width(name) <= _WIDEST:
        return name
    half = _WIDEST // 2 - 1
    return f"{_start(name, half)}…{_start(name[::-1], half + 1)[::-1]}"


def _start(text: str, width: int) -> str:
    end = 0
    while end < len(text) and _width(text[: end + 1]) <= width:
        end += 1
    return text[:end]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
