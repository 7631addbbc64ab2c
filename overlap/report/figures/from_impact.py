"""The figures of a score analysis: scores by overlap, and the sweep over thresholds."""

from __future__ import annotations

import math
from collections.abc import Callable

from overlap.errors import BadArgument
from overlap.impact import Contrast, Estimate, Impact, ModelImpact
from overlap.report.figures.values import Curve, Intervals, Lines, Point

__all__ = ["IMPACT_FIGURES", "impact_figure", "scores_by_overlap", "sweep"]

_NO_HIT = "no hit"


def scores_by_overlap(found: Impact) -> Intervals:
    """Each model's score on the examples without a hit, and on those of each bin of overlap, with intervals."""
    places: dict[str, None] = {_NO_HIT: None}
    series = []
    for item in found.models:
        bins = [contrast for contrast in item.contrasts if contrast.kind == "bin" and contrast.dirty_examples]
        points = [_point(_NO_HIT, bins[0].clean)] if bins and bins[0].clean_examples else []
        points += [_point(contrast.name, contrast.dirty) for contrast in bins]
        known = tuple(point for point in points if math.isfinite(point.low + point.high + point.y))
        if known:
            places.update(dict.fromkeys(contrast.name for contrast in _bins(item)))
            series.append((_name(item, found), known))
    measures = {item.measure for item in found.models}
    return Intervals(
        "Score by overlap",
        "n-grams of the example that training has",
        f"score ({measures.pop()})" if len(measures) == 1 else "score",
        tuple(places),
        tuple(series),
        f"Means with {100 * found.draws.level:g} % intervals. A difference is associated with overlap, which need not "
        "be its reason.",
    )


def _bins(item: ModelImpact) -> list[Contrast]:
    return [contrast for contrast in item.contrasts if contrast.kind == "bin"]


def _point(place: str, value: Estimate) -> Point:
    return Point(place, value.value, value.low, value.high)


def sweep(found: Impact) -> Lines:
    """z of the gain without the dirty examples, at each threshold of each metric (ConTAM, Singh et al. 2024)."""
    curves = []
    for item in found.models:
        for metric in dict.fromkeys(point.metric for point in item.sweep.points):
            points = [p for p in item.sweep.points if p.metric == metric and p.estimable and math.isfinite(p.z)]
            if points:
                x, y = (100 * point.threshold for point in points), (point.z for point in points)
                curves.append(Curve(f"{_name(item, found)}: {metric}", tuple(x), tuple(y)))
    return Lines(
        "Sweep over thresholds",
        "examples with more than so much are dirty (%)",
        "z of the gain (all - clean)",
        tuple(sorted(curves, key=lambda curve: -max(curve.y))),  # the legend goes down as the curves do
        "z: dirty minus clean over its cluster-robust error, at thresholds with enough examples on both sides. The "
        "highest of many is no test of its own: the p-value of the sweep is in the table.",
        x_range=(0, 100),
    )


def _name(item: ModelImpact, found: Impact) -> str:
    """The model, with the sets where there are several."""
    sets = {(other.test, other.train, other.own) for other in found.models}
    return f"{item.model}, {item.test} in {item.train}" if len(sets) > 1 else item.model


IMPACT_FIGURES: dict[str, Callable[[Impact], Lines | Intervals]] = {"scores": scores_by_overlap, "sweep": sweep}


def impact_figure(name: str, found: Impact) -> Lines | Intervals:
    """A figure by its name. Raises ValueError for an unknown one, or where there is nothing that it could show."""
    if name not in IMPACT_FIGURES:
        raise BadArgument(f"figure must be one of {', '.join(IMPACT_FIGURES)}, not {name!r}")
    figure = IMPACT_FIGURES[name](found)
    if not (figure.series if isinstance(figure, Intervals) else figure.curves):
        raise BadArgument(f"the analysis has nothing for the figure {name}: too few dirty or clean examples")
    return figure
