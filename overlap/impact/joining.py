"""Scores joined to examples: by id, or by the number of the record in its file. Nothing is dropped silently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from overlap.errors import ScoresError
from overlap.impact.scores import ModelScores, Scores
from overlap.results import Overlap

__all__ = ["join", "merged", "pooled"]

_SHOWN = 5


def join(scores: Scores, overlap: Overlap) -> Scores:
    """The scores in the order of the overlap's examples.

    By id where both sides have them; by the number of the record (from 0) where the scores have none, or where they are
    such numbers themselves. Raises ScoresError for examples without a score, scores without an example, and ids that
    stand twice.
    """
    keys = _example_keys(scores, overlap)
    if scores.ids is None:
        if len(scores) != len(overlap):
            raise ScoresError(
                f"{scores.source}: {len(scores):,} scores without ids for the {len(overlap):,} examples of "
                f"{overlap.test}; name their id with --id-field"
            )
        return scores
    _refuse_twice(scores.ids, scores.source)
    _refuse_twice(keys, f"test set {overlap.test}")
    places = {key: place for place, key in enumerate(scores.ids)}
    known = set(keys)
    missing = [key for key in keys if key not in places]
    extra = [key for key in scores.ids if key not in known]
    if missing or extra:
        raise ScoresError(
            f"{scores.source}: scores and examples of {overlap.test} do not fit: "
            f"{_listed(missing, 'example without a score', 'examples without a score')}, "
            f"{_listed(extra, 'score without an example', 'scores without an example')}",
            missing,
            extra,
        )
    order = np.array([places[key] for key in keys], np.int64)
    labels = {name: tuple(column[place] for place in order.tolist()) for name, column in scores.labels.items()}
    return Scores(
        scores.source, tuple(keys), tuple(model.take(order) for model in scores.models), labels, scores.by_row
    )


def pooled(group: Sequence[Scores]) -> list[Scores]:
    """Files that have the same scores of the same models, of other examples each, as one: the tasks of a group.

    Only where examples have ids of their own; numbers of records begin anew in every file.
    """
    found: dict[tuple[object, ...], list[Scores]] = {}
    for number, item in enumerate(group):
        models = tuple((model.name, model.higher_is_better, model.unit, model.read) for model in item.models)
        alone = item.ids is None or item.by_row
        found.setdefault((models, tuple(item.labels), number if alone else -1), []).append(item)
    return [_end_to_end(some) if len(some) > 1 else some[0] for some in found.values()]


def _end_to_end(files: Sequence[Scores]) -> Scores:
    """The examples of several files, one after the other."""
    ids = tuple(key for item in files for key in item.ids or ())
    models = tuple(_one_model(some) for some in zip(*(item.models for item in files), strict=True))
    labels = {name: tuple(label for item in files for label in item.labels[name]) for name in files[0].labels}
    return Scores(", ".join(item.source for item in files), ids, models, labels)


def _one_model(parts: Sequence[ModelScores]) -> ModelScores:
    kinds = {model.kind for model in parts}
    return replace(
        parts[0],
        kind=parts[0].kind if len(kinds) == 1 else "real",  # 0/1 in some files, other numbers in others
        values=np.concatenate([model.values for model in parts]),
        weights=np.concatenate([model.weights for model in parts]),
    )


def merged(joined: Sequence[Scores]) -> Scores:
    """Several files of scores that were joined to the same examples, as one."""
    first = joined[0]
    models = tuple(model for item in joined for model in item.models)
    labels = {name: column for item in reversed(joined) for name, column in item.labels.items()}
    return Scores(", ".join(item.source for item in joined), first.ids, models, labels, first.by_row)


def _example_keys(scores: Scores, overlap: Overlap) -> list[str]:
    if overlap.ids is not None and not scores.by_row:
        return [overlap.example_id(number) for number in range(len(overlap))]
    if len(overlap.test_sources) > 1:
        if scores.ids is None:
            return [str(number) for number in range(len(overlap))]
        raise ScoresError(
            f"{scores.source}: examples of {overlap.test} come from {len(overlap.test_sources)} files, whose record "
            "numbers are not ids: measure with an id field"
        )
    return [str(row) for row in overlap.rows.tolist()]


def _refuse_twice(ids: Sequence[str], where: str) -> None:
    seen: set[str] = set()
    twice = []
    for key in ids:
        if key in seen:
            twice.append(key)
        seen.add(key)
    if twice:
        raise ScoresError(f"{where}: ids that stand twice: {_names(twice)}", extra=twice)


def _listed(ids: Sequence[str], one: str, more: str) -> str:
    if not ids:
        return f"no {one}"
    return f"{len(ids):,} {one if len(ids) == 1 else more} ({_names(ids)})"


def _names(ids: Sequence[str]) -> str:
    return ", ".join(f"{key:.40}" for key in ids[:_SHOWN]) + (", ..." if len(ids) > _SHOWN else "")
