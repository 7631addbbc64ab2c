"""What single training documents have of each test example: for rules that a union of documents cannot tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from overlap.results.sides import Skipped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from overlap.results.overlaps import Overlap

__all__ = ["ByDocument"]


@dataclass(frozen=True, eq=False)
class ByDocument:
    """One training set against one test set, document by document, exactly.

    For each example: ``units``; ``covered``, the most of them that stand in n-grams shared with one training document;
    ``sources`` and ``rows``, the place of the first such document (source "" and row -1 where there is none);
    ``shared_by``, how many documents share an n-gram with it; ``together``, of shape (examples, parts, parts), whether
    one document has n-grams of both parts. For each unit of all examples, one after the other: ``longest``, the longest
    span of one document that it lies in, which begins with an exact n-gram and has at most ``budget`` substitutions,
    none of them at its end. ``documents`` of the training set were read; ``documents_hit`` share an n-gram with some
    example, ``documents_half`` have more than half of one. ``cut``: documents too repetitive to be extended throughout;
    their spans are lower limits, all else is exact. ``train_skipped`` and ``test_skipped``: bad records that were
    passed over.
    """

    train: str
    test: str
    n: int
    unit: str
    budget: int
    documents: int
    documents_hit: int
    documents_half: int
    cut: int
    parts: tuple[str, ...]
    units: NDArray[np.int64] = field(repr=False)
    covered: NDArray[np.int64] = field(repr=False)
    sources: tuple[str, ...] = field(repr=False)
    rows: NDArray[np.int64] = field(repr=False)
    shared_by: NDArray[np.int64] = field(repr=False)
    together: NDArray[np.bool_] = field(repr=False)
    longest: NDArray[np.int32] = field(repr=False)
    train_skipped: tuple[Skipped, ...] = field(default=(), repr=False)
    test_skipped: tuple[Skipped, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return self.units.size

    def is_of(self, overlap: Overlap) -> bool:
        """Are these the examples of this overlap, in the same units, against the same training set?"""
        names = (self.train, self.test, self.unit) == (overlap.train.name, overlap.test, overlap.unit)
        same = self.units.size == overlap.units.size and bool((self.units == overlap.units).all())
        return names and same and not overlap.train.own
