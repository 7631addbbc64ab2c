"""The reference: the paper's procedure agrees with sets of words, and with the fast path."""

from __future__ import annotations

from collections.abc import Callable

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import SENTENCE, WORDS
from strategies import lengths, texts

from overlap.bloom import BloomFilter
from overlap.reference import build_reference, hits_of, ngrams_of, words_of
from overlap.text import ngram_hashes


def naive_hits(train: list[str], test: list[str], n: int) -> list[list[bool]]:
    known = {gram for text in train for gram in naive.ngrams(text, n)}
    return [[gram in known for gram in naive.ngrams(text, n)] for text in test]


def fast_hits(train: list[str], test: list[str], n: int) -> list[list[bool]]:
    known = BloomFilter.from_hashes(np.concatenate([ngram_hashes(text, n) for text in [*train, ""]]))
    return [known.contains(ngram_hashes(text, n)).tolist() for text in test]


@settings(max_examples=300)
@given(texts(), lengths())
def test_words_and_n_grams_are_those_of_the_rule(text: str, n: int) -> None:
    assert words_of(text) == naive.words(text)
    assert list(ngrams_of(text, n)) == [" ".join(gram) for gram in naive.ngrams(text, n)]


FEW_WORDS = st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), max_size=5)


@settings(max_examples=150)
@given(FEW_WORDS, FEW_WORDS, st.integers(1, 4))
def test_three_ways_one_answer(train: list[str], test: list[str], n: int) -> None:
    index = build_reference(train, n)
    assert index.documents == len(train)
    assert index.ngrams == sum(len(naive.ngrams(text, n)) for text in train)
    assert hits_of(index, test, n) == naive_hits(train, test, n) == fast_hits(train, test, n)


@settings(max_examples=100)
@given(st.lists(texts(), max_size=4), st.lists(texts(), max_size=3), st.integers(1, 3))
def test_three_ways_one_answer_for_any_text(train: list[str], test: list[str], n: int) -> None:
    test = test + train[:1]
    assert hits_of(build_reference(train, n), test, n) == naive_hits(train, test, n) == fast_hits(train, test, n)


def reference_hits(train: list[str], test: list[str], n: int) -> list[list[bool]]:
    return hits_of(build_reference(train, n), test, n)


@pytest.mark.parametrize("find", [reference_hits, fast_hits, naive_hits])
def test_hits_by_example(find: Callable[[list[str], list[str], int], list[list[bool]]]) -> None:
    shouted = SENTENCE.upper().replace(" ", "... ")
    test = [
        shouted,
        "Nobody has ever seen such a thing in town.",
        "quick brown fox jumps over the lazy dog and CAT",
        SENTENCE[:20],
        "",
    ]
    assert find([SENTENCE], test, 8) == [[True] * 10, [False] * 2, [True, True, False], [], []]


def test_rate_of_the_reference_is_bounded() -> None:
    loose = build_reference([f"w{number}" for number in range(2_000)], 1, fpr=0.05)
    hits = sum(flags[0] for flags in hits_of(loose, [f"x{number}" for number in range(4_000)], 1))
    assert 0 < hits < 0.08 * 4_000
