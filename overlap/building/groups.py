"""The hashes of neighbouring groups, from all spill files: one read for each chunk of each file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from overlap.building.spill import Spill
from overlap.distinct import Pieces
from overlap.errors import OutputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["GroupReader"]


class GroupReader:
    """Reads groups into a buffer that is used again, for one thread: fresh memory costs as much as reading into it."""

    def __init__(self) -> None:
        self._buffer = np.empty(0, np.uint64)

    def units(self, spills: Sequence[Spill], edges: Sequence[int], most: int) -> Iterator[Iterator[Pieces]]:
        """For each unit, groups ``edges[i]`` to ``edges[i + 1] - 1``: its hashes, ``most`` at once.

        Valid until the next ones.
        """
        sizes = [_size(spills, first, last) for first, last in pairwise(edges)]
        if sum(sizes) > most:
            for size, (first, last) in zip(sizes, pairwise(edges), strict=True):
                yield self._batches(spills, first, last, size, most)
            return
        buffer = self._room(sum(sizes))
        places = []  # in the buffer, of every chunk's first hash if it had been read from its begin
        at = 0
        for spill in spills:
            firsts = spill.bounds[:, edges[0]].astype(np.int64)
            counts = spill.bounds[:, edges[-1]] - firsts
            starts = at + np.cumsum(counts) - counts
            places.append(starts - firsts)
            self._read(spill, buffer, starts, counts, _begins(spill) + firsts)
            at += int(counts.sum())
        for first, last in pairwise(edges):
            begins, ends = ([spill.bounds[:, edge] for spill in spills] for edge in (first, last))
            base = np.concatenate(places)
            yield iter([Pieces(buffer, base + np.concatenate(begins), base + np.concatenate(ends))])

    def _batches(self, spills: Sequence[Spill], first: int, last: int, left: int, most: int) -> Iterator[Pieces]:
        """A unit that is too large to be read at once, in the files' order."""
        at = 0
        out = self._room(min(left, most))
        for spill in spills:
            firsts = spill.bounds[:, first].astype(np.int64)
            counts = spill.bounds[:, last] - firsts
            for begin, count in zip((_begins(spill) + firsts).tolist(), counts.tolist(), strict=True):
                done = 0
                while done < count:
                    taken = min(count - done, out.size - at)
                    self._read(spill, out, *(np.array([number], np.int64) for number in (at, taken, begin + done)))
                    at, done, left = at + taken, done + taken, left - taken
                    if at == out.size:
                        yield Pieces.whole(out)
                        out, at = self._room(min(left, most)), 0

    def _room(self, size: int) -> NDArray[np.uint64]:
        if self._buffer.size < size:
            self._buffer = np.empty(size + size // 8, np.uint64)
        return self._buffer[:size]

    @staticmethod
    def _read(
        spill: Spill,
        out: NDArray[np.uint64],
        starts: NDArray[np.int64],
        counts: NDArray[np.int64],
        begins: NDArray[np.int64],
    ) -> None:
        """Read ``counts[i]`` hashes from ``begins[i]`` of the file to ``out[starts[i]:]``."""
        view = out.data.cast("B")
        with open(spill.path, "rb", buffering=0) as stream:
            handle = stream.fileno()
            for start, count, begin in (np.stack([starts, counts, begins], 1) * 8).tolist():
                if os.preadv(handle, [view[start : start + count]], begin) != count:
                    raise OutputError(
                        "a spill file was cut off while it was read: run the same build again", spill.path
                    )


def _size(spills: Sequence[Spill], first: int, last: int) -> int:
    return sum(int((spill.bounds[:, last] - spill.bounds[:, first]).sum(dtype=np.int64)) for spill in spills)


def _begins(spill: Spill) -> NDArray[np.int64]:
    """Where each chunk begins in its file, in hashes."""
    sizes = spill.bounds[:, -1].astype(np.int64)
    return np.cumsum(sizes) - sizes
