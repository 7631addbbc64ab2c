"""Reading ahead: a thread of its own makes the next items while the ones before are used.

For what one worker has to read from its beginning to its end: a large compressed file is decompressed, parsed and
hashed at the same time, by a thread each. Items, their order, and the error behind them stay as they are.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from overlap.executors.stopping import awaited

__all__ = ["LARGE", "StreamAhead", "ahead"]

LARGE = 4 << 20  # stored bytes of a file for which a thread, 0.1 ms, is worth its start
DEPTH = 2  # items made before they are asked for, each of about 1 MiB

T = TypeVar("T")
_END: Any = object()


def ahead(items: Generator[T, None, None]) -> Generator[T, None, None]:
    """The same items, made by a thread up to ``DEPTH`` items early.

    An error of ``items`` is raised behind the items before it. When this generator ends or is closed, no thread is
    left, and ``items`` is closed. The thread waits for nobody: it is told each time to make one more.
    """
    try:
        with ThreadPoolExecutor(1, "overlap-ahead") as thread:
            waiting: deque[Future[T]] = deque()
            try:
                for _ in range(DEPTH):
                    waiting.append(thread.submit(next, items, _END))
                while (item := awaited(waiting.popleft())) is not _END:
                    waiting.append(thread.submit(next, items, _END))
                    yield item
            finally:
                for future in waiting:
                    future.cancel()
    finally:
        items.close()


class StreamAhead(io.RawIOBase):
    """A binary stream read ahead in steps of ``step`` bytes; ``lost``: it has ended, before its file's end.

    What a reader that asks for ``step`` bytes at a time gets from it, and when an error, is what the stream itself
    would give.
    """

    def __init__(self, stream: Any, step: int):
        super().__init__()
        self._stream = stream
        self._steps = ahead(_steps(stream, step))
        self._held = memoryview(b"")
        self._ended = False
        self._failure: Exception | None = None

    @property
    def lost(self) -> bool:
        return self._ended and bool(getattr(self._stream, "lost", False))

    def readable(self) -> bool:
        return True

    def readinto(self, view: Any) -> int:
        piece = self._next(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def read(self, size: int | None = -1) -> bytes:
        """As many bytes as asked for, unless the stream ends."""
        pieces: list[memoryview] = []
        left = -1 if size is None else size
        while left and (piece := self._next(left)):
            pieces.append(piece)
            left -= len(piece) if left > 0 else 0
        return b"".join(pieces)

    def close(self) -> None:
        if not self.closed:
            self._steps.close()
            self._stream.close()
        super().close()

    def _next(self, most: int) -> memoryview:
        if self._failure is not None:  # whoever asks again must not take it for the end
            raise self._failure
        if not self._held and not self._ended:
            try:
                self._held = next(self._steps, memoryview(b""))
            except Exception as error:
                self._failure = error
                raise
            self._ended = not self._held
        piece = self._held if most < 0 else self._held[:most]
        self._held = self._held[len(piece) :]
        return piece


def _steps(stream: Any, step: int) -> Generator[memoryview, None, None]:
    """The stream's bytes, ``step`` at a time; what was read before an error comes before it."""
    filled = step
    while filled == step:
        view, filled, failure = np.empty(step, np.uint8).data, 0, None
        try:
            while filled < step and (count := stream.readinto(view[filled:])):
                filled += count
        except Exception as error:
            failure = error
        if filled:
            yield view[:filled]
        if failure is not None:
            raise failure
