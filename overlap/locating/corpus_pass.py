"""The pass over a whole corpus: shards on threads, combined in the order of the corpus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from overlap.corpus import InputFile, Shard, plan_shards
from overlap.executors import in_order
from overlap.locating.asked import AskedNgrams
from overlap.locating.stream import Place, search_shard

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CorpusFindings", "document_frequency", "search_corpus"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class CorpusFindings:
    """``frequency``: int64, documents that have each asked n-gram; ``places``: (file, place) in corpus order."""

    documents: int
    units: int
    ngrams: int
    frequency: NDArray[np.int64]
    places: list[tuple[InputFile, Place]]


def search_corpus(
    files: Sequence[InputFile], asked: AskedNgrams, most: int, workers: int, progress: Progress
) -> CorpusFindings:
    """Look for the asked n-grams in all files; places of each in ``most`` documents at least. Raises CorpusError."""
    shards = plan_shards(files, whole_documents=True)
    frequency = np.zeros(asked.count, np.int64)
    keeper = _Keeper(asked, most)
    documents = units = ngrams = done = 0
    total = sum(shard.weight for shard in shards)
    progress("scan", 0, total)
    for shard, found in in_order(lambda shard: search_shard(shard, asked, most), shards, workers):
        frequency += found.frequency
        documents, units, ngrams = documents + found.documents, units + found.units, ngrams + found.ngrams
        keeper.add(shard, found.rows, found.places)
        done += shard.weight
        progress("scan", done, total)
    return CorpusFindings(documents, units, ngrams, frequency, keeper.places)


def document_frequency(
    files: Sequence[InputFile], asked: AskedNgrams, workers: int, progress: Progress
) -> NDArray[np.int64]:
    """In how many documents of the files each asked n-gram stands; shape (asked.count,). Raises CorpusError."""
    return search_corpus(files, asked, 0, workers, progress).frequency


class _Keeper:
    """Applies the rule of ``kernels.lookup.shared_stretches`` across shards: each has kept at least what is due."""

    def __init__(self, asked: AskedNgrams, most: int):
        self._asked, self._most = asked, most
        self._kept = np.zeros(asked.count, np.int64)
        self._kept_in = np.full(asked.count, -1, np.int64)
        self._best = np.zeros(asked.ids.size, np.int64)
        self._document = -1
        self._rows = 0  # of the file, before the shard
        self.places: list[tuple[InputFile, Place]] = []

    def add(self, shard: Shard, rows: int, places: list[Place]) -> None:
        """Take the places of the next shard, which has so many rows."""
        row = None
        if shard.start == 0:
            self._rows = 0
        before = self._rows
        self._rows += rows
        for place in places:
            self._document += place.row != row
            row = place.row
            ids = self._asked.ids[place.at : place.at + place.ngrams]
            here = self._kept_in[ids] == self._document
            longer = place.ngrams > self._best[place.at]
            if not (longer or here.any() or (self._kept[ids] < self._most).any()):
                continue
            self._best[place.at] = max(self._best[place.at], place.ngrams)
            fresh = np.array(sorted(set(ids[~here].tolist())), np.int64)
            self._kept[fresh] += 1
            self._kept_in[fresh] = self._document
            self.places.append((shard.file, replace(place, row=before + place.row)))
