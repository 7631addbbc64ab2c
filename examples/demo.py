"""The whole of `overlap` in one minute: plant a known overlap, measure it, compare.

    python examples/demo.py [--folder demo] [--megabytes 40] [--seed 1]

Writes a training corpus and four test sets into the folder, runs the real `overlap check` on them as anyone
would, and sets what it measured beside what was planted. Exit status 1 if any number differs.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from planted import Planted, Truth, plant
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
MARK = "README.txt"
NOTE = "Made by examples/demo.py, which deletes and makes this folder again each time it runs.\n"
Row = dict[str, Any]


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


def fresh_folder(folder: Path) -> None:
    """Make an empty folder; take the place of an earlier demo, but of nothing else."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        mark = folder / MARK
        if not mark.is_file() or mark.read_text() != NOTE:
            raise DemoError(f"{folder} is in use and was not made by this demo: name another --folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text(NOTE)


def shown(path: Path) -> str:
    """The path as a user at the project's root would write it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def overlap(console: Console, arguments: list[str], capture: bool = False) -> str:
    """Run `overlap` with these arguments, showing the command; return its standard output if captured."""
    console.print(f"\n[bold]$ overlap {shlex.join(arguments)}[/bold]", soft_wrap=True)
    pipe = subprocess.PIPE if capture else None
    command = [sys.executable, "-m", "overlap", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=pipe, encoding="utf-8", check=False)
    if done.returncode:
        raise DemoError(f"overlap {arguments[0]} ended with status {done.returncode}")
    return done.stdout or ""


def measure(console: Console, folder: Path, sets: list[str]) -> dict[str, Row]:
    """Check the test sets against the corpus, showing the table; return the measured row of each set."""
    tests = [part for name in sets for part in ("--test", f"{name}={shown(folder / 'test' / name)}.jsonl")]
    result = shown(folder / "result")
    overlap(console, ["check", "--train", f"demo={shown(folder / 'train')}", *tests, "-o", result])
    report = json.loads(overlap(console, ["report", result, "--format", "json"], capture=True))
    return {row["test"]: row for row in report["results"] if row["train"] == "demo"}


def text_of(value: object, planted: float) -> str:
    """A count with thousands separators, a percentage with four decimals, as the planted value is one."""
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:.4f}" if isinstance(planted, float) else f"{value:,}"


def compare(truths: dict[str, Truth], measured: dict[str, Row]) -> tuple[Table, list[str]]:
    """The table of both, count by count, and a line for every difference."""
    table = Table(title="Measured, and ✓ if it is what was planted", title_justify="left")
    table.add_column("")
    for name in truths:
        table.add_column(name, justify="right")
    differences = []
    for count in Truth.__dataclass_fields__:
        cells = []
        for name, truth in truths.items():
            value = asdict(truth)[count]
            planted = text_of(value, value)
            found = text_of(measured.get(name, {}).get(count, "missing"), value)
            good = found == planted
            cells.append(f"{found} [green]✓[/green]" if good else f"[red]{found} ✗[/red] {planted}")
            differences += [] if good else [f"{name}, {count}: planted {planted}, measured {found}"]
        table.add_row(count, *cells)
    return table, differences


def make(console: Console, folder: Path, megabytes: float, seed: int) -> Planted:
    """Write the data, and say what was written."""
    fresh_folder(folder)
    began = time.perf_counter()
    planted = plant(folder, megabytes, seed)
    seconds = time.perf_counter() - began
    truth = next(iter(planted.truths.values()))
    console.print(
        f"Planted in {shown(folder)}/ (seed {seed}): {planted.train_bytes / 1e6:.1f} MB of training text, "
        f"{truth.train_documents:,} documents, and {len(planted.truths)} test sets of {truth.examples:,} "
        f"examples, in {seconds:.1f} s.",
    )
    return planted


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Plant a known overlap, measure it with overlap, compare.")
    parser.add_argument("--folder", type=Path, default=ROOT / "demo", help="where to write (default: demo/)")
    parser.add_argument("--megabytes", type=float, default=40.0, help="training text to make (default: 40)")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (default: 1)")
    return parser.parse_args()


def main() -> int:
    """Plant, measure, compare; the exit status."""
    options = arguments()
    console = Console(highlight=False)
    folder = options.folder.resolve()
    try:
        planted = make(console, folder, options.megabytes, options.seed)
        measured = measure(console, folder, list(planted.truths))
    except (DemoError, ValueError) as error:
        console.print(f"demo: {error}", style="red", soft_wrap=True, markup=False)
        return 1
    table, differences = compare(planted.truths, measured)
    console.print("", table)
    for line in differences:
        console.print(f"differs: {line}", style="red", soft_wrap=True, markup=False)
    cells = len(planted.truths) * len(Truth.__dataclass_fields__)
    console.print(f"{cells - len(differences)} of {cells} numbers are what was planted.")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
