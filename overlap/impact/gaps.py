"""Train against held-out: a model that scores alike on both has not memorised (Radford et al. 2019, figure 4)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from overlap.displaying import Displayed
from overlap.errors import ScoresError
from overlap.impact.contrasts import contrasts_of, tests_of
from overlap.impact.guards import SIDES
from overlap.impact.intervals import LEVEL
from overlap.impact.resampling import DRAWS, Draws
from overlap.impact.scores import ModelScores, Scores
from overlap.impact.splits import Split
from overlap.impact.values import Contrast, labelled, plain

__all__ = ["Gap", "TrainHeldout", "train_heldout"]


@dataclass(frozen=True)
class Gap:
    """One model on training texts (the contrast's dirty side) and held-out ones (its clean side)."""

    model: str
    measure: str
    contrast: Contrast
    read: str = ""

    @property
    def label(self) -> str:
        """The model, what was read of its scores, and what is reported of them."""
        return labelled(self.model, self.measure, self.read)

    def to_json(self) -> dict[str, Any]:
        """By what the two sides are here: training texts and held-out texts."""
        found = self.contrast
        return {
            "model": self.model,
            "measure": self.measure,
            "read": self.read,
            "train_texts": found.dirty_examples,
            "heldout_texts": found.clean_examples,
            "train": asdict(found.dirty),
            "heldout": asdict(found.clean),
            "difference": asdict(found.difference),
            "error": found.error,
            "detectable": found.detectable,
            "p": found.p,
            "problem": _of_texts(found.problem),
        }


def _of_texts(problem: str) -> str:
    """Why a difference is not estimable, said of training texts and held-out texts."""
    for side, texts in (("dirty", "training text"), ("clean", "held-out text")):
        problem = problem.replace(f"{side} example", texts)
    return problem


@dataclass(frozen=True)
class TrainHeldout(Displayed):
    """All models, where the scores came from, and how the random part was done."""

    train: str
    heldout: str
    draws: Draws
    gaps: tuple[Gap, ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON values; what is not a number is null."""
        found: dict[str, Any] = plain({**asdict(self), "gaps": [gap.to_json() for gap in self.gaps]})
        return found


def train_heldout(
    train: Scores, heldout: Scores, *, draws: int = DRAWS, seed: int = 0, level: float = LEVEL
) -> TrainHeldout:
    """Scores of training texts against scores of held-out texts, for every model that both have.

    Perplexities are weighted by tokens. The interval is a bootstrap of texts on either side (of 0/1 scores that are
    nearly all alike on one, Newcombe's); the p-value moves texts between the sides. Raises
    ScoresError where no model is on both sides, or its scores are of two kinds.
    """
    random = Draws(draws, seed, level)
    others = {model.name: model for model in heldout.models}
    pairs = [(model, others[model.name]) for model in train.models if model.name in others]
    if not pairs:
        raise ScoresError(
            f"no model has scores in both {train.source} ({', '.join(model.name for model in train.models)}) and "
            f"{heldout.source} ({', '.join(others)})"
        )
    for seen, unseen in pairs:
        if _of_losses(seen) != _of_losses(unseen):
            raise ScoresError(
                f"{train.source}: {seen.name} has {seen.measure} here and {unseen.measure} in {heldout.source}"
            )
    gaps = tuple(_gap(seen, unseen, random) for seen, unseen in pairs)
    return TrainHeldout(train.source, heldout.source, random, gaps)


def _of_losses(model: ModelScores) -> str:
    """What is reported of losses, which must be the same on both sides; nothing for shares and means."""
    return "" if model.higher_is_better else model.measure


def _gap(seen: ModelScores, unseen: ModelScores, draws: Draws) -> Gap:
    """One model's training texts against its held-out ones, every text being a cluster of its own."""
    both = ModelScores(
        seen.name,
        seen.kind if seen.kind == unseen.kind else "real",
        np.concatenate([seen.values, unseen.values]),
        np.concatenate([seen.weights, unseen.weights]),
        seen.unit,
        seen.read if seen.read == unseen.read else "",
    )
    numbers = np.arange(both.values.size, dtype=np.int64)
    is_train, strata = numbers < seen.values.size, np.zeros_like(numbers)
    split = Split(SIDES, "training text", ~is_train, is_train)
    (tests,) = tests_of([both], [split], numbers, strata, draws)
    (contrast,) = contrasts_of(both, [split], numbers, strata, draws, tests)
    return Gap(seen.name, both.measure, contrast, both.read)
