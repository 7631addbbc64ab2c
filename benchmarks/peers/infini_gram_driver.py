"""infini-gram: `python -m infini_gram.indexing` builds a suffix array of the corpus; `count` asks for an n-gram.

Its tokenizers come from the hub, so the index is one of bytes (`--token_dtype u8`), which its indexing offers without
a tokenizer. It keeps text as it is: it is given the normalised words, made before the clock starts, so that it can
find the same n-grams; a space before and after each keeps words whole. It answers for n-grams of every length, and
with their places, which a filter does not.
"""

from __future__ import annotations

import resource
import shutil
import sys

import outside
import plain

MEMORY_GIB = 4
SEPARATOR, ALPHABET = 10, 255
"""What its engine wants to know of tokens, which counting does not use; they have to fit a byte."""


def spaced(text: str) -> str:
    """Return the normalised words, each with a space before and after it."""
    return f" {' '.join(plain.words_of(text))} "


def main() -> None:
    """Index, ask, print."""
    job = plain.parse(__doc__ or "", needs_capacity=False)
    folder = outside.fresh_folder("infini-gram")
    outside.write_records(job.train, folder / "train", files=1, change=spaced)
    train_bytes = job.train.bytes_read
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    command = [sys.executable, "-m", "infini_gram.indexing", "--token_dtype", "u8", "--ulimit", str(files)]
    command += ["--data_dir", str(folder / "train"), "--save_dir", str(folder / "index")]
    build_seconds = outside.timed([*command, "--cpus", str(outside.PROCESSES), "--mem", str(MEMORY_GIB)])
    size = sum(path.stat().st_size for path in (folder / "index").iterdir())

    from infini_gram.engine import InfiniGramEngine

    watch = plain.Stopwatch()
    engine = InfiniGramEngine(str(folder / "index"), SEPARATOR, vocab_size=ALPHABET, token_dtype="u8")
    test_ngrams = hits = 0
    for text in job.test:
        for ngram in plain.ngrams_of(text):
            test_ngrams += 1
            hits += engine.count(list(f" {ngram} ".encode()))["count"] > 0
    measure_seconds = watch.seconds()
    train_ngrams = sum(len(plain.ngrams_of(text)) for text in job.train)
    plain.Outcome(
        peer="infini-gram",
        version=plain.version_of("infini-gram"),
        build_seconds=build_seconds,
        train_bytes=train_bytes,
        train_ngrams=train_ngrams,
        measure_seconds=measure_seconds,
        test_ngrams=test_ngrams,
        hits=hits,
        index_bits_per_ngram=8 * size / max(1, train_ngrams),
        remark="two processes; a suffix array of all substrings",
    ).print()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
