"""The exact counts that peers are held to, beside sets of n-grams in plain Python."""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks" / "peers"))

import exact
import plain


def text_of(rng: random.Random, words: int) -> str:
    """Few different words, so that n-grams repeat."""
    return " ".join(rng.choice(("One", "two", "3", "vier!")) for _ in range(words))


@pytest.fixture
def job(tmp_path: Path) -> plain.Job:
    rng = random.Random(7)
    train, test = tmp_path / "train.txt", tmp_path / "test.jsonl"
    train.write_text("".join(f"{text_of(rng, rng.randrange(40))}\n" for _ in range(300)))
    test.write_text("".join(json.dumps({"text": text_of(rng, rng.randrange(14))}) + "\n" for _ in range(60)))
    return plain.Job(plain.Corpus([train], ["text"]), plain.Corpus([test], ["text"]), 0)


def counted_plainly(job: plain.Job) -> dict[str, int]:
    """Count with one set for each side."""
    documents, examples = ([plain.ngrams_of(text) for text in corpus] for corpus in (job.train, job.test))
    train = {ngram for ngrams in documents for ngram in ngrams}
    test = {ngram for ngrams in examples for ngram in ngrams}
    return {
        "train_bytes": job.train.bytes_read,
        "train_ngrams": sum(map(len, documents)),
        "train_distinct": len(train),
        "test_ngrams": sum(map(len, examples)),
        "test_distinct": len(test),
        "hits": sum(ngram in train for ngrams in examples for ngram in ngrams),
        "documents": len(documents),
        "documents_found": sum(any(ngram in test for ngram in ngrams) for ngrams in documents),
        "examples": len(examples),
        "examples_found": sum(any(ngram in train for ngram in ngrams) for ngrams in examples),
    }


@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.parametrize("limit", [None, 2_000])
def test_counts_are_those_of_sets(
    job: plain.Job, tmp_path: Path, processes: int, limit: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fork", None)  # this process may have threads
    job.train.limit = limit
    due = counted_plainly(job)
    assert exact.count(job, tmp_path, processes, batch=100) == due  # every file is written many times
    assert 0 < due["examples_found"] < due["examples"]
    assert 0 < due["documents_found"] < due["documents"]
    assert due["train_distinct"] < due["train_ngrams"]
    assert not list(tmp_path.glob("*-*"))


def test_a_corpus_without_ngrams_has_none(tmp_path: Path) -> None:
    path = tmp_path / "short.txt"
    path.write_text("too short\n")
    corpus = plain.Corpus([path], ["text"])
    answer = exact.count(plain.Job(corpus, corpus, 0), tmp_path, 2)
    assert (answer["documents"], answer["train_ngrams"], answer["train_distinct"], answer["hits"]) == (1, 0, 0, 0)
