"""What every peer's driver shares: reading documents, the paper's normalisation, n-grams, and the report.

This is the code that a user of a Bloom filter library would write around it in plain Python, and no faster or
slower than that: one regular expression, one list of words a document, one join an n-gram. Peers are timed
from the first byte read to the last n-gram added, without the interpreter's start and without imports.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

N = 8
ERROR_RATE = 1e-8
WORD = re.compile(r"[^\W_]+")
"""A maximal run of alphanumeric characters. Only outside English is our rule another (marks, Han, Thai)."""


def words_of(text: str) -> list[str]:
    """Return the normalised words.

    >>> words_of("Don't stop, it is 3.5 km!")
    ['don', 't', 'stop', 'it', 'is', '3', '5', 'km']
    """
    return WORD.findall(text.lower())


def ngrams_of(text: str) -> list[str]:
    """Return the document's 8-grams as strings with single spaces, in order, repetitions included."""
    words = words_of(text)
    return [" ".join(words[start : start + N]) for start in range(len(words) - N + 1)]


@dataclass
class Corpus:
    """Documents of text files (a line each), JSON lines or JSON arrays."""

    paths: Sequence[Path]
    fields: Sequence[str]
    limit: int | None = None
    bytes_read: int = 0
    """Counted anew by each iteration."""

    def __iter__(self) -> Iterator[str]:
        self.bytes_read = 0
        for path in self.paths:
            if path.suffix == ".json":
                self.bytes_read += path.stat().st_size
                yield from map(self._text, json.loads(path.read_text(encoding="utf-8")))
            else:
                yield from self._lines(path)

    def _lines(self, path: Path) -> Iterator[str]:
        is_json = path.suffix == ".jsonl"
        with path.open("rb") as lines:
            for line in lines:
                if self.limit is not None and self.bytes_read + len(line) > self.limit:
                    return
                self.bytes_read += len(line)
                yield self._text(json.loads(line)) if is_json else line.decode()

    def _text(self, record: dict[str, Any]) -> str:
        return "\n".join(record[field] for field in self.fields)


@dataclass
class Job:
    """What the command line asks of a driver."""

    train: Corpus
    test: Corpus
    capacity: int
    """Distinct training n-grams, for the filter to be sized fairly; 0 where nobody needs it."""


def parse(description: str, *, needs_capacity: bool = True) -> Job:
    """Read a driver's options; a capacity that is needed and not given is counted, outside the timed part."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--train", type=Path, nargs="+", required=True)
    parser.add_argument("--test", type=Path, nargs="+", required=True)
    parser.add_argument("--fields", default="text", help="of training records, comma-separated")
    parser.add_argument("--test-fields", default="text")
    parser.add_argument("--limit-bytes", type=int, help="read only whole lines up to here")
    parser.add_argument("--test-limit-bytes", type=int, help="the same of the test set")
    parser.add_argument("--capacity", type=int, default=0, help="distinct training n-grams")
    options = parser.parse_args()
    return Job(
        train=Corpus(options.train, options.fields.split(","), options.limit_bytes),
        test=Corpus(options.test, options.test_fields.split(","), options.test_limit_bytes),
        capacity=options.capacity or (_count_apart() if needs_capacity else 0),
    )


def _count_apart() -> int:
    """Count in a process of its own, so that the memory it takes is not the peer's."""
    counter = [sys.executable, str(Path(__file__).with_name("exact.py")), *sys.argv[1:]]
    answer = subprocess.run(counter, check=True, stdout=subprocess.PIPE).stdout
    return int(json.loads(answer)["train_distinct"])


@dataclass
class Outcome:
    """What a driver prints."""

    peer: str
    version: str
    build_seconds: float
    train_bytes: int
    train_ngrams: int | None
    measure_seconds: float
    test_ngrams: int | None
    hits: int | None
    index_bits_per_ngram: float | None = None
    examples_found: int | None = None
    """Test examples of which any n-gram was found, where a peer tells no more than that."""
    remark: str = ""

    def print(self) -> None:
        """Print one JSON line, with the peak memory of this process so far."""
        print(json.dumps(self.__dict__ | {"peak_rss_mb": peak_rss_mb()}))


@dataclass
class Scanned:
    """What a driver prints whose peer keeps no index of the corpus: a pass over it answers for one test set."""

    peer: str
    version: str
    scan_seconds: float
    """Preparing the test set and passing over the corpus."""
    train_bytes: int
    test_ngrams: int | None = None
    hits: int | None = None
    documents: int | None = None
    documents_found: int | None = None
    """Training documents with an n-gram of the test set."""
    remark: str = ""

    def print(self) -> None:
        """Print one JSON line."""
        print(json.dumps(self.__dict__))


class Stopwatch:
    """Seconds since it was made, on the wall."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def seconds(self) -> float:
        """Return the seconds so far."""
        return time.perf_counter() - self._start


def peak_rss_mb() -> float | None:
    """Return the peak resident memory in millions of bytes, where /proc tells it.

    `getrusage` is no good here: what the parent held when it forked is counted in.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return round(int(found[1]) * 1024 / 1e6, 1) if found else None


def version_of(distribution: str) -> str:
    """Return the installed version of a distribution."""
    return version(distribution)
