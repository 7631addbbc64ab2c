"""Plant a known overlap between a training corpus and test sets, and say what a right tool must find.

Every integer of the truth comes from how the data was made (see `planted_sets`), not from looking for
n-grams in it. Two things are true only because coincidences did not happen: that no window of the corpus
or of a test set occurs twice by accident, and that no straddle is in the corpus. `prove` shows that they
did not, for the seed in use, from 64-bit hashes of the word numbers: equal windows have equal hashes, so
different hashes prove different windows (an accident among the hashes could only raise a false alarm).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from planted_corpus import Codes, Corpus, make_corpus, make_language, write_corpus
from planted_sets import RECIPES, Example, N, Planter, write_set

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Truth:
    """What a right measurement of one test set says; the names are those of `overlap ... --format json`."""

    train_documents: int
    train_ngrams: int
    train_distinct: int
    examples: int
    too_short: int
    examples_hit: int
    examples_all_hit: int
    test_ngrams: int
    hits: int
    test_distinct: int
    distinct_hits: int
    overlap_percent: float
    longest_run: int


@dataclass(frozen=True)
class Planted:
    """The data that was written: bytes of training text, and the truth for each test set."""

    train_bytes: int
    truths: dict[str, Truth]


def truth(corpus: Corpus, examples: list[Example]) -> Truth:
    """Count n-grams and hits from the lengths of documents and pieces."""
    windows = np.maximum(0, corpus.lengths - N + 1)
    hits = [sum(example.runs) for example in examples]
    ngrams = [example.ngrams for example in examples]
    first = [not example.repeat for example in examples]
    return Truth(
        train_documents=len(corpus.records),
        train_ngrams=int(windows[corpus.records].sum()),
        train_distinct=int(windows.sum()),
        examples=len(examples),
        too_short=ngrams.count(0),
        examples_hit=sum(h > 0 for h in hits),
        examples_all_hit=sum(h == g > 0 for h, g in zip(hits, ngrams, strict=True)),
        test_ngrams=sum(ngrams),
        hits=sum(hits),
        test_distinct=sum(g for g, new in zip(ngrams, first, strict=True) if new),
        distinct_hits=sum(h for h, new in zip(hits, first, strict=True) if new),
        overlap_percent=round(100 * sum(hits) / max(1, sum(ngrams)), 4),
        longest_run=max((run for example in examples for run in example.runs), default=0),
    )


def hash_windows(table: Hashes, plain: Codes, lengths: npt.NDArray[np.int64]) -> Hashes:
    """One hash for every window of N words inside a text; the texts stand end to end in `plain`."""
    room = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(plain))
    values = table[plain]
    total = np.zeros(max(0, len(plain) - N + 1), dtype=np.uint64)
    for place in range(N):
        total = total * np.uint64(0x9E3779B97F4A7C15) + values[place : place + len(total)]
    return total[room[: len(total)] >= N]


def different(hashes: Hashes) -> Hashes:
    """The different hashes, sorted."""
    # np.unique of NumPy 2.4 goes by a hash table: 7.5 s for the corpus, where sorting takes 0.4 s.
    ordered = np.sort(hashes)
    new = np.ones(len(ordered), dtype=np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def prove(rng: np.random.Generator, corpus: Corpus, sets: dict[str, list[Example]], truths: dict[str, Truth]) -> None:
    """Show that chance added nothing to what was planted; ValueError, with the set to blame, if it did."""
    language = corpus.language
    table = rng.integers(2**64, size=len(language.words), dtype=np.uint64)
    train = different(hash_windows(table, language.plain(corpus.codes), corpus.lengths))
    for name, examples in sets.items():
        codes = [example.codes for example in examples]
        test = hash_windows(table, language.plain(np.concatenate(codes)), np.array([len(c) for c in codes]))
        found = train[np.searchsorted(train[:-1], test)] == test
        seen = (len(train), len(different(test)), int(found.sum()), len(different(test[found])))
        known = truths[name]
        if seen != (known.train_distinct, known.test_distinct, known.hits, known.distinct_hits):
            raise ValueError(f"test set {name}: this seed repeats a phrase by accident; take another")


def plant(folder: Path, megabytes: float, seed: int, examples: int = 1000) -> Planted:
    """Write train/, test/ and truth.json into `folder`, always the same for the same arguments."""
    rng = np.random.default_rng(seed)
    corpus = make_corpus(rng, make_language(rng), megabytes)
    sets = {name: recipe(Planter(rng, corpus), examples) for name, recipe in RECIPES.items()}
    truths = {name: truth(corpus, made) for name, made in sets.items()}
    prove(rng, corpus, sets, truths)
    train_bytes = write_corpus(corpus, folder / "train")
    (folder / "test").mkdir()
    for name, made in sets.items():
        write_set(rng, corpus.language, name, made, folder / "test" / f"{name}.jsonl")
    (folder / "truth.json").write_text(json.dumps({k: asdict(t) for k, t in truths.items()}, indent=2) + "\n")
    return Planted(train_bytes, truths)
