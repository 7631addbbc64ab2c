"""The result of an audit of a data set's splits, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from overlap.displaying import Displayed
from overlap.results.matches import Findings
from overlap.results.overlaps import Overlap

__all__ = ["Audit", "FuzzyPair", "FuzzyRule", "Inside", "NearDuplicates", "PairOfSplits"]


@dataclass(frozen=True)
class Inside:
    """What one split repeats of itself.

    ``identical``: documents that are, after normalisation, the same as an earlier one of the split; ``covered``:
    documents
    whose n-grams stand in *other* documents of the split, at least ``coverage`` of them (identical ones among them);
    ``too_short``: documents without an n-gram, which ``covered`` cannot judge.
    """

    split: str
    documents: int
    too_short: int
    identical: int
    covered: int
    coverage: float


@dataclass(frozen=True)
class PairOfSplits:
    """One ordered pair: what of ``test`` is in ``train``.

    ``identical``: documents of ``test`` that are the same as one of ``train`` after normalisation; ``contained``: that
    stand, from their first word to their last, in one document of ``train``.
    """

    train: str
    test: str
    overlap: Overlap
    findings: Findings
    identical: int
    contained: int
    contained_rows: tuple[int, ...]


@dataclass(frozen=True)
class FuzzyRule:
    """Which pairs of documents are near-duplicates: sets of ``shingle`` units in a row, compared.

    ``jaccard``: |A and B| / |A or B| at least so much; ``containment``: |A and B| / |A| at least so much, A being the
    test document (in an audit, whichever of the two is more in the other). Candidates come from MinHash signatures of
    ``permutations``; the values are exact.
    """

    jaccard: float = 0.5
    containment: float = 0.8
    shingle: int = 3
    permutations: int = 128


@dataclass(frozen=True)
class FuzzyPair:
    """A near-duplicate: document ``test_row`` of one set and ``train_row`` of another, with exact similarities."""

    train: str
    test: str
    train_source: str
    train_row: int
    test_source: str
    test_row: int
    jaccard: float
    containment: float


@dataclass(frozen=True)
class NearDuplicates:
    """Near-duplicates and the rule by which they were found."""

    rule: FuzzyRule
    pairs: tuple[FuzzyPair, ...]


@dataclass(frozen=True, repr=False)
class Audit(Displayed):
    """All ordered pairs of splits, what each split repeats of itself, and near-duplicates where they were asked for."""

    n: int
    pairs: tuple[PairOfSplits, ...]
    inside: tuple[Inside, ...]
    fuzzy: NearDuplicates | None = None

    def __repr__(self) -> str:
        hit = sum(1 for pair in self.pairs if pair.overlap.run_lengths.size)
        near = f", {len(self.fuzzy.pairs):,} near-duplicates" if self.fuzzy else ""
        splits = ", ".join(item.split for item in self.inside)
        return f"Audit({splits}: {self.n}-grams shared in {hit:,} of {len(self.pairs):,} ordered pairs{near})"
