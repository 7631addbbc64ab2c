"""The rules for words and characters: a kernel, a table, and the names that go into signatures.

A segmenter has no state: threads share it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from overlap.characters import character_table, frozen, kept_table, lower, raw_table, space_table
from overlap.signature import noun_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["AlnumWords", "Characters", "RawCharacters", "Segmenter", "SpacedWords", "Unit"]

_ASCII_SEPARATORS = {code: " " for code in range(128) if not chr(code).isalnum()}


@dataclass(frozen=True)
class Unit:
    """One normalised unit and its place: ``text[start:stop]`` normalises to ``word``."""

    word: str
    start: int
    stop: int


class Segmenter(ABC):
    """Cuts texts into units.

    ``unit`` and ``norm`` are what signatures say. ``in_pieces``: a text may be cut at white space and given piece by
    piece. ``name`` is what makes the same segmenter again (``segmenter_of(name)``). ``tokenizer`` is where its
    tokenizer lies, if it has one, and ``raw`` are that file's bytes.
    """

    unit: str
    norm: str
    name: str
    in_pieces: ClassVar[bool] = True
    tokenizer: str = ""
    raw: bytes = b""

    @property
    def noun(self) -> str:
        """What several units are called: words, characters, tokens."""
        return noun_of(self.unit)

    @abstractmethod
    def batch(
        self, data: NDArray[np.uint8], offsets: NDArray[np.int64], units: NDArray[np.uint64], start: int
    ) -> tuple[NDArray[np.uint64], int, NDArray[np.int64]]:
        """Hash the units of the texts ``data[offsets[i] : offsets[i + 1]]`` into ``units[start:]``.

        Returns the buffer (a larger one, with what was before ``start``, where it was too small), the end of what is
        filled, or ``-1 - p`` where invalid UTF-8 begins at byte p, and the number of units of each text.
        """

    @abstractmethod
    def places(self, data: NDArray[np.uint8], first: int, last: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """(hashes of the units of ``data[first:last]``, which is valid UTF-8; first and last + 1 character of each)."""

    @abstractmethod
    def byte_places(
        self, data: NDArray[np.uint8], first: int, last: int
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """As ``places``, but first and last + 1 byte in ``data``."""

    @abstractmethod
    def units(self, text: str) -> list[Unit]:
        """The units of a string with their places in it, in characters."""

    def normalise(self, text: str) -> str:
        """The units of a string with single spaces between."""
        return " ".join(unit.word for unit in self.units(text))

    def hashes(self, text: str) -> NDArray[np.uint64]:
        """The hashes of the units of one string; shape (units,)."""
        import numpy as np

        data = text.encode("utf-8", "replace")  # a lone surrogate becomes '?'
        units, end, _ = self.batch(frozen(data), np.array([0, len(data)], np.int64), np.empty(0, np.uint64), 0)
        return units[:end]

    @property
    def words_begin(self) -> NDArray[np.uint32] | None:
        """The table of the characters that are kept, where words begin at some units only; else None."""
        return None


class _Kernelled(Segmenter):
    """A segmenter whose work is done by two kernels with one table."""

    bytes_a_unit: ClassVar[int]  # at least, and one unit more for each text

    @property
    @abstractmethod
    def table(self) -> NDArray[np.uint32]:
        """What every code point is."""

    @abstractmethod
    def kernels(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """(of a batch, of one document)."""

    def batch(
        self, data: NDArray[np.uint8], offsets: NDArray[np.int64], units: NDArray[np.uint64], start: int
    ) -> tuple[NDArray[np.uint64], int, NDArray[np.int64]]:
        import numpy as np

        texts = offsets.size - 1
        room = start + int(offsets[-1] - offsets[0]) // self.bytes_a_unit + texts + 1
        if units.size < room:
            larger = np.empty(room + room // 4, np.uint64)
            larger[:start] = units[:start]
            units = larger
        counts = np.empty(texts, np.int64)
        end = int(self.kernels()[0](data, offsets, self.table, units, counts, start))
        return units, end, counts

    def places(self, data: NDArray[np.uint8], first: int, last: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        from overlap.kernels.units import character_spans

        hashes, spans = self.byte_places(data, first, last)
        character_spans(data, first, last, spans)
        return hashes, spans

    def byte_places(
        self, data: NDArray[np.uint8], first: int, last: int
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        import numpy as np

        hashes = np.empty((last - first) // self.bytes_a_unit + 2, np.uint64)
        spans = np.empty((hashes.size, 2), np.int64)
        count = int(self.kernels()[1](data, first, last, self.table, hashes, spans, True, 0))
        return hashes[:count], spans[:count]

    def units(self, text: str) -> list[Unit]:
        data = text.encode("utf-8", "replace")
        _, spans = self.places(frozen(data), 0, len(data))
        return [Unit(self.word(text[start:stop]), start, stop) for start, stop in spans.tolist()]

    def word(self, surface: str) -> str:
        """What a unit is, from how it stands in a text."""
        return surface


class AlnumWords(_Kernelled):
    """Lower-cased alphanumeric words: Radford et al. 2019, section 4; the cases that it does not mention are stated in
    docs/method.md."""

    unit, norm, name = "word", "alnum-1", "alnum"
    bytes_a_unit = 2

    @property
    def table(self) -> NDArray[np.uint32]:
        return character_table()

    def kernels(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        from overlap.kernels.units import batch_units, document_units

        return batch_units, document_units

    def normalise(self, text: str) -> str:
        if text.isascii():  # as most matches are, whose every word is compared
            return " ".join(text.lower().translate(_ASCII_SEPARATORS).split())
        return super().normalise(text)

    def word(self, surface: str) -> str:
        return _lowered(surface)


class SpacedWords(_Kernelled):
    """Lower-cased words between white space, punctuation kept: what ``text.lower().split()`` gives, the rule of s1
    and Open-R1, but for the few letters that lower-case to two or by their neighbours."""

    unit, norm, name = "whitespace", "lower-1", "whitespace"
    bytes_a_unit = 2

    @property
    def table(self) -> NDArray[np.uint32]:
        return space_table()

    def kernels(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        from overlap.kernels.spaced import batch_spaced, document_spaced

        return batch_spaced, document_spaced

    def word(self, surface: str) -> str:
        return _lowered(surface)


class Characters(_Kernelled):
    """Letters, numbers and marks, one by one, in their case; spaces and symbols are passed over: OpenAI 2023 (GPT-4),
    appendix C."""

    unit, norm, name = "char", "alnum-strip-1", "chars"
    bytes_a_unit = 1

    @property
    def table(self) -> NDArray[np.uint32]:
        return kept_table()

    def kernels(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        from overlap.kernels.characters import batch_characters, document_characters

        return batch_characters, document_characters

    @property
    def words_begin(self) -> NDArray[np.uint32] | None:
        return self.table


class RawCharacters(Characters):
    """All characters as they stand, spaces and symbols too: what a search for a substring sees, as in Xu et al. 2025
    (infini-gram mini), section 4."""

    norm, name = "raw-1", "raw-chars"

    @property
    def table(self) -> NDArray[np.uint32]:
        return raw_table()


def _lowered(surface: str) -> str:
    return surface.lower() if surface.isascii() else "".join(map(lower, surface))
