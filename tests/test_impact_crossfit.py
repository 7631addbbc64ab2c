"""The gain at thresholds that other examples chose: no bias, and intervals that cover it; simulations with seeds."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from overlap.impact import ModelScores
from overlap.impact.contrasts import contrasts_of
from overlap.impact.crossfitting import Step, crossfit_gain, crossfit_steps
from overlap.impact.resampling import Draws
from overlap.impact.splits import Split

Array = NDArray[np.float64]
Expected = tuple[Array, Array, dict[str, Array]]  # of each example: expected value, weight, overlap by metric
THRESHOLDS = [step / 8 for step in range(8)]


def overlaps(source: np.random.Generator, count: int, clean: float) -> dict[str, Array]:
    """Three metrics that mostly, but not always, agree; so large a share has no overlap."""
    some = np.clip((source.random(count) - clean) / (1 - clean), 0, 1)
    near = np.where(some > 0, np.clip(some + source.normal(0, 0.3, count), 0.01, 1), 0)
    return {"fraction": some, "coverage": near, "longest": np.where(some > 0, source.random(count), 0)}


def shares(effect: float, share: float = 0.5) -> Callable[[np.random.Generator, int], Expected]:
    def draw(source: np.random.Generator, count: int) -> Expected:
        metrics = overlaps(source, count, 0.4)
        return share + effect * metrics["fraction"], np.ones(count), metrics

    return draw


def losses(source: np.random.Generator, count: int) -> Expected:
    metrics, tokens = overlaps(source, count, 0.4), source.integers(20, 100, count).astype(float)
    return tokens * (1.5 - 0.5 * metrics["fraction"]), tokens, metrics


def true_gains(kind: str, draw: Callable[[np.random.Generator, int], Expected]) -> Callable[[tuple[Step, ...]], float]:
    """What crossfit_gain estimates, from a population of 200,000: the mean of the steps' gains, as it is shown."""
    values, weights, metrics = draw(np.random.default_rng(99), 200_000)
    mean, known = values.sum() / weights.sum(), {}
    for metric, column in metrics.items():
        for threshold in THRESHOLDS:
            clean = column <= threshold
            known[metric, threshold] = mean - values[clean].sum() / weights[clean].sum()

    def gain(steps: tuple[Step, ...]) -> float:
        gains = [known[step.metric, step.threshold] for step in steps]
        found = float(np.average(gains, weights=[step.mine.sum() for step in steps]))
        shown = ModelScores("m", kind, values, weights).shown(np.array([mean, mean - found]))
        return float(shown[0] - shown[1])

    return gain


CASES: dict[str, tuple[str, Callable[[np.random.Generator, int], Expected], bool]] = {
    "no effect": ("binary", shares(0.0), False),
    "effect": ("binary", shares(0.35), False),
    "no effect, easy": ("binary", shares(0.0, 0.85), False),
    "losses": ("nll", losses, False),
    "clusters, no effect": ("real", shares(0.0), True),
    "clusters, effect": ("real", shares(1.0), True),
}


@pytest.mark.parametrize("case", CASES)
def test_intervals_cover_the_gain_at_the_chosen_thresholds(case: str) -> None:
    """Adding up the variances of five folds, each with the thresholds of all others, covers no effect in 86 %."""
    kind, draw, clustered = CASES[case]
    source, rounds, covered, off = np.random.default_rng([31, len(case)]), 300, 0, []
    truth_of, strata = true_gains(kind, draw), np.zeros(300, np.int64)
    for seed in range(rounds):
        clusters = np.sort(source.integers(0, 150, 300)) if clustered else np.arange(300)
        clusters = np.unique(clusters, return_inverse=True)[1].astype(np.int64)
        expected, weights, metrics = draw(source, 300)
        if clustered:  # a document's examples have one overlap, and one difficulty
            first = np.unique(clusters, return_index=True)[1][clusters]
            expected, metrics = expected[first], {name: column[first] for name, column in metrics.items()}
        values = {
            "binary": (source.random(300) < expected).astype(float),
            "nll": expected * source.gamma(4, 0.25, 300),
            "real": expected + source.normal(0, 1, 300)[clusters] + source.normal(0, 1, 300),
        }[kind]
        sign = -1.0 if kind == "nll" else 1.0
        steps = crossfit_steps(metrics, sign * values, weights, clusters, strata, seed, THRESHOLDS)
        found = crossfit_gain(ModelScores("m", kind, values, weights), steps, clusters, Draws(100, seed))
        assert found is not None
        truth = truth_of(steps)
        off.append(found.value - truth)
        covered += found.low <= truth <= found.high
    assert abs(covered - 0.95 * rounds) <= 3.3 * math.sqrt(rounds * 0.95 * 0.05) + 0.5
    assert abs(np.mean(off)) <= 3.3 * np.std(off) / math.sqrt(rounds)


def test_the_thresholds_are_of_those_before_only() -> None:
    """Every example is judged at most once; what stands in its own tenth, or later ones, changes no threshold."""
    source = np.random.default_rng(32)
    metrics, values = overlaps(source, 400, 0.4), source.random(400)
    clusters, rest = np.arange(400) // 2, (np.ones(400), np.arange(400) // 2, np.zeros(400, np.int64), 5)
    steps = crossfit_steps(metrics, values, *rest)
    assert [int(step.mine.sum()) for step in steps] == [40] * 8
    assert sum(step.mine.astype(int) for step in steps).max() == 1  # type: ignore[union-attr]
    for number, step in enumerate(steps):
        assert not (step.before & step.mine).any()
        assert (step.dirty == (metrics[step.metric] > step.threshold)).all()
        assert not np.isin(clusters[step.mine], clusters[step.before]).any()
        other = np.where(step.before, values, source.random(400))
        again = crossfit_steps(metrics, other, *rest)[number]
        assert (again.metric, again.threshold) == (step.metric, step.threshold)


def test_one_threshold_is_nearly_the_plain_gain() -> None:
    """With nothing to choose it is all minus clean, but for the first fifth; and the interval is so much wider."""
    source = np.random.default_rng(33)
    dirty = source.random(3000) < 0.4
    for kind, values, tokens in (
        ("binary", (source.random(3000) < 0.5 + 0.2 * dirty).astype(float), np.ones(3000)),
        ("nll", 50 * (2.0 - 0.4 * dirty) * source.gamma(9, 1 / 9, 3000), np.full(3000, 50.0)),
    ):
        model, clusters, strata = ModelScores("m", kind, values, tokens), np.arange(3000), np.zeros(3000, np.int64)
        steps = crossfit_steps({"fraction": dirty * 1.0}, values, tokens, clusters, strata, 1, [0.5])
        found = crossfit_gain(model, steps, clusters, Draws(400))
        (plain,) = contrasts_of(model, [Split("", "", ~dirty, dirty)], clusters, strata, Draws(2000), {})
        assert found is not None
        assert found.method == "cross-fitted"
        assert found.value == pytest.approx(plain.gain.value, abs=0.5 * (plain.gain.high - plain.gain.low))
        assert found.high - found.low == pytest.approx((plain.gain.high - plain.gain.low) / math.sqrt(0.8), rel=0.1)


def test_no_interval_where_nothing_can_be_chosen_or_little_is_left() -> None:
    source = np.random.default_rng(34)
    values, rest = source.random(300), (np.ones(300), np.arange(300), np.zeros(300, np.int64), 0)
    assert crossfit_steps({"fraction": np.zeros(300)}, values, *rest) == ()
    assert crossfit_steps({"fraction": (np.arange(300) < 25) * 1.0}, values, *rest) == ()  # under 20 in six tenths
    steps = crossfit_steps({"fraction": (np.arange(300) < 60) * 1.0}, values, *rest)
    model = ModelScores("m", "real", values, np.ones(300))
    assert crossfit_gain(model, steps, np.arange(300), Draws(100)) is not None
    assert crossfit_gain(model, steps[-1:], np.arange(300), Draws(100)) is None  # a tenth of 60 is too few


def test_a_gain_that_is_there_is_found() -> None:
    values, rest = np.random.default_rng(8).random(300), (np.ones(300), np.arange(300), np.zeros(300, np.int64), 0)
    steps = crossfit_steps({"fraction": values}, values, *rest)
    found = crossfit_gain(ModelScores("m", "real", values, np.ones(300)), steps, np.arange(300), Draws(300))
    assert found is not None
    assert found.low > 0.05
