"""An invented vocabulary with the statistics of English, made from a seed.

Words are random syllables: nothing is taken from any text. What is imitated is what a word hasher and a
Bloom filter notice: Zipf-Mandelbrot frequencies, common words shorter than rare ones (4.5 letters a running
word), some contractions, proper nouns, numbers, and a few words with letters or apostrophes outside ASCII.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

ONSETS = (*"bcdfghlmnprstw", "", "", "br", "ch", "fl", "gr", "pl", "pr", "sh", "st", "th", "tr", "wh")
VOWELS = (*"aaeeeiioou", "ai", "ea", "ee", "ou")
CODAS = (*"dlmnnrrstt", "", "", "", "ck", "ll", "nd", "ng", "st")
ACCENTS = str.maketrans("aeiou", "áéíöü")

SLOTS = 1 << 21
"""Draws are made from a table in which a word fills slots in proportion to its frequency: one load a draw,
where a search in the cumulated frequencies costs a hundred nanoseconds."""


@dataclass(frozen=True)
class Vocabulary:
    """Spellings, and the table that a uniform number is turned into a word with."""

    lower: list[bytes]
    """Every word as it stands inside a sentence."""
    capital: list[bytes]
    """The same words as they start one."""
    slots: npt.NDArray[np.int32]
    """`SLOTS` word numbers; a uniform choice among them is a Zipf choice among words."""

    def mean_letters(self) -> float:
        """Return the mean length in characters of a running word."""
        lengths = np.array([len(word.decode()) for word in self.lower])
        return float(lengths[self.slots].mean())


def make_vocabulary(seed: int, size: int = 60_000, numbers: int = 3_000) -> Vocabulary:
    """Make `size` words and `numbers` numerals; the same seed gives the same vocabulary."""
    rng = random.Random(f"vocabulary {seed}")
    words = _dress(_words(rng, size), rng)
    numerals = [_numeral(rng) for _ in range(numbers)]
    spellings = words + numerals
    return Vocabulary(
        lower=[word.encode() for word in spellings],
        capital=[(word[:1].upper() + word[1:]).encode() for word in spellings],
        slots=_slots(size, numbers),
    )


def _words(rng: random.Random, size: int) -> list[str]:
    """Make distinct words, the most frequent first; the length grows with the logarithm of the rank."""
    seen = set("bcdfghlmnprstwy")  # one consonant is no word
    words: list[str] = []
    for rank in range(1, size + 1):
        mean = 1.9 + 0.46 * float(np.log(rank))
        length = max(1, round(rng.gauss(mean, 0.4 + 0.25 * mean)))
        word = _word(rng, length)
        while word in seen:
            length += rng.random() < 0.3  # short words run out
            word = _word(rng, length)
        seen.add(word)
        words.append(word)
    return words


def _word(rng: random.Random, length: int) -> str:
    word = ""
    while len(word) < length:
        word += rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS)
    return word[:length]


def _dress(words: list[str], rng: random.Random) -> list[str]:
    """Turn a few words into contractions, proper nouns and accented words; the commonest stay plain."""
    return [_dressed(word, rng) if rank > 30 else word for rank, word in enumerate(words)]


def _dressed(word: str, rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.010:
        return word + rng.choice(("'s", "'t", "'ll"))
    if kind < 0.012:
        return word + "\u2019s"
    if kind < 0.042:
        return word[:1].upper() + word[1:]
    return word.translate(ACCENTS) if kind < 0.045 else word


def _numeral(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.4:
        return str(rng.randint(1900, 2030))
    if kind < 0.8:
        return str(rng.randint(0, 999))
    if kind < 0.9:
        return f"{rng.randint(0, 99)}.{rng.randint(0, 99)}"
    return f"{rng.randint(1, 999)},{rng.randint(0, 999):03d}"


def _slots(size: int, numbers: int, numeral_share: float = 0.015) -> npt.NDArray[np.int32]:
    """Share the slots out by Zipf-Mandelbrot (exponent 1.05, shift 2.7); numerals are equally frequent."""
    weights = 1.0 / (np.arange(1, size + 1) + 2.7) ** 1.05
    shares = np.concatenate([weights / weights.sum() * (1 - numeral_share), np.full(numbers, numeral_share / numbers)])
    edges = np.round(np.cumsum(shares) * SLOTS).astype(np.int64)
    return np.repeat(np.arange(size + numbers, dtype=np.int32), np.diff(edges, prepend=0))
