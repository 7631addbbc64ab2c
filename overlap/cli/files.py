"""Reports and figures that go to a file, or to stdout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

__all__ = ["force_option", "output_option", "write_figure", "write_or_print"]

output_option = click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write to this file.")
force_option = click.option("--force", is_flag=True, help="Replace a file that is there.")


def write_or_print(
    to_rich: Callable[[int], Any], render: Callable[[str], str], output: str | None, format: str | None, force: bool
) -> None:
    """Print a report, or write it to a file; the format is the asked one, or what the file's name says."""
    from overlap.console import print_rich, rich_text
    from overlap.report.writing import format_of, refuse_file, write_file

    chosen = format or (output and format_of(output)) or "terminal"
    if output is None:
        print_rich(to_rich) if chosen == "terminal" else print(render(chosen), end="")
        return
    refuse_file(output, force)
    text = rich_text(to_rich) if chosen == "terminal" else render(chosen)
    write_file(output, text.encode("utf-8", "backslashreplace"), force=force)


def write_figure(report: Callable[[], Any], figure: str, output: str, width: float, force: bool) -> None:
    """Write a figure of a report to a file whose name says its type."""
    from overlap.report.writing import refuse_file, write_file

    refuse_file(output, force)
    write_file(output, report().plot(figure, output.rpartition(".")[2].lower(), width=width), force=force)
