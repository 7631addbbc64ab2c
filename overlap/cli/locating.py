"""The commands of the exact pass: scan, locate, inspect."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from typing import Any

import click
from click.core import ParameterSource

from overlap.cli.configuring import configurable
from overlap.cli.group import main
from overlap.cli.options import (
    CLASSES,
    bad_record_option,
    executor_options,
    finish,
    fuzzy_options,
    n_option,
    progress_option,
    reading_options,
    refuse_idle,
    refuse_output,
    report_options,
    shared_options,
    test_options,
    tokenizer_option,
    unit_option,
)
from overlap.cli.profiling import profile_options, profiled_scan

__all__ = ["inspect", "locate", "scan"]


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


OF_MATCHES = ("test", "kind", "min_length", "example")  # options of inspect that choose among stored matches
OF_PHRASES = ("index", "unit", "text_field", "by_line", "input_format", "on_bad_record", "id_field")


@main.command()
@click.argument("result", required=False)
@click.option("--test", multiple=True, metavar="NAME", help="Matches of this test set only.")
@click.option("--class", "kind", multiple=True, type=click.Choice(CLASSES), help="Matches of this class only.")
@click.option(
    "--min-length",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Matches of so many units in a row at least.",
)
@click.option(
    "--example", multiple=True, metavar="ID", help="Matches of this example: its id; without ids its number from 0."
)
@click.option("--sort", type=click.Choice(("length", "coverage", "example")), default="length", show_default=True)
@click.option("--limit", type=click.IntRange(0), default=0, show_default="all", help="Show so many at most.")
@click.option("--phrase", metavar="WORDS", help="Look these words up instead, in --index or in --train.")
@click.option("--index", multiple=True, metavar="INDEX", help="For --phrase: ask these indexes.")
@click.option("--unit", metavar="UNIT", help="For --phrase: its units in --train, as for scan.  [default: alnum]")
@click.option(
    "--train", multiple=True, metavar="SOURCE", help="For --phrase: search this text; else: matches in it only."
)
@reading_options
@bad_record_option
@click.option("--id-field", help="For --phrase: field that identifies a training document.")
@click.option(
    "--format", "format", type=click.Choice(("terminal", "md", "json")), default="terminal", show_default=True
)
@progress_option
def inspect(result: str | None, phrase: str | None, format: str, limit: int, progress: str, **options: Any) -> None:
    """Page through the matches: test text and training text side by side, the shared words marked.

    \b
    Examples:
      overlap inspect result --class duplicate
      overlap inspect --phrase "it was the best of times it was the worst" --index web.index
    """
    import overlap
    from overlap.report.side_by_side import chosen_matches

    refuse_idle(OF_MATCHES if phrase is not None else OF_PHRASES, "--phrase" if phrase is not None else "a RESULT")
    if phrase is not None and result is not None:
        raise click.UsageError("name a RESULT, or a --phrase, not both")
    if phrase is not None:
        findings = _look_up(phrase, format, progress, options)
        pairs = chosen_matches(findings)
    elif result is None:
        raise click.UsageError("name a RESULT, or a --phrase")
    else:
        filters = ("test", "train", "kind", "min_length", "example", "sort")
        pairs = chosen_matches(overlap.load_findings(result), **{name: options[name] for name in filters})
    _show(pairs[: limit or None], len(pairs), format)


def _look_up(phrase: str, format: str, progress: str, options: dict[str, Any]) -> Any:
    """Ask indexes and corpora for a phrase; says what they answer, and returns the findings in text."""
    import overlap
    from overlap.console import progress_bars

    index, train = options["index"], options["train"]
    if not index and not train:
        raise click.UsageError("--phrase needs an --index, or text to search with --train")
    if options["unit"] and not train:
        raise click.UsageError("--unit goes with --train: an index has its own")
    answers = sys.stderr if format == "json" else sys.stdout
    for path in index:
        opened = overlap.open_index(path)
        known = opened.contains(phrase)
        n = opened.manifest.n
        if not known.size and not train:
            units = opened.segmenter
            raise click.UsageError(f"{path} knows {n}-grams; this phrase has {len(units.units(phrase))} {units.noun}")
        print(f"{path}: {int(known.sum()):,} of {known.size:,} {n}-grams known", file=answers)
    if not train:
        return ()
    names = ("text_field", "by_line", "input_format", "on_bad_record", "id_field")
    with progress_bars(progress) as report:
        reading = {name: options[name] for name in names}
        findings = overlap.find_phrase(phrase, list(train), unit=options["unit"] or "alnum", **reading, progress=report)
    for item in findings:
        documents = min((run.least_documents for run in item.runs), default=0)
        shown = f", the first {item.sampled} shown" if documents > item.sampled else ""
        what = f", the rarest {item.n} {item.unit}s in a row" if len(item.runs[:1]) and item.runs[0].ngrams > 1 else ""
        print(f"{item.train}: in {documents:,} document{'' if documents == 1 else 's'}{shown}{what}", file=answers)
    return findings


def _show(pairs: list[Any], total: int, format: str) -> None:
    from overlap.console import page_rich
    from overlap.report.side_by_side import matches_markdown, matches_rich

    if format == "json":
        print(
            json.dumps([{"train": item.train, "test": item.test, **asdict(match)} for item, match in pairs], indent=1)
        )
        return
    if format == "md":
        print(matches_markdown(pairs), end="")
    elif pairs:
        page_rich(matches_rich(pairs))
    if len(pairs) < total:
        print(f"{len(pairs):,} of {total:,} matches shown", file=sys.stderr)
    if not total:
        print("no matches", file=sys.stderr)
