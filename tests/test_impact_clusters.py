"""False alarms where examples come in clusters, are unlike in spread, or all alike: simulations with fixed seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from overlap.impact import ModelScores
from overlap.impact.crossfitting import crossfit_steps
from overlap.impact.guards import problem_of
from overlap.impact.permuting import difference_tests
from overlap.impact.published import control_of
from overlap.impact.resampling import Draws
from overlap.impact.splits import Split
from overlap.impact.studentising import ClusterSums
from overlap.impact.sweep import sweep_points, sweep_test

Array = NDArray[np.float64]
Case = tuple[Array, Array, NDArray[np.bool_], NDArray[np.int64]]
ROUNDS = 160


def within(count: int, rate: float = 0.05) -> bool:
    """Is this a count that so many rounds at this rate give, but for one in a thousand?"""
    return abs(count - rate * ROUNDS) <= 3.3 * math.sqrt(ROUNDS * rate * (1 - rate)) + 0.5


def large_and_single(source: np.random.Generator) -> Case:
    """30 dirty clusters of five, 300 clean ones of one; independent 0/1 scores."""
    clusters = np.concatenate([np.repeat(np.arange(30), 5), np.arange(30, 330)])
    return (source.random(450) < 0.6).astype(float), np.ones(450), clusters < 30, clusters


def long_and_short(source: np.random.Generator) -> Case:
    """Losses (signs turned) of long dirty texts and short clean ones."""
    dirty = np.arange(350) < 60
    tokens = np.where(dirty, source.integers(200, 900, 350), source.integers(10, 60, 350)).astype(float)
    return -tokens * source.gamma(4, 0.25, 350), tokens, dirty, np.arange(350)


def unlike_spread(source: np.random.Generator) -> Case:
    dirty = np.arange(350) < 60
    return source.normal(0, np.where(dirty, 3.0, 1.0)), np.ones(350), dirty, np.arange(350)


def pairs(source: np.random.Generator) -> Case:
    """Every cluster has one dirty and one clean example of one difficulty."""
    values = np.repeat(source.normal(0, 1, 150), 2) + source.normal(0, 0.3, 300)
    return values, np.ones(300), np.arange(300) % 2 == 0, np.repeat(np.arange(150), 2)


def pairs_of_losses(source: np.random.Generator) -> Case:
    values, _, dirty, clusters = pairs(source)
    tokens = source.integers(20, 200, 300).astype(float)
    return tokens * (values - 9), tokens, dirty, clusters


def pairs_and_singles(source: np.random.Generator) -> Case:
    values, _, dirty, clusters = pairs(source)
    more = np.concatenate([values, source.normal(0, 1, 4)])
    both, numbers = np.concatenate([dirty, [True, False] * 2]), np.concatenate([clusters, np.arange(150, 154)])
    return more, np.ones(304), both, numbers


def varied(source: np.random.Generator) -> Case:
    """Clusters of several sizes, each with its own share of dirty examples and its own difficulty."""
    clusters = np.unique(source.integers(0, 100, 400), return_inverse=True)[1]
    shares, ease = source.beta(1, 2, 100)[clusters], source.beta(1, 1, 100)[clusters]
    return (source.random(400) < ease).astype(float), np.ones(400), source.random(400) < shares, clusters


CASES = (large_and_single, long_and_short, unlike_spread, pairs, pairs_of_losses, pairs_and_singles, varied)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_false_alarms(case: object) -> None:
    """Of the test of dirty against clean, and of the sweep over 12 thresholds: both 5 %."""
    source, main, sweep = np.random.default_rng(21), 0, 0
    for seed in range(ROUNDS):
        values, weights, dirty, clusters = case(source)  # type: ignore[operator]
        clusters, strata = clusters.astype(np.int64), np.zeros(values.size, np.int64)
        (test,) = difference_tests([(values, weights)], dirty, clusters, strata, Draws(199, seed))
        main += test.p <= 0.05
        whole = source.random(clusters.max() + 1)[clusters]  # clusters of one amount of overlap, as documents have it
        metrics = {"fraction": np.where(dirty, whole, 0.0)}
        thresholds = [step / 12 for step in range(12)]
        sweep += sweep_test(metrics, values, weights, clusters, strata, Draws(199, seed), thresholds).p <= 0.05
    assert within(main)
    assert within(sweep)


def test_false_alarms_of_a_control_with_pairs() -> None:
    source, found = np.random.default_rng(22), 0
    for seed in range(ROUNDS):
        values, weights, dirty, clusters = pairs(source)
        model = ModelScores("m", "real", values, weights)
        control = ModelScores("c", "real", source.normal(0, 1, 300), weights)
        split = Split("rule", "", ~dirty, dirty)
        test = control_of(model, control, split, clusters, np.zeros(300, np.int64), Draws(199, seed))
        found += test.p is not None and test.p <= 0.05
    assert within(found)


def test_a_control_is_drawn_together_with_the_model() -> None:
    """Two models that are nearly one: their difference in differences hardly varies, however much each does."""
    source = np.random.default_rng(35)
    values, dirty, numbers = (source.random(800) < 0.5).astype(float), np.arange(800) < 300, np.arange(800)
    other = np.where(np.isin(numbers, (5, 6, 400)), 1 - values, values)
    models = [ModelScores(name, "binary", column, np.ones(800)) for name, column in (("m", values), ("c", other))]
    found = control_of(*models, Split("rule", "", ~dirty, dirty), numbers, np.zeros(800, np.int64), Draws(2000))
    assert found.value.high - found.value.low < 3  # drawn apart, it would be 20


def test_a_difference_inside_pairs_is_found() -> None:
    values, weights, dirty, clusters = pairs(np.random.default_rng(23))
    (test,) = difference_tests([(values + 0.2 * dirty, weights)], dirty, clusters, np.zeros(300, np.int64), Draws(199))
    assert test.value == pytest.approx(0.2, abs=0.1)
    assert test.p == pytest.approx(2 / 200)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_moments_are_the_formula(case: object) -> None:
    """Difference, error and z of a moved labelling, against the sums written out cluster by cluster."""
    source = np.random.default_rng(24)
    values, weights, dirty, clusters = case(source)  # type: ignore[operator]
    values = values - weights * values.sum() / weights.sum()
    sums = ClusterSums.of(values, weights, dirty[:, None], clusters)
    count = sums.values.size
    order, signs = source.permutation(count), source.choice([-1.0, 1.0], count)
    share, inner, heavy = sums.shares[:, 0], sums.inner[:, 0], sums.inner_weights[:, 0]
    moved, weight = sums.values[order], sums.weights[order]
    hit, tokens = share * moved + signs * inner, share * weight + signs * heavy
    means = hit.sum() / tokens.sum(), (moved - hit).sum() / (weight - tokens).sum()
    parts = (hit - means[0] * tokens) / tokens.sum()
    parts = parts - (moved - hit - means[1] * (weight - tokens)) / (weight - tokens).sum()
    expected = means[0] - means[1], math.sqrt(np.square(parts).sum() * count / (count - 1))
    found = sums.permuted(order[None], signs[None])
    assert [float(item[0, 0]) for item in found] == pytest.approx([*expected, expected[0] / expected[1]])
    assert sums.observed()[0][0] == pytest.approx(
        values[dirty].sum() / weights[dirty].sum() - values[~dirty].sum() / weights[~dirty].sum()
    )


@pytest.mark.parametrize("score", [0.1, 0.7, 1 / 3, 1e-30, 1e200])
@pytest.mark.parametrize("tokens", [False, True])
def test_equal_scores_are_equal(score: float, tokens: bool) -> None:
    """No binary fraction is 0.1: what rounding leaves is no difference."""
    source = np.random.default_rng(25)
    weights = source.integers(1, 99, 500).astype(float) if tokens else np.ones(500)
    overlaps, numbers, strata = source.random(500), np.arange(500), np.arange(500) % 2
    metrics, dirty = {"fraction": np.where(overlaps < 0.3, 0.0, overlaps)}, overlaps >= 0.3
    for layers in (np.zeros_like(strata), strata):
        (test,) = difference_tests([(score * weights, weights)], dirty, numbers, layers, Draws(99))
        assert test.p == 1.0
        assert abs(test.value) <= 1e-12 * score
        sweep = sweep_test(metrics, score * weights, weights, numbers, layers, Draws(99))
        assert (sweep.best, math.isnan(sweep.p)) == (None, True)
        assert crossfit_steps(metrics, score * weights, weights, numbers, layers, 0) == ()


def test_a_few_clusters_choose_no_threshold() -> None:
    """100 dirty examples of 19 documents are 19 examples, so to speak."""
    source, clusters = np.random.default_rng(26), np.minimum(np.arange(500) // 5, np.arange(500))
    for dirty_clusters, fits in ((19, False), (20, True)):
        metrics = {"fraction": (clusters < dirty_clusters).astype(float)}
        data = source.random(500), np.ones(500), clusters, np.zeros(500, np.int64)
        assert sweep_points(metrics, *data, [0.5])[0].estimable is fits


def few_mixed(source: np.random.Generator, count: int = 5, singles: int = 60) -> Case:
    """A few clusters of many sizes, both dirty and clean with a difference of its own; and single clean ones."""
    mixed = np.repeat(np.arange(count), source.integers(8, 30, count))
    clusters = np.concatenate([mixed, np.arange(count, count + singles)])
    dirty = np.concatenate([source.random(mixed.size) < 0.5, np.zeros(singles, np.bool_)])
    values = source.normal(0, 1, count + singles)[clusters]
    values[: mixed.size] += (dirty[: mixed.size] * source.normal(0, 1, count)[mixed]) + source.normal(
        0, 0.5, mixed.size
    )
    return values, np.ones(values.size), dirty, clusters


def three_pairs(source: np.random.Generator) -> Case:
    """Three pairs, and 120 examples by themselves."""
    values = np.concatenate([np.repeat(source.normal(0, 1, 3), 2) + source.normal(0, 0.3, 6), source.normal(0, 1, 120)])
    clusters = np.concatenate([np.repeat(np.arange(3), 2), np.arange(3, 123)])
    return values, np.ones(126), np.concatenate([np.arange(6) % 2 == 0, np.arange(120) < 40]), clusters


@pytest.mark.parametrize(("case", "rounds"), [(few_mixed, 500), (three_pairs, 300)])
def test_false_alarms_of_a_few_mixed_clusters(case: object, rounds: int) -> None:
    """Never over 5 %; moving clusters alone raises twice as many with five mixed ones."""
    source, found = np.random.default_rng(27), 0
    for seed in range(rounds):
        values, weights, dirty, clusters = case(source)  # type: ignore[operator]
        strata = np.zeros(values.size, np.int64)
        found += difference_tests([(values, weights)], dirty, clusters, strata, Draws(199, seed))[0].p <= 0.05
    assert found <= 0.05 * rounds + 3.3 * math.sqrt(rounds * 0.05 * 0.95) + 0.5


def test_false_alarms_of_the_sweep_with_unlike_spread() -> None:
    """A few dirty examples ten times as variable: moving labels alone raises alarms in 10 % of data sets."""
    source, found, rounds = np.random.default_rng(28), 0, 500
    dirty, numbers, strata = np.arange(150) < 24, np.arange(150), np.zeros(150, np.int64)
    for seed in range(rounds):
        values = source.normal(0, np.where(dirty, 10.0, 1.0))
        metrics = {"fraction": np.where(dirty, source.random(150), 0.0)}
        data = values, np.ones(150), numbers, strata, Draws(199, seed)
        found += sweep_test(metrics, *data, [step / 10 for step in range(10)]).p <= 0.05
    assert found <= 0.05 * rounds + 3.3 * math.sqrt(rounds * 0.05 * 0.95) + 0.5


def test_a_hard_task_has_power() -> None:
    """20 dirty examples, 10 % right: that none of them is right is no rare event, and must not hide that half are."""
    values = np.concatenate([np.arange(20) < 9, np.arange(980) % 10 == 0]).astype(float)
    dirty, strata = np.arange(1000) < 20, np.zeros(1000, np.int64)
    (test,) = difference_tests([(values, np.ones(1000))], dirty, np.arange(1000), strata, Draws(999))
    assert test.p < 0.02


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_turned_signs_are_the_formula(case: object) -> None:
    """Difference, error and z with the signs of clusters turned, against the same sums of turned values."""
    source = np.random.default_rng(29)
    values, weights, dirty, clusters = case(source)  # type: ignore[operator]
    values = values - weights * values.sum() / weights.sum()
    sums = ClusterSums.of(values, weights, dirty[:, None], clusters)
    count = sums.values.size
    signs = source.choice([-1.0, 1.0], count)
    turned = values * signs[clusters]
    means = [turned[mask].sum() / weights[mask].sum() for mask in (dirty, ~dirty)]
    parts = np.where(
        dirty,
        (turned - means[0] * weights) / weights[dirty].sum(),
        -(turned - means[1] * weights) / weights[~dirty].sum(),
    )
    error = math.sqrt(np.square(np.bincount(clusters, parts)).sum() * count / (count - 1))
    found = [float(item[0, 0]) for item in sums.flipped(signs[None])]
    assert found == pytest.approx([means[0] - means[1], error, (means[0] - means[1]) / error])
    kept = [float(item[0, 0]) for item in sums.flipped(np.ones((1, count)))]
    assert kept == pytest.approx([float(item[0]) for item in sums.observed()])


def test_a_few_clusters_are_not_estimable() -> None:
    source = np.random.default_rng(30)
    for count, problem in ((4, "the dirty examples are of only 4 clusters"), (5, "")):
        values, weights, dirty, clusters = few_mixed(source, count)
        model, split = ModelScores("m", "real", values, weights), Split("rule", "", ~dirty, dirty)
        assert problem_of(model, split, clusters) == problem
