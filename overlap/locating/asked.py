"""The n-grams that are looked for: an exact table, and where each stands in the test sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap.hashing import HashedSet
from overlap.segmenting import Segmenter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["AskedNgrams", "ask"]

_BITS_A_KEY = 16
_SMALLEST = 1 << 10


@dataclass(frozen=True)
class AskedNgrams:
    """Distinct n-grams with ids from 0, and all their places.

    ``ids``: int32, for every n-gram of all test sets one after the other, its id, or -1 where it is not asked for;
    ``is_first``: bool, the n-grams that begin an example; ``left``:
    int64, n-grams from each to its example's end; ``examples``: int64, the example of each n-gram, counted
    through all test sets; ``bounds`` and ``places``: the n-grams with id x are ``places[bounds[x] : bounds[x + 1]]``;
    ``segmenter``: what they are made with.
    """

    n: int
    ids: NDArray[np.int32]
    is_first: NDArray[np.bool_]
    left: NDArray[np.int64]
    examples: NDArray[np.int64]
    bounds: NDArray[np.int64]
    places: NDArray[np.int64]
    segmenter: Segmenter
    bitmap: NDArray[np.uint64]
    slot_keys: NDArray[np.uint64]
    slot_ids: NDArray[np.int32]

    @property
    def count(self) -> int:
        """How many distinct n-grams are asked for."""
        return self.bounds.size - 1

    @property
    def most_places(self) -> int:
        """Places of the n-gram that has most of them."""
        return int(np.diff(self.bounds).max(initial=0))

    def examples_of(self, first: int, last: int) -> NDArray[np.int64]:
        """For each id, in how many examples of one test set it stands, whose n-grams are ``first`` to ``last - 1``."""
        places = self.places[(self.places >= first) & (self.places < last)]
        pairs = np.stack([self.ids[places].astype(np.int64), self.examples[places]])
        fresh = np.ones(places.size, np.bool_)
        fresh[1:] = (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)  # places of one id are in the order of the examples
        return np.bincount(pairs[0][fresh], minlength=self.count)


def ask(
    sets: Sequence[HashedSet], n: int, segmenter: Segmenter, wanted: Sequence[NDArray[np.bool_]] | None = None
) -> AskedNgrams:
    """The table of the n-grams of these test sets: of all, or of those that ``wanted`` (one mask a set) marks."""
    from overlap.kernels.lookup import FREE, fill_table

    hashes = np.concatenate([tested.hashes for tested in sets])
    lengths = np.concatenate([np.maximum(0, tested.units - n + 1) for tested in sets])
    examples = np.repeat(np.arange(lengths.size), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(hashes.size)
    is_first = np.zeros(hashes.size, np.bool_)
    is_first[(np.cumsum(lengths) - lengths)[lengths > 0]] = True
    chosen = np.arange(hashes.size) if wanted is None else np.flatnonzero(np.concatenate(list(wanted)))
    order = chosen[np.argsort(hashes[chosen], kind="stable")]
    ordered = hashes[order]
    fresh = np.ones(ordered.size, np.bool_)
    fresh[1:] = ordered[1:] != ordered[:-1]
    ids = np.full(hashes.size, FREE, np.int32)
    ids[order] = np.cumsum(fresh) - 1
    keys = ordered[fresh]
    bounds = np.concatenate([np.flatnonzero(fresh), [ordered.size]]).astype(np.int64)
    slots = max(_SMALLEST, 1 << (2 * keys.size).bit_length())
    bitmap = np.zeros(max(_SMALLEST, 1 << (_BITS_A_KEY * keys.size).bit_length()) // 64, np.uint64)
    slot_keys, slot_ids = np.zeros(slots, np.uint64), np.full(slots, FREE, np.int32)
    fill_table(keys, bitmap, slot_keys, slot_ids)
    places = order.astype(np.int64)
    return AskedNgrams(n, ids, is_first, left, examples, bounds, places, segmenter, bitmap, slot_keys, slot_ids)
