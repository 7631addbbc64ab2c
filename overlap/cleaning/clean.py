"""The public functions: options in, the work of the two sides out."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any, cast

from overlap.cleaning import test_side, train_side
from overlap.corpus import Source, Sources, group_sources, group_training, resolve
from overlap.errors import BadArgument
from overlap.executors import Executor, check_executor
from overlap.locating import segmenter_again
from overlap.progress import Progress
from overlap.provenance import files_again
from overlap.results import Findings, Overlap
from overlap.segmenting import DEFAULT, default_n, segmenter_of
from overlap.text import check_n

__all__ = ["clean_test", "clean_train"]


def clean_test(
    overlaps: Sequence[Overlap],
    output: str | PathLike[str],
    *,
    rule: str = "any",
    threshold: float = 0.0,
    classes: Sequence[str] = ("duplicate", "passage"),
    findings: Sequence[Findings] = (),
) -> tuple[test_side.Split, ...]:
    """Split test sets into clean, dirty and too short examples, in their own format.

    ``rule``: ``any`` hit; more than ``threshold`` of the n-grams (``fraction``); ``threshold`` units in a row or more
    (``longest``); a run of one of ``classes`` (``class``, needs ``findings``). An example is dirty if it is so
    against any training set. Each test set gets a folder with ``clean``, ``dirty``, ``too_short`` and ``labels.csv``.

    Raises OutputError where ``output`` exists, CorpusError, SignatureMismatch where a test file has changed;
    ValueError.
    """
    split_rule = test_side.SplitRule(rule, threshold, tuple(classes))
    return test_side.clean_test(overlaps, output, rule=split_rule, findings=findings)


def clean_train(
    train: Sources,
    test: Sources | Sequence[Overlap],
    output: str | PathLike[str],
    *,
    n: int | None = None,
    unit: str | None = None,
    rule: str = "drop",
    window: int = 200,
    min_piece: int = 200,
    max_pieces: int = 10,
    max_documents: int = 0,
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    id_field: str | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> train_side.Cleaned:
    """Write training files without the documents (``drop``) or passages (``cut``) that they share with test sets.

    ``test`` are sources, or overlaps, whose test files (and n, and unit) are used. ``unit`` and ``n`` are as in
    ``scan``; with overlaps, ``unit`` is needed only where their tokenizer is not where it was. ``cut`` is GPT-3's rule,
    see ``CleanRule``. Relative paths, formats and compression are kept; ``_removed.jsonl`` names every changed document
    and why. ``executor`` and ``workers`` are as in ``build_index``; the unit of work is a file.

    Raises OutputError where ``output`` exists, CorpusError and its kin, SignatureMismatch; ValueError for bad
    arguments.
    """
    check_executor(executor, workers)
    reading: dict[str, Any] = {"text_field": text_field, "by_line": by_line, "input_format": input_format}
    overlaps = [item for item in test if isinstance(item, Overlap)] if isinstance(test, (list, tuple)) else []
    if overlaps:
        n, segmenter = overlaps[0].n, segmenter_again(overlaps, unit)
        sets = {overlap.test: overlap.test_sources for overlap in overlaps}
        tests = [files_again(infos) for infos in sets.values()]
    else:
        tests = [resolve(group, **reading) for group in _some(group_sources(cast(Sources, test))).values()]
        segmenter = segmenter_of(unit or DEFAULT)
        n = default_n(segmenter) if n is None else n
    check_n(n)
    trains = _some(group_training(train))
    files = [file for group in trains.values() for file in resolve(group, id_field=id_field, **reading)]
    return train_side.clean_train(
        files,
        tests,
        output,
        n=n,
        segmenter=segmenter,
        rule=train_side.CleanRule(rule, window, min_piece, max_pieces, max_documents),
        folders=[source.path for group in trains.values() for source in group if isinstance(source.path, str)],
        workers=workers,
        executor=executor,
        progress=progress,
    )


def _some(groups: dict[str, list[Source]]) -> dict[str, list[Source]]:
    if not groups:
        raise BadArgument("no source was named")
    return groups
