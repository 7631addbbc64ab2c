"""Two results compared, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from overlap.displaying import Displayed

__all__ = ["ComparedExample", "ComparedSet", "Comparison"]


@dataclass(frozen=True)
class ComparedExample:
    """An example whose hits changed: its place, its overlap in percent and its hits on both sides.

    ``gained``: n-grams that are hits only after; ``lost``: only before; None where n differs.
    """

    source: str
    row: int
    percent_before: float
    percent_after: float
    hits_before: int
    hits_after: int
    gained: int | None
    lost: int | None


@dataclass(frozen=True)
class ComparedSet:
    """A test set with a training set on either side.

    ``obstacle`` says why single examples were not compared (empty: they were); ``gained`` and ``lost`` count n-grams
    over the ``examples_in_both``, None where they cannot be compared; ``changed`` are the examples that differ.
    ``paired_by_id``: how many of those in both were found by their ids, as their files are not the same.
    """

    test: str
    train_before: str
    train_after: str
    n_before: int
    n_after: int
    examples_before: int
    examples_after: int
    percent_before: float
    percent_after: float
    hits_before: int
    hits_after: int
    examples_hit_before: int
    examples_hit_after: int
    examples_in_both: int
    obstacle: str
    gained: int | None
    lost: int | None
    changed: tuple[ComparedExample, ...]
    paired_by_id: int = 0


@dataclass(frozen=True, repr=False)
class Comparison(Displayed):
    """The pairs that were compared, and what only one side has, as ``TEST in TRAIN``."""

    sets: tuple[ComparedSet, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    def __repr__(self) -> str:
        changed = sum(len(item.changed) for item in self.sets)
        both = sum(item.examples_in_both for item in self.sets)
        alone = len(self.only_before) + len(self.only_after)
        more = f", {alone:,} on one side only" if alone else ""
        return f"Comparison({len(self.sets):,} compared, {changed:,} of {both:,} examples changed{more})"
