"""Digests of files, block by block: made ahead while something else is being loaded, or in step with a pass."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from overlap.corpus import DIGEST_BLOCK, InputFile, Shard, digest_block, digest_count
from overlap.corpus.objects import row_count
from overlap.corpus.storage import local_path
from overlap.executors.stopping import awaited, run_until

__all__ = ["Block", "DigestsAhead", "Position", "blocks_of", "in_step", "is_at_hand", "is_stream"]

_MOST_AHEAD = 8  # blocks of 256 MiB, each some 0.2 s


@dataclass(frozen=True)
class Block:
    """Part ``index`` of a file, as digests count."""

    file: InputFile
    index: int

    def digest(self) -> str:
        """Its SHA-256, hexadecimal. Raises CorpusError."""
        return digest_block(self.file, self.index)


def blocks_of(files: Sequence[InputFile]) -> list[Block]:
    """The blocks of all files; a file that is named twice is digested once."""
    return [Block(file, index) for file in dict.fromkeys(files) for index in range(digest_count(file))]


def is_at_hand(file: InputFile) -> bool:
    """Is it on the local disk?"""
    return file.data is None and local_path(file) is not None


def is_stream(file: InputFile) -> bool:
    """Is it a stream of rows? They may come from an iterator of the user's: never to be read twice at once."""
    return file.data is not None and row_count(file.data) is None


class Position:
    """Where a walk through the shards of some files stands, so that blocks can be put between them."""

    def __init__(self, files: Sequence[InputFile]):
        self._numbers = {file: number for number, file in reversed(list(enumerate(files)))}
        self._read = 0

    def before(self, shards: Sequence[Shard]) -> tuple[int, int]:
        """(number of the file, bytes of it that were read) before these shards, which come next."""
        first, last = shards[0], shards[-1]
        here = (self._numbers[first.file], 0 if first.start == 0 else self._read)
        self._read = (0 if last.start == 0 else self._read) + last.weight
        return here

    def of(self, file: InputFile, index: int) -> tuple[int, int]:
        """The same for where a block begins."""
        return self._numbers[file], index * DIGEST_BLOCK


def in_step(
    tasks: Iterator[list[Shard]], files: Sequence[InputFile], blocks: Sequence[Block]
) -> Iterator[list[Shard] | Block]:
    """Tasks, and each block of a file at hand just before the first task that reads in it.

    What is read for one is in memory for the other. Blocks of other files are left out.
    """
    position = Position(files)
    waiting = deque(block for block in blocks if is_at_hand(block.file))
    for task in tasks:
        reads = position.before(task)
        while waiting and position.of(waiting[0].file, waiting[0].index) <= reads:
            yield waiting.popleft()
        yield task
    yield from waiting


class DigestsAhead:
    """Digests the first blocks of files at hand in a thread, until it is told that every core is needed.

    With ``idle`` False, where no core has nothing to do, none is begun.
    """

    def __init__(self, files: Sequence[InputFile], *, idle: bool):
        local = [block for block in blocks_of(files) if is_at_hand(block.file)] if idle else []
        self._thread = ThreadPoolExecutor(1, "digests")
        self._end = threading.Event()
        self._begun: dict[Block, Future[str]] = {
            block: self._thread.submit(run_until, self._end, block.digest) for block in local[:_MOST_AHEAD]
        }

    def __enter__(self) -> DigestsAhead:
        return self

    def stop(self) -> None:
        """Begin no more of them."""
        self._begun = {block: future for block, future in self._begun.items() if not future.cancel()}

    def left(self, blocks: Sequence[Block]) -> list[Block]:
        """Those of the blocks that have not been begun here, when it was stopped."""
        return [block for block in blocks if block not in self._begun]

    def digests(self, blocks: Sequence[Block]) -> dict[Block, str]:
        """Of those of the blocks that were begun. Raises CorpusError where one cannot be read."""
        return {block: awaited(self._begun[block]) for block in blocks if block in self._begun}

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._end.set()
        self._thread.shutdown(wait=True)
