"""Shards put together into the tasks of a pass, and what they found told file by file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from overlap.corpus import InputFile, Shard, refuse_all_bad
from overlap.packing import packed

__all__ = ["FileTally", "kind_of_task", "small_together"]

_TASK_BYTES = 8 << 20


def small_together(shards: Sequence[Shard]) -> Iterator[list[Shard]]:
    """Shards one by one, but small files together: a task costs as much as it asks n-grams, however little it reads."""
    for is_whole, some in groupby(shards, lambda shard: shard.is_whole):
        if is_whole:
            yield from packed(list(some), lambda shard: shard.weight, _TASK_BYTES)
        else:
            yield from ([shard] for shard in some)


class FileTally:
    """Documents (``read``) and bad records of each file, taken shard by shard in the order of the corpus.

    ``weight``: bytes read; ``skipped``: of each file, by kind.
    """

    def __init__(self) -> None:
        self.weight = 0
        self.read: list[int] = []
        self.skipped: list[Counter[str]] = []

    @property
    def files(self) -> int:
        """How many have been begun."""
        return len(self.read)

    def add(self, shard: Shard, documents: int, skipped: Mapping[str, int]) -> None:
        """Take what was read of the next shard."""
        if shard.start == 0:  # each file has one such shard, its first
            self.read.append(0)
            self.skipped.append(Counter())
        self.read[-1] += documents
        self.skipped[-1].update(skipped)
        self.weight += shard.weight

    def refuse_all_bad(self, files: Sequence[InputFile]) -> None:
        """Raise CorpusError for a file of which nothing is left."""
        for file, documents, bad in zip(files, self.read, self.skipped, strict=True):
            refuse_all_bad(file, documents, bad)


def kind_of_task(task: Sequence[Shard]) -> str:
    """What decides which kernels a task needs."""
    return " ".join(sorted({f"{shard.file.format} {shard.file.document}" for shard in task}))
