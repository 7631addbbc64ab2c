"""The commands that draw stored results: report, plot, compare. Nothing is measured."""

from __future__ import annotations

import click

from overlap.cli.files import force_option, output_option, write_figure, write_or_print
from overlap.cli.group import main
from overlap.cli.options import FORMATS, fail_above_option, judge
from overlap.cli.profiling import profile_options, profiled_overlaps

__all__ = ["compare", "plot", "report"]

FIGURES = ("bars", "cdf", "spectrum", "growth")


@main.command()
@click.argument("result", nargs=-1, required=True, metavar="RESULT...")
@click.option(
    "--format", "format", type=click.Choice(FORMATS), help="How to draw it.  [default: by the file's name, or terminal]"
)
@output_option
@force_option
@fail_above_option
@profile_options
def report(
    result: tuple[str, ...],
    format: str | None,
    output: str | None,
    force: bool,
    fail_above: float | None,
    profile: str | None,
    seed: int,
) -> None:
    """Print stored results again, or write them to a file; nothing is measured.

    html is one self-contained page with figures and matches; card is the section for a data card. Both judge by
    --fail-above in their first line, or by 1 %.

    \b
    Examples: overlap report result --format latex
              overlap report result -o report.html
    """
    import overlap

    loaded = overlap.Report.load(*result)
    if profile is not None:
        if output is not None or fail_above is not None:
            raise click.UsageError("--profile is printed: it goes without -o and --fail-above")
        profiled_overlaps(profile, seed, loaded.overlaps, format or "terminal", result)
        return
    limit = {} if fail_above is None else {"limit": fail_above}
    write_or_print(loaded.to_rich, lambda chosen: loaded.render(chosen, **limit), output, format, force)
    judge(loaded, fail_above)


@main.command()
@click.argument("result", nargs=-1, required=True, metavar="RESULT...")
@click.option("--figure", type=click.Choice(FIGURES), required=True, help="What to draw.")
@click.option("-o", "--output", type=click.Path(), metavar="FILE", required=True, help="A .svg, .pdf or .png file.")
@click.option("--width", default=6.5, show_default=True, help="In inches.")
@force_option
def plot(result: tuple[str, ...], figure: str, output: str, width: float, force: bool) -> None:
    """Draw a figure of stored results for a paper (needs matplotlib: the extra plots).

    bars: overlap of every test set with every training set; cdf: the distribution over examples; spectrum: how long
    the shared stretches are; growth: what a part of the corpus would have shown (needs scan or locate).

    Example: overlap plot result --figure cdf -o cdf.pdf
    """
    import overlap

    write_figure(lambda: overlap.Report.load(*result), figure, output, width, force)


@main.command()
@click.argument("before")
@click.argument("after")
@click.option(
    "--format",
    "format",
    type=click.Choice([name for name in FORMATS if name != "card"]),
    help="How to draw it.  [default: by the file's name, or terminal]",
)
@output_option
@force_option
def compare(before: str, after: str, format: str | None, output: str | None, force: bool) -> None:
    """Say what changed from one stored result to another, for each data set and example.

    Before and after cleaning, two corpora, two methods. Training sets of one name are compared; where only one is left
    on each side, those two. Examples are compared where both sides read the same test files, or by their ids.

    Example: overlap compare result-raw result-clean --format md
    """
    import overlap
    from overlap.report.comparisons import comparison_tables, render_comparison
    from overlap.report.rendering import to_rich

    found = overlap.compare(before, after)
    write_or_print(
        lambda width: to_rich(comparison_tables(found), width),
        lambda chosen: render_comparison(found, chosen),
        output,
        format,
        force,
    )
