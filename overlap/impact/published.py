"""Llama 2's Z tests, and GPT-3's comparison with a control model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap.impact.contrasts import NOTHING, estimate, fewest_clusters, problem_of, split_sums, tests_of, three_means
from overlap.impact.formulas import finite_population
from overlap.impact.permuting import over_strata
from overlap.impact.resampling import Draws, bootstrap_sums, ratio
from overlap.impact.scores import ModelScores
from overlap.impact.splits import Split
from overlap.impact.values import Control, ZTest
from overlap.metrics import llama2_subsets

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["control_of", "z_tests"]


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
        sums = split_sums(scores, [split], clusters)
        means.append([three_means(scores, table) for table in (sums.sum(0)[None], bootstrap_sums(sums, draws))])
    (value, drawn), (other, other_drawn) = means
    found = estimate(
        float((value[2] - value[1] - other[2] + other[1])[0]),
        drawn[2] - drawn[1] - other_drawn[2] + other_drawn[1],
        fewest_clusters(split, clusters),
        draws,
    )
    if problem_of(model, split, clusters) or problem_of(control, split, clusters):
        return Control(control.name, NOTHING, None)
    mask = split.clean | split.dirty
    over = _linear(model, mask) - _linear(control, mask)
    heavy = ((model.weights > 0) & (control.weights > 0)).astype(np.float64)  # nothing is known of the others
    if problem_of(ModelScores("", "real", over, heavy), split, clusters):
        return Control(control.name, NOTHING, None)
    apart = ModelScores("", "real", over * heavy, heavy)
    (tests,) = tests_of([apart], [split], clusters, strata, draws)
    return Control(control.name, found, tests[split.kind].p)


def _linear(model: ModelScores, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    mean = model.values[mask].sum() / model.weights[mask].sum()
    return np.where(mask, (model.values - mean * model.weights) / model.weights[mask].mean(), 0.0)


def z_tests(model: ModelScores, coverage: NDArray[np.float64]) -> tuple[ZTest, ...]:
    """Llama 2's four tests (Touvron et al. 2023, A.6): each subset's mean against that of all measured examples.

    For 0/1 scores this is ``formulas.llama2_z``; in general (X - mu) / (sigma / sqrt(n)) with sigma of all examples.
    ``coverage`` is NaN for what was not measured. Losses have their sign turned: a subset with a higher Z does better.
    """
    measured = ~np.isnan(coverage)
    if not measured.any():
        return ()
    values, weights = model.values[measured], model.weights[measured]
    over = over_strata(values, weights, np.zeros(values.size, np.int64)) * (1 if model.higher_is_better else -1)
    sigma = float(np.sqrt(np.mean(over**2)))
    found = []
    for name, mask in llama2_subsets(coverage[measured]).items():
        count = int(mask.sum())
        z = float(over[mask].sum()) / (sigma * np.sqrt(count)) if count and sigma else float("nan")
        score = model.shown(ratio(values[mask].sum(keepdims=True), weights[mask].sum(keepdims=True)))[0]
        average = float(coverage[measured][mask].mean()) if count else float("nan")
        found.append(ZTest(name, count, average, float(score), float(z), finite_population(float(z), count, mask.size)))
    return tuple(found)
