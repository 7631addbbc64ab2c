"""The obvious implementation: sets of unit tuples, no hashing, no tables. Every fast result is compared to it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_SPACELESS_BLOCKS = Path(__file__).parent.parent / "overlap" / "data" / "unicode-14.0.tsv"


@cache
def _spaceless() -> frozenset[int]:
    """Letters of scripts without spaces; the scripts are not in Python's own Unicode database."""
    found: set[int] = set()
    for line in _SPACELESS_BLOCKS.read_text().splitlines():
        match = re.fullmatch(r"([0-9A-F]+)\t([0-9A-F]+)\tspaceless", line)
        if match:
            found.update(range(int(match[1], 16), int(match[2], 16) + 1))
    return frozenset(found)


@cache
def _known() -> frozenset[int]:
    """Letters, numbers and marks of Unicode 14.0, which alnum-1 means on every Python."""
    found: set[int] = set()
    for line in _SPACELESS_BLOCKS.read_text().splitlines():
        match = re.fullmatch(r"([0-9A-F]+)\t([0-9A-F]+)\t(spaceless|word|mark)", line)
        if match:
            found.update(range(int(match[1], 16), int(match[2], 16) + 1))
    return frozenset(found)


def _category(character: str) -> str:
    """The first letter of the general category; a later Unicode's new characters have none yet."""
    if unicodedata.unidata_version != "14.0.0" and ord(character) not in _known():
        return "C"
    return unicodedata.category(character)[0]


def words(text: str) -> list[str]:
    """The units of a text, straight from the rule."""
    found: list[str] = []
    inside = single = False
    for character in text:
        category = _category(character)
        if category == "M" and inside:
            found[-1] += character.lower()[0]
        elif category in "LN" and ord(character) in _spaceless():
            found.append(character.lower()[0])
            inside = single = True
        elif category in "LN":
            if inside and not single:
                found[-1] += character.lower()[0]
            else:
                found.append(character.lower()[0])
            inside, single = True, False
        else:
            inside = single = False
    return found


def spaced(text: str) -> list[str]:
    """Words between white space, each character lower-cased to its first."""
    return ["".join(character.lower()[0] for character in word) for word in text.split()]


def kept(text: str) -> list[str]:
    """Letters, numbers and marks, in their case."""
    return [character for character in text if _category(character) in "LNM"]


UNITS: dict[str, Callable[[str], list[str]]] = {"alnum": words, "whitespace": spaced, "chars": kept, "raw-chars": list}


def word_starts(text: str, unit: str) -> list[int]:
    """Which of the kept characters come first in a word between white space."""
    starts = []
    begun = 0
    for word in re.findall(r"\S+|\s+", text):
        units = UNITS[unit](word)
        if units and not word.isspace():
            starts.append(begun)
        begun += len(units)
    return starts


def ngrams(text: str, n: int, unit: str = "alnum") -> list[tuple[str, ...]]:
    """All n-grams of a text, in order."""
    units = UNITS[unit](text)
    return [tuple(units[i : i + n]) for i in range(len(units) - n + 1)]


@dataclass(frozen=True)
class Counts:
    """The columns of EXPECTED.tsv."""

    train_documents: int
    train_ngrams: int
    train_distinct: int
    examples: int
    too_short: int
    examples_hit: int
    examples_all_hit: int
    test_ngrams: int
    hits: int
    test_distinct: int
    distinct_hits: int
    longest_run: int


def count(train: Iterable[str], test: Iterable[str], n: int, unit: str = "alnum") -> Counts:
    """The overlap of two lists of documents, by sets of unit tuples."""
    train_grams = [ngrams(text, n, unit) for text in train]
    test_grams = [ngrams(text, n, unit) for text in test]
    known = {gram for grams in train_grams for gram in grams}
    flags = [[gram in known for gram in grams] for grams in test_grams]
    tested = {gram for grams in test_grams for gram in grams}
    runs = [len(run) for row in flags for run in "".join(" x"[flag] for flag in row).split()]
    return Counts(
        train_documents=len(train_grams),
        train_ngrams=sum(map(len, train_grams)),
        train_distinct=len(known),
        examples=len(test_grams),
        too_short=sum(not grams for grams in test_grams),
        examples_hit=sum(any(row) for row in flags),
        examples_all_hit=sum(bool(row) and all(row) for row in flags),
        test_ngrams=sum(map(len, test_grams)),
        hits=sum(map(sum, flags)),
        test_distinct=len(tested),
        distinct_hits=len(tested & known),
        longest_run=max(runs, default=0),
    )
