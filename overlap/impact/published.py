"""Llama 2's Z tests and their decision, and GPT-3's comparison with a control model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from overlap.impact.contrasts import NOTHING, estimate, split_sums, tests_of, three_means
from overlap.impact.formulas import finite_population
from overlap.impact.guards import fewest_clusters, problem_of
from overlap.impact.permuting import over_strata
from overlap.impact.resampling import Draws, bootstrap_sums, ratio
from overlap.impact.scores import ModelScores
from overlap.impact.splits import Split
from overlap.impact.values import Control, Llama2Tests, ZTest
from overlap.metrics import LLAMA2_LENGTHS, contaminated_tokens, llama2_subsets
from overlap.results import ByDocument, Overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["contam_documents", "control_of", "llama2_documents", "llama2_tests", "z_tests"]

SEED, BUDGET = 10, 4  # Touvron et al. 2023, A.6: no substitution in the first 10 tokens, at most 4 behind them
_BENEFIT = {"clean": -1, "not clean": 1, "not dirty": -1, "dirty": 1}
_LEAST_Z = 2.0


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
    sums = np.concatenate([split_sums(scores, [split], clusters) for scores in (model, control)], 1)
    tables = sums.sum(0)[None], bootstrap_sums(sums, draws)  # the same clusters drawn for both models
    value, drawn = (three_means(model, table[:, :4]) for table in tables)
    other, other_drawn = (three_means(control, table[:, 4:]) for table in tables)
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
    everything = float(model.shown(ratio(values.sum(keepdims=True), weights.sum(keepdims=True)))[0])
    sigma = float(np.sqrt(np.mean(over**2)))
    found = []
    for name, mask in llama2_subsets(coverage[measured]).items():
        count = int(mask.sum())
        z = float(over[mask].sum()) / (sigma * math.sqrt(count)) if count and sigma else float("nan")
        score = model.shown(ratio(values[mask].sum(keepdims=True), weights[mask].sum(keepdims=True)))[0]
        average = float(coverage[measured][mask].mean()) if count else float("nan")
        corrected = finite_population(z, count, mask.size)
        found.append(ZTest(name, count, average, float(score), z, corrected, everything))
    return tuple(found)


def llama2_documents(overlap: Overlap, documents: Sequence[ByDocument]) -> ByDocument | None:
    """What single documents have of an overlap's examples, compared as Llama 2 did; None where that was not stored."""
    fitting = (found for found in documents if found.is_of(overlap) and (found.n, found.budget) == (SEED, BUDGET))
    return next(fitting, None)


def contam_documents(overlap: Overlap, documents: Sequence[ByDocument]) -> ByDocument | None:
    """What single documents have of an overlap's own n-grams, without substitutions: for ConTAM's LONGEST-MATCH."""
    fitting = (found for found in documents if found.is_of(overlap) and (found.n, found.budget) == (overlap.n, 0))
    return next(fitting, None)


def llama2_tests(model: ModelScores, found: ByDocument, measured: NDArray[np.bool_]) -> tuple[Llama2Tests, ...]:
    """The published tests for every L: by share of tokens in spans of at least L tokens of one training document.

    ``model`` has the scores of the ``measured`` examples only. Evidence for a benefit (Touvron et al. 2023, A.6) takes
    all four: |Z| over 2, clean and not dirty worse, not clean and dirty better.
    """
    rows = []
    for least in LLAMA2_LENGTHS:
        tests = z_tests(model, contaminated_tokens(found, least)[measured])
        evidence = bool(tests) and all(_BENEFIT[test.subset] * test.z_published > _LEAST_Z for test in tests)
        rows.append(Llama2Tests(least, tests, evidence))
    return tuple(rows)
