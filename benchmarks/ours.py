"""The `overlap` command as a contender. All that the benchmarks know of its options and output is here."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cases import RECORDS, SEED, WORK, Case
from measurement import Measurement
from running import ROOT, run

NAME = "overlap"
ITSELF_BYTES = 500_000_000
"""Up to this size a generated corpus is measured against its own index: every n-gram has to be found ..."""
LOOK_UP_BYTES = 500_000_000
"""... and from this size on its index is larger than the processor's caches, and look-ups are timed."""


def executable() -> str:
    """Return the command beside this interpreter, relative to the root where it is inside."""
    path = Path(sys.prefix) / "bin" / "overlap"
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


@dataclass(frozen=True)
class Ours:
    """`overlap build`, `measure` and `verify`, each timed as a whole process.

    The test set is small, so measuring it is mostly start-up; measuring the corpus itself shows the rate.
    """

    name: str = NAME
    memory: str | None = None
    """A `--memory` to build with; the default is the program's own."""
    measures: bool = True
    options: tuple[str, ...] = ()
    """More options, of building and of scanning: `--workers 1`, `--executor ...`."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the commands need besides the environment of this process."""
    one_core: bool = False
    """Building and scanning on one core, the last one."""

    def take(self, case: Case) -> Iterator[Measurement]:
        """Build an index, then measure with it; the index stays until the next one."""
        index = WORK / f"{self.name.replace(' ', '')}.index"
        yield self.build(case, index)
        if self.measures:
            yield self._measure(case, index)
            yield self.scan(case)
            yield self._verify(case, index)
        if self.measures and not case.real and case.bytes < ITSELF_BYTES:
            yield self._measure(case, index, itself=True)
        if self.measures and not case.real and case.by_line and case.bytes >= LOOK_UP_BYTES:
            yield from look_ups(case, index, self.name)

    def build(self, case: Case, index: Path) -> Measurement:
        """Build an index, and read from it what it holds."""
        shutil.rmtree(ROOT / index, ignore_errors=True)
        sources = [_source(path, case.fields) for path in case.train]
        options = ["--by-line"] if case.by_line else []
        options += ["--memory", self.memory] if self.memory else []
        command = [*self._bound(), executable(), "build", *sources, *options, *self.options, "-o", str(index)]
        done = run(command, self.environment)
        manifest = json.loads(run([executable(), "info", str(index), "--format", "json"]).stdout)
        distinct = int(find(manifest, "distinct"))
        size = sum(path.stat().st_size for path in (ROOT / index).rglob("*") if path.is_file())
        return Measurement(
            contender=self.name,
            case=case.name,
            action="build",
            seconds=done.seconds,
            bytes_done=case.bytes,
            bytes_total=case.bytes,
            command=done.command,
            cpu_seconds=done.cpu_seconds,
            peak_mb=done.peak_mb,
            version=str(find(manifest, "tool")).rpartition(" ")[2],
            ngrams=int(find(manifest, "ngrams")),
            distinct=distinct,
            bits_per_ngram=8 * size / distinct,
        )

    def _measure(self, case: Case, index: Path, *, itself: bool = False) -> Measurement:
        test, fields = (case.train[0], case.fields) if itself else (case.test, case.test_fields)
        result = index.with_suffix(".result")
        shutil.rmtree(ROOT / result, ignore_errors=True)
        options = [] if test.suffix == ".jsonl" else ["--by-line"]
        command = [executable(), "measure", "--index", str(index), _source(test, fields), *options]
        done = run([*command, "-o", str(result), "--format", "json"])
        answer = json.loads(done.stdout)
        size = (ROOT / test).stat().st_size
        return Measurement(
            contender=self.name,
            case=case.name,
            action="measure itself" if itself else "measure",
            seconds=done.seconds,
            bytes_done=size,
            bytes_total=size,
            command=done.command,
            cpu_seconds=done.cpu_seconds,
            peak_mb=done.peak_mb,
            ngrams=int(find(answer, "test_ngrams")),
            hits=int(find(answer, "hits")),
        )

    def scan(self, case: Case) -> Measurement:
        """The exact pass without an index: the corpus is read again, whole."""
        options = ["--by-line"] if case.by_line or case.test.suffix != ".jsonl" else []
        sources = [word for path in case.train for word in ("--train", f"corpus={_source(path, case.fields)}")]
        test = _source(case.test, case.test_fields)
        command = [*self._bound(), executable(), "scan", *sources, "--test", test, *options]
        done = run([*command, *self.options, "--format", "json"], self.environment)
        answer = json.loads(done.stdout)
        return Measurement(
            contender=self.name,
            case=case.name,
            action="scan",
            seconds=done.seconds,
            bytes_done=case.bytes,
            bytes_total=case.bytes,
            command=done.command,
            cpu_seconds=done.cpu_seconds,
            peak_mb=done.peak_mb,
            ngrams=int(find(answer, "test_ngrams")),
            hits=int(find(answer, "hits")),
        )

    def _bound(self) -> list[str]:
        return ["taskset", "-c", str(max(os.sched_getaffinity(0)))] if self.one_core else []

    def _verify(self, case: Case, index: Path) -> Measurement:
        done = run([executable(), "verify", str(index)])
        size = sum(path.stat().st_size for path in (ROOT / index).rglob("*") if path.is_file())
        return Measurement(
            contender=self.name,
            case=case.name,
            action="verify",
            seconds=done.seconds,
            bytes_done=size,
            bytes_total=size,
            command=done.command,
            cpu_seconds=done.cpu_seconds,
            peak_mb=done.peak_mb,
        )


def look_ups(case: Case, index: Path, name: str) -> Iterator[Measurement]:
    """Time one core asking an index, for n-grams that it has and for others."""
    done = run([sys.executable, "benchmarks/lookups.py", str(index), str(case.train[0]), str(SEED)])
    answer = json.loads(done.stdout)
    for kind in ("present", "absent"):
        yield Measurement(
            contender=name,
            case=case.name,
            action=f"look up, {kind}",
            seconds=answer[kind]["seconds"],
            bytes_done=answer["filter_bytes"],
            bytes_total=answer["filter_bytes"],
            command=done.command,
            ngrams=answer[kind]["ngrams"],
            hits=answer[kind]["hits"],
            remark=f"one core, a filter of {answer['filter_bytes'] / 1e6:,.0f} MB",
        )


def find(value: Any, *names: str) -> Any:
    """Return the first entry of one of these names, however deep, the outermost first.

    >>> find({"counts": {"distinct": 7}}, "distinct")
    7
    """
    level = [value]
    while level:
        for entry in level:
            for name in names:
                if isinstance(entry, dict) and name in entry:
                    return entry[name]
        level = [inner for entry in level for inner in _inside(entry)]
    raise KeyError(f"none of {names} in the answer")


def _inside(entry: Any) -> list[Any]:
    if isinstance(entry, dict):
        return list(entry.values())
    return entry if isinstance(entry, list) else []


def _source(path: Path, fields: str) -> str:
    """Name a source with its fields, where they are not the default."""
    records = bool(RECORDS & set(path.suffixes))
    return f"{path}::{fields}" if records and fields != "text" else str(path)
