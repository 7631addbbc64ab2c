"""The commands of score impact: impact, cdf."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from overlap.cli.files import force_option, output_option, write_figure, write_or_print
from overlap.cli.group import main
from overlap.cli.options import CLASSES, TABLE_FORMATS, shared_options

__all__ = ["cdf", "impact"]

format_option = click.option(
    "--format",
    "format",
    type=click.Choice(TABLE_FORMATS),
    default="terminal",
    show_default=True,
    help="How to print it.",
)
random_options = shared_options(
    click.option("--draws", default=10_000, show_default=True, help="Bootstrap draws, and permutations."),
    click.option("--seed", default=0, show_default=True, help="Seed of everything random; it is part of the report."),
    click.option("--level", default=0.95, show_default=True, help="Level of the intervals."),
)
score_options = shared_options(
    click.option(
        "--model",
        "models",
        multiple=True,
        metavar="[NAME=]FIELD",
        help="Field of a model's scores; a.b reaches into records.  [default: all that hold numbers]",
    ),
    click.option(
        "--tokens",
        multiple=True,
        metavar="[MODEL=]FIELD",
        help="Field of token counts: scores are sums of negative log-likelihoods, shown as perplexity.",
    ),
    click.option("--id-field", help="Field of the scores that identifies an example.  [default: id, if there is one]"),
    click.option("--metric", help="Of sample logs of lm-evaluation-harness: this metric.  [default: the first]"),
    click.option("--filter", "filter_name", help="Of such logs: this filter.  [default: the first]"),
)
SCORE_NAMES = ("models", "tokens", "id_field", "metric", "filter_name")
RULE_NAMES = ("rule", "threshold", "at_least", "classes")
OF_SCORES = (*RULE_NAMES, "bins", "clusters", "strata", "control", "figure")
FLAGS = {"at_least": "at-least", "classes": "class"}


@main.command()
@click.argument("result", required=False)
@click.option(
    "--scores",
    multiple=True,
    metavar="[TEST=]FILE",
    help="Scores per example: CSV, TSV, JSON lines, Parquet, sample log.",
)
@score_options
@click.option(
    "--rule",
    type=click.Choice(("any", "fraction", "coverage", "longest", "class")),
    default="any",
    show_default=True,
    help="Which examples are dirty: any hit; a fraction of n-grams; a coverage of units; units in a row; a class.",
)
@click.option(
    "--threshold", default=0.0, help="For fraction and coverage: more than this share; longest: units in a row."
)
@click.option("--at-least", is_flag=True, help="For fraction and coverage: reaching the threshold is enough.")
@click.option(
    "--class", "classes", multiple=True, type=click.Choice(CLASSES), help="For class.  [default: duplicate, passage]"
)
@click.option("--bins", default="0,0.15,0.5,0.8", show_default=True, help="Limits of the bins by fraction of n-grams.")
@click.option(
    "--clusters",
    default="auto",
    show_default=True,
    metavar="auto|document|group|example|FIELD",
    help="Examples that belong together: through a shared training document, a group, a field of the scores.",
)
@click.option(
    "--strata",
    metavar="length|group|FIELD",
    help="Compare and permute within these: fifths by length, groups, a field.",
)
@click.option(
    "--control", metavar="MODEL", help="A model that has not seen the training text: difference in differences."
)
@random_options
@click.option("--train-losses", type=click.Path(), metavar="FILE", help="Instead: scores of training texts ...")
@click.option("--heldout-losses", type=click.Path(), metavar="FILE", help="... against scores of held-out texts.")
@click.option(
    "--format",
    "format",
    type=click.Choice((*TABLE_FORMATS, "html")),
    help="How to print it; html: the whole report.  [default: by the file's name, or terminal]",
)
@click.option(
    "--figure", type=click.Choice(("scores", "sweep")), help="Write this figure instead, to a .svg, .pdf or .png file."
)
@output_option
@force_option
def impact(
    result: str | None,
    scores: tuple[str, ...],
    format: str | None,
    figure: str | None,
    output: str | None,
    force: bool,
    **options: Any,
) -> None:
    """What did the overlap do to the score? Scores of clean and dirty examples of a RESULT, compared.

    Means with intervals, dirty minus clean, all minus clean (EPG), permutation tests, the sweep over thresholds, Llama
    2's tests (as published on a result of scan --profile llama2); corrected for the number of models and data sets.
    Differences are associated with overlap; whether it caused them is another question.

    \b
    Examples: overlap impact result --scores scores.csv
              overlap impact result --scores scores.csv -o report.html
              overlap impact result --scores gsm8k=samples_gsm8k_2026-01-01T00-00-00.jsonl --metric exact_match
              overlap impact --train-losses train.jsonl --heldout-losses test.jsonl --tokens tokens
    """
    from overlap.report.impact import impact_tables, render_impact
    from overlap.report.rendering import to_rich

    train, heldout = options.pop("train_losses"), options.pop("heldout_losses")
    if train or heldout:
        if result or scores or not (train and heldout):
            raise click.UsageError("--train-losses and --heldout-losses go together, without RESULT and --scores")
        _refuse_of_scores(format)
        _print_gaps(_gaps(train, heldout, options), output, format, force)
        return
    if not result or not scores:
        raise click.UsageError("name a RESULT and its --scores (or --train-losses and --heldout-losses)")
    if figure and not output:
        raise click.UsageError("--figure needs -o FILE")
    found = _impact(result, scores, options)
    whole = partial(_whole, result, found)
    if figure and output:
        write_figure(whole, figure, output, 6.5, force)
        return

    def render(chosen: str) -> str:
        return str(whole().render("html")) if chosen == "html" else render_impact(found, chosen)

    write_or_print(lambda width: to_rich(impact_tables(found), width), render, output, format, force)


def _whole(result: str, found: Any) -> Any:
    """The report of the result, with the analysis in it."""
    import overlap

    return replace(overlap.Report.load(result), impact=found)


def _refuse_of_scores(format: str | None) -> None:
    """Raise UsageError for options that would do nothing without --scores."""
    context = click.get_current_context()
    for name in OF_SCORES:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise click.UsageError(f"--{FLAGS.get(name, name)} goes with --scores")
    if format == "html":
        raise click.UsageError("--format html goes with --scores")


def _print_gaps(gaps: Any, output: str | None, format: str | None, force: bool) -> None:
    from overlap.report.distributions import gap_tables, render_gaps
    from overlap.report.rendering import to_rich

    write_or_print(lambda width: to_rich(gap_tables(gaps), width), partial(render_gaps, gaps), output, format, force)


def _gaps(train: str, heldout: str, options: dict[str, Any]) -> Any:
    from overlap.impact import read_scores, train_heldout

    given = {name: options[name] for name in SCORE_NAMES}
    random = {name: options[name] for name in ("draws", "seed", "level")}
    return train_heldout(read_scores(train, **given), read_scores(heldout, **given), **random)


def _impact(result: str, scores: tuple[str, ...], options: dict[str, Any]) -> Any:
    import overlap
    from overlap.impact import DirtyRule, read_scores
    from overlap.impact.clusters import CLUSTERS
    from overlap.results import has_by_document, has_findings

    overlaps = overlap.load_result(result)
    findings = overlap.load_findings(result) if has_findings(result) else ()
    documents = overlap.load_by_document(result) if has_by_document(result) else ()
    rule = _rule(DirtyRule, {name: options.pop(name) for name in RULE_NAMES})
    labels = {options["clusters"], options["strata"]} - {None, "group", "length", *CLUSTERS}
    given = {name: options.pop(name) for name in SCORE_NAMES}
    by_test: dict[str, list[Any]] = {}
    tests = {item.test for item in overlaps}
    for text in scores:
        name, found, path = text.partition("=")
        is_named = found and (name in tests or (Path(path).exists() and not Path(text).exists()))
        test, path = (name, path) if is_named else ("", text)
        by_test.setdefault(test, []).append(read_scores(path, **given, labels=sorted(labels)))
    bins = _shares(options.pop("bins"))
    return overlap.score_impact(
        overlaps, by_test, findings=findings, documents=documents, rule=rule, bins=bins, **options
    )


def _rule(make: Any, options: dict[str, Any]) -> Any:
    kind = options["rule"]
    if (kind in ("fraction", "coverage", "longest")) != (options["threshold"] > 0):
        raise click.UsageError("--threshold goes with --rule fraction, coverage or longest, and they with it")
    if options["at_least"] and kind not in ("fraction", "coverage"):
        raise click.UsageError("--at-least goes with --rule fraction or coverage")
    if options["classes"] and kind != "class":
        raise click.UsageError("--class goes with --rule class")
    return make(kind, options["threshold"], options["at_least"], options["classes"] or ("duplicate", "passage"))


def _shares(text: str) -> list[float]:
    try:
        return [float(item) for item in text.split(",")]
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a list of shares, as 0,0.15,0.5", param_hint="--bins") from None


@main.command()
@click.argument("result", nargs=-1, required=True, metavar="RESULT...")
@click.option("--reference", metavar="TEST", help="Compare all others with this test set.")
@click.option(
    "--value",
    "metric",
    type=click.Choice(("fraction", "coverage", "longest")),
    default="fraction",
    show_default=True,
    help="Of each example: fraction of n-grams, coverage of units, longest match.",
)
@random_options
@format_option
def cdf(result: tuple[str, ...], format: str, **options: Any) -> None:
    """The distribution of per-example overlap; of model samples against reference texts, for one.

    Measure generations like a test set, beside texts that were held out. If the samples' CDF lies to the right of the
    reference's, they repeat the training text more than such texts do.

    \b
    Example: overlap measure --index web.index samples=samples.jsonl heldout=test.jsonl -o result
             overlap cdf result --reference heldout
    """
    import overlap
    from overlap.report.distributions import distribution_tables, render_distributions

    overlaps = [item for path in result for item in overlap.load_result(path)]
    found = overlap.distributions(overlaps, **options)
    _show(format, lambda: distribution_tables(found), lambda: render_distributions(found, format))


def _show(format: str, tables: Any, render: Any) -> None:
    from overlap.console import print_rich
    from overlap.report.rendering import to_rich

    if format == "terminal":
        print_rich(lambda width: to_rich(tables(), width))
    else:
        print(render(), end="")
