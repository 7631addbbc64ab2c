"""An invented language, and a training corpus written in it.

Words are strings of made-up syllables, some with accents, and their frequencies follow Zipf's law. The
language has two vocabularies that share no word: the *known* one, of which the training corpus is made,
and the *foreign* one, which the corpus never uses. One foreign word in an n-gram is therefore a proof that
the n-gram is not in the corpus; everything that `planted` promises rests on that.

Text is held as arrays of codes, one for each word: code % len(words) is the word, code // len(words) how it
is written (plain, capitalised, before a comma, before a full stop).

Not a model of real language: words are drawn independently, so phrases do not recur except where a whole
document is repeated on purpose.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int32]

KNOWN_WORDS = 50_000
FOREIGN_WORDS = 20_000
ONSETS = ("sh", "st", "tr", *"bdfghklmnprstvzčñ")
VOWELS = "aeiouéö"
CODAS = ("", "n", "r", "s", "l")
PLAIN, CAPITAL, COMMA, STOP = range(4)
# Mandelbrot's shift of Zipf's law. Without it the first few words are so frequent that two of the corpus's
# eight-word windows come out equal, by accident, for one seed in a hundred.
ZIPF_SHIFT = 2.7
DECK = 2**20
MEAN_WORDS = 150
REPEATED_SHARE = 0.01
PARTS = ("part-0.jsonl", "part-1.jsonl", "part-2.jsonl", "part-3.jsonl.gz")


@dataclass(frozen=True)
class Language:
    """The words, the known ones first; how each code is written; and a deck of cards to draw words from.

    Every known word is on as many of the deck's cards as its frequency asks for. A card costs one look-up;
    searching each draw's place among the cumulative frequencies took a quarter of the demo's time.
    """

    words: list[str]
    deck: Codes
    written: npt.NDArray[np.object_]

    def known(self, rng: np.random.Generator, count: int) -> Codes:
        """Draw known words by Zipf's law."""
        return self.deck[rng.integers(DECK, size=count, dtype=np.int32)]

    def foreign(self, rng: np.random.Generator, count: int) -> Codes:
        """Draw words that the training corpus does not contain."""
        return rng.integers(KNOWN_WORDS, len(self.words), count, dtype=np.int32)

    def text(self, codes: Codes) -> str:
        """Write codes out as running text."""
        return " ".join(self.written[codes].tolist())

    def plain(self, codes: Codes) -> Codes:
        """The bare words of codes, whatever way they are written."""
        return codes % np.int32(len(self.words))


@dataclass(frozen=True)
class Corpus:
    """The different documents, end to end in `codes`, and the order in which records repeat them."""

    language: Language
    codes: Codes
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    records: npt.NDArray[np.int64]

    def document(self, number: int) -> Codes:
        """The codes of one document."""
        return self.codes[self.starts[number] : self.starts[number] + self.lengths[number]]


def make_words(rng: np.random.Generator, count: int) -> list[str]:
    """Invent `count` different words; the shorter a word, the earlier it comes, as in real languages."""
    syllables = [onset + vowel + coda for onset in ONSETS for vowel in VOWELS for coda in CODAS]
    words = dict.fromkeys(syllables)
    while len(words) < count:
        for one, two, three in rng.integers(len(syllables), size=(count - len(words), 3)).tolist():
            words[syllables[one] + syllables[two] + (syllables[three] if three % 2 else "")] = None
    return sorted(words, key=len)


def make_language(rng: np.random.Generator) -> Language:
    """Deal invented words to the two vocabularies, and prepare the four ways to write each."""
    pool = make_words(rng, KNOWN_WORDS + FOREIGN_WORDS)
    foreign = set(rng.choice(len(pool), FOREIGN_WORDS, replace=False).tolist())
    words = [word for rank, word in enumerate(pool) if rank not in foreign]
    words += [pool[rank] for rank in sorted(foreign)]
    cumulative = np.cumsum(1 / (np.arange(KNOWN_WORDS) + 1 + ZIPF_SHIFT))
    deck = np.searchsorted(cumulative, (np.arange(DECK) + 0.5) / DECK * cumulative[-1])
    forms = [*words, *(w.capitalize() for w in words), *(w + "," for w in words), *(w + "." for w in words)]
    return Language(words, deck.astype(np.int32), np.array(forms, dtype=np.object_))


def punctuate(rng: np.random.Generator, plain: Codes, starts: npt.NDArray[np.int64], size: int) -> Codes:
    """Cut words into sentences, with commas; every position in `starts` begins one, and ends the one before.

    `size` is the number of words in the language, the distance between two ways to write one word.
    """
    chance = rng.random(len(plain))
    form = np.zeros(len(plain), dtype=np.int32)
    form[chance < 1 / 7] = COMMA
    stops = chance < 1 / 14
    stops[starts - 1] = True  # -1, before the first text, is the end of the last one
    form[stops] = STOP
    form[np.roll(stops, 1)] = CAPITAL
    return (plain + form * np.int32(size)).astype(np.int32)


def make_corpus(rng: np.random.Generator, language: Language, megabytes: float) -> Corpus:
    """Draw documents for about so many megabytes of JSON lines; one in a hundred is there twice."""
    letters = float(np.mean([len(language.words[card].encode()) for card in language.deck[::100]]))
    record_bytes = MEAN_WORDS * (letters + 1.15) + 36  # a blank and some punctuation; JSON and id
    count = max(2, int(megabytes * 1e6 / record_bytes / (1 + REPEATED_SHARE)))
    lengths = rng.lognormal(np.log(MEAN_WORDS) - 0.5, 1.0, count).clip(1, 20 * MEAN_WORDS).astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    plain = language.known(rng, int(lengths.sum()))
    repeats = rng.choice(count, int(count * REPEATED_SHARE), replace=False)
    records = rng.permutation(np.concatenate([np.arange(count), repeats]))
    codes = punctuate(rng, plain, starts, len(language.words))
    return Corpus(language, codes, starts, lengths, records)


def json_lines(corpus: Corpus, first: int, last: int) -> Iterator[str]:
    """The records from `first` up to `last`, one JSON object a line."""
    for row in range(first, last):
        text = corpus.language.text(corpus.document(corpus.records[row]))
        yield json.dumps({"id": f"doc-{row:06}", "text": text}, ensure_ascii=False) + "\n"


def write_corpus(corpus: Corpus, folder: Path) -> int:
    """Write the records into `folder`, plain and compressed files in turn; return the bytes of their text."""
    folder.mkdir(parents=True)
    bounds = np.linspace(0, len(corpus.records), len(PARTS) + 1).astype(int).tolist()
    total = 0
    for name, first, last in zip(PARTS, bounds, bounds[1:], strict=False):
        data = "".join(json_lines(corpus, first, last)).encode()
        total += len(data)
        packed = gzip.compress(data, compresslevel=1, mtime=0) if name.endswith(".gz") else data
        (folder / name).write_bytes(packed)
    return total
