"""When an example is dirty: rules from an overlap (and the classes of the exact pass) to labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap.errors import BadArgument
from overlap.metrics import findings_for, longest_units, ngram_fraction, token_coverage
from overlap.results import Findings, Overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RULES", "DirtyRule", "dirty_values", "labels_of"]

RULES = ("any", "fraction", "coverage", "longest", "class")


@dataclass(frozen=True)
class DirtyRule:
    """Which examples are dirty; the same words as ``overlap clean``.

    ``any``: any hit. ``fraction``: more than ``threshold`` of its n-grams are hits. ``coverage``: more than
    ``threshold`` of its units stand in hits. (With ``at_least``, those that reach the threshold too.) ``longest``: at
    least ``threshold`` units in a row are hits. ``class``: it has a run of one of ``classes``.
    """

    kind: str = "any"
    threshold: float = 0.0
    at_least: bool = False
    classes: tuple[str, ...] = ("duplicate", "passage")

    def __post_init__(self) -> None:
        if self.kind not in RULES:
            raise BadArgument(f"rule must be one of {', '.join(RULES)}, not {self.kind!r}")
        if self.kind in ("fraction", "coverage") and not 0 <= self.threshold <= 1:
            raise BadArgument(f"threshold of {self.kind} must be a share from 0 to 1, not {self.threshold:g}")
        if self.kind == "longest" and not 1 <= self.threshold < math.inf:
            raise BadArgument(f"threshold of longest is a number of words in a row, not {self.threshold:g}")

    def __str__(self) -> str:
        more = "at least" if self.at_least else "more than"
        words = {
            "any": "any hit",
            "fraction": f"{more} {self.threshold:.4g} of the n-grams are hits",
            "coverage": f"{more} {self.threshold:.4g} of the units stand in hits",
            "longest": f"at least {self.threshold:.4g} units in a row are hits",
            "class": f"a run of class {' or '.join(self.classes)}",
        }
        return words[self.kind]


def dirty_values(overlap: Overlap, kind: str) -> NDArray[np.float64]:
    """What a rule compares with its threshold, for each example; NaN where it has no n-gram."""
    if kind == "coverage":
        return token_coverage(overlap)
    if kind == "longest":
        return np.where(overlap.ngrams > 0, longest_units(overlap).astype(np.float64), np.nan)
    return ngram_fraction(overlap)


def labels_of(overlap: Overlap, rule: DirtyRule, findings: Sequence[Findings] = ()) -> NDArray[np.int8]:
    """For each example: 0 clean, 1 dirty, -1 too short to tell. Raises ValueError for a class without matches.

    >>> from overlap.results import overlap_by_hand
    >>> overlap = overlap_by_hand([(17, [(0, 2)]), (27, []), (7, [])])
    >>> labels_of(overlap, DirtyRule()).tolist(), labels_of(overlap, DirtyRule("fraction", 0.2)).tolist()
    ([1, 0, -1], [0, 0, -1])
    """
    values = dirty_values(overlap, rule.kind)
    if rule.kind == "class":
        located = findings_for(overlap, findings)
        if located is None:
            raise BadArgument(f"no matches of {overlap.test} in {overlap.train.name}: run overlap locate first")
        flags = np.zeros(len(overlap), np.bool_)
        flags[[run.example for run in located.runs if run.kind in rule.classes]] = True
    elif rule.at_least or rule.kind == "longest":
        flags = values >= rule.threshold
    else:
        flags = values > rule.threshold
    return np.where(overlap.ngrams > 0, flags.astype(np.int8), -1).astype(np.int8)
