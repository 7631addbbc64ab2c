"""Write overlap/data/unicode-<version>.tsv, the frozen character table of the ``alnum-1`` normaliser.

The table is part of the index format: an index built today must be read the same way by every later
Python, whose own Unicode database moves on. So the classes are written down once, from one version.

General categories and lower-casing come from the running Python's ``unicodedata`` (Python 3.11 has
Unicode 14.0); scripts come from the ``regex`` package, restricted to code points that this version
of Unicode knows. Not needed to use or to test overlap: only to make a new table (``alnum-2``) one day.

Usage: python tools/make_unicode_table.py
"""

import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import regex

LETTER_OR_NUMBER, MARK, SPACELESS = "word", "mark", "spaceless"
SCRIPTS = ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar")
SPACELESS_PATTERN = regex.compile("[" + "".join(rf"\p{{Script={s}}}" for s in SCRIPTS) + "]")
PROLONGED_SOUND_MARK = 0x30FC  # script Common, but written inside Katakana words


def character_class(code_point: int) -> str | None:
    """The class of one code point: None separates units."""
    character = chr(code_point)
    category = unicodedata.category(character)
    if category[0] == "M":
        return MARK
    if category[0] not in "LN":
        return None
    if code_point == PROLONGED_SOUND_MARK or SPACELESS_PATTERN.match(character):
        return SPACELESS
    return LETTER_OR_NUMBER


def lower_shift(code_point: int) -> int | None:
    """The distance to the first code point of the lower-cased character; None when it is itself."""
    lowered = ord(chr(code_point).lower()[0])
    return None if lowered == code_point else lowered - code_point


def ranges(value_of: Callable[[int], str | int | None]) -> Iterator[tuple[int, int, str | int]]:
    """Maximal runs of code points with the same value, as (first, last, value); None is left out."""
    first, current = 0, value_of(0)
    for code_point in range(1, sys.maxunicode + 2):
        value = value_of(code_point) if code_point <= sys.maxunicode else None
        if value == current and code_point <= sys.maxunicode:
            continue
        if current is not None:
            yield first, code_point - 1, current
        first, current = code_point, value


def main() -> None:
    version = ".".join(unicodedata.unidata_version.split(".")[:2])
    target = Path(__file__).parent.parent / "overlap" / "data" / f"unicode-{version}.tsv"
    lines = [f"# Unicode {version}: first, last (hexadecimal), class or distance to the lower-case letter"]
    lines += [f"{first:04X}\t{last:04X}\t{value}" for first, last, value in ranges(character_class)]
    lines += [f"{first:04X}\t{last:04X}\t{value:+d}" for first, last, value in ranges(lower_shift)]
    target.write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"{target}: {len(lines) - 1} ranges")


if __name__ == "__main__":
    main()
