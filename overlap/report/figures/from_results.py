"""The figures of a report: from overlaps and findings to curves and bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from overlap.errors import BadArgument
from overlap.metrics import findings_for, overlap_percent
from overlap.report.figures.values import Bars, Curve, Figure, Lines
from overlap.report.tables import row_names
from overlap.results import Findings, Overlap
from overlap.signature import noun_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FIGURES", "bars", "cdf", "figure_of", "growth", "spectrum"]

Overlaps = Sequence[Overlap]
_SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def cdf(overlaps: Overlaps, findings: Sequence[Findings] = ()) -> Lines:
    """The share of examples that overlap by so much or less, as in the appendix of Radford et al. 2019.

    Examples that are too short are left out. Percentages are rounded up to a tenth, so that a curve of a hundred
    thousand examples has a thousand steps at most.
    """
    named = [(name, overlap) for name, overlap in _named(overlaps) if overlap.ngrams.any()]
    curves = [_distribution(name, overlap) for name, overlap in named if overlap.run_lengths.size]
    if without := [pair for pair in named if not pair[1].run_lengths.size]:  # they would all be one line
        name = without[0][0] if len(without) == 1 else f"{len(without):,} without any hit"
        curves.append(_distribution(name, without[0][1]))
    return Lines(
        "Overlap of single examples",
        f"{_ngrams(overlaps)} of the example that training has (%)",
        "examples with so much or less (%)",
        tuple(curves),
        "Cumulative distribution over test examples that have any n-gram. A curve that starts high on the left is of "
        "a set whose examples mostly share nothing.",
        steps="after",
        x_range=(0, 100),
        y_range=(0, 100),
    )


def _distribution(name: str, overlap: Overlap) -> Curve:
    eligible = overlap.ngrams > 0
    tenths = np.ceil(1000 * overlap.hits[eligible] / overlap.ngrams[eligible] - 1e-9).astype(np.int64)
    counts = np.cumsum(np.bincount(tenths, minlength=1001))
    new = np.flatnonzero(np.diff(counts, prepend=0))
    y = 100 * counts[new] / counts[-1]
    return Curve(name, (0.0, *(new / 10).tolist(), 100.0), (0.0, *y.tolist(), 100.0))


def spectrum(overlaps: Overlaps, findings: Sequence[Findings] = ()) -> Lines:
    """How long the shared stretches are: runs of at least so many words. Phrases are short, duplicates long.

    A curve begins at n, the shortest that a stretch can be, and keeps its height up to the next length that occurs.
    """
    curves = []
    for name, overlap in _named(overlaps):
        if overlap.run_lengths.size:
            lengths, counts = np.unique(overlap.run_lengths + overlap.n - 1, return_counts=True)
            x, y = _thinned(lengths, np.cumsum(counts[::-1])[::-1])
            curves.append(Curve(name, (float(overlap.n), *x), (y[0], *y)))
    nouns = {noun_of(overlap.unit) for overlap in overlaps}
    noun = nouns.pop() if len(nouns) == 1 else "units"
    rules = {item.rule for item in findings}
    marks: tuple[tuple[float, str], ...] = ()
    if len(rules) == 1:
        (rule,) = rules
        marks = ((rule.passage_units, "passage"), (rule.duplicate_units, "duplicate"))
    return Lines(
        "Lengths of shared stretches",
        f"length of the stretch ({noun})",
        f"stretches of so many {noun} or more",
        tuple(curves),
        "A stretch is a maximal run of n-grams that training has. Common phrases are short and many; copied "
        "passages and duplicates make the long tail on the right.",
        steps="before",
        log_x=True,
        log_y=True,
        marks=marks,
    )


def _thinned(lengths: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """At most some hundred points: every length up to a hundred words, then steps of one percent."""
    keep = [0]
    for i in range(1, lengths.size):
        if lengths[i] <= 100 or lengths[i] >= 1.01 * lengths[keep[-1]] or i == lengths.size - 1:
            keep.append(i)
    return tuple(map(float, lengths[keep])), tuple(map(float, counts[keep]))


def bars(overlaps: Overlaps, findings: Sequence[Findings] = ()) -> Bars:
    """The overlap of each test set with each training set."""
    tests = tuple(dict.fromkeys(overlap.test for overlap in overlaps))
    rows = row_names(overlaps)
    values: dict[str, dict[str, float]] = {}
    for overlap, row in zip(overlaps, rows, strict=True):
        values.setdefault(row, {})[overlap.test] = overlap_percent(overlap)
    return Bars(
        "Overlap by data set",
        f"{_ngrams(overlaps)} of the test set that training has (%)",
        tests,
        tuple(values),
        tuple(tuple(found.get(test) for test in tests) for found in values.values()),
        "By occurrence. A dash: not measured.",
    )


def growth(overlaps: Overlaps, findings: Sequence[Findings] = ()) -> Lines:
    """Overlap against the share of the corpus that was read: what a random part of the documents would have shown.

    Where each training document is kept with probability p, an n-gram that stands in d of them is found with
    probability 1 - (1 - p)^d. The exact pass knows d of every run's rarest n-gram; the others of the run are in as many
    documents or more, so the curve is a lower bound of the expected overlap, and exact for runs of one n-gram and
    at p = 1. Single copies make it a straight line through the origin; what is everywhere is found at once.
    """
    shares = np.array(_SHARES)
    curves = []
    for name, overlap in _named(overlaps):
        found = findings_for(overlap, findings)
        if found is None or not found.runs or found.partial:  # of a part, document frequencies say nothing
            continue
        sizes = np.array([run.ngrams for run in found.runs], np.float64)
        documents = np.array([run.least_documents for run in found.runs], np.float64)
        seen = np.array([float(sizes @ (1 - (1 - share) ** documents)) for share in shares])
        y = 100 * seen / max(1, int(overlap.ngrams.sum()))
        curves.append(Curve(name, tuple((100 * shares).tolist()), tuple(y.tolist())))
    return Lines(
        "Overlap against the share of the corpus read",
        "training documents read, at random (%)",
        f"{_ngrams(overlaps)} found, at least (%)",
        tuple(curves),
        "Expected if each document were read with this probability, from the document frequency of each stretch's "
        "rarest n-gram: a lower bound. A straight line: single copies. Steep at first, then flat: common phrases.",
        x_range=(0, 100),
    )


FIGURES: dict[str, Callable[[Overlaps, Sequence[Findings]], Figure]] = {
    "bars": bars,
    "cdf": cdf,
    "spectrum": spectrum,
    "growth": growth,
}


def figure_of(name: str, overlaps: Overlaps, findings: Sequence[Findings] = ()) -> Figure:
    """A figure by its name. Raises ValueError for an unknown one, or where there is nothing that it could show."""
    if name not in FIGURES:
        raise BadArgument(f"figure must be one of {', '.join(FIGURES)}, not {name!r}")
    figure = FIGURES[name](overlaps, findings)
    if not (
        figure.values if isinstance(figure, Bars) else figure.curves if isinstance(figure, Lines) else figure.series
    ):
        raise BadArgument(f"the result has nothing for the figure {name}" + _MISSING.get(name, ""))
    return figure


_MISSING = {
    "growth": ": run overlap locate first",
    "spectrum": ": it has no hit",
    "cdf": ": every example is too short",
}


def _named(overlaps: Overlaps) -> list[tuple[str, Overlap]]:
    """Each overlap with a name for its curve: the test set's, with the training set's where there are several.

    A union is left out where its members are there, or the curves would double.
    """
    shown = [item for item in overlaps if not item.train.members] or list(overlaps)
    rows = row_names(shown)
    several, mixed = len(set(rows)) > 1, len({item.n for item in shown}) > 1
    pairs = []
    for item, row in zip(shown, rows, strict=True):
        name = f"{item.test} in {row}" if several else item.test
        is_said = f"n = {item.n}" in item.test  # where one test set has several, they were named apart by it
        pairs.append((f"{name}, {item.n}-grams" if mixed and not is_said else name, item))
    return sorted(pairs, key=lambda pair: -overlap_percent(pair[1]))


def _ngrams(overlaps: Overlaps) -> str:
    sizes = {overlap.n for overlap in overlaps}
    return f"{sizes.pop()}-grams" if len(sizes) == 1 else "n-grams"
