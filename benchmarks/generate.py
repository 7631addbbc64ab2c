"""Generate a benchmark corpus and a test set of English-like text, from a seed.

`python benchmarks/generate.py --bytes 100MB --out benchmarks/work/corpus` writes `corpus.txt` (a document a
line), `corpus.jsonl` (the same documents as JSON lines) and `corpus.test.jsonl` (examples, some of which hold
verbatim windows of the corpus). Text comes in chunks with a random stream each, so that a shorter corpus of
the same seed is a prefix of a longer one. What the right counts are is not known here: see `peers/exact.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, nullcontext
from functools import lru_cache
from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt
from vocabulary import SLOTS, Vocabulary, make_vocabulary

CHUNK_WORDS = 1 << 19
SENTENCE_WORDS = 18
DOCUMENT_WORDS = 200

INSIDE = (b" ", b", ", b"; ", b": ", b"-", b' "', b'" ', b" (", b") ", " \u2014 ".encode())
INSIDE_SHARES = (0.922, 0.055, 0.003, 0.003, 0.006, 0.003, 0.003, 0.002, 0.002, 0.001)
ENDS = (b". ", b"? ", b"! ", b'." ')
ENDS_SHARES = (0.88, 0.05, 0.03, 0.04)
DOCUMENT_ENDS = (b".\n", b"?\n", b"!\n", b'."\n')

STOCK_PHRASES = 2_000
STOCK_WORDS = 16
STOCK_SHARE = 0.015
"""The share of training words inside phrases used again and again: real text repeats itself, too."""

FORMATS = ("txt", "jsonl")
SOURCES = ("web", "books", "news", "forum", "wiki")


class TextGenerator:
    """An endless stream of documents; `chunk(i)` is the same whatever was asked for before."""

    def __init__(self, seed: int, vocabulary: Vocabulary | None = None) -> None:
        self.seed = seed
        self.vocabulary = vocabulary or make_vocabulary(seed)
        self._capital = len(self.vocabulary.lower)
        self._spellings = np.array([*self.vocabulary.lower, *self.vocabulary.capital])
        self._followers = np.array([*INSIDE, *ENDS, *DOCUMENT_ENDS])
        self._pair = np.dtype([("word", self._spellings.dtype), ("follower", self._followers.dtype)])
        stock = np.random.default_rng([seed, 1])
        self._stock = self._draw(stock, STOCK_PHRASES * STOCK_WORDS).reshape(STOCK_PHRASES, STOCK_WORDS)

    def chunk(self, number: int, *, stream: int = 2, stock: bool = True) -> bytes:
        """Return some three megabytes of whole lines."""
        rng = np.random.default_rng([self.seed, stream, number])
        words = self._draw(rng, CHUNK_WORDS)
        if stock:
            self._repeat_phrases(words, rng)
        ends = rng.random(CHUNK_WORDS) < 1 / SENTENCE_WORDS
        document_ends = ends & (rng.random(CHUNK_WORDS) < SENTENCE_WORDS / DOCUMENT_WORDS)
        ends[-1] = document_ends[-1] = True
        starts = np.roll(ends, 1)  # the last word ends a sentence, so the first starts one
        closing = _choose(rng, ENDS_SHARES, CHUNK_WORDS) + np.where(document_ends, len(INSIDE) + len(ENDS), len(INSIDE))
        followers = np.where(ends, closing, _choose(rng, INSIDE_SHARES, CHUNK_WORDS))
        return self._join(words + self._capital * starts, followers)

    def _join(self, words: npt.NDArray[np.int32], followers: npt.NDArray[np.int64]) -> bytes:
        """Gather the spellings as zero-padded rows and drop the padding.

        Joining a list of bytes objects was tried first: a cache miss for each, a third of this speed.
        """
        pairs = np.empty(words.size, dtype=self._pair)
        pairs["word"] = self._spellings[words]
        pairs["follower"] = self._followers[followers]
        padded = pairs.view(np.uint8)
        return bytes(padded[padded != 0])

    def _draw(self, rng: np.random.Generator, words: int) -> npt.NDArray[np.int32]:
        return self.vocabulary.slots[rng.integers(0, SLOTS, words)]

    def _repeat_phrases(self, words: npt.NDArray[np.int32], rng: np.random.Generator) -> None:
        phrases = int(words.size * STOCK_SHARE / STOCK_WORDS)
        places = rng.integers(0, words.size - STOCK_WORDS, phrases)
        chosen = (STOCK_PHRASES ** rng.random(phrases)).astype(np.int64) - 1  # Zipf: log-uniform ranks
        words[places[:, None] + np.arange(STOCK_WORDS)] = self._stock[chosen]


def _choose(rng: np.random.Generator, shares: tuple[float, ...], size: int) -> npt.NDArray[np.int64]:
    """Choose `size` numbers below `len(shares)` with those frequencies, by a small table."""
    edges = np.round(np.cumsum(shares) / sum(shares) * 4096).astype(np.int64)
    table = np.repeat(np.arange(len(shares)), np.diff(edges, prepend=0))
    return table[rng.integers(0, table.size, size)]


def text_chunks(generator: TextGenerator, size: int, processes: int = 1) -> Iterator[bytes]:
    """Yield chunks of whole lines, together at most `size` bytes and at most one line less.

    Chunks do not depend on each other: several processes make them, and give the same bytes as one.
    """
    with ProcessPoolExecutor(processes) if processes > 1 else nullcontext() as pool:
        chunks = _ahead(pool, generator, processes) if pool else map(generator.chunk, count())
        while size > 0:
            chunk = next(chunks)
            if len(chunk) > size:
                chunk = chunk[: chunk.rfind(b"\n", 0, size) + 1]
                size = 0
            size -= len(chunk)
            yield chunk


def _ahead(pool: ProcessPoolExecutor, generator: TextGenerator, processes: int) -> Iterator[bytes]:
    """Yield the chunks in order, with a few on the way; `ProcessPoolExecutor.map` would make endlessly many."""
    waiting = deque(pool.submit(_chunk, generator.seed, number) for number in range(2 * processes))
    for number in count(2 * processes):
        waiting.append(pool.submit(_chunk, generator.seed, number))
        yield waiting.popleft().result()


@lru_cache(maxsize=1)
def _generator(seed: int) -> TextGenerator:
    return TextGenerator(seed)


def _chunk(seed: int, number: int) -> bytes:
    return _generator(seed).chunk(number)


def json_lines(chunk: bytes, first: int) -> bytes:
    """Turn a chunk of lines into JSON records numbered from `first`."""
    lines = chunk.replace(b'"', b'\\"').split(b"\n")[:-1]
    tails = [f'", "source": "{source}"}}\n'.encode() for source in SOURCES]
    heads = (b'{"id": "doc-%08d", "text": "' % number for number in range(first, first + len(lines)))
    kinds = (tails[number * 7 % len(tails)] for number in range(first, first + len(lines)))
    return b"".join([part for record in zip(heads, lines, kinds, strict=True) for part in record])


def write_corpus(
    generator: TextGenerator, size: int, stem: Path, *, formats: Sequence[str] = FORMATS, processes: int = 1
) -> int:
    """Write `stem.txt` of `size` bytes and `stem.jsonl` with the same documents; return their number."""
    documents = 0
    stem.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        streams = {kind: stack.enter_context(Path(f"{stem}.{kind}").open("wb")) for kind in formats}
        for chunk in text_chunks(generator, size, processes):
            if "txt" in streams:
                streams["txt"].write(chunk)
            if "jsonl" in streams:
                streams["jsonl"].write(json_lines(chunk, documents))
            documents += chunk.count(b"\n")
    return documents


def write_test_set(generator: TextGenerator, stem: Path, examples: int, plant_bytes: int) -> None:
    """Write `stem.test.jsonl`; three examples in ten hold a window of the first `plant_bytes` of the corpus.

    Windows come from the beginning only, so that a peer which is run on a prefix should find the same hits.
    """
    rng = random.Random(f"test set {generator.seed}")
    with Path(f"{stem}.txt").open("rb") as stream:
        training = stream.read(plant_bytes).decode(errors="ignore").split("\n")[:-1]
    fresh = _fresh_documents(generator)
    with Path(f"{stem}.test.jsonl").open("w", encoding="utf-8") as out:
        for number in range(examples):
            words, planted = _example(rng, next(fresh), training)
            record = {"id": f"test-{number:06d}", "text": " ".join(words), "planted_words": planted}
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


def _fresh_documents(generator: TextGenerator) -> Iterator[list[str]]:
    number = 0
    while True:
        for line in generator.chunk(number, stream=3, stock=False).decode().split("\n")[:-1]:
            yield line.split(" ")
        number += 1


def _example(rng: random.Random, fresh: list[str], training: list[str]) -> tuple[list[str], int]:
    """Return an example's words and how many of them are planted: none, a window, or all."""
    words = fresh[: rng.randint(30, 150)]
    kind = rng.random()
    if kind >= 0.3:
        return (words[: rng.randint(1, 7)] if kind >= 0.98 else words), 0
    document = rng.choice(training).split(" ")
    length = min(rng.randint(10, 60), len(document))
    start = rng.randint(0, len(document) - length)
    window = document[start : start + length]
    if kind < 0.1:
        return window, length
    place = rng.randint(0, len(words))
    return [*words[:place], *window, *words[place:]], length


def byte_count(text: str) -> int:
    """Read `100MB`, `1GB`, `64KB` (powers of ten) or a plain number of bytes."""
    for suffix, factor in (("KB", 10**3), ("MB", 10**6), ("GB", 10**9)):
        if text.upper().endswith(suffix):
            return int(float(text[:-2]) * factor)
    return int(text)


def main() -> None:
    """Write the files that the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=byte_count, default=byte_count("100MB"), help="size of the .txt")
    parser.add_argument("--out", type=Path, required=True, help="stem of the files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--test-examples", type=int, default=5_000)
    parser.add_argument("--plant-bytes", type=byte_count, default=byte_count("5MB"))
    parser.add_argument("--formats", default=",".join(FORMATS), help="comma-separated; txt has to be there")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    generator = TextGenerator(options.seed)
    formats = options.formats.split(",")
    write_corpus(generator, options.bytes, options.out, formats=formats, processes=options.processes)
    write_test_set(generator, options.out, options.test_examples, options.plant_bytes)


if __name__ == "__main__":
    main()
