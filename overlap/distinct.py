"""Distinct hashes: exact, without a full sort, in groups of leading bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Distinct", "Grouped", "Pieces", "distinct_hashes", "grouped_hashes"]

_GROUP = 200  # hashes in a group at most, repetitions aside: of that mean few have more than a byte can number
_MOST_GROUP_BITS = 16  # for partitions of ten million, a terabyte of text: 17 ns to count and fill a hash; 22 at 12


@dataclass(frozen=True)
class Pieces:
    """Hashes that lie in pieces: ``hashes[starts[i] : stops[i]]``, int64."""

    hashes: NDArray[np.uint64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]

    @classmethod
    def whole(cls, hashes: NDArray[np.uint64]) -> Pieces:
        """An array in one piece."""
        return cls(hashes, np.zeros(1, np.int64), np.full(1, hashes.size, np.int64))

    def __len__(self) -> int:
        return int((self.stops - self.starts).sum())


@dataclass(frozen=True)
class Grouped:
    """Hashes in 2^s groups by s leading bits: group g is ``hashes[bounds[g] : bounds[g + 1]]``.

    ``checksum``: of all that went in, xor.
    """

    hashes: NDArray[np.uint64]
    bounds: NDArray[np.int64]
    checksum: int = 0

    def split(self, bits: int) -> list[Grouped]:
        """By the first ``bits`` of the s bits, each part with the groups of the others."""
        edges = np.linspace(0, self.bounds.size - 1, (1 << bits) + 1).astype(np.int64)
        return [
            Grouped(self.hashes[self.bounds[a] : self.bounds[b]], self.bounds[a : b + 1] - self.bounds[a])
            for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        ]


class Distinct:
    """Groups hashes and drops duplicates, in buffers that are used again: for one thread."""

    def __init__(self) -> None:
        from overlap.kernels.partition import MOST_IN_GROUP, MOST_PLACES

        self._grouped = np.empty(0, np.uint64)
        self._table = np.empty(0, np.uint64)
        self._seen = np.empty(MOST_PLACES, np.uint8)
        self._suspects = np.empty((2, MOST_IN_GROUP + 1), np.int64)

    def of(self, pieces: Sequence[Pieces], skip: int, least_bits: int) -> Grouped:
        """The distinct ones among hashes that share ``skip`` leading bits, grouped by ``least_bits`` more at least.

        They are valid until the next call.
        """
        from overlap.kernels.partition import count_pieces, drop_duplicates, largest_group, scatter_pieces

        size = sum(map(len, pieces))
        bits = _group_bits(size, least_bits)
        if self._grouped.size < size:
            self._grouped = np.empty(size + size // 8, np.uint64)
        bounds = np.zeros((1 << bits) + 1, np.int64)
        checksum = 0
        for piece in pieces:
            checksum ^= int(count_pieces(piece.hashes, piece.starts, piece.stops, skip, bits, bounds))
        np.cumsum(bounds, out=bounds)
        cursor = bounds[:-1].copy()
        for piece in pieces:
            scatter_pieces(piece.hashes, piece.starts, piece.stops, skip, bits, self._grouped, cursor)
        needed = 4 * int(largest_group(bounds)) + 16
        if self._table.size < needed:
            self._table = np.empty(needed, np.uint64)
        kept = int(drop_duplicates(self._grouped, bounds, skip + bits, self._seen, self._suspects, self._table))
        return Grouped(self._grouped[:kept], bounds, checksum)


def _group_bits(size: int, least_bits: int = 0) -> int:
    return max(least_bits, min(_MOST_GROUP_BITS, (size // _GROUP).bit_length()))


def distinct_hashes(hashes: NDArray[np.uint64], skip: int, least_bits: int) -> NDArray[np.uint64]:
    """The distinct values of hashes that share ``skip`` leading bits, ordered by the next ``least_bits`` at least."""
    return Distinct().of([Pieces.whole(hashes)], skip, least_bits).hashes


def grouped_hashes(hashes: NDArray[np.uint64], skip: int) -> Grouped:
    """Hashes that share ``skip`` leading bits, in small groups by the bits that follow."""
    from overlap.kernels.partition import scatter

    bits = _group_bits(hashes.size)
    grouped, bounds = np.empty_like(hashes), np.empty((1 << bits) + 1, np.int64)
    return Grouped(grouped, bounds, int(scatter(hashes, skip, bits, grouped, bounds)))
