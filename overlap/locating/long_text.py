"""The pass over a text file that is one document, however large: window after window.

An n-gram belongs to the window in whose piece it begins, and so does a run of hits. A run that goes on behind the
window makes it longer; one that began before the piece is left to its owner. So a file cut into pieces gives what it
would give in one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from overlap.corpus import Shard, TextWindows, Window
from overlap.corpus.batches import Documents, from_buffer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.locating.stream import Hits, Search

__all__ = ["search_text"]

PIECE = 1 << 20
_LONGEST_WINDOW = 64 << 20  # bytes: a longer run of hits, as in a file of nothing but one word, is cut there


def search_text(search: Search, shard: Shard) -> int:
    """Search a shard of a text file that is one document; returns the characters of its part. Raises CorpusError."""
    from overlap.kernels.lines import count_characters

    windows = TextWindows(shard, PIECE)
    characters = 0
    is_open: bool | None = None  # is the n-gram before the piece a hit?
    search.begin_text()
    for window in windows:
        window, hits, before, within, total = _look(search, windows, window, shard, is_open)
        positions = hits[1]
        first, last = np.searchsorted(positions, [before, before + within])
        search.count(_part(hits, first, last))
        if is_open is None:
            is_open = before > 0 and first > 0 and positions[first - 1] == before - 1
        begin = _run_end(positions, first) if is_open and _goes_on(positions, first, before) else first
        crosses = last > 0 and positions[last - 1] == before + within - 1
        end = _run_end(positions, last) if crosses and _goes_on(positions, last, before + within) else last
        if begin < end:
            batch = _as_one(window)
            shift = characters - int(count_characters(window.data, 0, window.first))
            search.keep(batch, _part(hits, begin, end), shift, is_continued=True)
        if within:
            is_open = bool(crosses)
        characters += int(count_characters(window.data, window.first, window.last))
        search.units += within
        search.ngrams += max(0, min(before + within, total - search.asked.n + 1) - before)
    search.documents += shard.start == 0
    return characters


def _look(
    search: Search, windows: TextWindows, window: Window, shard: Shard, is_open: bool | None
) -> tuple[Window, Hits, int, int, int]:
    """(window, hits, units before its piece, within it, in all), the window being as long as it must be."""
    n = search.asked.n
    back = window.first
    while True:
        edges = np.array([0, window.first, window.last, window.stop], np.int64)
        batch = replace(from_buffer(window.data, edges, 0), position=window.position)
        units, counts = search.hasher.hash(batch, shard)
        before, within, behind = counts.tolist()
        if is_open is None and before == 0 and not window.is_first:
            back = 4 * max(back, 64)
            window = windows.longer_back(back)
            continue
        hits = search.hits(units, np.array([units.size], np.int64))
        begin = _last_run(hits[1], int(units.size) - n)
        is_own = before + bool(is_open) <= begin < before + within
        if window.is_last or (behind >= n - 1 and not (is_own and window.stop < _LONGEST_WINDOW)):
            return window, hits, before, within, int(units.size)
        window = windows.longer_ahead()


def _last_run(positions: NDArray[np.int64], last: int) -> int:
    """Where the run begins that ends with the window's last n-gram; -1 where that is no hit."""
    if not positions.size or positions[-1] != last:
        return -1
    gaps = np.flatnonzero(np.diff(positions) != 1)
    return int(positions[gaps[-1] + 1 if gaps.size else 0])


def _goes_on(positions: NDArray[np.int64], index: int, place: int) -> bool:
    """Is the n-gram at ``place`` a hit, namely number ``index``?"""
    return bool(index < positions.size and positions[index] == place)


def _run_end(positions: NDArray[np.int64], index: int) -> int:
    """The number of the first hit behind the run that goes on with hit ``index``."""
    gaps = np.flatnonzero(np.diff(positions[index:]) != 1)
    return index + (int(gaps[0]) + 1 if gaps.size else positions.size - index)


def _part(hits: Hits, first: int, last: int) -> Hits:
    return hits[0][first:last], hits[1][first:last], hits[2][first:last]


def _as_one(window: Window) -> Documents:
    """The window as one document, whose units are counted from its beginning."""
    return from_buffer(window.data, np.array([0, window.stop], np.int64), 0)
