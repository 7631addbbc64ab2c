"""What the command line shows: data on stdout, progress on stderr and only on a terminal."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from overlap.index import Index, Verification
from overlap.progress import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType
    from rich.progress import ProgressColumn

__all__ = ["PROGRESS_MODES", "index_table", "page_rich", "print_rich", "progress_bars", "rich_text"]
__all__ += ["text_width", "verification_lines"]

PROGRESS_MODES = ("auto", "always", "never")
_STAGES = {
    "hash": "hashing n-grams",
    "scan": "searching",
    "clean": "cleaning",
    "similar": "comparing shingles",
    "fill": "filling the filter",
    "measure": "measuring",
    "verify": "checking digests",
    "probe": "probing",
}
_IN_BYTES = {"clean", "hash", "scan", "similar", "verify"}
_PLAIN_WIDTH = 100_000  # not a terminal: never fold a line
_PAPER_WIDTH = 120  # ... but for texts side by side


def _stdout() -> Console:
    from rich.console import Console

    return Console(
        file=sys.stdout, width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False, soft_wrap=False
    )


def print_rich(renderable: Callable[[int], RenderableType]) -> None:
    """Print what ``renderable`` makes for the width of stdout."""
    console = _stdout()
    console.print(renderable(console.width))


def text_width() -> int:
    """The columns for running text on stdout: those of the terminal, but for what is hard to read."""
    return min(_PAPER_WIDTH, shutil.get_terminal_size().columns) if sys.stdout.isatty() else _PLAIN_WIDTH


def rich_text(renderable: Callable[[int], RenderableType]) -> str:
    """What would be printed to something that is no terminal, as text."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=_PLAIN_WIDTH, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(renderable(console.width))
    return captured.get()


def page_rich(renderable: RenderableType) -> None:
    """Print, a screen at a time where stdout is a terminal."""
    console = _stdout() if sys.stdout.isatty() else _plain_console()
    if not sys.stdout.isatty():
        console.print(renderable)
        return
    os.environ.setdefault("LESS", "-RFX")  # colours; no pager for what fits on a screen
    with console.pager(styles=True):
        console.print(renderable)


def _plain_console() -> Console:
    from rich.console import Console

    return Console(file=sys.stdout, width=_PAPER_WIDTH, highlight=False)


@contextmanager
def progress_bars(mode: str) -> Iterator[Callable[[str, int, int], None] | None]:
    """A progress callback that draws bars with rates and times left, or None where none should be drawn."""
    if mode == "never" or (mode == "auto" and not sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    _note_compilation()
    console = Console(stderr=True, force_terminal=True if mode == "always" else None)
    name = TextColumn("{task.description:<20}{task.fields[files]}")
    in_bytes = Progress(
        name, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(), console=console
    )
    in_steps = Progress(name, BarColumn(), MofNCompleteColumn(), _rate(), TimeRemainingColumn(), console=console)
    open_tasks: dict[str, tuple[Progress, TaskID]] = {}
    current: list[Progress] = []

    def report(stage: str, done: int, total: int) -> None:
        chosen = in_bytes if stage in _IN_BYTES else in_steps
        if current and current[0] is not chosen:  # one live display at a time
            current.pop().stop()
        if not current:
            chosen.start()
            current.append(chosen)
        if stage not in open_tasks or (chosen.tasks[-1].finished and done < total):
            open_tasks[stage] = (
                chosen,
                chosen.add_task(_STAGES.get(stage, stage), total=max(total, 1), completed=done, files=""),
            )
            if done and stage == "hash":  # else a first report is of nothing done, or of the first piece
                share = f"{_in_units(done)} of {_in_units(total)}"
                console.print(f"resumed: {share} done before", highlight=False)
        files = f" {stage.files[0]:,}/{stage.files[1]:,} files" if isinstance(stage, Stage) else ""
        chosen.update(open_tasks[stage][1], completed=done if total else 1, total=max(total, 1), files=files)

    try:
        yield report
    finally:
        for bars in current:
            bars.stop()


def _in_units(size: int) -> str:
    """Bytes as the bars show them.

    >>> _in_units(3_100_000_000), _in_units(12)
    ('3.1 GB', '12 bytes')
    """
    from rich.filesize import decimal

    return decimal(size)


def _rate() -> ProgressColumn:
    """Steps a second, as a column of a progress bar."""
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:,.1f}/s" if speed else "", style="progress.data.speed")

    return Rate()


def _note_compilation() -> None:
    from overlap.kernels import is_compiled

    if not is_compiled():
        print("overlap: compiling its kernels, once; this takes about half a minute", file=sys.stderr)


def index_table(index: Index, path: str) -> RenderableType:
    """What ``overlap info`` shows."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in [("index", path), *index.manifest.facts()]:
        table.add_row(name, Text(value))
    return table


def verification_lines(result: Verification) -> list[str]:
    """What ``overlap verify`` says."""
    lines = [f"digests: all {result.partitions:,} partitions are as they were built", f"bound: {result.bound:.3g}"]
    if result.probes:
        lines.append(f"probes: {result.hits:,} of {result.probes:,} absent n-grams found")
        lines.append(
            f"rate: at most {result.limit:.3g}, at least {result.lower:.3g} (Clopper-Pearson, one-sided 95 % each)"
        )
        verdict = "consistent with the bound" if result.consistent else "OVER THE BOUND: do not use this index"
        lines.append(f"verdict: {verdict}")
    return lines
