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

    Formula: 100 * (hits - hits in runs of common phrases and false positives) / n-grams.
    Source: of this tool (docs/classes.md); Radford et al. 2019 (GPT-2), section 4, say that many matches are phrases.

    >>> from overlap.results import findings_by_hand, overlap_by_hand
    >>> overlap = overlap_by_hand([(27, [(0, 6)]), (27, [(3, 2)])])
    >>> overlap_percent_without_phrases(overlap, findings_by_hand(overlap, [(13, "passage"), (9, "common phrase")]))
    15.0
    """
    aside = sum(run.ngrams for run in findings.runs if run.kind in _ASIDE)
    return percent_of(int(overlap.hits.sum()) - aside, int(overlap.ngrams.sum()))


def example_classes(findings: Findings) -> dict[int, str]:
    """For each example with a run, the class of its most telling one.

    The order is that of ``CLASSES``, but that a common phrase says less than a short match of rare words.

    Formula: the first of duplicate, passage, short match, common phrase, false positive among its runs.
    Source: of this tool (docs/classes.md).

    >>> from overlap.results import findings_by_hand, overlap_by_hand
    >>> overlap = overlap_by_hand([(40, [(0, 1), (14, 6)]), (40, [(0, 1)])])
    >>> kinds = [(8, "common phrase"), (13, "passage"), (8, "common phrase")]
    >>> example_classes(findings_by_hand(overlap, kinds))
    {0: 'passage', 1: 'common phrase'}
    """
    best: dict[int, int] = {}
    for run in findings.runs:
        best[run.example] = min(best.get(run.example, len(_TELLING)), _TELLING.index(run.kind))
    return {example: _TELLING[number] for example, number in best.items()}


def examples_by_class(findings: Findings) -> dict[str, int]:
    """How many examples have a run of each class, counted once: at the class that says most."""
    found = list(example_classes(findings).values())
    return {kind: found.count(kind) for kind in CLASSES}
