"""All numbers of an overlap by the names that every report uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from overlap.metrics.breakdown import group_counts, part_counts
from overlap.metrics.classes import examples_by_class, overlap_percent_without_phrases
from overlap.metrics.ngrams import (
    SIGNIFICANT_SHARE,
    distinct_overlap_percent,
    examples_over,
    expected_false_hits,
    mean_overlap_percent,
    overlap_percent,
)
from overlap.results import CLASSES, Findings, Overlap

__all__ = ["findings_for", "located", "summarise", "summarise_findings", "summary"]


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
        "train_skipped": sum(item.records for item in overlap.train.skipped),
        "examples": len(overlap),
        "test_skipped": sum(item.records for item in overlap.test_skipped),
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
        **({"train_sources": overlap.train.sources.to_json()} if overlap.train.sources else {}),
        "test_sources": [source.to_json() for source in overlap.test_sources],
        **_skipped(overlap),
        **({"parts": part_counts(overlap)} if overlap.parts else {}),
        **({"groups": group_counts(overlap)} if overlap.groups is not None else {}),
    }


def _skipped(overlap: Overlap) -> dict[str, Any]:
    """Bad records that were passed over, by file and kind, where there were any."""
    sides = (("train", overlap.train.skipped), ("test", overlap.test_skipped))
    found = [{"side": side, **asdict(item)} for side, items in sides for item in items]
    return {"skipped": found} if found else {}


def summary(overlaps: Sequence[Overlap], findings: Sequence[Findings] = ()) -> dict[str, Any]:
    """All overlaps as JSON values: ``{"signature": ..., "results": [...]}``, with what the exact pass found of them."""
    signatures = list(dict.fromkeys(overlap.train.signature for overlap in overlaps if not overlap.train.members))
    results = []
    for overlap, found in zip(overlaps, located(overlaps, findings), strict=True):
        more = {} if found is None else {"findings": summarise_findings(overlap, found)}
        results.append({**summarise(overlap), **more})
    return {"signature": " + ".join(signatures), "results": results}


def findings_for(overlap: Overlap, findings: Sequence[Findings]) -> Findings | None:
    """What the exact pass found of one overlap, if it was run.

    Findings of other n-grams, or of other text under the same names, are not its own.
    """
    own = [item for item in findings if _is_of(item, overlap)]
    if len(own) > 1:
        runs = _runs_of(overlap)
        own = [item for item in own if _has_runs(item, runs)] or own
    return own[0] if own else None


def located(overlaps: Sequence[Overlap], findings: Sequence[Findings]) -> list[Findings | None]:
    """For each overlap what the exact pass found of it, if it was run; none is given to two where there are others."""
    found: list[Findings | None] = []
    left = list(findings)
    for overlap in overlaps:
        item = findings_for(overlap, left) or findings_for(overlap, findings)
        left = [other for other in left if other is not item]
        found.append(item)
    return found


def _is_of(item: Findings, overlap: Overlap) -> bool:
    """Do the heads agree: names, n-grams, and the counts that the exact pass took over from the overlap?"""
    train = overlap.train
    names = (item.train, item.own, item.test) == (train.name, train.own, overlap.test)
    measured = (overlap.n, overlap.unit, len(overlap), overlap.test_distinct, train.bound)
    return names and (item.n, item.unit, item.examples, item.tested, item.bound) == measured


def _runs_of(overlap: Overlap) -> set[tuple[int, int, int]]:
    owners = np.repeat(np.arange(len(overlap)), overlap.run_counts)
    return set(zip(owners.tolist(), overlap.run_starts.tolist(), overlap.run_lengths.tolist(), strict=True))


def _has_runs(item: Findings, runs: set[tuple[int, int, int]]) -> bool:
    """Are the runs that were looked at those of the overlap? Of a part of the text, some of them."""
    mine = {(run.example, run.first, run.ngrams) for run in item.runs}
    return mine <= runs if item.partial else mine == runs


def summarise_findings(overlap: Overlap, findings: Findings) -> dict[str, Any]:
    """The numbers of the exact pass by the names that every report uses."""
    return {
        "asked": findings.asked,
        "confirmed": findings.confirmed,
        "false_positives": findings.false_positives,
        "expected_false_positives": 0.0 if findings.exact else expected_false_hits(overlap),
        "refuted": findings.refuted,
        "partial": findings.partial,
        "repetitive_documents": findings.repetitive,
        "sample_documents": findings.sampled,
        "matches": len(findings.matches),
        "longest_match": max((match.units for match in findings.matches), default=0),
        "runs_by_class": {kind: sum(1 for run in findings.runs if run.kind == kind) for kind in CLASSES},
        "examples_by_class": examples_by_class(findings),
        "overlap_percent_without_phrases": overlap_percent_without_phrases(overlap, findings),
        "rule": asdict(findings.rule),
    }
