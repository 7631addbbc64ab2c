"""score_impact: stored overlaps and scores -> what the overlap is associated with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from overlap.errors import BadArgument, ScoresError
from overlap.impact.clusters import chosen_clusters, chosen_strata
from overlap.impact.contrasts import contrasts_of, group_contrasts, tests_of
from overlap.impact.crossfitting import crossfit_gain, crossfit_steps
from overlap.impact.intervals import LEVEL, holm
from overlap.impact.joining import join, merged, pooled
from overlap.impact.published import contam_documents, control_of, llama2_documents, llama2_tests, z_tests
from overlap.impact.resampling import DRAWS, Draws, number_clusters
from overlap.impact.rules import DirtyRule
from overlap.impact.scores import ModelScores, Scores
from overlap.impact.splits import BINS, Split, group_splits, splits_of
from overlap.impact.sweep import SweepPoint, sweep_test
from overlap.impact.values import Impact, ModelImpact, SweepResult
from overlap.metrics import contamination, longest_span, token_coverage
from overlap.results import ByDocument, Findings, Overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["score_impact"]


def score_impact(
    overlaps: Sequence[Overlap],
    scores: Scores | Mapping[str, Sequence[Scores]],
    *,
    findings: Sequence[Findings] = (),
    documents: Sequence[ByDocument] = (),
    rule: DirtyRule | None = None,
    bins: Sequence[float] = BINS,
    clusters: str = "auto",
    strata: str | None = None,
    control: str | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = LEVEL,
) -> Impact:
    """What did the overlap do to the scores, as far as scores of clean and dirty examples can tell?

    ``scores`` are those of the one test set, or by test set's name. ``rule``: which examples are dirty (any hit).
    ``clusters``: examples that belong together: ``auto``, ``document``, ``group``, ``example``, or a label column of
    the scores; ``strata``: labels are permuted within them: ``group`` or a label column. ``control``: a model that has
    not seen the training text, for a difference in differences. ``documents``: what single documents have of the
    examples (n = 10, a budget of 4), for Llama 2's tests as published. Everything random follows from ``seed``.

    Raises ScoresError for scores that do not fit the examples; ValueError for bad arguments.
    """
    if not 100 <= draws <= 1_000_000:
        raise BadArgument(f"draws must be from 100 to 1,000,000, not {draws:,}")
    if list(bins) != sorted(set(bins)) or not bins or not all(0 <= limit < 1 for limit in bins):
        raise BadArgument("bins must be rising shares from 0 to below 1")
    rule, random = rule or DirtyRule(), Draws(draws, seed, level)
    by_test = _by_test(overlaps, scores)
    found: list[ModelImpact] = []
    names: list[str] = []
    for overlap in overlaps:
        if rule.kind == "class" and overlap.train.members and findings:
            continue  # matches are of each training set: their union has no classes
        if group := by_test.get(overlap.test):
            joined = merged([join(item, overlap) for item in group])
            name, case = _case(overlap, joined, findings, rule, bins, clusters, strata, random)
            names.append(name)
            alone = contam_documents(overlap, documents)
            found += _models(replace(case, documents=llama2_documents(overlap, documents), alone=alone), control)
    sources = tuple(item.source for group in by_test.values() for item in group)
    return Impact(rule, ", ".join(dict.fromkeys(names)), strata or "none", random, sources, _corrected(found))


def _by_test(
    overlaps: Sequence[Overlap], scores: Scores | Mapping[str, Sequence[Scores]]
) -> Mapping[str, Sequence[Scores]]:
    tests = list(dict.fromkeys(overlap.test for overlap in overlaps))
    if isinstance(scores, Scores):
        scores = {"": [scores]}
    if "" in scores:
        if len(tests) != 1:
            raise BadArgument(f"name the test set of the scores, as TEST=FILE; the result has: {', '.join(tests)}")
        scores = {tests[0]: [*scores[""], *scores.get(tests[0], ())]}
    if unknown := [name for name in scores if name not in tests]:
        raise BadArgument(f"scores of no test set here: {', '.join(unknown)}; the result has: {', '.join(tests)}")
    found = {test: pooled(group) for test, group in scores.items()}
    for test, group in found.items():
        models = [model.name for item in group for model in item.models]
        if len(set(models)) < len(models):
            raise BadArgument(
                f"two models of {test} have one name: {', '.join(models)} (several files of one model, each of other "
                "examples, are put together by --id-field)"
            )
    return found


@dataclass(frozen=True, eq=False)
class _Case:
    """One training set, one test set, one file of scores; everything but the overlap is of measured examples only."""

    overlap: Overlap
    measured: NDArray[np.bool_]
    models: tuple[ModelScores, ...]
    splits: list[Split]
    groups: list[tuple[NDArray[np.int64], Split]]
    clusters: NDArray[np.int64]
    strata: NDArray[np.int64]
    draws: Draws
    documents: ByDocument | None = None
    alone: ByDocument | None = None

    def contamination(self) -> dict[str, NDArray[np.float64]]:
        """What the sweep goes through; the longest match in one document, where single documents were compared."""
        found = contamination(self.overlap)
        if self.alone is not None:
            found["longest"] = longest_span(self.alone)
        return {name: values[self.measured] for name, values in found.items()}


def _case(
    overlap: Overlap,
    scores: Scores,
    findings: Sequence[Findings],
    rule: DirtyRule,
    bins: Sequence[float],
    clusters: str,
    strata: str | None,
    draws: Draws,
) -> tuple[str, _Case]:
    measured = overlap.ngrams > 0
    name, together = chosen_clusters(clusters, overlap, findings, scores)
    layers = chosen_strata(strata, overlap, scores, together)
    pairs = np.unique(np.stack([together, layers], 1), axis=0)
    if pairs.shape[0] > np.unique(together).size:
        raise BadArgument(f"a cluster ({name}) lies in several strata ({strata}): choose other --clusters or --strata")
    splits = [
        Split(split.kind, split.name, split.clean[measured], split.dirty[measured])
        for split in splits_of(overlap, rule, findings, bins)
    ]
    order = np.flatnonzero(measured)
    models = tuple(model.take(order) for model in scores.models)
    for model in models:
        if not model.weights.sum():
            raise ScoresError(f"{scores.source}: {model.name} has no tokens in any measured example of {overlap.test}")
    groups = (
        [] if overlap.groups is None else group_splits([overlap.groups[number] for number in order.tolist()], splits[0])
    )
    numbered = number_clusters(together[measured])
    return name, _Case(overlap, measured, models, splits, groups, numbered, layers[measured], draws)


def _models(case: _Case, control: str | None) -> list[ModelImpact]:
    by_name = {model.name: model for model in case.models}
    if control is not None and control not in by_name:
        raise BadArgument(f"no control model {control} among the scores: {', '.join(by_name)}")
    if control is not None and len(by_name) == 1:
        raise BadArgument(
            f"the control {control} is the only model with scores of {case.overlap.test}: name another one to compare"
        )
    coverage = token_coverage(case.overlap)[case.measured]
    found = []
    tests = tests_of(case.models, case.splits, case.clusters, case.strata, case.draws)
    for model, tested in zip(case.models, tests, strict=True):
        against = None
        if control is not None and model.name != control:
            if by_name[control].measure != model.measure:
                raise BadArgument(
                    f"the control {control} has other scores ({by_name[control].measure}) than {model.name} "
                    f"({model.measure})"
                )
            against = control_of(model, by_name[control], case.splits[0], case.clusters, case.strata, case.draws)
        found.append(
            ModelImpact(
                train=case.overlap.train.name,
                own=case.overlap.train.own,
                test=case.overlap.test,
                signature=case.overlap.train.signature,
                model=model.name,
                measure=model.measure,
                examples=len(case.overlap),
                too_short=int((~case.measured).sum()),
                contrasts=contrasts_of(model, case.splits, case.clusters, case.strata, case.draws, tested)
                + group_contrasts(model, case.groups, case.clusters, case.strata, case.draws),
                z_tests=z_tests(model, coverage),
                sweep=_sweep(case, model),
                control=against,
                read=model.read,
                llama2=llama2_tests(model, case.documents, case.measured) if case.documents is not None else (),
            )
        )
    return found


def _sweep(case: _Case, model: ModelScores) -> SweepResult:
    """The sweep of one model. Losses have their sign turned in every z; gains are in the score's own units."""
    sign = 1.0 if model.higher_is_better else -1.0
    data = case.contamination(), sign * model.values, model.weights, case.clusters, case.strata
    test = sweep_test(*data, case.draws)
    steps = crossfit_steps(*data, case.draws.seed)
    gain = crossfit_gain(model, steps, case.clusters, case.draws) if steps else None
    mean = float(model.values.sum() / model.weights.sum())
    points = tuple(_as_shown(model, mean, sign, point) for point in test.points)
    best = None if test.best is None else points[test.points.index(test.best)]
    return SweepResult(points, best, test.p, None, gain)


def _as_shown(model: ModelScores, mean: float, sign: float, point: SweepPoint) -> SweepPoint:
    """A point's gain as every other EPG of the model: all minus clean, in percent or perplexity."""
    everything, clean = model.shown(np.array([mean, mean - sign * point.gain]))
    return replace(point, gain=float(everything - clean))


def _corrected(found: Sequence[ModelImpact]) -> tuple[ModelImpact, ...]:
    """Holm's correction over all models and data sets: of the rule's tests, and, apart from them, of the sweeps."""
    mains = holm([item.main.p for item in found])
    sweeps = holm([None if np.isnan(item.sweep.p) else item.sweep.p for item in found])
    return tuple(
        replace(
            item,
            contrasts=(replace(item.main, p_holm=main), *item.contrasts[1:]),
            sweep=replace(item.sweep, p_holm=sweep),
        )
        for item, main, sweep in zip(found, mains, sweeps, strict=True)
    )
