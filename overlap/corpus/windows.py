"""A text file that is one document, in windows: stretches of it with what stands before and behind them.

Whoever looks for n-grams and for runs of them needs to see over the edges of a piece. The pieces of all shards of a
file cover it once, from its first byte to its last; the text around a piece belongs to its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.corpus.disguises import refuse_disguised
from overlap.corpus.readers import Shard, start_of, text_before
from overlap.corpus.streams import boundary, open_bytes, reading
from overlap.executors.stopping import raise_if_stopped
from overlap.kernels import SLACK

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TextWindows", "Window"]

_SPACES = np.array([9, 10, 13, 32], np.uint8)
_LOOK_BACK = 1 << 12  # bytes kept before a piece
_LOOK_AHEAD = 1 << 12  # bytes read behind a piece at first


@dataclass(frozen=True)
class Window:
    """``data[first:last]`` is the piece, ``data[:stop]`` the window; all three are edges of words but for ``data[0]``.

    ``data``: uint8, with slack for the kernels behind ``stop``; ``position``: the byte of the file with which the
    window begins; ``is_first``, ``is_last``: the window begins and ends with the file.
    """

    data: NDArray[np.uint8]
    first: int
    last: int
    stop: int
    position: int
    is_first: bool
    is_last: bool


class TextWindows:
    """The windows of one shard, in order; each can be made longer while it is the current one.

    A task that was taken back ends at the next read, with Stopped.
    """

    def __init__(self, shard: Shard, block: int):
        self._shard, self._block = shard, block
        file = shard.file
        self._start = start_of(shard)
        whole = bool(file.compression) or shard.stop >= file.size
        self._end = None if whole else boundary(file, shard.stop, True)
        before = text_before(file, self._start, _LOOK_BACK) if self._start else b""
        self._data = np.empty(len(before) + block + _LOOK_AHEAD + SLACK, np.uint8)
        self._data[: len(before)] = np.frombuffer(before, np.uint8)
        self._filled = self._first = len(before)
        self._position = self._start - len(before)
        self._ended = False
        self._stream: Any = None
        self._ahead = _LOOK_AHEAD
        self._last = 0

    def __iter__(self) -> Iterator[Window]:
        if self._shard.start == 0:
            with reading(self._shard.file):
                refuse_disguised(self._shard.file)
        with reading(self._shard.file), open_bytes(self._shard.file, self._block) as self._stream:
            if self._start:
                self._stream.seek(self._start)
            while self._end is None or self._position + self._first < self._end:
                last = self._piece_end()
                if last == self._first and self._first + self._position > 0:
                    return
                self._ahead = _LOOK_AHEAD
                self._last = last
                yield self._window()
                if self._ended and self._last == self._filled:
                    return
                self._drop_before(self._last)

    def longer_ahead(self) -> Window:
        """The current window with at least twice as much behind its piece. Raises CorpusError."""
        self._ahead *= 4
        with reading(self._shard.file):
            return self._window()

    def longer_back(self, size: int) -> Window:
        """The current window with up to ``size`` bytes before its piece. Raises CorpusError."""
        before = np.frombuffer(text_before(self._shard.file, self._position + self._first, size), np.uint8)
        ahead = self._data[self._first : self._filled]
        last = self._last - self._first + before.size
        self._data = np.concatenate([before, ahead, np.empty(SLACK, np.uint8)])
        self._position += self._first - before.size
        self._first, self._last, self._filled = before.size, last, before.size + ahead.size
        with reading(self._shard.file):
            return self._window()

    def _piece_end(self) -> int:
        """Where the piece that begins at ``_first`` ends: behind white space, or with the shard's range."""
        wanted = self._block
        while True:
            end = self._first + wanted
            if self._end is not None and self._end - self._position <= end:
                self._read_to(self._end - self._position)
                return min(self._end - self._position, self._filled)
            self._read_to(end)
            if self._filled < end:
                return self._filled
            if cut := self._space_before(end, self._first):
                return cut
            wanted *= 2

    def _window(self) -> Window:
        last = self._last
        while True:
            self._read_to(last + self._ahead)
            stop = self._filled if self._ended else self._space_before(self._filled, last)
            if stop or self._ended:
                break
            self._ahead *= 4
        data = self._data[: stop + SLACK].view()
        data.flags.writeable = False
        is_last = self._ended and stop == self._filled
        return Window(data, self._first, last, stop, self._position, self._position == 0, is_last)

    def _read_to(self, end: int) -> None:
        """Have the bytes up to ``end`` of the buffer, or all that there are."""
        if end + SLACK > self._data.size:
            grown = np.empty(end + end // 2 + SLACK, np.uint8)
            grown[: self._filled] = self._data[: self._filled]
            self._data = grown
        view = self._data.data
        while self._filled < end and not self._ended:
            raise_if_stopped()
            count = self._stream.readinto(view[self._filled : end])
            self._filled += count or 0
            self._ended = not count

    def _space_before(self, end: int, first: int) -> int:
        """The place behind the last white space of ``_data[first:end]``, 0 for none."""
        step = 1 << 12
        stop = end
        while stop > first:
            begin = max(first, stop - step)
            found = np.flatnonzero(np.isin(self._data[begin:stop], _SPACES))
            if found.size:
                return begin + int(found[-1]) + 1
            stop = begin
        return 0

    def _drop_before(self, last: int) -> None:
        """The next piece begins at ``last``: keep a little before it, from the beginning of a character on."""
        keep = max(0, last - _LOOK_BACK)
        while keep < last and self._data[keep] & 0xC0 == 0x80:
            keep += 1
        left = self._filled - keep
        moved = np.empty(max(left, last - keep + self._block + _LOOK_AHEAD) + SLACK, np.uint8)
        moved[:left] = self._data[keep : self._filled]
        self._data = moved
        self._position += keep
        self._first, self._filled = last - keep, left
