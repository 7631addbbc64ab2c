"""Time and memory against size, workers, formats and clusters: writes benchmarks/RESULTS-large.md and its plots.

`make bench-large` runs this: 0.1, 1, 2 and 10 GB of generated text, a fresh process for each measurement, peak memory
of the process (on clusters: of the whole tree of processes). Every measurement is written to
benchmarks/work/large-SCALE.jsonl as it comes; run again, it goes on where it was. Needs some 35 GB of disk, which is
looked for first, and about half an hour; corpora are removed when they are no longer needed. `--scale 0.01` tries
everything with a hundredth of the sizes, writes its page into benchmarks/work, and its numbers say nothing.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from cases import WORK, Case, generator_command, size_label, warm_up_cases
from cluster_runs import Clusters
from contenders import WC, WordCount
from large_page import LargePage, draw, render
from large_plan import LARGE, MIDDLE, SECTIONS, Task, disk_needed, scaled, tasks
from machine import facts, memory_gb
from measurement import Measurement, Measurements
from ours import Ours
from running import ROOT, ChildFailed, expect, read_once, run

PUBLISHED = ROOT / "benchmarks"
STAYS_CACHED = 3 * 10**9
"""Files up to this size are read once before a build is timed, which writes as much again and more ..."""
SCANNED_FROM_MEMORY = 0.5
"""... and before a scan, which writes nothing, up to this share of the memory: larger ones push themselves out."""


def main() -> None:
    """Measure what is left to measure, write the page, remove what is large."""
    options = parse()
    sections = frozenset(options.only) if options.only else None
    kept = ROOT / WORK / f"large-{options.scale:g}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    if options.fresh:
        kept.unlink(missing_ok=True)
    done = load(kept)
    left = [] if options.render else [task for task in tasks(options.rounds, sections) if task.key not in done]
    check_disk(left, options)
    warm_up(left)
    with Clusters() as clusters:
        for number, task in enumerate(left):
            take(task, options.scale, kept, clusters)
            if not options.keep and not any(later.size == task.size for later in left[number + 1 :]):
                remove_corpora(task.size, options.scale)
    write_page(kept, options.scale)


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes (default 1: up to 10 GB)")
    parser.add_argument("--rounds", type=int, default=3, help="of all but the largest size (default 3)")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="some sections only")
    parser.add_argument("--keep", action="store_true", help="do not remove the corpora")
    parser.add_argument("--fresh", action="store_true", help="forget earlier measurements")
    parser.add_argument("--render", action="store_true", help="only write the page again")
    return parser.parse_args()


def load(kept: Path) -> dict[str, Measurement]:
    """Read the measurements of earlier runs, by key. A line that was cut off is left out."""
    found = {}
    for line in kept.read_text().splitlines() if kept.exists() else []:
        try:
            record = json.loads(line)
            found[record["key"]] = Measurement(**record["measurement"])
        except (json.JSONDecodeError, KeyError, TypeError):
            note(f"left out of {kept.name}: {line[:60]!r}")
    return found


def append(kept: Path, task: Task, measurement: Measurement) -> None:
    """Write one measurement; a line that an earlier run left unfinished is ended first."""
    line = json.dumps({"key": task.key, "section": task.section, "measurement": asdict(measurement)})
    unfinished = kept.exists() and kept.stat().st_size and not kept.read_bytes().endswith(b"\n")
    with kept.open("a") as stream:
        stream.write("\n" * bool(unfinished) + line + "\n")


def check_disk(left: list[Task], options: argparse.Namespace) -> None:
    """End with a message where the disk is too small."""
    needed, free = disk_needed(left, options.scale, keep=options.keep), shutil.disk_usage(ROOT).free
    note(f"{len(left)} measurements to take; {needed / 1e9:.1f} GB of disk needed, {free / 1e9:.1f} GB free")
    if needed > free:
        sys.exit("not enough free disk: try a smaller --scale, or some sections with --only")


def warm_up(left: list[Task]) -> None:
    """Have the kernels compiled and cached before anything is timed."""
    for case in warm_up_cases() if left else []:
        for _ in Ours(name="overlap warm-up").take(case):
            pass


def corpus(size: int, suffix: str, scale: float) -> Case:
    """Return the case of a corpus, generating what is missing."""
    bytes_ = scaled(size, scale)
    stem = WORK / "large" / f"corpus-{size_label(bytes_)}"
    kinds = ["txt", "jsonl"] if size == MIDDLE else ["txt"]
    if not all((ROOT / f"{stem}.{kind}").exists() for kind in (*kinds, "test.jsonl")):
        note(f"generating {stem} ({', '.join(kinds)})")
        run([*generator_command(bytes_, stem), "--formats", ",".join(kinds)])
    path = Path(f"{stem}{suffix}")
    if not (ROOT / path).exists():
        note(f"writing {path}")
        run([sys.executable, "benchmarks/formats.py", f"{stem}.jsonl", str(path)])
    return Case(f"{size_label(size)} {suffix}", (path,), Path(f"{stem}.test.jsonl"), peers=False)


def take(task: Task, scale: float, kept: Path, clusters: Clusters) -> None:
    """Run one task and keep what it yields; one that fails is named, and left for the next run."""
    case = corpus(task.size, task.suffix, scale)
    if case.bytes <= max(STAYS_CACHED, (task.action == "scan") * SCANNED_FROM_MEMORY * memory_gb() * 1e9):
        read_once(ROOT / case.train[0])
    expect(case.bytes)
    try:
        measurement = clusters.measured(task, case) if task.cluster else measured(task, case)
    except (ChildFailed, KeyError, ValueError, OSError) as error:
        note(f"{task.key}: FAILED: {error!r}")
        return
    append(kept, task, replace(measurement, contender=task.contender, case=task.case))
    note(f"{task.key}: {measurement.seconds:.2f} s, {measurement.peak_mb or 0:,.0f} MB")


def measured(task: Task, case: Case) -> Measurement:
    """Run a task on this machine's threads."""
    if task.contender == WC:
        return next(WordCount().take(case))
    ours = Ours(name="overlap large", options=task.options, one_core=task.one_core)
    return ours.build(case, WORK / "large" / "large.index") if task.action == "build" else ours.scan(case)


def remove_corpora(size: int, scale: float) -> None:
    """Remove the files of a size, and the last index."""
    for path in (ROOT / WORK / "large").glob(f"corpus-{size_label(scaled(size, scale))}.*"):
        path.unlink()
    shutil.rmtree(ROOT / WORK / "large" / "large.index", ignore_errors=True)


def write_page(kept: Path, scale: float) -> None:
    """Write the page, its plots, and the measurements beside them."""
    folder = PUBLISHED if scale == 1 else ROOT / WORK
    found = load(kept)
    measurements = Measurements(found.values())
    page = LargePage(datetime.now(UTC).strftime("%Y-%m-%d"), facts(), measurements, scale)
    (folder / "RESULTS-large.md").write_text(render(page), encoding="utf-8")
    draw(page, folder)
    if scale == 1:
        shutil.copyfile(kept, folder / "large.jsonl")
        run([sys.executable, "benchmarks/scale.py"])
    note(f"wrote {(folder / 'RESULTS-large.md').relative_to(ROOT)}; largest size {LARGE * scale / 1e9:g} GB")


def note(text: str) -> None:
    """Say something on stderr."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
