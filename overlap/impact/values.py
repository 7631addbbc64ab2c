"""What an analysis of score impact found, as frozen values. It is what overlap is associated with, not why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from overlap.displaying import Displayed
from overlap.impact.resampling import Draws
from overlap.impact.rules import DirtyRule
from overlap.impact.sweep import SweepPoint

__all__ = [
    "Contrast",
    "Control",
    "Estimate",
    "Impact",
    "Llama2Tests",
    "ModelImpact",
    "SweepResult",
    "ZTest",
    "labelled",
    "plain",
]


@dataclass(frozen=True)
class Estimate:
    """A value with its interval.

    ``method`` says how that was made: ``bootstrap``, ``wilson``, ``newcombe`` or ``cross-fitted``.
    """

    value: float
    low: float
    high: float
    method: str = "bootstrap"


@dataclass(frozen=True)
class Contrast:
    """Dirty examples against clean ones, under the rule (``kind`` rule) or another split of them.

    ``kind``: ``rule``; ``any hit``; ``bin`` (an interval of overlap against no overlap); ``class``, ``part`` and
    ``group``. ``everything``, ``clean``, ``dirty``: the score; ``difference`` = dirty - clean, ``gain`` = all - clean
    (EPG); ``relative`` and ``degradation``: GPT-3's and GPT-4's forms of the gain, in percent. ``standardised``: the
    difference within strata, weighted by their dirty examples. ``error``: of the
    difference, robust to clusters; ``detectable``: the smallest true difference that 80 % of such data sets would
    show. Everything is in the score's units; for perplexities ``error`` is linear around the clean ones' and
    ``detectable`` how far below it that of the dirty ones must be.
    ``problem``: why it is not estimable, or nothing.
    """

    kind: str
    name: str
    all_examples: int
    clean_examples: int
    dirty_examples: int
    everything: Estimate
    clean: Estimate
    dirty: Estimate
    difference: Estimate
    gain: Estimate
    relative: float
    degradation: float
    standardised: Estimate | None
    error: float
    detectable: float
    p: float | None
    p_holm: float | None
    problem: str


@dataclass(frozen=True)
class ZTest:
    """One of Llama 2's four subsets: published Z, and with the finite-population correction.

    ``mean_coverage``: the mean share of an example's tokens that are contaminated; ``score`` of the subset and
    ``all_score`` of all measured examples.
    """

    subset: str
    examples: int
    mean_coverage: float
    score: float
    z_published: float
    z: float
    all_score: float = float("nan")


@dataclass(frozen=True)
class Llama2Tests:
    """Llama 2's published tests: the four subsets by tokens in spans of at least ``least`` (L) of one document.

    ``evidence``: do all four speak for a benefit (Touvron et al. 2023, A.6)? Then every |Z| as published is over 2,
    clean and not dirty examples do worse, not clean and dirty ones better.
    """

    least: int
    tests: tuple[ZTest, ...]
    evidence: bool


@dataclass(frozen=True)
class SweepResult:
    """The sweep over thresholds: all points, the best, the p-value of the best among all, and the cross-fitted gain.

    ``crossfit_gain``: all minus clean, at thresholds that other examples chose; None where there is too little of it.
    """

    points: tuple[SweepPoint, ...]
    best: SweepPoint | None
    p: float
    p_holm: float | None
    crossfit_gain: Estimate | None


@dataclass(frozen=True)
class Control:
    """Difference in differences: (dirty - clean) of this model minus that of the control, with its p-value."""

    model: str
    value: Estimate
    p: float | None


@dataclass(frozen=True)
class ModelImpact:
    """One model's scores on one test set against one training set.

    ``measure``: what is reported, as ``%`` or ``word perplexity``; ``read``: which scores of a sample log these are.
    ``z_tests``: Llama 2's subsets by coverage of exact n-grams; ``llama2``: by its own measure, for every L, where the
    result has what single documents have.
    """

    train: str
    own: bool
    test: str
    signature: str
    model: str
    measure: str
    examples: int
    too_short: int
    contrasts: tuple[Contrast, ...]
    z_tests: tuple[ZTest, ...]
    sweep: SweepResult
    control: Control | None = None
    read: str = ""
    llama2: tuple[Llama2Tests, ...] = ()

    @property
    def label(self) -> str:
        """The model, what was read of its scores, and what is reported of them."""
        return labelled(self.model, self.measure, self.read)

    @property
    def llama2_reported(self) -> Llama2Tests | None:
        """Llama 2's tests at the largest L with evidence, or at the least L where there is none."""
        with_evidence = [tests for tests in self.llama2 if tests.evidence]
        return (with_evidence[-1:] or self.llama2[:1] or (None,))[0]

    @property
    def main(self) -> Contrast:
        """Dirty against clean under the rule."""
        return self.contrasts[0]


@dataclass(frozen=True, repr=False)
class Impact(Displayed):
    """All models, test sets and training sets of one analysis, and how it was done."""

    rule: DirtyRule
    clusters: str
    strata: str
    draws: Draws
    scores: tuple[str, ...]
    models: tuple[ModelImpact, ...]

    def __repr__(self) -> str:
        sets = len({(item.test, item.train, item.own) for item in self.models})
        models = f"{len(self.models)} model{'s' * (len(self.models) != 1)}"
        return f"Impact({models} on {sets} pair{'s' * (sets != 1)} of sets; dirty: {self.rule})"

    def to_json(self) -> dict[str, Any]:
        """The analysis as JSON values; what is not a number is null."""
        found: dict[str, Any] = plain({**asdict(self), "rule": {**asdict(self.rule), "words": str(self.rule)}})
        return found


def labelled(model: str, measure: str, read: str) -> str:
    """A model as reports name it.

    >>> labelled("small", "%", ""), labelled("small", "%", "exact_match, filter strict-match")
    ('small (%)', 'small (exact_match, filter strict-match; %)')
    """
    return f"{model} ({read}; {measure})" if read else f"{model} ({measure})"


def plain(value: Any) -> Any:
    """NaN and infinities as None, tuples as lists, all the way down."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
