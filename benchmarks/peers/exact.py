"""The right answer: exact counts, for the capacity that Bloom filters are given and the hits that are due.

No contender: it is never timed, and has nothing of `overlap` in it. Every process reads the corpus and takes its share
of the documents. Test n-grams are looked for as strings, so that what is found is exact. Distinct training
n-grams are counted by Python's 64-bit string hash (SipHash, with one secret for all processes), in files by its first
bits, sorted one at a time. Of k distinct n-grams, k(k-1)/2**65 are expected to be missing from that count because
two have one hash: for the 170 million of 1 GB, a chance of 1 in 1,300 that one is.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import plain

WORK = Path(__file__).resolve().parent.parent / "work"
PART_BITS = 5
"""32 files of hashes, each of 42 MB for 1 GB of text."""
BATCH = 1 << 20


@dataclass
class Share:
    """What one process found in its documents."""

    bytes_read: int = 0
    documents: int = 0
    documents_found: int = 0
    ngrams: int = 0
    found: set[str] = field(default_factory=set)
    """Test n-grams that are in the documents."""


class Parts:
    """Files of hashes, by their first bits."""

    def __init__(self, streams: Sequence[BinaryIO], batch: int) -> None:
        self._streams, self._batch = streams, batch
        self._waiting = array("q")

    def add(self, hashes: Iterable[int]) -> None:
        """Append hashes."""
        self._waiting.extend(hashes)
        if len(self._waiting) >= self._batch:
            self.write()

    def write(self) -> None:
        """Write what waits, each to its file."""
        hashes = np.frombuffer(self._waiting, dtype=np.uint64)
        part = (hashes >> np.uint64(64 - PART_BITS)).astype(np.uint8)
        ordered = hashes[np.argsort(part, kind="stable")]
        ends = np.cumsum(np.bincount(part, minlength=len(self._streams)))
        for stream, one in zip(self._streams, np.split(ordered, ends[:-1]), strict=True):
            one.tofile(stream)
        self._waiting = array("q")


def count_share(job: plain.Job, asked: frozenset[str], folder: Path, batch: int, processes: int, number: int) -> Share:
    """Count every `processes`-th document from `number` on, and write the hashes of its n-grams."""
    share = Share()
    with ExitStack() as stack:
        names = [folder / f"{part}-{number}" for part in range(1 << PART_BITS)]
        parts = Parts([stack.enter_context(name.open("wb")) for name in names], batch)
        for text in islice(job.train, number, None, processes):
            ngrams = plain.ngrams_of(text)
            known = asked.intersection(ngrams)
            share.found |= known
            share.documents += 1
            share.documents_found += bool(known)
            share.ngrams += len(ngrams)
            parts.add(map(hash, ngrams))
        parts.write()
    share.bytes_read = job.train.bytes_read
    return share


def distinct(folder: Path, part: int) -> int:
    """Count the different hashes of one part, and remove its files."""
    paths = list(folder.glob(f"{part}-*"))
    hashes: npt.NDArray[np.uint64] = np.concatenate([np.fromfile(path, dtype=np.uint64) for path in paths])
    for path in paths:
        path.unlink()
    hashes.sort()
    return int(np.count_nonzero(hashes[1:] != hashes[:-1])) + bool(hashes.size)


@contextmanager
def one_secret() -> Iterator[None]:
    """Let all processes that are begun meanwhile have the same secret for the hashes of strings."""
    before = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = str(1 + secrets.randbelow(2**32 - 1))
    try:
        yield
    finally:
        del os.environ["PYTHONHASHSEED"]
        if before is not None:
            os.environ["PYTHONHASHSEED"] = before


def count(job: plain.Job, folder: Path, processes: int, batch: int = BATCH) -> dict[str, int]:
    """Return the counts. ``batch``: hashes that a process holds until it writes them."""
    examples = [plain.ngrams_of(text) for text in job.test]
    asked = frozenset(ngram for ngrams in examples for ngram in ngrams)
    with one_secret(), ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        shares = list(pool.map(partial(count_share, job, asked, folder, batch, processes), range(processes)))
        train_distinct = sum(pool.map(partial(distinct, folder), range(1 << PART_BITS)))
    found = set[str]().union(*(share.found for share in shares))
    return {
        "train_bytes": shares[0].bytes_read,
        "train_ngrams": sum(share.ngrams for share in shares),
        "train_distinct": train_distinct,
        "test_ngrams": sum(map(len, examples)),
        "test_distinct": len(asked),
        "hits": sum(ngram in found for ngrams in examples for ngram in ngrams),
        "documents": sum(share.documents for share in shares),
        "documents_found": sum(share.documents_found for share in shares),
        "examples": len(examples),
        "examples_found": sum(not found.isdisjoint(ngrams) for ngrams in examples),
    }


def main() -> None:
    """Print the counts as one JSON line."""
    job = plain.parse(__doc__ or "", needs_capacity=False)
    WORK.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        print(json.dumps(count(job, Path(folder), len(os.sched_getaffinity(0)))))


if __name__ == "__main__":
    main()
