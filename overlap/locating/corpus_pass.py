"""The pass over a whole corpus: shards on any workers, combined in the order of the corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from overlap.corpus import InputFile, Shard, check_shared, plan_shards
from overlap.digests import Block, DigestsAhead, blocks_of, in_step
from overlap.executors import Pool
from overlap.locating.asked import AskedNgrams
from overlap.locating.stream import Place, Searched, ShardPlaces, new_state, search_shards
from overlap.locating.together import FileTally, kind_of_task, small_together
from overlap.progress import Progress, Stage, logged

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CorpusFindings", "document_frequency", "search_corpus"]


@dataclass(frozen=True)
class CorpusFindings:
    """``frequency``: int64, documents that have each asked n-gram; ``places``: (file, place) in corpus order.

    ``skipped``: of each file, bad records that were passed over, by kind; ``repetitive``: documents that repeat
    themselves so much that not all pairs of places were looked at; ``digests``: of blocks of the files at hand, where
    they were wanted.
    """

    documents: int
    units: int
    ngrams: int
    frequency: NDArray[np.int64]
    places: list[tuple[InputFile, Place]]
    skipped: list[Counter[str]]
    repetitive: int
    digests: Mapping[Block, str]


def search_corpus(
    files: Sequence[InputFile],
    asked: AskedNgrams,
    most: int,
    pool: Pool,
    progress: Progress | None,
    ahead: DigestsAhead | None = None,
) -> CorpusFindings:
    """Look for the asked n-grams in all files; places in ``most`` documents, see ``kernels.lookup``.

    With ``ahead`` files at hand are digested in step with it, but for what is digested there already.
    Raises CorpusError, ExecutorError.
    """
    shards = plan_shards(files, whole_documents=not asked.segmenter.in_pieces)
    check_shared(pool, files)
    counter, keeper, tally = _Counter(asked.count), _Keeper(asked, most), _Tally()
    total = sum(shard.weight for shard in shards)
    progress = logged(progress)
    progress(Stage("scan", 0, len(files)), 0, total)
    digests: dict[Block, str] = {}
    for task, found in pool.in_order(_search, _with_digests(shards, files, ahead), (asked, most), _kind):
        if isinstance(task, Block):
            digests[task] = cast(str, found)
            continue
        searched = cast(Searched, found)
        counter.add(task, searched)
        for shard, part in zip(task, searched.shards, strict=True):
            keeper.add(shard, part)
        tally.add_task(task, searched)
        ended = tally.files - (tally.weight < total)  # of a file cut in pieces the last is still to come
        progress(Stage("scan", max(0, ended), len(files)), tally.weight, total)
    tally.refuse_all_bad(files)
    if ahead:
        digests |= ahead.digests(blocks_of(files))
    counts = (tally.documents, tally.units, tally.ngrams)
    return CorpusFindings(*counts, counter.frequency, keeper.places, tally.skipped, tally.repetitive, digests)


def _search(task: list[Shard] | Block, asked: AskedNgrams, most: int) -> Searched | str:
    return task.digest() if isinstance(task, Block) else search_shards(task, asked, most)


def _with_digests(
    shards: Sequence[Shard], files: Sequence[InputFile], ahead: DigestsAhead | None
) -> Iterator[list[Shard] | Block]:
    if ahead is None:
        return small_together(shards)
    ahead.stop()
    return in_step(small_together(shards), files, ahead.left(blocks_of(files)))


def _kind(task: Sequence[Shard] | Block) -> str:
    return "digest" if isinstance(task, Block) else kind_of_task(task)


class _Tally(FileTally):
    """Sums over tasks, and what was read of each file."""

    def __init__(self) -> None:
        super().__init__()
        self.documents = self.units = self.ngrams = self.repetitive = 0

    def add_task(self, task: Sequence[Shard], found: Searched) -> None:
        """Take what the next task found."""
        self.documents += found.documents
        self.units += found.units
        self.ngrams += found.ngrams
        self.repetitive += found.repetitive
        for shard, part in zip(task, found.shards, strict=True):
            self.add(shard, part.documents, part.skipped)


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
    files: Sequence[InputFile], asked: AskedNgrams, pool: Pool, progress: Progress | None
) -> NDArray[np.int64]:
    """In how many documents of the files each asked n-gram stands; shape (asked.count,). Raises CorpusError."""
    return search_corpus(files, asked, 0, pool, progress).frequency


class _Keeper:
    """Applies the rule of ``kernels.lookup.shared_stretches`` across shards: each has kept at least what is due."""

    def __init__(self, asked: AskedNgrams, most: int):
        self._most = most
        self._kept, self._kept_in, self._best = new_state(asked)
        self._document = 0
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
            if self._is_due(place.at, place.ngrams):
                start, stop = place.start + self._characters, place.stop + self._characters
                self.places.append((file, replace(place, row=row, start=start, stop=stop)))
        self._rows += found.rows
        self._characters += found.characters

    def _is_due(self, at: int, ngrams: int) -> bool:
        is_new = self._kept_in[at] != self._document
        if not (is_new and self._kept[at] < self._most) and ngrams <= self._best[at]:
            return False
        self._best[at] = max(self._best[at], ngrams)
        self._kept[at] += is_new
        self._kept_in[at] = self._document
        return True
