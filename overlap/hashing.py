"""Documents -> n-gram hashes, batch by batch, with buffers that are used again.

The bridge between ``corpus`` (bytes) and ``kernels`` (loops): it owns the memory, knows about documents that
come in pieces, and turns a kernel's "invalid byte here" into an error with file and record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from overlap.characters import frozen
from overlap.corpus import Documents, Shard, invalid_utf8, start_of, text_before
from overlap.segmenting import DEFAULT, Segmenter, segmenter_of
from overlap.text import check_n

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HashedSet", "NgramHasher", "UnitHasher"]

_FIRST_WINDOW = 1 << 12  # bytes looked back for the units before a piece, doubled until there are enough


def _no_parts() -> NDArray[np.int64]:
    return np.empty((0, 0), np.int64)


@dataclass(frozen=True)
class HashedSet:
    """A test set's examples, hashed.

    One entry per example: ``sources`` (number of the file), ``rows`` (from 0, in its file), ``units``; ``hashes``: the
    n-grams of all examples, one after the other; ``ids`` and ``groups``: what the id and group fields say, where they
    were named; ``batches``: the texts, where they were kept. ``parts`` are the names of the examples' parts, and
    ``part_starts`` and ``part_units``, of shape (examples, parts), the first unit and the number of units of each.
    ``word_starts``: where units are characters, (how many each example has, all of them) of those that begin a word.
    ``skipped``: of each file, bad records that were passed over, by kind.
    """

    sources: NDArray[np.int32]
    rows: NDArray[np.int64]
    units: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    ids: Sequence[str] | None = None
    batches: Sequence[Documents] = ()
    groups: Sequence[str] | None = None
    parts: tuple[str, ...] = ()
    part_starts: NDArray[np.int64] = field(default_factory=_no_parts)
    part_units: NDArray[np.int64] = field(default_factory=_no_parts)
    word_starts: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
    skipped: Sequence[Mapping[str, int]] = ()

    def identity(self, example: int) -> str:
        """The id of an example: what its id field says, or nothing."""
        return "" if self.ids is None else self.ids[example]


def word_starts(segmenter: Segmenter, documents: Documents) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """(how many each document has, all of them) of the characters that begin a word; None for other units.

    The documents are valid UTF-8.
    """
    from overlap.characters import space_table

    table = segmenter.words_begin
    if table is None:
        return None
    from overlap.kernels.characters import word_starts as find_starts

    counts = np.empty(len(documents), np.int64)
    starts = np.empty(documents.text_bytes // 2 + len(documents) + 1, np.int64)
    found = int(find_starts(documents.data, documents.offsets, table, space_table(), counts, starts))
    return counts, starts[:found].copy()


class UnitHasher:
    """Hashes the units of whole documents, and finds their spans again where they are asked for."""

    def __init__(self, segmenter: Segmenter | None = None) -> None:
        self.segmenter = segmenter or segmenter_of(DEFAULT)
        self._units = np.empty(0, np.uint64)
        self._shown = np.empty(0, np.uint64)

    def hash(self, documents: Documents, shard: Shard) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """(unit hashes of all documents, units of each). The first is valid until the next call. Raises BadRecord."""
        self._units, end, counts = self.segmenter.batch(documents.data, documents.offsets, self._units, 0)
        if end < 0:
            raise invalid_utf8(shard, documents, -1 - end)
        return self._units[:end], counts

    def parts(self, documents: Documents) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(first unit, number of units) of each part of each document, shape (documents, parts). Of valid UTF-8.

        A unit that reaches over the edge of a part lies in none.
        """
        edges = documents.part_edges
        assert edges is not None
        starts, units = np.empty(edges.shape[:2], np.int64), np.empty(edges.shape[:2], np.int64)
        if self.segmenter.name == DEFAULT:  # ten times as fast
            self._word_parts(documents, np.ascontiguousarray(edges), starts, units)
            return starts, units
        for index, (first, last) in enumerate(pairwise(documents.offsets.tolist())):
            _, spans = self.segmenter.byte_places(documents.data, first, last)
            starts[index] = np.searchsorted(spans[:, 0], first + edges[index, :, 0])
            ends = np.searchsorted(spans[:, 1], first + edges[index, :, 1], side="right")
            units[index] = np.maximum(0, ends - starts[index])
        return starts, units

    def _word_parts(
        self, documents: Documents, edges: NDArray[np.int64], starts: NDArray[np.int64], units: NDArray[np.int64]
    ) -> None:
        from overlap.characters import character_table
        from overlap.kernels.parts import batch_parts

        longest = int(np.diff(documents.offsets).max(initial=0)) // 2 + 2
        hashes, spans = np.empty(longest, np.uint64), np.empty((longest, 2), np.int64)
        batch_parts(documents.data, documents.offsets, edges, character_table(), hashes, spans, starts, units)

    def spans(self, documents: Documents, index: int) -> tuple[NDArray[np.int64], str]:
        """(first and last + 1 character of each unit, the text) of one document; shape (units, 2)."""
        first, last = int(documents.offsets[index]), int(documents.offsets[index + 1])
        self._shown, spans = self.segmenter.places(documents.data, first, last)
        return spans, documents.text(index)

    def exactly(self, first: int, last: int) -> bytes:
        """What units ``first`` to ``last - 1`` are, in the document whose spans were asked for last.

        Nothing where the text says it: equal texts have equal units, but for tokens.
        """
        return b"" if self.segmenter.in_pieces else self._shown[first:last].tobytes()


class NgramHasher:
    """Hashes the n-grams of one shard after the other; one object a worker.

    ``read`` takes a batch and says how many n-grams it has, ``write`` gives them; ``add`` is both. Raises ValueError
    for an n outside 1 to 64.
    """

    def __init__(self, n: int, segmenter: Segmenter | None = None):
        check_n(n)
        self.n = n
        self.segmenter = segmenter or segmenter_of(DEFAULT)
        self._units = np.empty(0, np.uint64)
        self._carry = np.empty(0, np.uint64)
        self._counts = np.empty(0, np.int64)
        self._carried = 0

    def start(self, shard: Shard) -> None:
        """Begin with a shard: where it begins inside a document, look up the units that stand before it."""
        self._carry = self._carry[:0]
        if shard.file.document != "file" or shard.start == 0:
            return
        position = start_of(shard)
        window = _FIRST_WINDOW
        while True:
            hashes = self._units_of(text_before(shard.file, position, window))
            if hashes.size >= self.n - 1 or window >= position:
                self._carry = hashes[max(0, hashes.size - (self.n - 1)) :]
                return
            window *= 2

    def _units_of(self, text: bytes) -> NDArray[np.uint64]:
        offsets = np.array([0, len(text)], np.int64)
        units, end, _ = self.segmenter.batch(frozen(text), offsets, np.empty(0, np.uint64), 0)
        return units[: max(0, end)]  # invalid bytes are reported by the shard that they belong to

    def read(self, documents: Documents, shard: Shard) -> int:
        """Hash the units of a batch; returns how many n-grams they make. Raises BadRecord."""
        carried = self._carry.size if documents.continued else 0
        if self._units.size < carried:
            self._units = np.empty(carried, np.uint64)
        self._units[:carried] = self._carry[:carried]
        self._units, end, counts = self.segmenter.batch(documents.data, documents.offsets, self._units, carried)
        if end < 0:
            raise invalid_utf8(shard, documents, -1 - end)
        if counts.size:
            counts[0] += carried
            if shard.file.document == "file":
                self._carry = self._units[end - min(self.n - 1, int(counts[-1])) : end].copy()
        self._counts, self._carried = counts, carried
        return int(np.maximum(0, counts - self.n + 1).sum())

    def write(self, out: NDArray[np.uint64], filled: int) -> tuple[int, NDArray[np.int64]]:
        """Write the n-gram hashes of what was read to ``out[filled:]``; (new end, units of each document).

        For a document that comes in pieces, each piece counts the units that it brings and yields the n-grams that
        end in it.
        """
        from overlap.kernels.ngrams import batch_ngrams

        counts = self._counts
        if not counts.size:
            return filled, counts
        filled = int(batch_ngrams(self._units, counts, self.n, out, filled))
        counts[0] -= self._carried
        return filled, counts

    def add(
        self, documents: Documents, shard: Shard, out: NDArray[np.uint64], filled: int
    ) -> tuple[int, NDArray[np.int64]]:
        """``read`` and ``write`` in one, where there is room for all n-grams. Raises BadRecord."""
        self.read(documents, shard)
        return self.write(out, filled)
