"""The pass over a whole corpus: shards on any workers, combined in the order of the corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from overlap.corpus import InputFile, Shard, check_shared, plan_shards, refuse_all_bad
from overlap.executors import Pool
from overlap.locating.asked import AskedNgrams
from overlap.locating.stream import Place, Searched, ShardPlaces, search_shards

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CorpusFindings", "document_frequency", "search_corpus"]

Progress = Callable[[str, int, int], None]
_TASK_BYTES = 8 << 20


@dataclass(frozen=True)
class CorpusFindings:
    """``frequency``: int64, documents that have each asked n-gram; ``places``: (file, place) in corpus order.

    ``skipped``: of each file, bad records that were passed over, by kind.
    """

    documents: int
    units: int
    ngrams: int
    frequency: NDArray[np.int64]
    places: list[tuple[InputFile, Place]]
    skipped: list[Counter[str]]


def search_corpus(
    files: Sequence[InputFile], asked: AskedNgrams, most: int, pool: Pool, progress: Progress
) -> CorpusFindings:
    """Look for the asked n-grams in all files; places of each in ``most`` documents at least.

    Raises CorpusError, ExecutorError.
    """
    shards = plan_shards(files, whole_documents=not asked.segmenter.in_pieces)
    check_shared(pool, files)
    counter, keeper = _Counter(asked.count), _Keeper(asked, most)
    read: list[int] = []
    skipped: list[Counter[str]] = []
    documents = units = ngrams = done = 0
    total = sum(shard.weight for shard in shards)
    progress("scan", 0, total)
    for task, found in pool.in_order(search_shards, _tasks(shards), (asked, most), _kind):
        counter.add(task, found)
        documents, units, ngrams = documents + found.documents, units + found.units, ngrams + found.ngrams
        for shard, part in zip(task, found.shards, strict=True):
            keeper.add(shard, part)
            if shard.start == 0:  # each file has one such shard, its first
                read.append(0)
                skipped.append(Counter())
            read[-1] += part.documents
            skipped[-1].update(part.skipped)
        done += sum(shard.weight for shard in task)
        progress("scan", done, total)
    for file, here, bad in zip(files, read, skipped, strict=True):
        refuse_all_bad(file, here, bad)
    return CorpusFindings(documents, units, ngrams, counter.frequency, keeper.places, skipped)


def _tasks(shards: Sequence[Shard]) -> Iterator[list[Shard]]:
    """Shards one by one, but small files together: a task costs as much as it asks n-grams, however little it reads."""
    task: list[Shard] = []
    for shard in shards:
        if not shard.is_whole or sum(other.weight for other in task) + shard.weight > _TASK_BYTES:
            if task:
                yield task
            task = []
        if shard.is_whole:
            task.append(shard)
        else:
            yield [shard]
    if task:
        yield task


def _kind(task: Sequence[Shard]) -> str:
    """What decides which kernels a task needs."""
    return " ".join(sorted({f"{shard.file.format} {shard.file.document}" for shard in task}))


class _Counter:
    """Adds up document frequencies; a document that is cut into shards counts once."""

    def __init__(self, ngrams: int):
        self.frequency = np.zeros(ngrams, np.int64)
        self._seen = np.zeros(0, np.bool_)  # in the document under way

    def add(self, task: Sequence[Shard], found: Searched) -> None:
        first = task[0]
        if first.is_whole or first.file.document != "file":
            self.frequency += found.frequency
            return
        here = found.frequency > 0
        if first.start == 0:
            self._seen = np.zeros_like(here)
        self.frequency += here & ~self._seen
        self._seen |= here


def document_frequency(
    files: Sequence[InputFile], asked: AskedNgrams, pool: Pool, progress: Progress
) -> NDArray[np.int64]:
    """In how many documents of the files each asked n-gram stands; shape (asked.count,). Raises CorpusError."""
    return search_corpus(files, asked, 0, pool, progress).frequency


class _Keeper:
    """Applies the rule of ``kernels.lookup.shared_stretches`` across shards: each has kept at least what is due."""

    def __init__(self, asked: AskedNgrams, most: int):
        from overlap.kernels.lookup import STRETCHES_A_DOCUMENT

        self._asked, self._most = asked, most
        self._most_in_document = STRETCHES_A_DOCUMENT
        self._kept = np.zeros(asked.count, np.int64)
        self._kept_in = np.full(asked.count, -1, np.int64)
        self._best = np.zeros(asked.ids.size, np.int64)
        self._document = self._in_document = 0
        self._row: tuple[InputFile, int] | None = None
        self._rows = self._characters = 0  # of the file, before the shard
        self.places: list[tuple[InputFile, Place]] = []

    def add(self, shard: Shard, found: ShardPlaces) -> None:
        """Take the places of the next shard."""
        file = shard.file
        if shard.start == 0:
            self._rows = self._characters = 0
        in_one = file.document == "file"
        for place in found.places:
            row = 0 if in_one else self._rows + place.row
            if self._row is None or self._row[0] is not file or self._row[1] != row:
                self._row = file, row
                self._document += 1
                self._in_document = 0
            moved = replace(place, row=row, start=place.start + self._characters, stop=place.stop + self._characters)
            if self._in_document < self._most_in_document and self._is_due(place):
                self._in_document += 1
                self.places.append((file, moved))
        self._rows += found.rows
        self._characters += found.characters

    def _is_due(self, place: Place) -> bool:
        ids = self._asked.ids[place.at : place.at + place.ngrams]
        here = self._kept_in[ids] == self._document
        longer = place.ngrams > self._best[place.at]
        if not (longer or here.any() or (self._kept[ids] < self._most).any()):
            return False
        self._best[place.at] = max(self._best[place.at], place.ngrams)
        fresh = np.array(sorted(set(ids[~here].tolist())), np.int64)
        self._kept[fresh] += 1
        self._kept_in[fresh] = self._document
        return True
