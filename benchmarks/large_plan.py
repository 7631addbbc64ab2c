"""What `make bench-large` measures: a list of tasks, each a fresh process, in the order of the corpora they need.

Sizes are those of the generated text; a task is known by its key, so that a run that was cut off goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cases import size_label
from contenders import WC
from ours import NAME as OURS

GB = 10**9
SMALL, MIDDLE, CLUSTER, LARGE = GB // 10, GB, 2 * GB, 10 * GB
BOUND = ("--memory", "2GB")
FORMATS = (".txt", ".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")
CLUSTERS = ("dask", "ray")
ONE_WORKER, TWO_WORKERS = ("--workers", "1"), ("--workers", "2")
ONE, TWO = (f"{OURS} {' '.join(options)}" for options in (ONE_WORKER, TWO_WORKERS))
ONE_CORE = f"{ONE}, on one core"
ACTIONS = ("build", "scan")

NGRAM_BYTES = 5.9
"""Generated text has an n-gram for so many bytes; nearly all are distinct."""
SPILL_BYTES, FILTER_BYTES = 8, 5.1
RECORDS = 1.05
"""JSON lines are so much larger than the text in them."""


@dataclass(frozen=True)
class Task:
    """One process to be timed on one file."""

    section: str
    size: int
    """Bytes of text, before `scale`."""
    suffix: str
    contender: str
    action: str
    number: int
    """Of the round, from 1."""
    options: tuple[str, ...] = ()
    cluster: str | None = None
    one_core: bool = False
    """Bound to one core by `taskset`: without it one worker has a second core beside it for digests and writing."""

    @property
    def case(self) -> str:
        """What the tables call the file."""
        return f"{size_label(self.size)} {self.suffix}"

    @property
    def key(self) -> str:
        """What it is known by from run to run."""
        return "|".join([self.section, self.case, self.contender, self.action, str(self.number)])


def tasks(rounds: int, sections: frozenset[str] | None = None) -> list[Task]:
    """Return the tasks of some sections, or of all, grouped by the corpus that they need."""
    chosen = [task for task in _all(rounds) if sections is None or task.section in sections]
    return sorted(chosen, key=lambda task: (task.size, FORMATS.index(task.suffix), task.cluster or "", task.number))


def _all(rounds: int) -> Iterator[Task]:
    bound = f"{OURS} {' '.join(BOUND)}"
    for number in range(1, rounds + 1):
        yield Task("size", MIDDLE, ".txt", WC, "build", number)
        for size in (SMALL, MIDDLE):
            for action in ACTIONS:
                yield Task("size", size, ".txt", bound if action == "build" else OURS, action, number, _bound(action))
        for action in ACTIONS:
            for size in (MIDDLE, CLUSTER):
                yield from _by_workers(size, action, number)
            for suffix in FORMATS if action == "build" else FORMATS[1:]:  # scanning text is among the sizes
                yield Task("formats", MIDDLE, suffix, OURS, action, number)
        for cluster in CLUSTERS:
            yield Task("cluster", CLUSTER, ".txt", f"{OURS} on {cluster}", "build", number, cluster=cluster)
    for action in ACTIONS:
        yield Task("size", LARGE, ".txt", bound if action == "build" else OURS, action, 1, _bound(action))
    yield from _by_workers(LARGE, "scan", 1)


def _by_workers(size: int, action: str, number: int) -> Iterator[Task]:
    for contender in (ONE_CORE, ONE, TWO):
        section = "cluster" if (size, action) == (CLUSTER, "build") and contender != TWO else "workers"
        options = TWO_WORKERS if contender == TWO else ONE_WORKER
        yield Task(section, size, ".txt", contender, action, number, options, one_core=contender == ONE_CORE)


def _bound(action: str) -> tuple[str, ...]:
    return BOUND if action == "build" else ()


SECTIONS = ("size", "workers", "formats", "cluster")


def scaled(size: int, scale: float) -> int:
    """Return the bytes of text to generate, at least 100 KB."""
    return max(100_000, round(size * scale))


def disk_needed(left: list[Task], scale: float, *, keep: bool) -> int:
    """Return the bytes that the tasks take at most at any time: corpora, spill files, an index."""
    most = kept = 0.0
    for size in sorted({task.size for task in left}):
        suffixes = {task.suffix for task in left if task.size == size}
        text = scaled(size, scale)
        files = text * (RECORDS if suffixes - {".txt"} else 0) + text * len(suffixes)
        working = text / NGRAM_BYTES * (SPILL_BYTES + FILTER_BYTES)
        most = max(most, kept + files + working)
        kept += files if keep else 0
    return round(most)
