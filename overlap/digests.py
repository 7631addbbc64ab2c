"""Digests of files, block by block: made ahead while something else is being loaded, or in step with a pass."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from overlap.corpus import DIGEST_BLOCK, InputFile, Shard, digest_block, digest_count
from overlap.corpus.storage import local_path

__all__ = ["Block", "DigestsAhead", "blocks_of", "in_step"]

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


def in_step(
    tasks: Iterator[list[Shard]], files: Sequence[InputFile], blocks: Sequence[Block]
) -> Iterator[list[Shard] | Block]:
    """Tasks, and each block just before the first task that reads in it: what is read for one is in memory for both.

    Blocks of files elsewhere come last.
    """
    numbers = {file: number for number, file in reversed(list(enumerate(files)))}
    waiting = deque(block for block in blocks if local_path(block.file))
    for task in tasks:
        first = task[0]
        reads = (numbers[first.file], first.start)
        while waiting and (numbers[waiting[0].file], waiting[0].index * DIGEST_BLOCK) <= reads:
            yield waiting.popleft()
        yield task
    yield from waiting
    yield from (block for block in blocks if not local_path(block.file))


class DigestsAhead:
    """Digests the first blocks of local files in a thread, until it is told that every core is needed.

    With ``idle`` False, where no core has nothing to do, none is begun.
    """

    def __init__(self, files: Sequence[InputFile], *, idle: bool):
        local = [block for block in blocks_of(files) if local_path(block.file)] if idle else []
        self._thread = ThreadPoolExecutor(1, "digests")
        self._begun: dict[Block, Future[str]] = {
            block: self._thread.submit(block.digest) for block in local[:_MOST_AHEAD]
        }

    def __enter__(self) -> DigestsAhead:
        return self

    def stop(self) -> None:
        """Begin no more of them."""
        self._begun = {block: future for block, future in self._begun.items() if not future.cancel()}

    def left(self, blocks: Sequence[Block]) -> list[Block]:
        """Those of the blocks that have not been begun here, when it was stopped."""
        return [block for block in blocks if block not in self._begun]

    def digests(self) -> dict[Block, str]:
        """Of all that were begun. Raises CorpusError where one cannot be read."""
        return {block: future.result() for block, future in self._begun.items()}

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.shutdown(wait=True)
