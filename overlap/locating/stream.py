"""One pass over a shard of training text against the n-grams asked for.

Counts are exact: in how many documents each n-gram stands. Places are sampled: of each n-gram the first few documents
in the order of the corpus. Whoever combines the shards in their order gets what one pass in one piece would have given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap.corpus import Documents, Shard, read_shard, read_whole
from overlap.hashing import UnitHasher
from overlap.locating.asked import AskedNgrams

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Place", "ShardFindings", "search_shard"]

CONTEXT = 120  # characters shown on either side of a match
_ROWS = 1 << 18  # more than a document may have


@dataclass(frozen=True)
class Place:
    """A stretch of ``ngrams`` n-grams of the test sets (from n-gram ``at`` on) in a training document.

    ``row`` counts from 0 in the shard; spans are in characters of the document.
    """

    at: int
    ngrams: int
    row: int
    document: str
    start: int
    stop: int
    before: str
    text: str
    after: str


@dataclass(frozen=True)
class ShardFindings:
    """``rows``: of the shard; ``frequency``: int32, its documents that have each n-gram, shape (asked.count,)."""

    rows: int
    documents: int
    units: int
    ngrams: int
    frequency: NDArray[np.int32]
    places: list[Place]


def search_shard(shard: Shard, asked: AskedNgrams, most: int) -> ShardFindings:
    """Look for the asked n-grams in one shard; places in at most ``most`` documents each. Raises CorpusError."""
    search = _Search(asked, most)
    documents = read_whole(shard) if shard.file.document == "file" else read_shard(shard)
    for batch in documents:
        search.add(batch, shard)
    return ShardFindings(search.rows, search.documents, search.units, search.ngrams, search.frequency, search.places)


class _Search:
    """The state of a pass: exact counts, and what has been kept of each n-gram so far."""

    def __init__(self, asked: AskedNgrams, most: int):
        self._asked, self._most = asked, most
        self.rows = self.documents = self.units = self.ngrams = 0
        self.frequency = np.zeros(asked.count, np.int32)
        self.places: list[Place] = []
        self._last_seen = np.full(asked.count, -1, np.int64)
        self._kept = np.zeros(asked.count, np.int32)
        self._kept_in = np.full(asked.count, -1, np.int64)
        self._best = np.zeros(asked.ids.size, np.int64)
        self._hasher = UnitHasher()
        self._hits = (np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.int32))

    def add(self, batch: Documents, shard: Shard) -> None:
        from overlap.kernels.lookup import batch_hits, count_documents

        asked = self._asked
        units, counts = self._hasher.hash(batch, shard)
        if self._hits[0].size < units.size:
            self._hits = tuple(np.empty(units.size + 1, kind) for kind in (np.int32, np.int64, np.int32))  # type: ignore[assignment]
        documents, positions, ids = self._hits
        found = batch_hits(
            units, counts, asked.n, asked.bitmap, asked.slot_keys, asked.slot_ids, documents, positions, ids
        )
        if found:
            hits = documents[:found], positions[:found], ids[:found]
            count_documents(hits[0], hits[2], self.documents, self._last_seen, self.frequency)
            if self._most:  # else only the counts are wanted
                self._keep(batch, counts, hits)
        self.rows += batch.row_count
        self.documents += len(batch)
        self.units += int(units.size)
        self.ngrams += int(np.maximum(0, counts - asked.n + 1).sum())

    def _keep(
        self,
        batch: Documents,
        counts: NDArray[np.int64],
        hits: tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]],
    ) -> None:
        from overlap.kernels.lookup import shared_stretches

        asked, begin = self._asked, 0
        rows = np.empty((_ROWS, 3), np.int64)
        while begin < hits[0].size:
            written, begin = shared_stretches(
                begin,
                *hits,
                self.documents,
                asked.ids,
                asked.is_first,
                asked.bounds,
                asked.places,
                self._most,
                self._kept,
                self._kept_in,
                self._best,
                rows,
            )
            self._describe(batch, hits, rows[:written])

    def _describe(
        self,
        batch: Documents,
        hits: tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]],
        rows: NDArray[np.int64],
    ) -> None:
        spans, text, current = np.empty((0, 2), np.int64), "", -1
        for hit, at, length in rows.tolist():
            index = int(hits[0][hit])
            if index != current:
                spans, text, current = *self._hasher.spans(batch, index), index
            first = int(hits[1][hit])
            start, stop = int(spans[first, 0]), int(spans[first + length + self._asked.n - 2, 1])
            identity = batch.ids[index] if batch.ids is not None else ""
            self.places.append(Place(at, length, batch.row(index), identity, start, stop, *excerpt(text, start, stop)))


def excerpt(text: str, start: int, stop: int) -> tuple[str, str, str]:
    """What stands before, at and after a span, with a bounded context."""
    return text[max(0, start - CONTEXT) : start], text[start:stop], text[stop : stop + CONTEXT]
