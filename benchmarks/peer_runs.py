"""The peers: their drivers, the part of the corpus that each gets, and the exact counts that they are held to."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cases import PLANT_BYTES, SEED, TEST_EXAMPLES, WORK, Case
from environments import Environment
from measurement import Measurement
from running import ROOT, run

PEERS = Path("benchmarks/peers")
FAST, SLOW, SLOWEST = 100_000_000, 20_000_000, 10_000_000
"""The prefixes that peers get of a larger corpus, where the whole would take too long. The fastest get the whole."""
SHORTER = 5
"""A run on the prefix divided by this tells what a peer takes for its start."""
TRIES = 3
"""How often either run is made at the most, where something else seems to have held it up."""
SHORT_TEST = 100_000
"""Bytes of the test set in such a run of a peer that indexes the corpus: it only has to build."""

DATATROVE = Environment("datatrove", ("datatrove==0.10.1", "spacy==3.8.*", "xxhash<4", "regex", "orjson"))
JANITOR = Environment("janitor", ("lm-eval==0.4.13",), dependencies=False)
CORPUS_ASSAY = Environment("corpus-assay", ("corpus-assay==0.1.0",), least_python=(3, 12))
INFINI_GRAM = Environment("infini-gram", ("infini-gram==2.6.0", "numpy", "transformers"))
_AWS = ("boto3==1.26.76", "botocore==1.29.76", "aiobotocore==2.5.0")  # left to itself, pip looks for them for an hour
DOLMA = Environment("dolma", ("dolma==1.2.1", "s3fs==2023.6.0", "fsspec==2023.6.0", *_AWS))


@dataclass(frozen=True)
class Exact:
    """The right counts of a case, or of a prefix of its training text."""

    train_bytes: int
    train_ngrams: int
    train_distinct: int
    test_ngrams: int
    test_distinct: int
    hits: int
    """Test n-grams, repetitions included, that the training text has."""
    documents: int
    documents_found: int
    """Training documents with an n-gram of the test set."""
    examples: int
    examples_found: int


def exact_counts(case: Case, limit: int | None = None) -> Exact:
    """Count, or read what an earlier run counted on files of the same sizes."""
    sizes = "-".join(str((ROOT / path).stat().st_size) for path in (*case.train, case.test))
    part = f"-first-{limit}" if limit else ""
    kept = ROOT / WORK / f"counts-{case.train[0].name}-{sizes}-{SEED}-{TEST_EXAMPLES}-{PLANT_BYTES}{part}.json"
    if not kept.exists():
        print(f"counting {case.name}{part} exactly", file=sys.stderr)
        kept.write_text(run(_driver(sys.executable, "exact.py", case, limit=limit)).stdout)
    return Exact(**json.loads(kept.read_text()))


@dataclass(frozen=True)
class Peer:
    """A peer's driver, on a prefix of a large corpus.

    On a prefix, its filter still has the size for the whole corpus: in a small filter it would find every bit
    in the processor's cache, and extrapolation would flatter it two- or threefold. What does not grow with the corpus
    (starting a command, clearing the filter, indexing the test set) must not be multiplied: a run on a fifth of the
    prefix comes after it, and the line through both gives the time for the whole.
    """

    name: str
    script: str
    limit: int | None
    environment: Environment | None = None
    options: Sequence[str] = ()
    sized: bool = False
    """Whether it wants to know how many distinct n-grams there will be."""
    scans: bool = False
    """Whether it keeps no index of the corpus."""

    def limit_on(self, case: Case) -> int | None:
        """Return the bytes that it is limited to on this case, if it is. Text in JSON arrays is not cut."""
        return self.limit if self.limit and self.limit < case.bytes and not case.real else None

    def prepare(self, case: Case) -> None:
        """Do what is not timed: install it, count exactly. Raises Absent."""
        if self.environment:
            self.environment.ready()
        exact_counts(case, self.limit_on(case))
        if self.sized:
            exact_counts(case)

    def take(self, case: Case) -> Iterator[Measurement]:
        """Run the driver: one process builds and measures, or scans. On a prefix, run it on a fifth, too."""
        limit = self.limit_on(case)
        if limit is None:
            yield from self._run(case, None)
            return
        longer, *others = self._run(case, limit)
        yield self._with_start(case, limit, longer)
        yield from others

    def _with_start(self, case: Case, limit: int, first: Measurement) -> Measurement:
        """Return a run on a prefix with the least seconds that one took, and what of these is its start.

        A shorter run that was held up makes the start too large and the whole too fast; a longer one that was held up
        leaves no start and makes the whole too slow. Either is run again, and the best of each counts. Raises
        ValueError where the start is not to be told.
        """
        test_limit = None if self.scans else SHORT_TEST
        sizes = {"longer": limit, "shorter": limit // SHORTER}
        runs = {"longer": [first], "shorter": list(self._run(case, limit // SHORTER, test_limit))[:1]}
        while True:
            longer, shorter = (min(runs[kind], key=lambda one: one.seconds) for kind in sizes)
            longer = replace(longer, start_seconds=start_seconds(shorter, longer))
            doubtful = "longer" if longer.whole_follows else "shorter"
            if (longer.whole_follows and longer.start_seconds > 0) or len(runs[doubtful]) == TRIES:
                break
            runs[doubtful] += list(self._run(case, sizes[doubtful], test_limit))[:1]
        if not longer.whole_follows:
            read = f"{shorter.bytes_done / 1e6:.0f} and {longer.bytes_done / 1e6:.0f} MB"
            raise ValueError(f"{read} took {shorter.seconds:.1f} and {longer.seconds:.1f} s: the whole does not follow")
        times = {"longer_runs": len(runs["longer"]), "shorter_runs": len(runs["shorter"])}
        return replace(first, seconds=longer.seconds, start_seconds=longer.start_seconds, **times)

    def _run(self, case: Case, limit: int | None, test_limit: int | None = None) -> Iterator[Measurement]:
        python = str(self.environment.ready()) if self.environment else sys.executable
        capacity = exact_counts(case).train_distinct if self.sized else 0
        command = _driver(python, self.script, case, capacity=capacity, limit=limit)
        cut = ["--test-limit-bytes", str(test_limit)] if test_limit else []
        done = run([*command, *cut, *self.options])
        answer = json.loads(done.stdout.splitlines()[-1])
        first = Measurement(
            contender=self.name,
            case=case.name,
            action="scan" if self.scans else "build",
            seconds=answer["scan_seconds" if self.scans else "build_seconds"],
            bytes_done=answer["train_bytes"],
            bytes_total=case.bytes,
            command=done.command,
            cpu_seconds=done.cpu_seconds,
            peak_mb=done.peak_mb,
            version=answer["version"],
            remark=answer["remark"],
        )
        yield from self._scanned(first, answer) if self.scans else self._built(first, answer, case)

    def _scanned(self, first: Measurement, answer: dict[str, Any]) -> Iterator[Measurement]:
        yield replace(first, **{name: answer[name] for name in ("hits", "documents", "documents_found")})

    def _built(self, first: Measurement, answer: dict[str, Any], case: Case) -> Iterator[Measurement]:
        bits = answer["index_bits_per_ngram"]
        yield replace(first, ngrams=answer["train_ngrams"], bits_per_ngram=bits)
        size = (ROOT / case.test).stat().st_size
        yield replace(
            first,
            action="measure",
            seconds=answer["measure_seconds"],
            bytes_done=size,
            bytes_total=size,
            ngrams=answer["test_ngrams"],
            hits=answer["hits"],
            examples_found=answer["examples_found"],
        )


def start_seconds(shorter: Measurement, longer: Measurement) -> float:
    """Return where the line through two runs begins, at no bytes; not below zero, which would be the clock's noise."""
    slope = (longer.seconds - shorter.seconds) / (longer.bytes_done - shorter.bytes_done)
    return max(0.0, longer.seconds - slope * longer.bytes_done)


def peers(*, whole: bool = False) -> list[Peer]:
    """Return the peers, those that build an index first; `whole`: none is limited to a prefix."""
    chosen = [
        Peer("pybloom-live", "pybloom_live_driver.py", SLOW, sized=True),
        Peer("rbloom", "rbloom_driver.py", None, sized=True),
        Peer("fastbloom-rs", "fastbloom_rs_driver.py", None, sized=True),
        Peer("dolma", "dolma_driver.py", FAST, DOLMA, sized=True),
        Peer("infini-gram", "infini_gram_driver.py", FAST, INFINI_GRAM),
        Peer("overlapy", "overlapy_driver.py", None, scans=True),
        Peer("dolma, test set first", "dolma_driver.py", FAST, DOLMA, ("--scan",), scans=True),
        Peer("janitor", "janitor_driver.py", SLOW, JANITOR, scans=True),
        Peer("datatrove", "datatrove_driver.py", SLOWEST, DATATROVE, scans=True),
        Peer("corpus-assay", "corpus_assay_driver.py", None, CORPUS_ASSAY, scans=True),
    ]
    return [replace(peer, limit=None) for peer in chosen] if whole else chosen


def _driver(python: str, script: str, case: Case, *, capacity: int = 0, limit: int | None = None) -> list[str]:
    """Return a driver's command line."""
    command = [python, str(PEERS / script)]
    command += ["--train", *map(str, case.train), "--test", str(case.test)]
    command += ["--fields", case.fields] if case.fields != "text" else []
    command += ["--test-fields", case.test_fields] if case.test_fields != "text" else []
    command += ["--capacity", str(capacity)] if capacity else []
    command += ["--limit-bytes", str(limit)] if limit else []
    return command
