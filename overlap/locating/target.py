"""All test sets as documents are compared with them, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.errors import BadArgument
from overlap.hashing import HashedSet, UnitHasher
from overlap.locating.asked import AskedNgrams, ask
from overlap.segmenting import Segmenter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Target"]

MOST_PARTS = 32


@dataclass(frozen=True, eq=False)
class Target:
    """All test sets as the kernel wants them: one example after the other.

    ``unit_of``, ``part_of``: of each n-gram the number of its first unit, and its part (-1 for none), shape (n-grams,);
    ``units``: hashes, shape (units,); ``stops``, ``sets``: of each example the end of its units, and its test set,
    shape (examples,); ``budget``: substitutions that a span may have; ``parts``: the most that a test set has.
    """

    asked: AskedNgrams
    budget: int
    unit_of: NDArray[np.int64]
    units: NDArray[np.uint64]
    stops: NDArray[np.int64]
    part_of: NDArray[np.int64]
    sets: NDArray[np.int64]
    parts: int

    @classmethod
    def of(cls, sets: Sequence[HashedSet], n: int, segmenter: Segmenter, budget: int) -> Target:
        """From hashed test sets that have kept their texts. Raises BadArgument for too many parts."""
        most = max(len(tested.parts) for tested in sets)
        if most > MOST_PARTS:
            raise BadArgument(f"at most {MOST_PARTS} parts can be kept apart, not {most}")
        asked = ask(sets, n, segmenter)
        counts = np.concatenate([tested.units for tested in sets])
        ngrams = np.maximum(0, counts - n + 1)
        inside = np.arange(int(ngrams.sum())) - np.repeat(np.cumsum(ngrams) - ngrams, ngrams)
        unit_of = np.repeat(np.cumsum(counts) - counts, ngrams) + inside
        hashes = np.concatenate([_unit_hashes(tested, segmenter) for tested in sets])
        part_of = np.concatenate([_parts_of_ngrams(tested, n) for tested in sets])
        set_of = np.repeat(np.arange(len(sets)), [tested.units.size for tested in sets])
        return cls(asked, budget, unit_of, hashes, np.cumsum(counts), part_of, set_of, most)


def _unit_hashes(tested: HashedSet, segmenter: Segmenter) -> NDArray[np.uint64]:
    hasher = UnitHasher(segmenter)
    shard: Any = None  # the texts were read before: they are valid
    return np.concatenate([np.empty(0, np.uint64), *(hasher.hash(batch, shard)[0].copy() for batch in tested.batches)])


def _parts_of_ngrams(tested: HashedSet, n: int) -> NDArray[np.int64]:
    """The part that each n-gram lies in, -1 where it lies in none, or crosses a joint."""
    ngrams = np.maximum(0, tested.units - n + 1)
    owners = np.repeat(np.arange(tested.units.size), ngrams)
    inside = np.arange(owners.size) - np.repeat(np.cumsum(ngrams) - ngrams, ngrams)
    found = np.full(owners.size, -1, np.int64)
    for number in range(len(tested.parts)):
        first = tested.part_starts[owners, number]
        last = first + tested.part_units[owners, number] - n
        found[(inside >= first) & (inside <= last)] = number
    return found
