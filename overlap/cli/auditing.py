"""The command audit."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from overlap.cli.group import main
from overlap.cli.options import (
    ABOVE_LIMIT,
    admit,
    audit_options,
    bad_record_option,
    executor_options,
    fuzzy_options,
    n_option,
    progress_option,
    reading_options,
    unit_option,
)

__all__ = ["audit"]

_SHOWN = 5  # names of files that are left out


@main.command()
@click.argument("dataset", required=False)
@click.option(
    "--split", multiple=True, metavar="NAME=SOURCE", help="A split; instead of a DATASET folder, or beside it."
)
@n_option
@unit_option
@reading_options
@bad_record_option
@click.option("--id-field", help="Field that identifies a document.")
@click.option(
    "--coverage", default=0.9, show_default=True, help="Share of n-grams that makes a document covered by others."
)
@fuzzy_options
@executor_options
@audit_options
@progress_option
def audit(
    dataset: str | None,
    split: tuple[str, ...],
    fuzzy: bool,
    jaccard: float,
    containment: float,
    shingle: int,
    format: str,
    fail_above: float | None,
    progress: str,
    **options: Any,
) -> None:
    """Check a data set's splits against each other and against themselves, before its release.

    DATASET is a folder whose files are named after their splits (train, validation, test). Prints every ordered pair,
    the repetition inside each split and, with --format md, a paragraph for the data card.

    \b
    Examples:
      overlap audit data/ --text-field question --fail-above 1
      overlap audit --split train=train.jsonl::question --split test=test.jsonl::question
    """
    import overlap
    from overlap.auditing import files_left_out, find_splits
    from overlap.console import print_rich, progress_bars
    from overlap.report.audits import audit_tables, render_audit, verdict
    from overlap.report.rendering import to_rich

    if dataset is None and not split:
        raise click.UsageError("name a DATASET folder, or splits with --split NAME=SOURCE")
    splits = find_splits(dataset) if dataset else {}
    if dataset and (left_out := files_left_out(dataset, splits)):
        names = ", ".join(os.path.relpath(path, dataset) for path in left_out[:_SHOWN])
        more = f" and {len(left_out) - _SHOWN:,} more" if len(left_out) > _SHOWN else ""
        print(f"overlap: note: of no split, left out: {names}{more}", file=sys.stderr)
    for name, paths in splits.items():
        if len(paths) > 1:
            files = ", ".join(os.path.relpath(path, str(dataset)) for path in paths[:_SHOWN])
            more = f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else ""
            print(f"overlap: note: split {name} is {files}{more}", file=sys.stderr)
    sources = [f"{name}={path}" for name, paths in splits.items() for path in paths]
    rule = overlap.FuzzyRule(jaccard, containment, shingle) if fuzzy else None
    with progress_bars(progress) as report:
        found = overlap.audit([*sources, *split], **options, fuzzy=rule, progress=report)
    if format == "terminal":
        print_rich(lambda width: to_rich(audit_tables(found, fail_above), width))
    else:
        print(render_audit(found, format, fail_above), end="")
    if fail_above is not None and any(verdict(pair, fail_above) == "over" for pair in found.pairs):
        print(f"overlap: a pair of splits is above --fail-above {fail_above:g}", file=sys.stderr)
        sys.exit(ABOVE_LIMIT)
    admit(overlap.Report(tuple(pair.overlap for pair in found.pairs)).skipped)
