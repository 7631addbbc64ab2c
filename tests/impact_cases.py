"""Results and scores for the tests of score impact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from values import overlap_of

from overlap.impact import ModelScores, Scores
from overlap.results import Overlap

LOGS = Path(__file__).parent / "data" / "lm-eval-0.4.13" / "our__tiny-model"
ROLLING = LOGS / "samples_sums_rolling_2026-01-02T03-04-05.678901.jsonl"
LOG = LOGS / "samples_sums_2026-01-02T03-04-05.678901.jsonl"


def many(count: int = 120, ids: bool = False) -> Overlap:
    """Every third example dirty, the first one too short."""
    examples = [(7, []), *((27, [(0, 1 + number % 9)] if number % 3 == 0 else []) for number in range(1, count))]
    made = replace(overlap_of(examples), rows=np.arange(count, dtype=np.int64))
    return replace(made, ids=[f"e{number}" for number in range(count)]) if ids else made


def scores_of(values: Sequence[float], kind: str = "real", ids: Sequence[str] | None = None) -> Scores:
    model = ModelScores("m", kind, np.array(values, float), np.ones(len(values)))
    return Scores("scores", None if ids is None else tuple(ids), (model,), {})
