"""Numbers from overlaps: pure functions of values, each named for what it is and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from overlap.results import CLASSES, Findings, Overlap

__all__ = [
    "SIGNIFICANT_SHARE",
    "distinct_overlap_percent",
    "examples_by_class",
    "examples_over",
    "expected_false_hits",
    "findings_for",
    "macro_mean",
    "mean_overlap_percent",
    "overlap_percent",
    "overlap_percent_without_phrases",
    "summarise",
    "summarise_findings",
    "summary",
]

SIGNIFICANT_SHARE = 0.15  # Radford et al. 2019, section 4: LAMBADA examples with more than 15 % overlap


def overlap_percent(overlap: Overlap) -> float:
    """Share of the test set's n-grams, by occurrence, that the training set has, in percent.

    Radford et al. 2019, section 4 and Table 6 (the paper does not say whether occurrences or distinct n-grams).
    """
    return _percent(int(overlap.hits.sum()), int(overlap.ngrams.sum()))


def distinct_overlap_percent(overlap: Overlap) -> float:
    """Share of the test set's distinct n-grams that the training set has, in percent."""
    return _percent(overlap.distinct_hits, overlap.test_distinct)


def mean_overlap_percent(overlap: Overlap) -> float:
    """Mean over the examples that have any n-gram of the share of their n-grams that are hits, in percent."""
    eligible = overlap.ngrams > 0
    if not eligible.any():
        return 0.0
    return 100 * float(np.mean(overlap.hits[eligible] / overlap.ngrams[eligible]))


def examples_over(overlap: Overlap, share: float) -> int:
    """How many examples have more than this share of their n-grams in the training set.

    ``examples_over(overlap, 0)`` counts those with any hit; examples that are too short never count.
    """
    eligible = overlap.ngrams > 0
    return int(np.count_nonzero(overlap.hits[eligible] > share * overlap.ngrams[eligible]))


def expected_false_hits(overlap: Overlap) -> float:
    """Distinct test n-grams that may be expected to be hits by the filter's error alone.

    bound * (distinct n-grams that are absent); those that were found are nearly all present.
    """
    return overlap.train.bound * (overlap.test_distinct - overlap.distinct_hits)


def macro_mean(percents: Sequence[float]) -> float:
    """The unweighted mean over data sets, as the paper's averages (5.9 % and 3.2 %) are.

    >>> round(macro_mean([2.67, 0.66, 7.50, 2.34, 9.09, 13.19]), 1)
    5.9
    """
    return sum(percents) / len(percents)


def summarise(overlap: Overlap) -> dict[str, Any]:
    """The numbers of one overlap by the names that every report uses."""
    hits, ngrams = overlap.hits, overlap.ngrams
    return {
        "train": overlap.train.name,
        "test": overlap.test,
        "own_train": overlap.train.own,
        "n": overlap.n,
        "train_documents": overlap.train.documents,
        "train_ngrams": overlap.train.ngrams,
        "train_distinct": overlap.train.distinct,
        "examples": len(overlap),
        "too_short": int(np.count_nonzero(ngrams == 0)),
        "examples_hit": examples_over(overlap, 0.0),
        "examples_over_15_percent": examples_over(overlap, SIGNIFICANT_SHARE),
        "examples_all_hit": int(np.count_nonzero((ngrams > 0) & (hits == ngrams))),
        "test_ngrams": int(ngrams.sum()),
        "hits": int(hits.sum()),
        "test_distinct": overlap.test_distinct,
        "distinct_hits": overlap.distinct_hits,
        "overlap_percent": overlap_percent(overlap),
        "distinct_overlap_percent": distinct_overlap_percent(overlap),
        "mean_overlap_percent": mean_overlap_percent(overlap),
        "longest_run": int(overlap.run_lengths.max(initial=0)),
        "expected_false_hits": expected_false_hits(overlap),
        "false_positive_bound": overlap.train.bound,
        "document": overlap.document,
        "engine": overlap.engine,
        "signature": overlap.train.signature,
        "test_sources": [asdict(source) for source in overlap.test_sources],
    }


def summary(overlaps: Sequence[Overlap], findings: Sequence[Findings] = ()) -> dict[str, Any]:
    """All overlaps as JSON values: ``{"signature": ..., "results": [...]}``, with what the exact pass found of them."""
    signatures = list(dict.fromkeys(overlap.train.signature for overlap in overlaps if not overlap.train.members))
    results = []
    for overlap in overlaps:
        located = findings_for(overlap, findings)
        more = {} if located is None else {"findings": summarise_findings(overlap, located)}
        results.append({**summarise(overlap), **more})
    return {"signature": " + ".join(signatures), "results": results}


def findings_for(overlap: Overlap, findings: Sequence[Findings]) -> Findings | None:
    """What the exact pass found of one overlap, if it was run."""
    for item in findings:
        if (item.train, item.own, item.test) == (overlap.train.name, overlap.train.own, overlap.test):
            return item
    return None


def overlap_percent_without_phrases(overlap: Overlap, findings: Findings) -> float:
    """``overlap_percent`` with the hits of common phrases, and of the filter's errors, set aside.

    They stay in the denominator: the n-grams are still there, they are just no sign of a leak.
    """
    aside = sum(run.ngrams for run in findings.runs if run.kind in _ASIDE)
    return _percent(int(overlap.hits.sum()) - aside, int(overlap.ngrams.sum()))


def examples_by_class(findings: Findings) -> dict[str, int]:
    """How many examples have a run of each class, counted once: at the class that says most.

    The order is that of ``CLASSES``, but that a common phrase says less than a short match of rare words.
    """
    order = {kind: number for number, kind in enumerate(_TELLING)}
    best: dict[int, int] = {}
    for run in findings.runs:
        best[run.example] = min(best.get(run.example, len(order)), order[run.kind])
    return {kind: sum(1 for value in best.values() if value == order[kind]) for kind in CLASSES}


_ASIDE = ("common phrase", "false positive")
_TELLING = ("duplicate", "passage", "short match", "common phrase", "false positive")


def summarise_findings(overlap: Overlap, findings: Findings) -> dict[str, Any]:
    """The numbers of the exact pass by the names that every report uses."""
    return {
        "asked": findings.asked,
        "confirmed": findings.confirmed,
        "false_positives": findings.false_positives,
        "expected_false_positives": 0.0 if findings.exact else expected_false_hits(overlap),
        "refuted": findings.refuted,
        "partial": findings.partial,
        "sample_documents": findings.sampled,
        "matches": len(findings.matches),
        "longest_match": max((match.units for match in findings.matches), default=0),
        "runs_by_class": {kind: sum(1 for run in findings.runs if run.kind == kind) for kind in CLASSES},
        "examples_by_class": examples_by_class(findings),
        "overlap_percent_without_phrases": overlap_percent_without_phrases(overlap, findings),
        "rule": asdict(findings.rule),
    }


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0
