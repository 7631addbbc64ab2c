"""One model's contrasts: means of clean and dirty examples, their difference, and what is uncertain about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from overlap.impact.formulas import (
    estimated_performance_gain,
    finite_population,
    gpt3_relative_difference,
    gpt4_degradation,
)
from overlap.impact.intervals import detectable_effect, wilson
from overlap.impact.permuting import Difference, difference_test
from overlap.impact.resampling import Draws, bootstrap_sums, cluster_sums, number_clusters, percentile_interval, ratio
from overlap.impact.scores import ModelScores
from overlap.impact.splits import Split
from overlap.impact.sweep import LEAST_EXAMPLES, is_estimable
from overlap.impact.values import Contrast, Control, Estimate, ZTest
from overlap.metrics import llama2_subsets

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["contrasts_of", "control_of", "gain_of_labels", "z_tests"]

SMALL = 300  # examples: below a few hundred, normal theory is too narrow for 0/1 scores (Bowyer et al. 2025)
_TESTED = ("rule", "any hit")
_NOTHING = Estimate(float("nan"), float("nan"), float("nan"))


def contrasts_of(
    model: ModelScores,
    splits: Sequence[Split],
    clusters: NDArray[np.int64],
    strata: NDArray[np.int64],
    draws: Draws,
) -> tuple[Contrast, ...]:
    """A contrast for each split. All arrays have one entry per example."""
    sums = _split_sums(model, splits, clusters)
    drawn = bootstrap_sums(sums, draws)
    return tuple(
        _contrast(model, split, clusters, strata, sums[:, 4 * i : 4 * i + 4], drawn[:, 4 * i : 4 * i + 4], draws)
        for i, split in enumerate(splits)
    )


def _split_sums(model: ModelScores, splits: Sequence[Split], clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of each cluster and split: values and weights of clean examples, of dirty ones; shape (clusters, 4 x splits)."""
    columns = [
        column * mask
        for split in splits
        for mask in (split.clean, split.dirty)
        for column in (model.values, model.weights)
    ]
    return cluster_sums(np.stack(columns, 1), clusters)


def _contrast(
    model: ModelScores,
    split: Split,
    clusters: NDArray[np.int64],
    strata: NDArray[np.int64],
    sums: NDArray[np.float64],
    drawn: NDArray[np.float64],
    draws: Draws,
) -> Contrast:
    counts = int(split.clean.sum()), int(split.dirty.sum())
    values, random = _three_means(model, sums.sum(0)[None])[:, 0], _three_means(model, drawn)
    masks = (split.clean | split.dirty, split.clean, split.dirty)
    estimates = [
        _subset_estimate(model, mask, clusters, float(value), row, draws)
        for mask, value, row in zip(masks, values, random, strict=True)
    ]
    problem = _problem(*counts)
    fewest = min(np.unique(clusters[mask]).size for mask in (split.clean, split.dirty))
    difference = _estimate(float(values[2] - values[1]), random[2] - random[1], fewest, draws)
    gain = _estimate(estimated_performance_gain(values[0], values[1]), random[0] - random[1], fewest, draws)
    test = _tested(model, split, clusters, strata, draws) if split.kind in _TESTED and not problem else None
    nan = float("nan")
    return Contrast(
        split.kind,
        split.name,
        sum(counts),
        counts[0],
        counts[1],
        estimates[0],
        estimates[1],
        estimates[2],
        difference=_NOTHING if problem else difference,
        gain=_NOTHING if problem else gain,
        relative=nan if problem else gpt3_relative_difference(float(values[0]), float(values[1])),
        degradation=nan if problem else gpt4_degradation(float(values[0]), float(values[1])),
        standardised=_standardised(model, split, clusters, strata, draws) if test else None,
        error=test.error * _scale(model) if test else nan,
        detectable=detectable_effect(test.error * _scale(model), draws.level) if test else nan,
        p=test.p if test else None,
        p_holm=None,
        problem=problem,
    )


def _standardised(
    model: ModelScores, split: Split, clusters: NDArray[np.int64], strata: NDArray[np.int64], draws: Draws
) -> Estimate | None:
    """Dirty minus clean within each stratum, weighted by its dirty examples; None with one stratum.

    Strata without clean or without dirty examples say nothing of the difference, and are left out.
    """
    names = np.unique(strata)
    if names.size < 2:
        return None
    parts = [Split("", "", split.clean & (strata == name), split.dirty & (strata == name)) for name in names]
    sums = _split_sums(model, parts, clusters)
    sizes = cluster_sums(np.stack([part.dirty.astype(np.float64) for part in parts], 1), clusters)
    joint = np.concatenate([sums, sizes], 1)
    (value,), drawn = (
        _weighted(model, rows, names.size) for rows in (joint.sum(0)[None], bootstrap_sums(joint, draws))
    )
    fewest = min(np.unique(clusters[mask]).size for mask in (split.clean, split.dirty))
    return _estimate(float(value), drawn, fewest, draws)


def _weighted(model: ModelScores, rows: NDArray[np.float64], strata: int) -> NDArray[np.float64]:
    """The weighted mean of the strata's differences; (rows, 5 x strata) -> (rows,)."""
    means = [_three_means(model, rows[:, 4 * i : 4 * i + 4]) for i in range(strata)]
    differences = np.stack([mean[2] - mean[1] for mean in means], 1)
    weights = np.where(np.isnan(differences), 0.0, rows[:, 4 * strata :])
    return ratio((np.nan_to_num(differences) * weights).sum(1), weights.sum(1))


def _scale(model: ModelScores) -> float:
    return 100.0 if model.kind == "binary" else 1.0


def _three_means(model: ModelScores, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores, as they are shown, of all, clean and dirty; (rows, 4) -> (3, rows)."""
    clean, dirty = sums[:, :2], sums[:, 2:]
    return np.stack([model.shown(ratio(pair[:, 0], pair[:, 1])) for pair in (clean + dirty, clean, dirty)])


def _problem(clean: int, dirty: int) -> str:
    if is_estimable(dirty, clean):
        return ""
    if min(clean, dirty) < LEAST_EXAMPLES:
        return f"only {min(clean, dirty):,} {'clean' if clean < dirty else 'dirty'} examples"
    return f"{100 * dirty / (clean + dirty):.1f} % are dirty"


def _estimate(value: float, drawn: NDArray[np.float64], clusters: int, draws: Draws) -> Estimate:
    return Estimate(value, *percentile_interval(drawn, clusters, draws.level))


def _subset_estimate(
    model: ModelScores,
    mask: NDArray[np.bool_],
    clusters: NDArray[np.int64],
    value: float,
    drawn: NDArray[np.float64],
    draws: Draws,
) -> Estimate:
    """Wilson's interval for few 0/1 scores of examples that are each a cluster; else the bootstrap's."""
    examples, groups = int(mask.sum()), np.unique(clusters[mask]).size
    if not examples:
        return _NOTHING
    if model.kind == "binary" and examples < SMALL and groups == examples:
        low, high = wilson(float(model.values[mask].sum()), examples, draws.level)
        return Estimate(value, 100 * low, 100 * high, "wilson")
    return _estimate(value, drawn, groups, draws)


def _tested(
    model: ModelScores, split: Split, clusters: NDArray[np.int64], strata: NDArray[np.int64], draws: Draws
) -> Difference:
    mask = split.clean | split.dirty
    return difference_test(
        model.values[mask], model.weights[mask], split.dirty[mask], number_clusters(clusters[mask]), strata[mask], draws
    )


def gain_of_labels(model: ModelScores, dirty: NDArray[np.bool_], clusters: NDArray[np.int64], draws: Draws) -> Estimate:
    """All minus clean for given labels, with its interval."""
    split = Split("", "", ~dirty, dirty)
    sums = _split_sums(model, [split], clusters)
    everything, clean, _ = _three_means(model, bootstrap_sums(sums, draws))
    values = _three_means(model, sums.sum(0)[None])[:, 0]
    return _estimate(float(values[0] - values[1]), everything - clean, np.unique(clusters[~dirty]).size, draws)


def control_of(
    model: ModelScores,
    control: ModelScores,
    split: Split,
    clusters: NDArray[np.int64],
    strata: NDArray[np.int64],
    draws: Draws,
) -> Control:
    """(dirty - clean) of a model minus that of the control: what the examples' difficulty does to both goes away.

    The p-value is that of the difference, linearised: of each example, what it has over the model's mean, in units of
    the mean weight, minus the same of the control. Brown et al. 2020 argue so about PIQA, with a 25 times smaller
    model.
    """
    means = []
    for scores in (model, control):
        sums = _split_sums(scores, [split], clusters)
        means.append([_three_means(scores, table) for table in (sums.sum(0)[None], bootstrap_sums(sums, draws))])
    (value, drawn), (other, other_drawn) = means
    fewest = min(np.unique(clusters[mask]).size for mask in (split.clean, split.dirty))
    estimate = _estimate(
        float((value[2] - value[1] - other[2] + other[1])[0]),
        drawn[2] - drawn[1] - other_drawn[2] + other_drawn[1],
        max(1, fewest),
        draws,
    )
    if _problem(int(split.clean.sum()), int(split.dirty.sum())):
        return Control(control.name, _NOTHING, None)
    mask = split.clean | split.dirty
    over = _linear(model, mask) - _linear(control, mask)
    apart = ModelScores("", "real", over, np.ones(over.size))
    return Control(control.name, estimate, _tested(apart, split, clusters, strata, draws).p)


def _linear(model: ModelScores, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    mean = model.values[mask].sum() / model.weights[mask].sum()
    return np.where(mask, (model.values - mean * model.weights) / model.weights[mask].mean(), 0.0)


def z_tests(model: ModelScores, coverage: NDArray[np.float64]) -> tuple[ZTest, ...]:
    """Llama 2's four tests (Touvron et al. 2023, A.6): each subset's mean against that of all measured examples.

    For 0/1 scores this is ``formulas.llama2_z``; in general (X - mu) / (sigma / sqrt(n)) with sigma of all examples.
    ``coverage`` is NaN for what was not measured.
    """
    measured = ~np.isnan(coverage)
    if not measured.any():
        return ()
    values, weights = model.values[measured], model.weights[measured]
    mean = values.sum() / weights.sum()
    over = values - mean * weights
    sigma = float(np.sqrt(np.mean(over**2)))
    found = []
    for name, mask in llama2_subsets(coverage[measured]).items():
        count = int(mask.sum())
        z = float(over[mask].sum()) / (sigma * np.sqrt(count)) if count and sigma else float("nan")
        score = model.shown(ratio(values[mask].sum(keepdims=True), weights[mask].sum(keepdims=True)))[0]
        average = float(coverage[measured][mask].mean()) if count else float("nan")
        found.append(ZTest(name, count, average, float(score), float(z), finite_population(float(z), count, mask.size)))
    return tuple(found)
