"""An overlap by parts and by groups: the same counts for each part of the examples, for each group of examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.errors import BadArgument
from overlap.metrics.ngrams import SIGNIFICANT_SHARE
from overlap.results import Overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["group_counts", "hit_in_one_part", "part_counts"]


def hit_in_one_part(overlap: Overlap, part: str) -> NDArray[np.bool_]:
    """For each example, has this part a hit, and no other part? (The question only; the answer only.)

    A hit that crosses a joint is in no part.

    Formula: hits within the part > 0, and hits within every other part = 0.
    Source: of this tool (docs/metrics.md), after Dodge et al. 2021 (C4), section 4.2: input without label.

    Question and answer of 12 words each; 8-grams 0 to 4 lie in the question, 12 to 16 in the answer:

    >>> from overlap.results import overlap_by_hand
    >>> examples = [(24, [(0, 2)]), (24, [(0, 1), (14, 1)]), (24, [(13, 2)]), (24, [(6, 2)])]
    >>> overlap = overlap_by_hand(examples, parts=[("question", 12), ("answer", 12)])
    >>> hit_in_one_part(overlap, "question").tolist()
    [True, False, False, False]
    """
    if part not in overlap.parts:
        raise BadArgument(f"no part {part}; the test set has: {', '.join(overlap.parts) or 'none'}")
    hit: NDArray[np.bool_] = overlap.part_hits > 0
    found: NDArray[np.bool_] = hit[:, overlap.parts.index(part)] & (hit.sum(axis=1) == 1)
    return found


def part_counts(overlap: Overlap) -> list[dict[str, Any]]:
    """The counts of each part by itself. What crosses a joint is in the whole's counts and in no part's.

    ``examples_hit_only``: examples with a hit in this part, and in no other.
    """
    rows = []
    for number, name in enumerate(overlap.parts):
        longest = int(overlap.part_runs(number).max(initial=0))
        counts = _counts(overlap.part_ngrams[:, number], overlap.part_hits[:, number], longest)
        rows.append({"part": name, **counts, "examples_hit_only": int(hit_in_one_part(overlap, name).sum())})
    return rows


def group_counts(overlap: Overlap) -> list[dict[str, Any]]:
    """The counts of each group of examples, in the order in which they first appear; ``""``: those without one."""
    if overlap.groups is None:
        return []
    names = list(dict.fromkeys(overlap.groups))
    numbers = {name: number for number, name in enumerate(names)}
    group = np.array([numbers[name] for name in overlap.groups], np.int64)
    longest = np.zeros(len(names), np.int64)
    np.maximum.at(longest, np.repeat(group, overlap.run_counts), overlap.run_lengths)
    rows = []
    for number, name in enumerate(names):
        mine = group == number
        rows.append({"group": name, **_counts(overlap.ngrams[mine], overlap.hits[mine], int(longest[number]))})
    return rows


def _counts(ngrams: NDArray[np.int64], hits: NDArray[np.int64], longest_run: int) -> dict[str, Any]:
    """What ``summarise`` says of a test set, of some n-grams and hits an example; shape (examples,) each."""
    eligible = ngrams > 0
    total, found = int(ngrams.sum()), int(hits.sum())
    return {
        "examples": int(ngrams.size),
        "too_short": int(np.count_nonzero(~eligible)),
        "examples_hit": int(np.count_nonzero(hits)),
        "examples_over_15_percent": int(np.count_nonzero(eligible & (hits > SIGNIFICANT_SHARE * ngrams))),
        "examples_all_hit": int(np.count_nonzero(eligible & (hits == ngrams))),
        "test_ngrams": total,
        "hits": found,
        "overlap_percent": 100 * found / total if total else 0.0,
        "mean_overlap_percent": 100 * float(np.mean(hits[eligible] / ngrams[eligible])) if eligible.any() else 0.0,
        "longest_run": longest_run,
    }
