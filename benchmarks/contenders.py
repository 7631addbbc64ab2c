"""The others: `wc -w`, the peers' drivers, and the exact counts that they all are held to."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from cases import PLANT_BYTES, SEED, TEST_EXAMPLES, WORK, Case
from measurement import Measurement
from running import ROOT, run

WC = "wc -w"
PEERS = Path("benchmarks/peers")


class Contender(Protocol):
    """Something with a name that can be timed on a case."""

    @property
    def name(self) -> str:
        """What the tables call it."""

    def take(self, case: Case) -> Iterator[Measurement]:
        """Run once and yield what came of it."""


@dataclass(frozen=True)
class WordCount:
    """`wc -w`: the speed of reading text and finding words, in C, on one core, in the user's locale."""

    name: str = WC

    def take(self, case: Case) -> Iterator[Measurement]:
        """Count the words of the training files."""
        done = run(["wc", "-w", *map(str, case.train)])
        yield Measurement(
            contender=self.name,
            case=case.name,
            action="build",
            seconds=done.seconds,
            bytes_done=case.bytes,
            bytes_total=case.bytes,
            command=done.command,
            cpu_seconds=done.cpu_seconds,
        )


@dataclass(frozen=True)
class Exact:
    """The right counts of a case."""

    train_bytes: int
    train_ngrams: int
    train_distinct: int
    test_ngrams: int
    hits: int


def exact_counts(case: Case) -> Exact:
    """Count, or read what an earlier run counted on files of the same sizes."""
    sizes = "-".join(str((ROOT / path).stat().st_size) for path in (*case.train, case.test))
    kept = ROOT / WORK / f"exact-{case.train[0].name}-{sizes}-{SEED}-{TEST_EXAMPLES}-{PLANT_BYTES}.json"
    if not kept.exists():
        print(f"counting {case.name} exactly", file=sys.stderr)
        done = run(_driver("exact.py", case))
        kept.write_text(done.stdout)
    return Exact(**json.loads(kept.read_text()))


@dataclass(frozen=True)
class Peer:
    """A peer's driver, on a prefix of the corpus if it is slow.

    On a prefix, its filter still has the size for the whole corpus: in a small filter it would find every bit
    in the processor's cache, and extrapolation would flatter it two- or threefold.
    """

    name: str
    script: str
    limit: int | None = None

    def take(self, case: Case) -> Iterator[Measurement]:
        """Run the driver: one process builds and measures."""
        exact = exact_counts(case)
        limit = self.limit if self.limit and self.limit < case.bytes else None
        command = _driver(self.script, case, capacity=exact.train_distinct, limit=limit)
        done = run(command)
        answer = json.loads(done.stdout.splitlines()[-1])
        build = Measurement(
            contender=self.name,
            case=case.name,
            action="build",
            seconds=answer["build_seconds"],
            bytes_done=answer["train_bytes"],
            bytes_total=case.bytes,
            command=done.command,
            cpu_seconds=done.cpu_seconds,
            peak_mb=done.peak_mb,
            version=answer["version"],
            ngrams=answer["train_ngrams"],
            bits_per_ngram=answer["index_bits_per_ngram"],
        )
        yield build
        size = (ROOT / case.test).stat().st_size
        yield replace(
            build,
            action="measure",
            seconds=answer["measure_seconds"],
            bytes_done=size,
            bytes_total=size,
            ngrams=answer["test_ngrams"],
            hits=answer["hits"],
        )


def peers(limits: dict[str, int]) -> list[Peer]:
    """Return the peers, with the prefixes that some are limited to."""
    scripts = {
        "pybloom-live": "pybloom_live_driver.py",
        "rbloom": "rbloom_driver.py",
        "fastbloom-rs": "fastbloom_rs_driver.py",
        "overlapy": "overlapy_driver.py",
    }
    return [Peer(name, script, limits.get(name)) for name, script in scripts.items()]


def _driver(script: str, case: Case, *, capacity: int = 0, limit: int | None = None) -> list[str]:
    """Return a driver's command line."""
    command = [sys.executable, str(PEERS / script)]
    command += ["--train", *map(str, case.train), "--test", str(case.test)]
    command += ["--fields", case.fields] if case.fields != "text" else []
    command += ["--test-fields", case.test_fields] if case.test_fields != "text" else []
    command += ["--capacity", str(capacity)] if capacity else []
    command += ["--limit-bytes", str(limit)] if limit else []
    return command
