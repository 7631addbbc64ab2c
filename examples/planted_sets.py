"""Four test sets with known overlap: verbatim, disguised, partial, clean.

An example is a row of pieces. A *planted* piece is a window of one training document; a *novel* one begins
and ends with a foreign word and has another at least every eighth word. Two planted pieces never touch.
So an n-gram lies inside one planted piece, and is in the corpus, or holds a foreign word, and is not:
hits can be counted from the lengths of the pieces alone.

One kind of example proves its n-grams absent in another way: a *straddle*, the last seven words of one
record and the first seven of the next. A tool that lets n-grams run across documents finds it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from planted_corpus import Codes, Corpus, Language, punctuate

N = 8
LONGEST = 120
# What may stand between two words: nothing here is a letter, a digit or a combining mark.
SEPARATORS = (
    " ", "-", "\n", " — ", "… ", ",  ", "”, “", " / ", "\t", "_", "!!! ", "\u00a0", "\u200b", ") (", "\r\n",
)  # fmt: skip
CASES: tuple[Callable[[str], str], ...] = (str.upper, str.lower, str.capitalize, str.swapcase)


@dataclass(frozen=True)
class Piece:
    """Some words of an example; `planted` if they are a window of one training document."""

    codes: Codes
    planted: bool


@dataclass(frozen=True)
class Example:
    """Pieces in their order; `repeat` if another example of the set, not so marked, has the same."""

    pieces: tuple[Piece, ...]
    repeat: bool = False

    @property
    def codes(self) -> Codes:
        """The words of all pieces."""
        return np.concatenate([piece.codes for piece in self.pieces])

    @property
    def ngrams(self) -> int:
        """How many n-grams the example has: 0 if it is too short for one."""
        return max(0, sum(len(piece.codes) for piece in self.pieces) - N + 1)

    @property
    def runs(self) -> list[int]:
        """The lengths, in n-grams, of its runs of hits: one for each planted piece that is long enough."""
        return [len(piece.codes) - N + 1 for piece in self.pieces if piece.planted and len(piece.codes) >= N]


class Planter:
    """Makes examples for one test set; takes nothing from the corpus twice, so no n-gram twice."""

    def __init__(self, rng: np.random.Generator, corpus: Corpus) -> None:
        """Shuffle the documents to take windows from, and the records that a straddle can begin in."""
        long_enough = corpus.lengths[corpus.records] >= N
        self.rng = rng
        self.corpus = corpus
        self.sources = rng.permutation(np.flatnonzero(corpus.lengths >= LONGEST)).tolist()
        self.joints = rng.permutation(np.flatnonzero(long_enough[:-1] & long_enough[1:])).tolist()

    def length(self, shortest: int = N) -> int:
        """A random length of a piece, in words."""
        return int(self.rng.integers(shortest, LONGEST + 1))

    def window(self, words: int) -> Piece:
        """So many words from anywhere in a training document that was not used yet."""
        if not self.sources:
            raise ValueError(f"the corpus has too few documents of {LONGEST} words: use more megabytes")
        document = self.corpus.document(self.sources.pop())
        start = int(self.rng.integers(len(document) - words + 1))
        return Piece(document[start : start + words], planted=True)

    def novel(self, words: int) -> Piece:
        """New text: known words, with a foreign one at both ends and at most seven known ones in a row."""
        language = self.corpus.language
        plain = language.known(self.rng, words)
        places = np.cumsum(self.rng.integers(2, N + 1, words))
        places = np.concatenate([[0, words - 1], places[places < words]])
        plain[places] = language.foreign(self.rng, len(places))
        return Piece(punctuate(self.rng, plain, np.array([0]), len(language.words)), planted=False)

    def copied(self) -> Example:
        """Nothing but a window."""
        return Example((self.window(self.length()),))

    def invented(self) -> Example:
        """Nothing but new text."""
        return Example((self.novel(self.length()),))

    def framed(self, words: int) -> Example:
        """A window of so many words with new text before and after it."""
        return Example((self.novel(self.length(1)), self.window(words), self.novel(self.length(1))))

    def edited(self) -> Example:
        """A window with one word replaced: the n-grams across that place are lost, the others stay."""
        codes = self.window(self.length(2 * N)).codes
        cut = int(self.rng.integers(1, len(codes) - 1))
        return Example((Piece(codes[:cut], True), self.novel(1), Piece(codes[cut + 1 :], True)))

    def straddle(self) -> Example:
        """The end of one record and the beginning of the next."""
        row = self.joints.pop()
        before, after = (self.corpus.document(self.corpus.records[r]) for r in (row, row + 1))
        return Example((Piece(before[-N + 1 :], False), Piece(after[: N - 1], False)))

    def too_short(self, planted: bool) -> Example:
        """Fewer words than an n-gram has; copied or not, no n-gram can tell."""
        words = int(self.rng.integers(1, N))
        return Example((self.window(words) if planted else self.novel(words),))

    def fill(self, examples: list[Example], count: int) -> list[Example]:
        """Add short examples and new ones up to `count`, in random order."""
        examples = examples + [self.too_short(planted=bool(i % 2)) for i in range(count // 50)]
        examples += [self.invented() for _ in range(count - len(examples))]
        return [examples[i] for i in self.rng.permutation(len(examples))]


def verbatim(planter: Planter, count: int) -> list[Example]:
    """A quarter of the examples is copied as it stands, and some of those copies are in the set twice."""
    copied = [planter.copied() for _ in range(count // 4)]
    return planter.fill(copied + [Example(e.pieces, repeat=True) for e in copied[: count // 50]], count)


def disguised(planter: Planter, count: int) -> list[Example]:
    """A third is copied; `write_set` then changes the case and punctuation of the whole set."""
    return planter.fill([planter.copied() for _ in range(count // 3)], count)


def partial(planter: Planter, count: int) -> list[Example]:
    """Windows in, before and after new text, windows with one word edited, and windows of exactly 8 and 7."""
    tenth = range(count // 10)
    examples = [planter.framed(planter.length()) for _ in tenth]
    examples += [Example((planter.window(planter.length()), planter.novel(planter.length()))) for _ in tenth]
    examples += [Example((planter.novel(planter.length()), planter.window(planter.length()))) for _ in tenth]
    examples += [planter.edited() for _ in tenth]
    examples += [planter.framed(N) for _ in tenth]
    examples += [planter.framed(N - 1) for _ in tenth]
    return planter.fill(examples, count)


def clean(planter: Planter, count: int) -> list[Example]:
    """Nothing to find: new text, windows one word too short for an n-gram, and straddles."""
    tenth = range(count // 10)
    return planter.fill([planter.framed(N - 1) for _ in tenth] + [planter.straddle() for _ in tenth], count)


RECIPES: dict[str, Callable[[Planter, int], list[Example]]] = {
    "verbatim": verbatim,
    "disguised": disguised,
    "partial": partial,
    "clean": clean,
}


def disguise(rng: np.random.Generator, words: list[str]) -> str:
    """Write words in random case, with anything between them that is not part of a word."""
    cases = rng.integers(len(CASES), size=len(words)).tolist()
    marks = rng.integers(len(SEPARATORS), size=len(words)).tolist()
    parts = (CASES[c](w) + SEPARATORS[m] for w, c, m in zip(words, cases, marks, strict=True))
    return "“" + "".join(parts) + "”"


def write_set(rng: np.random.Generator, language: Language, name: str, examples: list[Example], path: Path) -> None:
    """Write a test set as JSON lines with `id` and `text`."""
    with path.open("w", encoding="utf-8") as file:
        for row, example in enumerate(examples):
            text = language.text(example.codes)
            if name == "disguised":
                text = disguise(rng, language.text(language.plain(example.codes)).split())
            file.write(json.dumps({"id": f"{name}-{row:04}", "text": text}) + "\n")
