"""Scores of models, one for each example, as values; and what a mean of them means.

Four kinds: ``binary`` (0 or 1), ``real``, ``nll``: a sum of negative log-likelihoods over so many tokens, whose
mean is weighted by tokens and shown as perplexity, never as a mean of perplexities; and ``loss``: any other sum over so
many tokens or bytes of which less is better, shown as its weighted mean (bits per byte).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.errors import ScoresError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["KINDS", "ModelScores", "Record", "Scores", "column", "kind_of", "model_scores"]

Record = dict[str, Any]

KINDS = ("binary", "real", "nll", "loss")
LARGEST = 1e100  # sums of squares of larger ones would overflow


@dataclass(frozen=True, eq=False)
class ModelScores:
    """One model's scores: ``values`` (sums where they are losses) and ``weights`` (their tokens; else 1), shape
    (examples,).

    ``unit``: what is reported, where the kind does not say it: ``word perplexity``, ``bits per byte``. ``read``: which
    of several scores of a log these are: ``exact_match, filter strict-match``.
    """

    name: str
    kind: str
    values: NDArray[np.float64]
    weights: NDArray[np.float64]
    unit: str = ""
    read: str = ""

    def shown(self, mean: NDArray[np.float64]) -> NDArray[np.float64]:
        """What is reported for a mean: percent for 0/1 scores, perplexity for nll, else the mean itself."""
        if self.kind == "nll":
            with np.errstate(over="ignore"):
                return np.exp(mean)
        return 100 * mean if self.kind == "binary" else mean

    @property
    def measure(self) -> str:
        """What is reported, by name."""
        return self.unit or {"binary": "%", "real": "mean", "nll": "perplexity", "loss": "mean loss"}[self.kind]

    @property
    def higher_is_better(self) -> bool:
        """Is more of it better? Of perplexity and bits per byte, less is."""
        return self.kind not in ("nll", "loss")

    def take(self, order: NDArray[np.int64]) -> ModelScores:
        """The scores of these examples, in this order."""
        return replace(self, values=self.values[order], weights=self.weights[order])


@dataclass(frozen=True, eq=False)
class Scores:
    """What a score file holds: ids, one or several models, and columns of labels (for strata and clusters).

    ``ids`` is None where the records have none: they are then in the order of the examples. ``by_row``: the ids are
    numbers of records, from 0.
    """

    source: str
    ids: tuple[str, ...] | None
    models: tuple[ModelScores, ...]
    labels: dict[str, tuple[str, ...]]
    by_row: bool = False

    def __len__(self) -> int:
        return self.models[0].values.size


def kind_of(values: NDArray[np.float64]) -> str:
    """``binary`` where all are 0 or 1, else ``real``."""
    return "binary" if bool(np.isin(values, (0.0, 1.0)).all()) else "real"


def model_scores(
    name: str, where: str, values: Sequence[object], tokens: Sequence[object] | None = None
) -> ModelScores:
    """The scores of one model from what a file holds. Raises ScoresError for what is no number, or no token count."""
    numbers = _numbers(values, name, where)
    if tokens is None:
        return ModelScores(name, kind_of(numbers), numbers, np.ones(numbers.size))
    counts = _numbers(tokens, f"{name} (tokens)", where)
    if (counts < 0).any() or not counts.any():
        raise ScoresError(f"{where}: token counts of {name} must not be negative, nor all 0")
    if (numbers < 0).any():
        raise ScoresError(f"{where}: {name} has negative sums; a negative log-likelihood is 0 or more: turn the sign")
    return ModelScores(name, "nll", numbers, counts)


def _numbers(values: Sequence[object], name: str, where: str) -> NDArray[np.float64]:
    out = np.empty(len(values), np.float64)
    for row, value in enumerate(values):
        try:
            out[row] = _number(value)
        except (TypeError, ValueError, OverflowError):
            out[row] = np.nan
        if not abs(out[row]) <= LARGEST:  # nor NaN
            raise ScoresError(
                f"{where}, record {row + 1}: score {value!r:.40} of {name} is not a finite number (up to 1e100)"
            )
    return out


def _number(value: object) -> float:
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return float(value.strip().lower() == "true")
    return float(value)  # type: ignore[arg-type]


def column(records: list[Record], field: str, where: str) -> list[Any]:
    """What a field of the records holds; ``a.b`` reaches into nested ones. Raises ScoresError where one has it not."""
    found = []
    for number, record in enumerate(records, 1):
        value: Any = record.get(field, _ABSENT)
        if value is _ABSENT:
            value = record
            for key in field.split("."):
                value = value.get(key, _ABSENT) if isinstance(value, dict) else _ABSENT
        if value is _ABSENT or value is None:
            raise ScoresError(
                f"{where}, record {number}: no field {field} in the scores (there are: {', '.join(list(record)[:20])})"
            )
        found.append(value)
    return found


_ABSENT = object()
