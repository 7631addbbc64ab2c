"""Documents -> n-gram hashes, batch by batch, with buffers that are used again.

The bridge between ``corpus`` (bytes) and ``kernels`` (loops): it owns the memory, knows about documents that
come in pieces, and turns a kernel's "invalid byte here" into an error with file and record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from overlap.corpus import Documents, Shard, invalid_utf8, start_of, text_before
from overlap.text import character_table, check_n, padded

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HashedSet", "NgramHasher", "UnitHasher", "distinct_hashes", "most_ngrams"]

_FIRST_WINDOW = 1 << 12  # bytes looked back for the units before a piece, doubled until there are enough
_GROUP = 512  # hashes in one group when duplicates are dropped: its table stays in the L1 cache
_MOST_GROUP_BITS = 12


def most_ngrams(documents: Documents) -> int:
    """An upper bound of the units, and so of the n-grams, of a batch: two bytes a unit, one at each end."""
    return documents.text_bytes // 2 + len(documents) + 1


def _no_parts() -> NDArray[np.int64]:
    return np.empty((0, 0), np.int64)


@dataclass(frozen=True)
class HashedSet:
    """A test set's examples, hashed.

    One entry per example: ``sources`` (number of the file), ``rows`` (from 0, in its file), ``units``; ``hashes``: the
    n-grams of all examples, one after the other; ``ids`` and ``groups``: what the id and group fields say, where they
    were named; ``batches``: the texts, where they were kept. ``parts`` are the names of the examples' parts, and
    ``part_starts`` and ``part_units``, of shape (examples, parts), the first unit and the number of units of each.
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

    def identity(self, example: int) -> str:
        """The id of an example: what its id field says, or nothing."""
        return "" if self.ids is None else self.ids[example]


class UnitHasher:
    """Hashes the units of whole documents, and finds their spans again where they are asked for."""

    def __init__(self) -> None:
        self._table = character_table()
        self._units = np.empty(0, np.uint64)

    def hash(self, documents: Documents, shard: Shard) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """(unit hashes of all documents, units of each). The first is valid until the next call. Raises BadRecord."""
        from overlap.kernels.units import batch_units

        room = most_ngrams(documents)
        if self._units.size < room:
            self._units = np.empty(room + room // 4, np.uint64)
        counts = np.empty(len(documents), np.int64)
        end = int(batch_units(documents.data, documents.offsets, self._table, self._units, counts, 0))
        if end < 0:
            raise invalid_utf8(shard, documents, -1 - end)
        return self._units[:end], counts

    def parts(self, documents: Documents) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(first unit, number of units) of each part of each document, shape (documents, parts). Of valid UTF-8."""
        from overlap.kernels.parts import batch_parts

        edges = documents.part_edges
        assert edges is not None
        longest = int(np.diff(documents.offsets).max(initial=0)) // 2 + 2
        hashes, spans = np.empty(longest, np.uint64), np.empty((longest, 2), np.int64)
        starts, units = np.empty(edges.shape[:2], np.int64), np.empty(edges.shape[:2], np.int64)
        batch_parts(
            documents.data, documents.offsets, np.ascontiguousarray(edges), self._table, hashes, spans, starts, units
        )
        return starts, units

    def spans(self, documents: Documents, index: int) -> tuple[NDArray[np.int64], str]:
        """(first and last + 1 character of each unit, the text) of one document; shape (units, 2)."""
        from overlap.kernels.units import character_spans, document_units

        first, last = int(documents.offsets[index]), int(documents.offsets[index + 1])
        hashes = np.empty((last - first) // 2 + 2, np.uint64)
        spans = np.empty((hashes.size, 2), np.int64)
        count = document_units(documents.data, first, last, self._table, hashes, spans, True, 0)
        character_spans(documents.data, first, last, spans[:count])
        return spans[:count], documents.text(index)


class NgramHasher:
    """Hashes the n-grams of one shard after the other; one object a worker.

    Raises ValueError for an n outside 1 to 64.
    """

    def __init__(self, n: int):
        check_n(n)
        self.n = n
        self._table = character_table()
        self._units = np.empty(0, np.uint64)
        self._carry = np.empty(0, np.uint64)

    def start(self, shard: Shard) -> None:
        """Begin with a shard: where it begins inside a document, look up the units that stand before it."""
        self._carry = self._carry[:0]
        if shard.file.document != "file" or shard.start == 0:
            return
        position = start_of(shard)
        window = _FIRST_WINDOW
        while True:
            before = text_before(shard.file, position, window)
            hashes = self._plain_units(before)
            if hashes.size >= self.n - 1 or window >= position:
                self._carry = hashes[max(0, hashes.size - (self.n - 1)) :]
                return
            window *= 2

    def _plain_units(self, text: bytes) -> NDArray[np.uint64]:
        from overlap.kernels.units import batch_units

        hashes = np.empty(len(text) // 2 + 2, np.uint64)
        data = padded(text)
        data.flags.writeable = False
        counts = np.empty(1, np.int64)
        end = batch_units(data, np.array([0, len(text)], np.int64), self._table, hashes, counts, 0)
        return hashes[: max(0, end)]  # invalid bytes are reported by the shard that they belong to

    def add(
        self, documents: Documents, shard: Shard, out: NDArray[np.uint64], filled: int
    ) -> tuple[int, NDArray[np.int64]]:
        """Write the batch's n-gram hashes to ``out[filled:]``; (new end, units of each document).

        ``out`` has room for ``most_ngrams(documents)`` more. For a document that comes in pieces, each piece
        counts the units that it brings and yields the n-grams that end in it. Raises BadRecord.
        """
        from overlap.kernels.ngrams import batch_ngrams
        from overlap.kernels.units import batch_units

        room = most_ngrams(documents) + self.n
        if self._units.size < room:
            self._units = np.empty(room + room // 4, np.uint64)
        carried = self._carry.size if documents.continued else 0
        self._units[:carried] = self._carry[:carried]
        counts = np.empty(len(documents), np.int64)
        end = int(batch_units(documents.data, documents.offsets, self._table, self._units, counts, carried))
        if end < 0:
            raise invalid_utf8(shard, documents, -1 - end)
        if not counts.size:
            return filled, counts
        counts[0] += carried
        filled = int(batch_ngrams(self._units, counts, self.n, out, filled))
        if shard.file.document == "file":
            self._carry = self._units[end - min(self.n - 1, int(counts[-1])) : end].copy()
        counts[0] -= carried
        return filled, counts


def distinct_hashes(hashes: NDArray[np.uint64], skip: int, least_bits: int) -> NDArray[np.uint64]:
    """The distinct values of hashes that share ``skip`` leading bits, ordered by the next ``least_bits`` at least."""
    from overlap.kernels.partition import drop_duplicates, largest_group, scatter

    bits = max(least_bits, min(_MOST_GROUP_BITS, max(0, (hashes.size // _GROUP).bit_length())))
    if not hashes.size:
        return hashes
    grouped = np.empty_like(hashes)
    bounds = np.empty((1 << bits) + 1, np.int64)
    scatter(hashes, skip, bits, grouped, bounds)
    table = np.empty(4 * int(largest_group(bounds)) + 16, np.uint64)
    return grouped[: int(drop_duplicates(grouped, bounds, skip + bits, table))]
