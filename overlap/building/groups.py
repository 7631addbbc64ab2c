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
        rows = [edge - edges[0] for edge in edges]
        bounds = [spill.bounds(edges[0], edges[-1])[rows] for spill in spills]
        sizes = sum((some.sum(axis=1) for some in bounds), np.zeros(len(edges), np.int64))
        if sizes[-1] - sizes[0] > most:
            for unit, size in enumerate(np.diff(sizes).tolist()):
                yield self._batches(spills, [some[unit : unit + 2] for some in bounds], size, most)
            return
        buffer = self._room(int(sizes[-1] - sizes[0]))
        places = []  # in the buffer, of every chunk's groups
        at = 0
        for spill, some in zip(spills, bounds, strict=True):
            counts = some[-1] - some[0]
            starts = at + np.cumsum(counts) - counts
            places.append(some + (starts - some[0]))
            self._read(spill, buffer, starts, counts, spill.begins[:-1] + some[0])
            at += int(counts.sum())
        for begins, ends in pairwise(np.concatenate(places, axis=1)):
            yield iter([Pieces(buffer, begins, ends)])

    def _batches(
        self, spills: Sequence[Spill], bounds: Sequence[NDArray[np.int64]], left: int, most: int
    ) -> Iterator[Pieces]:
        """A unit that is too large to be read at once, in the files' order."""
        at = 0
        out = self._room(min(left, most))
        for spill, (firsts, ends) in zip(spills, bounds, strict=True):
            for begin, count in zip((spill.begins[:-1] + firsts).tolist(), (ends - firsts).tolist(), strict=True):
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
                done = 0
                while done < count:  # some file systems give less than they were asked for
                    got = os.preadv(handle, [view[start + done : start + count]], begin + done)
                    if got == 0:
                        raise OutputError(
                            "a spill file was cut off while it was read: run the same build again", spill.path
                        )
                    done += got
