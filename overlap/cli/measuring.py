"""The commands of the main job: check, build, info, verify, measure."""

from __future__ import annotations

import json
from typing import Any

import click

from overlap.cli.configuring import configurable
from overlap.cli.group import fail, main
from overlap.cli.options import (
    admit,
    bad_record_option,
    building_options,
    executor_options,
    finish,
    progress_option,
    reading_options,
    refuse_output,
    report_options,
    test_options,
    workers_option,
)
from overlap.cli.profiling import index_options, profile_options, profiled_overlaps

__all__ = ["build", "check", "info", "measure", "verify"]


@main.command()
@click.option("--train", multiple=True, metavar="SOURCE", help="Training set; those with one name make one set.")
@click.option("--own-train", multiple=True, metavar="NAME=SOURCE", help="A test set's own training split, by its name.")
@click.option("--test", multiple=True, metavar="SOURCE", help="Test set, or the name of a recipe.")
@test_options
@building_options
@reading_options
@bad_record_option
@click.option("--index-dir", type=click.Path(file_okay=False), help="Keep indexes here; unchanged ones are used again.")
@click.option(
    "--engine",
    type=click.Choice(("index", "reference")),
    default="index",
    show_default=True,
    help="reference: the paper's procedure on pybloom-live.",
)
@profile_options
@click.option("-o", "--output", type=click.Path(), help="Store the result in this folder.")
@executor_options
@report_options
@progress_option
@configurable
def check(output: str | None, format: str, fail_above: float | None, progress: str, **options: Any) -> None:
    """Build (or reuse) indexes, measure, and print Table 6.

    Example: overlap check --train web=corpus/ --test gsm8k=test.jsonl::question
    """
    import overlap
    from overlap.console import progress_bars

    refuse_output(output, options["force"])
    profile, seed = options.pop("profile"), options.pop("seed")
    if profile is not None:
        options = {**options, **index_options(profile, options, fail_above)}
    options = {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
    with progress_bars(progress) as report:
        overlaps = overlap.check(**options, progress=report)
    if profile is not None:
        if output is not None:
            overlap.Report(overlaps).save(output, force=options["force"])
        profiled_overlaps(profile, seed, overlaps, format)
        return
    finish(overlap.Report(overlaps), output, format, fail_above, options["force"])


@main.command()
@click.argument("train", nargs=-1, required=True, metavar="TRAIN...")
@click.option("-o", "--output", type=click.Path(), required=True, metavar="INDEX", help="Folder of the new index.")
@click.option("--name", help="Name of the training set.  [default: the source's]")
@building_options
@reading_options
@bad_record_option
@executor_options
@progress_option
def build(train: tuple[str, ...], progress: str, **options: Any) -> None:
    """Build the index of a training corpus; run again, it resumes.

    Example: overlap build web=corpus/*.jsonl.gz::text -o web.index --memory 8GB
    """
    import overlap
    from overlap.console import progress_bars
    from overlap.results import skipped_in

    with progress_bars(progress) as report:
        index = overlap.build_index(list(train), **options, progress=report)
    manifest = index.manifest
    print(
        f"{options['output']}: {manifest.documents:,} documents, {manifest.ngrams:,} {manifest.n}-grams, "
        f"{manifest.distinct:,} distinct, {manifest.filter_bytes:,} bytes, false positives at most {manifest.bound:.3g}"
    )
    print(manifest.signature)
    admit(sum(item.records for item in skipped_in(manifest.sources)))


@main.command()
@click.argument("index")
@click.option("--format", "format", type=click.Choice(("terminal", "json")), default="terminal", show_default=True)
def info(index: str, format: str) -> None:
    """Say what an index is: counts, sources, bounds.

    Example: overlap info web.index
    """
    import overlap
    from overlap.console import index_table, print_rich

    opened = overlap.open_index(index)
    if format == "json":
        print(json.dumps(opened.manifest.to_json(), indent=1))
    else:
        print_rich(lambda width: index_table(opened, index))


@main.command()
@click.argument("index")
@click.option("--probes", default="0", metavar="N", help="Probe with N n-grams that no text can contain (1e9 is fine).")
@workers_option
@progress_option
def verify(index: str, probes: str, workers: int | None, progress: str) -> None:
    """Check every digest of an index, and measure its false-positive rate.

    Example: overlap verify web.index --probes 1e9
    """
    import overlap
    from overlap.console import progress_bars, verification_lines

    with progress_bars(progress) as report:
        result = overlap.verify_index(index, probes=_count(probes), workers=workers, progress=report)
    print("\n".join(verification_lines(result)))
    if not result.consistent:
        fail(f"{index}: its false-positive rate is over its bound: rebuild the index")


def _count(text: str) -> int:
    try:
        value = float(text.replace("_", "").replace(",", ""))
        if value != int(value) or not 0 <= value <= 1e15:
            raise ValueError
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{text!r} is not a count from 0 to 1e15", param_hint="--probes") from None
    return int(value)


@main.command()
@click.argument("test", nargs=-1, required=True, metavar="TEST...")
@click.option(
    "--index", multiple=True, required=True, metavar="INDEX", help="An index; several give a row each and their union."
)
@click.option("-o", "--output", type=click.Path(), metavar="RESULT", help="Store the result in this folder.")
@click.option("--force", is_flag=True, help="Replace a result that is there.")
@test_options
@reading_options
@bad_record_option
@workers_option
@report_options
@progress_option
def measure(
    test: tuple[str, ...],
    index: tuple[str, ...],
    output: str | None,
    format: str,
    fail_above: float | None,
    force: bool,
    progress: str,
    **options: Any,
) -> None:
    """Measure test sets against indexes that are there.

    Example: overlap measure --index web.index gsm8k=test.jsonl::question -o result
    """
    import overlap
    from overlap.console import progress_bars

    refuse_output(output, force)
    with progress_bars(progress) as report:
        overlaps = overlap.measure(list(index), list(test), **options, progress=report)
    finish(overlap.Report(overlaps), output, format, fail_above, force)
