"""The commands of the exact pass: scan and locate. Looking at what they find is ``cli.inspecting``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click
from click.core import ParameterSource

from overlap.cli.configuring import configurable
from overlap.cli.group import main
from overlap.cli.options import (
    bad_record_option,
    executor_options,
    finish,
    fuzzy_options,
    n_option,
    progress_option,
    reading_options,
    refuse_output,
    report_options,
    shared_options,
    test_options,
    tokenizer_option,
    unit_option,
)
from overlap.cli.profiling import profile_options, profiled_scan

__all__ = ["locate", "scan"]


evidence_options = shared_options(
    click.option("--id-field", help="Field that identifies a training document."),
    click.option(
        "--sample-documents", default=5, show_default=True, help="Documents shown for each n-gram; counts are exact."
    ),
    click.option(
        "--duplicate-units",
        type=click.IntRange(1),
        help="duplicate: units in a row in one document  [default: 50; chars 250, raw-chars 300, tokens 65],",
    ),
    click.option("--duplicate-share", default=0.9, show_default=True, help="... or this share of the example."),
    click.option(
        "--passage-units",
        type=click.IntRange(1),
        help="passage: units in a row in one document.  [default: 13; chars 65, raw-chars 78, tokens 17]",
    ),
    click.option(
        "--phrase-documents", default=10, show_default=True, help="common phrase: every n-gram in more documents,"
    ),
    click.option("--phrase-examples", default=10, show_default=True, help="... or in more test examples."),
)


def _rule(options: dict[str, Any], units: Any) -> Any:
    """Take the options of the class rule out of the others; ``units`` is what has the ``unit`` and ``norm``."""
    from overlap.results import ClassRule

    given = {name: options.pop(name) for name in ClassRule.__dataclass_fields__}
    chosen = {name: value for name, value in given.items() if value is not None}
    return replace(ClassRule.of_unit(units.unit, units.norm), **chosen)


def _fuzzy_rule(options: dict[str, Any]) -> Any:
    """Take the options of --fuzzy out of the others; the rule, or None where it was not asked for."""
    from overlap.results import FuzzyRule

    values = {name: options.pop(name) for name in ("jaccard", "containment", "shingle")}
    return FuzzyRule(**values) if options.pop("fuzzy") else None


@main.command()
@click.option("--train", multiple=True, metavar="SOURCE", help="Training set; those with one name make one.")
@click.option("--test", multiple=True, metavar="SOURCE", help="Test set, or the name of a recipe.")
@n_option
@unit_option
@test_options
@reading_options
@bad_record_option
@evidence_options
@fuzzy_options
@profile_options
@click.option("-o", "--output", type=click.Path(), metavar="RESULT", help="Store overlaps and matches in this folder.")
@click.option("--force", is_flag=True, help="Replace a result that is there.")
@executor_options
@report_options
@progress_option
@configurable
def scan(output: str | None, force: bool, format: str, fail_above: float | None, progress: str, **options: Any) -> None:
    """Measure and locate in one exact pass, without an index.

    Memory follows the test sets; the training text is read once. Use it when you have the corpus at hand and the
    test sets are known; build an index when it must answer for test sets to come.

    Example: overlap scan --train web=corpus/ --test gsm8k=test.jsonl::question -o result
    """
    import overlap
    from overlap.auditing import check_fuzzy
    from overlap.console import progress_bars
    from overlap.segmenting import segmenter_of

    refuse_output(output, force)
    profile, seed = options.pop("profile"), options.pop("seed")
    if profile is not None:
        _scan_profile(profile, seed, output, force, format, fail_above, progress, options)
        return
    rule, fuzzy = _rule(options, segmenter_of(options["unit"])), _fuzzy_rule(options)
    if fuzzy:
        check_fuzzy(fuzzy)
    options = {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
    with progress_bars(progress) as report:
        overlaps, findings = overlap.scan(**options, rule=rule, progress=report)
        names = (
            "train",
            "test",
            "text_field",
            "by_line",
            "input_format",
            "on_bad_record",
            "parts",
            "template",
            "recipes",
        )
        similar = {name: options[name] for name in names}
        near = overlap.find_similar(**similar, rule=fuzzy, progress=report) if fuzzy else ()
    found = (overlap.NearDuplicates(fuzzy, near),) if fuzzy else ()
    finish(overlap.Report(overlaps, findings, found), output, format, fail_above, force)


def _scan_profile(
    profile: str,
    seed: int,
    output: str | None,
    force: bool,
    format: str,
    fail_above: float | None,
    progress: str,
    options: dict[str, Any],
) -> None:
    from overlap.results import ClassRule

    if fail_above is not None or _fuzzy_rule(options):
        raise click.UsageError("--profile goes without --fail-above and --fuzzy")
    context = click.get_current_context()
    names = list(ClassRule.__dataclass_fields__)
    if any(context.get_parameter_source(name) is not ParameterSource.DEFAULT for name in names):
        raise click.UsageError("--profile goes without the limits of the classes")
    kept = {name: value for name, value in options.items() if name not in names}
    options = {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}
    profiled_scan(profile, seed, output, force, format, progress=progress, **options)


@main.command()
@click.argument("result")
@click.option("--train", multiple=True, metavar="SOURCE", help="Training set that the result was measured on.")
@click.option("--own-train", multiple=True, metavar="NAME=SOURCE", help="Test set NAME's own training split.")
@tokenizer_option
@click.option("--partial", is_flag=True, help="This is only a part of that text: judge no hit that is not in it.")
@reading_options
@bad_record_option
@click.option("--test-id-field", help="Field that identifies a test example.  [default: the one it was measured with]")
@evidence_options
@click.option("--force", is_flag=True, help="Replace matches of the same sets that are there.")
@executor_options
@report_options
@progress_option
def locate(
    result: str,
    train: tuple[str, ...],
    own_train: tuple[str, ...],
    force: bool,
    format: str,
    fail_above: float | None,
    progress: str,
    **options: Any,
) -> None:
    """Find the hits of a RESULT in the training text: where, how often, and really?

    Every hit is confirmed string against string, or counted as an error of the filter. The matches are stored with
    the result: matches.parquet, runs.parquet.

    Example: overlap locate result --train web=corpus/ --id-field url
    """
    import overlap
    from overlap.console import progress_bars
    from overlap.locating import rows_to_locate
    from overlap.results import refuse_findings

    overlaps = overlap.load_result(result)
    rule = _rule(options, overlaps[0])
    chosen = [item for row in rows_to_locate(overlaps, list(train), list(own_train)) for item in row]
    refuse_findings(result, [(item.train.name, item.train.own, item.test) for item in chosen], force)
    with progress_bars(progress) as report:
        findings = overlap.locate(
            overlaps, list(train), own_train=list(own_train), **options, rule=rule, progress=report
        )
    overlap.save_findings(result, findings, force=force)
    finish(overlap.Report.load(result), None, format, fail_above, False)
