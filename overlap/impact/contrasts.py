"""One model's contrasts: means of clean and dirty examples, their difference, and what is uncertain about it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from overlap.impact.formulas import (
    estimated_performance_gain,
    gpt3_relative_difference,
    gpt4_degradation,
)
from overlap.impact.guards import SIDES, fewest_clusters, problem_of
from overlap.impact.intervals import detectable_effect
from overlap.impact.permuting import Difference, difference_tests
from overlap.impact.resampling import (
    Draws,
    bootstrap_sums,
    cluster_sums,
    count_clusters,
    number_clusters,
    percentile_interval,
    ratio,
)
from overlap.impact.scores import ModelScores
from overlap.impact.shares import difference_of_shares, share
from overlap.impact.splits import Split
from overlap.impact.values import Contrast, Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "NOTHING",
    "contrasts_of",
    "estimate",
    "group_contrasts",
    "scale_of",
    "split_sums",
    "tests_of",
    "three_means",
]

TESTED = ("rule", "any hit", SIDES)
NOTHING = Estimate(float("nan"), float("nan"), float("nan"))


def contrasts_of(
    model: ModelScores,
    splits: Sequence[Split],
    clusters: NDArray[np.int64],
    strata: NDArray[np.int64],
    draws: Draws,
    tests: Mapping[str, Difference],
) -> tuple[Contrast, ...]:
    """A contrast for each split. All arrays have one entry per example; ``tests``: by kind of split."""
    sums = split_sums(model, splits, clusters)
    drawn = bootstrap_sums(sums, draws)
    return tuple(
        _contrast(
            model,
            split,
            clusters,
            strata,
            sums[:, 4 * i : 4 * i + 4],
            drawn[:, 4 * i : 4 * i + 4],
            draws,
            tests.get(split.kind),
        )
        for i, split in enumerate(splits)
    )


def group_contrasts(
    model: ModelScores,
    groups: Sequence[tuple[NDArray[np.int64], Split]],
    clusters: NDArray[np.int64],
    strata: NDArray[np.int64],
    draws: Draws,
) -> tuple[Contrast, ...]:
    """A contrast for each group, of which only the clusters that have examples in it are drawn: (numbers, split)."""
    found: dict[str, Contrast] = {}
    for mine, split in sorted(groups, key=lambda group: group[0].size):  # draws of one size are kept
        numbered = number_clusters(clusters[mine])
        (found[split.name],) = contrasts_of(model.take(mine), [split], numbered, strata[mine], draws, {})
    return tuple(found[split.name] for _, split in groups)


def split_sums(model: ModelScores, splits: Sequence[Split], clusters: NDArray[np.int64]) -> NDArray[np.float64]:
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
    test: Difference | None,
) -> Contrast:
    counts = int(split.clean.sum()), int(split.dirty.sum())
    values, random = three_means(model, sums.sum(0)[None])[:, 0], three_means(model, drawn)
    masks = (split.clean | split.dirty, split.clean, split.dirty)
    estimates = [
        _subset_estimate(model, mask, clusters, float(value), row, draws)
        for mask, value, row in zip(masks, values, random, strict=True)
    ]
    problem, nan = problem_of(model, split, clusters), float("nan")
    difference = gain = NOTHING
    if not problem:
        fewest = fewest_clusters(split, clusters)
        apart = float(values[2] - values[1])
        hard = difference_of_shares(model, split, clusters, apart, draws)
        difference = hard or estimate(apart, random[2] - random[1], fewest, draws)
        gain = estimate(estimated_performance_gain(values[0], values[1]), random[0] - random[1], fewest, draws)
    return Contrast(
        split.kind,
        split.name,
        sum(counts),
        counts[0],
        counts[1],
        estimates[0],
        estimates[1],
        estimates[2],
        difference=difference,
        gain=gain,
        relative=nan if problem else gpt3_relative_difference(float(values[0]), float(values[1])),
        degradation=nan if problem else gpt4_degradation(float(values[0]), float(values[1])),
        standardised=_standardised(model, split, clusters, strata, draws) if test else None,
        error=test.error * scale_of(model, float(values[1])) if test else nan,
        detectable=_detectable(model, float(values[1]), test.error, draws) if test else nan,
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
    sums = split_sums(model, parts, clusters)
    sizes = cluster_sums(np.stack([part.dirty.astype(np.float64) for part in parts], 1), clusters)
    joint = np.concatenate([sums, sizes], 1)
    (value,), drawn = (
        _weighted(model, rows, names.size) for rows in (joint.sum(0)[None], bootstrap_sums(joint, draws))
    )
    fewest = fewest_clusters(split, clusters)
    return estimate(float(value), drawn, fewest, draws)


def _weighted(model: ModelScores, rows: NDArray[np.float64], strata: int) -> NDArray[np.float64]:
    """The weighted mean of the strata's differences; (rows, 5 x strata) -> (rows,)."""
    means = [three_means(model, rows[:, 4 * i : 4 * i + 4]) for i in range(strata)]
    differences = np.stack([mean[2] - mean[1] for mean in means], 1)
    weights = np.where(np.isnan(differences), 0.0, rows[:, 4 * strata :])
    return ratio((np.nan_to_num(differences) * weights).sum(1), weights.sum(1))


def scale_of(model: ModelScores, clean: float) -> float:
    """What is shown for a unit of the mean; for perplexities, near that of the clean examples."""
    return {"binary": 100.0, "nll": clean}.get(model.kind, 1.0)


def _detectable(model: ModelScores, clean: float, error: float, draws: Draws) -> float:
    """The detectable effect as it is shown; for perplexities, how far below the clean ones' the dirty ones' must be."""
    effect = detectable_effect(error, draws.level)
    return clean * -math.expm1(-effect) if model.kind == "nll" else scale_of(model, clean) * effect


def three_means(model: ModelScores, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores, as they are shown, of all, clean and dirty; (rows, 4) -> (3, rows)."""
    clean, dirty = sums[:, :2], sums[:, 2:]
    return np.stack([model.shown(ratio(pair[:, 0], pair[:, 1])) for pair in (clean + dirty, clean, dirty)])


def estimate(value: float, drawn: NDArray[np.float64], clusters: int, draws: Draws) -> Estimate:
    """A value with the percentile interval of its draws, shape (draws,), widened for few clusters."""
    return Estimate(value, *percentile_interval(drawn, clusters, draws.level))


def _subset_estimate(
    model: ModelScores,
    mask: NDArray[np.bool_],
    clusters: NDArray[np.int64],
    value: float,
    drawn: NDArray[np.float64],
    draws: Draws,
) -> Estimate:
    """Wilson's interval for 0/1 scores, each a cluster, that are few or nearly all alike; else the bootstrap's."""
    if not mask.any():
        return NOTHING
    return share(model, mask, clusters, value, draws) or estimate(value, drawn, count_clusters(clusters[mask]), draws)


def tests_of(
    models: Sequence[ModelScores],
    splits: Sequence[Split],
    clusters: NDArray[np.int64],
    strata: NDArray[np.int64],
    draws: Draws,
) -> list[dict[str, Difference]]:
    """For each model, the permutation tests of the splits that have one, by kind: the rule, and any hit."""
    found: list[dict[str, Difference]] = [{} for _ in models]
    known: dict[bytes, list[Difference]] = {}
    for split in splits:
        fitting = [number for number, model in enumerate(models) if not problem_of(model, split, clusters)]
        if split.kind not in TESTED or not fitting:
            continue
        key = split.clean.tobytes() + split.dirty.tobytes()  # the rule may be that of any hit
        if key not in known:
            mask = split.clean | split.dirty
            scores = [(models[number].values[mask], models[number].weights[mask]) for number in fitting]
            numbered = number_clusters(clusters[mask])
            known[key] = difference_tests(scores, split.dirty[mask], numbered, strata[mask], draws)
        for number, test in zip(fitting, known[key], strict=True):
            found[number][split.kind] = test
    return found
