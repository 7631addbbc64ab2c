"""Numbers from the exact pass: examples by class, and the overlap with common phrases set aside."""

from __future__ import annotations

from overlap.metrics.ngrams import percent_of
from overlap.results import CLASSES, Findings, Overlap

__all__ = ["example_classes", "examples_by_class", "overlap_percent_without_phrases"]

_ASIDE = ("common phrase", "false positive")
_TELLING = ("duplicate", "passage", "short match", "common phrase", "false positive")


def overlap_percent_without_phrases(overlap: Overlap, findings: Findings) -> float:
    """``overlap_percent`` with the hits of common phrases, and of the filter's errors, set aside.

    They stay in the denominator: the n-grams are still there, they are just no sign of a leak.
    """
    aside = sum(run.ngrams for run in findings.runs if run.kind in _ASIDE)
    return percent_of(int(overlap.hits.sum()) - aside, int(overlap.ngrams.sum()))


def example_classes(findings: Findings) -> dict[int, str]:
    """For each example with a run, the class of its most telling one.

    The order is that of ``CLASSES``, but that a common phrase says less than a short match of rare words.
    """
    best: dict[int, int] = {}
    for run in findings.runs:
        best[run.example] = min(best.get(run.example, len(_TELLING)), _TELLING.index(run.kind))
    return {example: _TELLING[number] for example, number in best.items()}


def examples_by_class(findings: Findings) -> dict[str, int]:
    """How many examples have a run of each class, counted once: at the class that says most."""
    found = list(example_classes(findings).values())
    return {kind: found.count(kind) for kind in CLASSES}
