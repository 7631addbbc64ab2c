"""Write RESULTS-large.md and draw its plots from the measurements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cases import size_label
from contenders import WC
from large_plan import ACTIONS, BOUND, CLUSTER, CLUSTERS, FORMATS, LARGE, MIDDLE, ONE, ONE_CORE, SMALL, TWO
from measurement import Measurements, Rounds
from ours import NAME as OURS
from targets import judged

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BOUNDED = f"{OURS} {' '.join(BOUND)}"
WORKERS_TIMES, CLUSTER_TIMES = 1.8, 1.5
ALONE = {ONE_CORE: "one on one core", ONE: "one that has both cores"}
MEMORY_MB, GROWTH = 2_400, 1.1
HEAD = ["case", "contender", "action", "s", "MB/s", "CPU s", "peak MB", "rounds"]
PLOTS = ("large-time.svg", "large-memory.svg", "large-formats.svg", "large-workers.svg")
NOTES = """\
Every measurement is a process of its own, start-up included, on generated text (`benchmarks/generate.py`) that is in
the page cache up to 3 GB, and for scans up to half of the memory. One worker has one thread for the work, and others
that make digests and write beside it, on a second core where there is one; "on one core" it is bound to one by
`taskset`. Seconds are medians; MB are millions of bytes of the file that is read, compressed or not.
Peak memory is the kernel's figure for the process, files that it maps included; on clusters it is the sum over all
processes of the cluster and the command. Clusters are of two worker processes on the same machine; they were
started before and have run a build of 1 MB. Two workers are the default on two cores. Sizes name the
text: the same text is in all formats."""


@dataclass(frozen=True)
class LargePage:
    """All that the page is made from."""

    date: str
    facts: dict[str, str]
    measurements: Measurements
    scale: float

    def seconds(self, size: int, contender: str, action: str, suffix: str = ".txt") -> float | None:
        """Return median seconds, None where it was not measured."""
        rounds = self.rounds(size, contender, action, suffix)
        return rounds.median if rounds else None

    def rounds(self, size: int, contender: str, action: str, suffix: str = ".txt") -> Rounds | None:
        """Return the rounds of a size, which is that before scaling."""
        return self.measurements.rounds(contender, f"{size_label(size)} {suffix}", action)


def render(page: LargePage) -> str:
    """Return the page in Markdown."""
    trial = f"**A trial at {page.scale:g} of the sizes: its numbers say nothing.**" if page.scale != 1 else ""
    parts = [
        "# Large corpora",
        f"Made on {page.date} by `make bench-large` (`benchmarks/bench_large.py`); do not edit by hand.",
        trial,
        _table(["machine", ""], [[name, value] for name, value in page.facts.items()]),
        "## Targets",
        _table(["target", "measured", "met"], list(target_rows(page))),
        "## Measurements",
        NOTES,
        _table(HEAD, list(_rows(page))),
        "\n".join(f"![{name.removesuffix('.svg')}]({name})" for name in PLOTS),
        "## Commands",
        "```\n" + "\n".join(dict.fromkeys(one.command for one in page.measurements)) + "\n```",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def target_rows(page: LargePage) -> Iterator[list[str]]:
    """Yield target, measured value, and whether it is met, for what was measured."""
    for (size, action), one in product(product((LARGE, CLUSTER, MIDDLE), ACTIONS), ALONE):
        alone, two = page.seconds(size, one, action), page.seconds(size, TWO, action)
        if alone and two:
            what = f"{action} of {size / MIDDLE:g} GB, two workers"
            title = f"{what}, times as fast as {ALONE[one]}: at least {WORKERS_TIMES}"
            yield [title, *judged(alone / two, WORKERS_TIMES, at_least=True)]
    for cluster, one in product(CLUSTERS, ALONE):
        alone, there = page.seconds(CLUSTER, one, "build"), page.seconds(CLUSTER, f"{OURS} on {cluster}", "build")
        if alone and there:
            title = f"build of 2 GB, two workers on {cluster}, times as fast as {ALONE[one]}: at least {CLUSTER_TIMES}"
            yield [title, *judged(alone / there, CLUSTER_TIMES, at_least=True)]
    large, middle = page.rounds(LARGE, BOUNDED, "build"), page.seconds(MIDDLE, BOUNDED, "build")
    if large and large.peak_mb:
        title = f"peak MB of building 10 GB, {' '.join(BOUND)}: under {MEMORY_MB:,}"
        yield [title, *judged(large.peak_mb, MEMORY_MB, at_least=False, digits=0)]
    if large and middle:
        growth = large.median / (middle * LARGE / MIDDLE)
        title = f"building 10 GB, times of ten times 1 GB, {' '.join(BOUND)}: at most {GROWTH}"
        yield [title, *judged(growth, GROWTH, at_least=False)]


def _rows(page: LargePage) -> Iterator[list[str]]:
    seen = dict.fromkeys((one.case, one.contender, one.action) for one in page.measurements)
    for case, contender, action in seen:
        rounds = page.measurements.rounds(contender, case, action)
        if rounds:
            peak, cpu = rounds.peak_mb, rounds.cpu_seconds
            yield [
                case,
                contender,
                "" if contender == WC else action,
                f"{rounds.median:,.2f}",
                f"{rounds.rate:,.1f}",
                f"{cpu:,.2f}" if cpu else "",
                f"{peak:,.0f}" if peak else "",
                str(len(rounds.each)),
            ]


def draw(page: LargePage, folder: Path) -> None:
    """Draw the plots as SVG, the same bytes for the same measurements."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "overlap", "svg.fonttype": "none", "font.size": 9})
    for name, drawn in zip(PLOTS, (_time, _memory, _formats, _workers), strict=True):
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots(figsize=(4.6, 3.0), layout="constrained")
        drawn(page, axes)
        figure.savefig(folder / name, metadata={"Date": None, "Creator": None})
        plt.close(figure)


def _time(page: LargePage, axes: Axes) -> None:
    _against_size(page, axes, lambda rounds: rounds.median)
    axes.set(xlabel="text, GB", ylabel="seconds", title="Time against size", yscale="log")


def _memory(page: LargePage, axes: Axes) -> None:
    _against_size(page, axes, lambda rounds: rounds.peak_mb)
    axes.set(xlabel="text, GB", ylabel="peak MB", title="Memory against size", ylim=(0, None))


def _against_size(page: LargePage, axes: Axes, value: Any) -> None:
    for contender, action in ((BOUNDED, "build"), (OURS, "scan")):
        points = [
            (size * page.scale / 1e9, value(rounds))
            for size in (SMALL, MIDDLE, LARGE)
            if (rounds := page.rounds(size, contender, action)) and value(rounds) is not None
        ]
        if points:
            label = f"{action} {' '.join(BOUND)}" if action == "build" else action
            axes.plot(*zip(*points, strict=True), marker="o", label=label)
    axes.set_xscale("log")
    _legend(axes)


def _formats(page: LargePage, axes: Axes) -> None:
    _bars(axes, FORMATS, lambda action, suffix: page.seconds(MIDDLE, OURS, action, suffix))
    axes.set(ylabel="seconds", title=f"Formats, {size_label(MIDDLE)} of text")


def _workers(page: LargePage, axes: Axes) -> None:
    _bars(axes, ("1", "2"), lambda action, count: page.seconds(MIDDLE, ONE if count == "1" else TWO, action))
    axes.set(xlabel="workers", ylabel="seconds", title=f"Workers, {size_label(MIDDLE)} of text")


def _bars(axes: Axes, names: Sequence[str], value: Any) -> None:
    for number, action in enumerate(ACTIONS):
        places = [place + 0.4 * number - 0.2 for place in range(len(names))]
        axes.bar(places, [value(action, name) or 0 for name in names], width=0.4, label=action)
    axes.set_xticks(range(len(names)), names)
    _legend(axes)


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    ruler = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ruler, *rows)) if rows else "(nothing measured)"
