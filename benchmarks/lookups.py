"""How many n-grams a second one core asks of an index: `python benchmarks/lookups.py INDEX TEXT SEED`.

The hashes come from text by the same code as those of `overlap measure`, and are asked by the same call, in the one
batch that a test set is; reading and hashing are not timed. Mostly present: the beginning of the corpus TEXT. Mostly
absent: new documents of the generator, of the same seed. An index is asked once before it is timed, so that its pages
are in memory. One thread; the best and the median of five.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from generate import TextGenerator

from overlap.index import Index, open_index
from overlap.test_sets import hash_test_set, read_test_sets

BYTES = 60_000_000
ROUNDS = 5


def absent_text(seed: int) -> bytes:
    """Return documents that are in no corpus of this seed."""
    generator = TextGenerator(seed)
    text, number = b"", 0
    while len(text) < BYTES:
        text += generator.chunk(number, stream=3, stock=False)
        number += 1
    return text


def present_text(corpus: Path) -> bytes:
    """Return whole lines of the beginning of the corpus."""
    with corpus.open("rb") as stream:
        text = stream.read(BYTES)
    return text[: text.rfind(b"\n") + 1]


def ask(index: Index, text: bytes) -> dict[str, float]:
    """Hash a text, ask for all its n-grams, and return counts and seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "asked.txt"
        path.write_bytes(text)
        (files,) = read_test_sets(str(path), text_field="text", by_line=True, input_format=None).values()
        hashes = hash_test_set(files, index.manifest.n, index.segmenter).hashes
    known = index.filter.contains(hashes)
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        index.filter.contains(hashes)
        seconds.append(time.perf_counter() - start)
    return {
        "ngrams": hashes.size,
        "hits": int(np.count_nonzero(known)),
        "seconds": median(seconds),
        "best": min(seconds),
    }


def main() -> None:
    """Print one JSON line: the filter's size, and what was asked of it."""
    index = open_index(sys.argv[1])
    corpus, seed = Path(sys.argv[2]), int(sys.argv[3])
    answer = {"present": ask(index, present_text(corpus)), "absent": ask(index, absent_text(seed))}
    print(json.dumps({"filter_bytes": index.filter.words.nbytes, **answer}))


if __name__ == "__main__":
    main()
