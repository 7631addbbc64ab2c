"""One pass over shards of training text against the n-grams asked for.

Counts are exact: in how many documents each n-gram stands. Places are sampled: of each n-gram the first few documents
in the order of the corpus. Whoever combines the shards in their order gets what one pass in one piece would have given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from overlap.corpus import Documents, Shard, read_shard, read_whole, text_to_skip
from overlap.hashing import UnitHasher
from overlap.locating.asked import AskedNgrams

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Hits", "Place", "Search", "Searched", "ShardPlaces", "excerpt", "new_state", "search_shards"]

CONTEXT = 120  # characters shown on either side of a match
_ROWS = 1 << 16  # of stretches written at a time


@dataclass(frozen=True)
class Place:
    """A stretch of ``ngrams`` n-grams of the test sets (from n-gram ``at`` on) in a training document.

    ``row`` counts from 0 in the shard; spans are in characters of the document. ``units``: what stands there, unit by
    unit, where that cannot be told from the text alone (tokens).
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
    units: bytes = b""


@dataclass(frozen=True)
class ShardPlaces:
    """What one shard adds: its rows, the characters of its part of a text file, its places in order, its documents, and
    bad records that were passed over, by kind.
    """

    rows: int
    characters: int
    places: list[Place]
    documents: int
    skipped: Counter[str]


@dataclass(frozen=True)
class Searched:
    """What a few shards hold. ``frequency``: int32, their documents that have each n-gram, shape (asked.count,).

    ``repetitive``: documents that repeat themselves so much that not all pairs of places were looked at.
    """

    documents: int
    units: int
    ngrams: int
    frequency: NDArray[np.int32]
    shards: list[ShardPlaces]
    repetitive: int


def search_shards(shards: Sequence[Shard], asked: AskedNgrams, most: int) -> Searched:
    """Look for the asked n-grams in shards that follow each other; places in at most ``most`` documents each.

    Raises CorpusError. A shard that is a part of a document must come alone.
    """
    search = Search(asked, most)
    found = []
    for shard in shards:
        before = search.documents
        search.skipped = Counter()
        if wrong := text_to_skip(shard):
            rows, characters = 0, 0
            search.skipped.update([wrong] if shard.start == 0 else [])
        elif shard.file.document == "file" and asked.segmenter.in_pieces:
            from overlap.locating.long_text import search_text

            rows, characters = 1, search_text(search, shard)
        else:
            batches = read_shard(shard) if asked.segmenter.in_pieces else read_whole(shard)
            rows, characters = sum(search.add(batch, shard) for batch in batches), 0
        documents = search.documents - before
        found.append(ShardPlaces(rows, characters, search.places, documents, search.skipped))
        search.places = []
    return Searched(search.documents, search.units, search.ngrams, search.frequency, found, search.repetitive)


def new_state(asked: AskedNgrams) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """What has been kept of the stretches that begin at each test n-gram: (documents, the last one, longest)."""
    size = asked.ids.size
    return np.zeros(size, np.int32), np.full(size, -1, np.int64), np.zeros(size, np.int64)


Hits = tuple["NDArray[np.int32]", "NDArray[np.int64]", "NDArray[np.int32]"]


class Search:
    """The state of a pass: exact counts, and what has been kept of each n-gram so far."""

    def __init__(self, asked: AskedNgrams, most: int):
        self.asked, self._most = asked, most
        self.documents = self.units = self.ngrams = 0
        self.frequency = np.zeros(asked.count, np.int32)
        self.places: list[Place] = []
        self.skipped: Counter[str] = Counter()
        self.hasher = UnitHasher(asked.segmenter)
        self._last_seen = np.full(asked.count, -1, np.int64)
        self._state = new_state(asked)
        self._budget = np.zeros(2, np.int64)
        self._rows = np.empty((max(_ROWS, asked.most_places) if most else 0, 3), np.int64)
        self._ahead = np.empty(0, np.int64)
        self._hits: Hits = (np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.int32))

    def add(self, batch: Documents, shard: Shard) -> int:
        """Search the documents of a batch; returns the rows that it covers."""
        self.skipped.update(batch.skipped)
        units, counts = self.hasher.hash(batch, shard)
        hits = self.hits(units, counts)
        self.count(hits)
        self.keep(batch, hits)
        self.documents += len(batch)
        self.units += int(units.size)
        self.ngrams += int(np.maximum(0, counts - self.asked.n + 1).sum())
        return batch.row_count

    def begin_text(self) -> None:
        """A document begins that comes in several batches, each of them ``is_continued``."""
        from overlap.kernels.lookup import PAIRS_A_DOCUMENT

        self._budget[0] = PAIRS_A_DOCUMENT

    @property
    def repetitive(self) -> int:
        """Documents of which not all pairs of places were looked at."""
        return int(self._budget[1])

    def hits(self, units: NDArray[np.uint64], counts: NDArray[np.int64]) -> Hits:
        """(document, n-gram in it, id) of all asked n-grams of a batch; valid until the next call."""
        from overlap.kernels.lookup import batch_hits

        asked = self.asked
        if self._hits[0].size < units.size:
            self._hits = tuple(np.empty(units.size + 1, kind) for kind in (np.int32, np.int64, np.int32))  # type: ignore[assignment]
        documents, positions, ids = self._hits
        found = batch_hits(
            units, counts, asked.n, asked.bitmap, asked.slot_keys, asked.slot_ids, documents, positions, ids
        )
        return documents[:found], positions[:found], ids[:found]

    def count(self, hits: Hits) -> None:
        """Count documents; those of the hits are numbered on from ``self.documents``."""
        from overlap.kernels.lookup import count_documents

        count_documents(hits[0], hits[2], self.documents, self._last_seen, self.frequency)

    def keep(self, batch: Documents, hits: Hits, characters: int = 0, *, is_continued: bool = False) -> None:
        """Keep the places of the hits that are due.

        ``characters`` stand before the batch in its document; ``is_continued``: the first document goes on.
        """
        from overlap.kernels.lookup import hits_ahead, shared_stretches

        if not self._most or not hits[0].size:  # only the counts are wanted
            return
        asked, begin = self.asked, 0
        if self._ahead.size < hits[0].size:
            self._ahead = np.empty(hits[0].size, np.int64)
        hits_ahead(*hits[:2], self._ahead)
        while begin < hits[0].size:
            written, begin = shared_stretches(
                begin,
                *hits,
                self._ahead,
                self.documents,
                asked.ids,
                asked.is_first,
                asked.left,
                asked.bounds,
                asked.places,
                self._most,
                *self._state,
                self._budget,
                is_continued,
                self._rows,
            )
            self._describe(batch, hits, self._rows[:written], characters)

    def _describe(self, batch: Documents, hits: Hits, rows: NDArray[np.int64], characters: int) -> None:
        spans, text, current = np.empty((0, 2), np.int64), "", -1
        for hit, at, length in rows.tolist():
            index = int(hits[0][hit])
            if index != current:
                spans, text, current = *self.hasher.spans(batch, index), index
            first = int(hits[1][hit])
            start, stop = int(spans[first, 0]), int(spans[first + length + self.asked.n - 2, 1])
            identity = batch.ids[index] if batch.ids is not None else ""
            span = start + characters, stop + characters
            place = Place(at, length, batch.row(index), identity, *span, *excerpt(text, start, stop))
            units = self.hasher.exactly(first, first + length + self.asked.n - 1)
            self.places.append(replace(place, units=units) if units else place)


def excerpt(text: str, start: int, stop: int) -> tuple[str, str, str]:
    """What stands before, at and after a span, with a bounded context."""
    return text[max(0, start - CONTEXT) : start], text[start:stop], text[stop : stop + CONTEXT]
