"""Options that several commands share, and what they do at the end."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from overlap.cli.resolved import resolved_configuration

__all__ = [
    "FORMATS",
    "admit",
    "audit_options",
    "bad_record_option",
    "building_options",
    "executor_options",
    "fail_above_option",
    "finish",
    "fuzzy_options",
    "judge",
    "n_option",
    "progress_option",
    "reading_options",
    "refuse_idle",
    "refuse_output",
    "report_options",
    "shared_options",
    "test_options",
    "tokenizer_option",
    "unit_option",
    "workers_option",
]

F = TypeVar("F", bound=Callable[..., Any])
TABLE_FORMATS = ("terminal", "md", "csv", "json", "latex")
FORMATS = (*TABLE_FORMATS, "html", "card")
FILTERS = ("bloom", "fuse")
INPUT_FORMATS = ("text", "jsonl", "json", "csv", "tsv", "parquet", "arrow")
ABOVE_LIMIT = 3
SKIPPED = 4
CLASSES = ("duplicate", "passage", "common phrase", "short match")  # in which a match can be


def shared_options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


class _Percent(click.FloatRange):
    """0 to 100, and a number: click's own range lets nan through, above which nothing ever is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail("nan is no percentage", param, ctx)
        return number


reading_options = shared_options(
    click.option("--text-field", default="text", show_default=True, help="Field of records whose source names none."),
    click.option("--by-line", is_flag=True, help="Every line of a plain-text file is a document."),
    click.option("--input-format", type=click.Choice(INPUT_FORMATS), help="Read files as this, whatever their names."),
)
bad_record_option = click.option(
    "--on-bad-record",
    type=click.Choice(("stop", "skip")),
    default="stop",
    show_default=True,
    help="skip: count bad records, say so in every report, and exit with 4.",
)
n_option = click.option("--n", "n", type=int, help="Units in an n-gram, 1 to 64.  [default: 8; 50 for characters]")
unit_option = click.option(
    "--unit",
    default="alnum",
    show_default=True,
    metavar="UNIT",
    help="alnum, whitespace (words), chars, raw-chars, or tokens:TOKENIZER (a tokenizer.json, or a hub name).",
)
tokenizer_option = click.option(
    "--unit",
    metavar="UNIT",
    help="Where the tokenizer of the measurement is now: tokens:TOKENIZER.  [default: as it was]",
)
test_options = shared_options(
    click.option(
        "--part",
        "parts",
        multiple=True,
        metavar="NAME=FIELD[,FIELD...]",
        help="A named part of the test examples; repeat it. For test sources that name no fields.",
    ),
    click.option("--template", help="Instead: the text of a test example, as '{passage}\\n{question}'."),
    click.option("--test-id-field", help="Field that identifies a test example.  [default: its file and row]"),
    click.option(
        "--recipes", type=click.Path(), metavar="FILE", help="A YAML file of more recipes; overlap recipes lists them."
    ),
    click.option("--group", help="Field by whose values test examples are counted apart: a subject, a domain."),
)
building_options = shared_options(
    n_option,
    unit_option,
    click.option("--fpr", default=1e-8, show_default=True, help="Bound on the false-positive rate."),
    click.option(
        "--filter",
        "filter",
        type=click.Choice(FILTERS),
        default="bloom",
        show_default=True,
        help="fuse: a quarter smaller, slower to build.",
    ),
    click.option("--memory", help="Memory to work in, as 2GB.  [default: half of what is free]"),
    click.option("--force", is_flag=True, help="Replace what is in the way of the output."),
)
workers_option = click.option(
    "--workers",
    type=click.IntRange(1),
    help="Threads; up to three each for large compressed files.  [default: the cores]",
)
executor_options = shared_options(
    workers_option,
    click.option(
        "--executor",
        metavar="WHERE",
        help="threads:8, dask://HOST:8786, ray://HOST:10001, or ray for the one that runs here.  [default: threads]",
    ),
)
progress_option = click.option(
    "--progress",
    type=click.Choice(("auto", "always", "never")),
    default="auto",
    show_default=True,
    help="Progress bars on stderr.",
)
fuzzy_options = shared_options(
    click.option("--fuzzy", is_flag=True, help="Look for near-duplicates too (MinHash; needs datasketch)."),
    click.option("--jaccard", default=0.5, show_default=True, help="For --fuzzy: least Jaccard similarity,"),
    click.option(
        "--containment", default=0.8, show_default=True, help="... or least containment of the one in the other."
    ),
    click.option("--shingle", default=3, show_default=True, help="For --fuzzy: words in a shingle."),
)
fail_above_option = click.option(
    "--fail-above", type=_Percent(0, 100), metavar="PERCENT", help="Exit with 3 where any overlap is higher."
)


def _format_option(formats: tuple[str, ...]) -> Callable[[F], F]:
    choice = click.Choice(formats)
    return click.option(
        "--format", "format", type=choice, default="terminal", show_default=True, help="How to print the report."
    )


report_options = shared_options(_format_option(FORMATS), fail_above_option)
audit_options = shared_options(_format_option(TABLE_FORMATS), fail_above_option)


def refuse_idle(names: Sequence[str], mode: str) -> None:
    """Raise UsageError for an option that was given and would do nothing in this mode of a command."""
    context = click.get_current_context()
    options = {parameter.name: parameter.opts[0] for parameter in context.command.params}
    for name in names:
        if context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{options[name]} does nothing with {mode}")


def refuse_output(output: str | None, force: bool) -> None:
    """Raise OutputError, before the work is done, where its result could not be stored."""
    if output is not None:
        from overlap.results import refuse_what_is_there

        refuse_what_is_there(output, force)


def finish(report: Any, output: str | None, format: str, fail_above: float | None, force: bool) -> None:
    """Store, print, and judge a report."""
    from overlap.console import print_rich

    if output is not None:
        report.save(output, force=force, configuration=resolved_configuration(report.overlaps[0].n))
    if format == "terminal":
        print_rich(report.to_rich)
    else:
        print(report.render(format, **({} if fail_above is None else {"limit": fail_above})), end="")
    judge(report, fail_above)


def judge(report: Any, fail_above: float | None) -> None:
    """Exit with 3 where an overlap is above the limit, which more records could only raise; else as ``admit``."""
    if fail_above is not None and report.highest_percent > fail_above:
        print(f"overlap: {report.highest_percent:.4g} % overlap is above --fail-above {fail_above:g}", file=sys.stderr)
        sys.exit(ABOVE_LIMIT)
    admit(report.skipped)


def admit(skipped: int) -> None:
    """Exit with 4 where bad records were skipped: the numbers are those of the rest."""
    if skipped:
        from overlap.report.left_out import skipped_sentence

        print(f"overlap: {skipped_sentence(skipped)}", file=sys.stderr)
        sys.exit(SKIPPED)
