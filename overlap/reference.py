"""The GPT-2 paper's procedure, to be read in one sitting: the executable specification of everything else.

"We created Bloom filters containing 8-grams of WebText training set tokens. To improve recall, strings were normalized
to contain only lower-cased alphanumeric words with a single space as a delimiter. The Bloom filters were
constructed such that the false positive rate is upper bounded by 1/10^8." (Radford et al. 2019, section 4)

Plain Python strings in a ``pybloom_live.BloomFilter``: slow, and right. Small inputs only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pybloom_live import BloomFilter

from overlap.text import character_class, lower

__all__ = ["ReferenceIndex", "build_reference", "hits_of", "ngrams_of", "words_of"]


def words_of(text: str) -> list[str]:
    """Lower-cased alphanumeric words; marks belong to the word before, spaceless scripts give one letter a word."""
    words: list[str] = []
    previous = "separator"
    for character in text:
        kind = character_class(character)
        if kind == "mark" and previous != "separator":
            words[-1] += lower(character)
            continue
        if kind == "word" and previous == "word":
            words[-1] += lower(character)
        elif kind in ("word", "spaceless"):
            words.append(lower(character))
        previous = kind if kind != "mark" else "separator"
    return words


def ngrams_of(text: str, n: int) -> Iterator[str]:
    """The n-grams of one document: n words with single spaces between; never across documents."""
    words = words_of(text)
    for start in range(len(words) - n + 1):
        yield " ".join(words[start : start + n])


@dataclass(frozen=True)
class ReferenceIndex:
    """The filter, and what went into it."""

    filter: BloomFilter
    documents: int
    ngrams: int


def build_reference(documents: Sequence[str], n: int = 8, fpr: float = 1e-8) -> ReferenceIndex:
    """A Bloom filter of all n-grams of the training documents, false-positive rate at most ``fpr``."""
    ngrams = sum(1 for text in documents for _ in ngrams_of(text, n))
    bloom = BloomFilter(capacity=max(1, ngrams), error_rate=fpr)
    for text in documents:
        for ngram in ngrams_of(text, n):
            bloom.add(ngram)
    return ReferenceIndex(bloom, len(documents), ngrams)


def hits_of(index: ReferenceIndex, documents: Iterable[str], n: int = 8) -> list[list[bool]]:
    """For every test document, for each of its n-grams: is it found in the training set's filter?"""
    return [[ngram in index.filter for ngram in ngrams_of(text, n)] for text in documents]
