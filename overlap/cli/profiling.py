"""Profiles on the command line: the list of them, and what --profile does in scan, check and report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from click.core import ParameterSource

from overlap.cli.group import main
from overlap.cli.options import admit, shared_options

__all__ = ["index_options", "profile_options", "profiled_overlaps", "profiled_scan", "profiles"]

PRINTED = ("terminal", "md", "csv", "json", "latex")
profile_options = shared_options(
    click.option(
        "--profile",
        metavar="NAME",
        help="Report by a published rule: gpt2, gpt3, llama3 ...; overlap profiles lists them.",
    ),
    click.option("--seed", default=0, show_default=True, help="For --profile gpt4: seed of its random windows."),
)


@main.command()
@click.argument("name", required=False)
@click.option(
    "--format", "format", type=click.Choice(("terminal", "md", "json")), default="terminal", show_default=True
)
def profiles(name: str | None, format: str) -> None:
    """List the published rules that --profile knows, with their sources and what those leave open; or NAME only.

    Example: overlap profiles llama2
    """
    from overlap.console import text_width
    from overlap.profiles import PROFILES, profile_of
    from overlap.report.profiles import profile_text, profiles_json, profiles_table
    from overlap.report.rendering import to_markdown

    if name is not None and format != "terminal":
        raise click.UsageError(f"--format {format} is of the whole list: leave {name} out")
    if format == "json":
        print(profiles_json(), end="")
    elif format == "md":
        print(to_markdown([profiles_table()]), end="")
    else:
        chosen = list(PROFILES.values()) if name is None else [profile_of(name)]
        print("\n\n".join(profile_text(profile, text_width()) for profile in chosen))


def profiled_scan(name: str, seed: int, output: str | None, force: bool, format: str, **options: Any) -> None:
    """What scan does with --profile. A unit or n of the command line must be the profile's."""
    import overlap
    from overlap.console import progress_bars
    from overlap.results import save_by_document

    unit = _given_unit(options.pop("unit"))
    with progress_bars(options.pop("progress")) as report:
        found, overlaps, findings = overlap.scan_profile(name, unit=unit, seed=seed, **options, progress=report)
    if output is not None:
        overlap.Report(overlaps, findings).save(output, force=force)
        if found.documents:
            save_by_document(output, found.documents)
    _print(found, format, overlaps)
    admit(overlap.Report(overlaps).skipped)


def index_options(name: str, options: dict[str, Any], fail_above: float | None) -> dict[str, Any]:
    """The unit and n of the index that a profile asks for. Refuses a profile that must read the training text."""
    from overlap.profiles import profile_of
    from overlap.profiling import profile_unit

    if fail_above is not None:
        raise click.UsageError("--profile goes without --fail-above")
    found = profile_of(name)
    if found.needs_text:
        raise click.UsageError(f"profile {name} must read the training text: overlap scan --profile {name}")
    return {"unit": profile_unit(found, _given_unit(options["unit"]), options["n"]), "n": found.n[0]}


def _given_unit(unit: str) -> str | None:
    """The unit of the command line, or None where it is the default."""
    source = click.get_current_context().get_parameter_source("unit")
    return None if source is ParameterSource.DEFAULT else unit


def profiled_overlaps(name: str, seed: int, overlaps: Any, format: str, results: Sequence[str] = ()) -> None:
    """What check and report do with --profile: overlaps must have the profile's n-grams, and results its documents."""
    import overlap
    from overlap.results import has_by_document, load_by_document

    documents = [item for path in results if has_by_document(path) for item in load_by_document(path)]
    _print(overlap.report_of_result(name, overlaps, seed, documents=documents), format, overlaps)
    if not results:  # `report` shows what was measured before; its status says that it could
        admit(overlap.Report(overlaps).skipped)


def _print(found: Any, format: str, overlaps: Any) -> None:
    from overlap.console import print_rich
    from overlap.report.profiles import profile_table, render_profile
    from overlap.report.rendering import to_rich

    if format not in PRINTED:
        raise click.UsageError(f"--profile is printed as {', '.join(PRINTED)}, not as {format}")
    if format == "terminal":
        print_rich(lambda width: to_rich([profile_table(found, overlaps)], width))
    else:
        print(render_profile(found, format, overlaps), end="")
