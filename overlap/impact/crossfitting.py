"""The gain at the best threshold, estimated on examples that had no part in choosing it, with an interval that holds.

Thresholds are chosen on all examples so far, and judged on the next tenth of them. In the usual cross-fitting each fold
is judged by the threshold of all others, and two folds that choose for each other err together: where no threshold
stands out, intervals that add up the variances of folds cover the truth in 85 to 90 % of data sets instead of 95 %
(simulated, 5 folds; with more it is worse). Going forward, the errors of the tenths are a martingale, and their
variances do add up, whatever was chosen (Luedtke and van der Laan 2016, "Statistical inference for the mean outcome
under a possibly non-unique optimal treatment strategy"). The price is the first part, which only chooses.

What is estimated: the mean, over these tenths, of what all minus clean would be in endless data of this kind at the
threshold that was chosen for the tenth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap.impact.contrasts import scale_of
from overlap.impact.intervals import t_quantile
from overlap.impact.resampling import Draws, cluster_sums, count_clusters, number_clusters
from overlap.impact.scores import ModelScores
from overlap.impact.sweep import THRESHOLDS, best_point, sweep_points
from overlap.impact.values import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Step", "crossfit_gain", "crossfit_steps"]

TENTHS = 10
FIRST, LAST = 2, 6  # so many tenths only choose: the fewest that have a threshold to choose from
LEAST_JUDGED = 10  # clusters on either side of the tenths that are judged


@dataclass(frozen=True, eq=False)
class Step:
    """A tenth of the clusters, and what is dirty by the threshold that those before it chose; shape (examples,)."""

    metric: str
    threshold: float
    before: NDArray[np.bool_]
    mine: NDArray[np.bool_]
    dirty: NDArray[np.bool_]


def crossfit_steps(
    contamination: Mapping[str, NDArray[np.float64]],
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    clusters: NDArray[np.int64],
    strata: NDArray[np.int64],
    seed: int,
    thresholds: Sequence[float] = THRESHOLDS,
) -> tuple[Step, ...]:
    """Each tenth of the clusters, in a random order, with the threshold that was best on those before it.

    More of ``values`` must be better. Empty where six tenths have no threshold to choose from.
    """
    count = int(clusters.max(initial=-1)) + 1
    tenths = np.random.default_rng([seed, 3]).permutation(np.arange(count) * TENTHS // max(1, count))[clusters]
    steps: list[Step] = []
    for tenth in range(FIRST, TENTHS):
        before = tenths < tenth
        known = {metric: column[before] for metric, column in contamination.items()}
        numbered = number_clusters(clusters[before])
        best = best_point(sweep_points(known, values[before], weights[before], numbered, strata[before], thresholds))
        if best is not None:
            chosen = best.metric, best.threshold
        elif steps:
            chosen = steps[-1].metric, steps[-1].threshold
        elif tenth < LAST:
            continue
        else:
            return ()
        metric, threshold = chosen
        steps.append(Step(metric, threshold, before, tenths == tenth, contamination[metric] > threshold))
    return tuple(steps)


def crossfit_gain(
    model: ModelScores, steps: Sequence[Step], clusters: NDArray[np.int64], draws: Draws
) -> Estimate | None:
    """All minus clean at the chosen thresholds, with its interval, in the score's units; None where it says too little.

    Every tenth corrects the gain that those before it have (a one-step estimator): so it needs no clean or dirty
    example of its own. The interval is normal, with Student's quantile for the clusters of the smaller side.
    """
    fewest = _fewest_clusters(steps, model.weights > 0, clusters)
    if fewest < LEAST_JUDGED:
        return None
    sums = cluster_sums(np.stack([model.values, model.weights], 1), clusters)
    tenths = [np.unique(clusters[step.mine]) for step in steps]
    gained = [_gains(model, step, sums, clusters)[mine] for step, mine in zip(steps, tenths, strict=True)]
    gains, judged = np.concatenate(gained), sums[np.concatenate(tenths)]
    mean, gain = float(judged[:, 0].sum() / judged[:, 1].sum()), float(gains.mean())
    everything, clean = model.shown(np.array([mean, mean - gain])).tolist()
    over = (judged[:, 0] - mean * judged[:, 1]) / sums[:, 1].mean()
    errors = scale_of(model, everything) * over - scale_of(model, clean) * (over - gains)
    edges = np.cumsum([mine.size for mine in tenths])[:-1]
    centred = np.concatenate([part - part.mean() for part in np.split(errors, edges)])
    shift, half = _shift_and_half(centred, len(tenths), t_quantile((1 + draws.level) / 2, fewest - 1))
    value = everything - clean
    return Estimate(value, value + shift - half, value + shift + half, "cross-fitted")


def _shift_and_half(errors: NDArray[np.float64], groups: int, quantile: float) -> tuple[float, float]:
    """Where the interval of a mean lies, over the mean, and half of its width; ``errors`` over their groups' means.

    The shift is for skewed errors, as of scores that are nearly all right: the first term of Edgeworth's expansion for
    a studentised mean (Hall 1992, section 3.3), at most half of the width.
    """
    square = float((errors**2).sum())
    error = math.sqrt(square * errors.size / max(1, errors.size - groups)) / errors.size
    skewness = float((errors**3).sum()) / square**1.5 if square else 0.0
    return max(-0.5, min(0.5, skewness * (2 * quantile**2 + 1) / (6 * quantile))) * quantile * error, quantile * error


def _gains(
    model: ModelScores, step: Step, sums: NDArray[np.float64], clusters: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The gain of those before, with what each cluster adds to it: its part of all less its part of the clean ones."""
    clean = cluster_sums(np.stack([model.values, model.weights], 1) * ~step.dirty[:, None], clusters)
    known, untouched = step.before, step.before & ~step.dirty
    means = [float(model.values[mask].sum() / model.weights[mask].sum()) for mask in (known, untouched)]
    parts = [
        (table[:, 0] - mean * table[:, 1]) / table[:, 1].mean()
        for table, mean in zip((sums, clean), means, strict=True)
    ]
    gains: NDArray[np.float64] = means[0] - means[1] + parts[0] - parts[1]
    return gains


def _fewest_clusters(steps: Sequence[Step], heavy: NDArray[np.bool_], clusters: NDArray[np.int64]) -> int:
    """Of the tenths that are judged: the clusters with clean examples, or those with dirty ones, if they are fewer."""
    sides = np.zeros((2, heavy.size), np.bool_)
    for step in steps:
        sides |= step.mine & heavy & np.stack([step.dirty, ~step.dirty])
    return min(count_clusters(clusters[side]) for side in sides)
