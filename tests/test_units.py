"""The units besides alnum words: white space, characters; their hashes, their places, the same in pieces and shards."""

from __future__ import annotations

from pathlib import Path

import naive
import numpy as np
import pytest
from format_one import BITS_64, UNIT_FINAL, UNIT_SEED, UNIT_STEP, ngram_hash, unit_hash
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from inputs import cut, one_file, stored
from strategies import ASCII_WORDS, SEPARATORS, almost_utf8, lengths, texts

from overlap.characters import WHITE_SPACE
from overlap.corpus import read_file, read_shard
from overlap.corpus.batches import from_texts
from overlap.errors import BadRecord
from overlap.hashing import NgramHasher, UnitHasher, word_starts
from overlap.segmenting import segmenter_of
from overlap.text import ngram_hashes, normalise, units

NAMES = list(naive.UNITS)
NEW = NAMES[1:]


def spacious() -> st.SearchStrategy[str]:
    """Texts with every kind of white space, and with zero bytes, among their letters."""
    stretch = st.text(ASCII_WORDS + SEPARATORS + WHITE_SPACE + "\x00\x1bÉ\u0301漢😀\u200b", max_size=90)
    return st.lists(st.one_of(texts(), stretch), max_size=4).map("".join)


def number_hash(number: int) -> int:
    """The hash of a unit that is a number: one step of the words' chain."""
    state = (UNIT_SEED ^ number) * UNIT_STEP & BITS_64
    state = (state ^ (state >> 32)) * UNIT_FINAL & BITS_64
    return state ^ (state >> 29)


@pytest.mark.parametrize(
    ("unit", "text", "expected"),
    [
        ("whitespace", "", []),
        ("whitespace", " \t\n\x1c\x85\u3000", []),
        ("whitespace", "Don't  STOP, e-mail\u00a0ME@X.org\n", ["don't", "stop,", "e-mail", "me@x.org"]),
        ("whitespace", "[A] {Z} @` É漢字x", ["[a]", "{z}", "@`", "é漢字x"]),
        ("whitespace", "a\x00 a\x00b \x00", ["a\x00", "a\x00b", "\x00"]),
        ("whitespace", "a\u200bb \ufeffc", ["a\u200bb", "\ufeffc"]),  # no white space: str.split() keeps them
        ("chars", "", []),
        ("chars", " .,-\n😀", []),
        ("chars", "Don't 3.14!", list("Dont314")),
        ("chars", "e\u0301 漢字 ½", ["e", "\u0301", "漢", "字", "½"]),
        ("raw-chars", "A b\n\x00é", ["A", " ", "b", "\n", "\x00", "é"]),
    ],
)
def test_units_by_example(unit: str, text: str, expected: list[str]) -> None:
    assert [item.word for item in units(text, unit)] == expected
    assert naive.UNITS[unit](text) == expected
    assert normalise(text, unit) == " ".join(expected)


@pytest.mark.parametrize("unit", NEW)
@settings(max_examples=250)
@given(text=spacious())
@example(text="x" * 63 + "\x00" + "y" * 70)
def test_units_are_those_of_the_rule(unit: str, text: str) -> None:
    assert [item.word for item in units(text, unit)] == naive.UNITS[unit](text)


@pytest.mark.parametrize("unit", NEW)
@settings(max_examples=150)
@given(text=spacious())
def test_spans_lead_back_to_the_units(unit: str, text: str) -> None:
    end = 0
    for item in units(text, unit):
        assert end <= item.start < item.stop <= len(text)
        assert normalise(text[item.start : item.stop], unit) == item.word
        assert units(text[end : item.start], unit) == []
        end = item.stop
    assert units(text[end:], unit) == []


@settings(max_examples=250)
@given(spacious(), lengths())
def test_hashes_of_white_space_words(text: str, n: int) -> None:
    """Those of format 1 over the lower-cased bytes; a zero byte is written as a number behind Unicode's last."""
    grams = naive.ngrams(text, n, "whitespace")
    found = ngram_hashes(text, n, "whitespace").tolist()
    if "\x00" not in text:
        assert found == [ngram_hash(gram) for gram in grams]
    assert len(found) == len(grams)
    assert (len(set(found)) == len(set(grams))) or not grams


@pytest.mark.parametrize(("one", "other"), [("a", "a\x00"), ("\x00", "\x00\x00"), ("abcdefgh", "abcdefgh\x00")])
def test_zero_bytes_make_other_words(one: str, other: str) -> None:
    assert ngram_hashes(one, 1, "whitespace")[0] != ngram_hashes(other, 1, "whitespace")[0]


@pytest.mark.parametrize("unit", ["chars", "raw-chars"])
@settings(max_examples=150)
@given(text=spacious())
def test_hashes_of_characters(unit: str, text: str) -> None:
    assert segmenter_of(unit).hashes(text).tolist() == [number_hash(ord(item)) for item in naive.UNITS[unit](text)]


def test_hash_of_one_letter_is_that_of_the_word() -> None:
    assert number_hash(ord("a")) == unit_hash("a")


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("whitespace", "d73f6e76fb06df47"),
        ("chars", "ec83f48524bc0f88"),
        ("raw-chars", "49357624d382d7f5"),
    ],
)
def test_hashes_are_frozen(unit: str, expected: str) -> None:
    text = "The quick, brown fox jumps over the lazy dog: Été, 漢字 -- and a little more of the same."
    assert f"{ngram_hashes(text, unit=unit)[0]:016x}" == expected


def test_default_lengths() -> None:
    text = "abcdefghij " * 10
    assert ngram_hashes(text, unit="whitespace").size == 3
    assert ngram_hashes(text, unit="chars").size == 51
    assert ngram_hashes(text, unit="raw-chars").size == 61


@pytest.mark.parametrize("unit", ["", "words", "Alnum", "tokens", "tokens:"])
def test_other_units_are_refused(unit: str) -> None:
    with pytest.raises(ValueError, match="unit must be one of alnum, whitespace, chars, raw-chars or tokens:TOKENIZER"):
        units("some words", unit)


def test_white_space_is_that_of_python() -> None:
    assert {character for character in map(chr, range(0x110000)) if character.isspace()} == set(WHITE_SPACE)


@pytest.mark.parametrize("unit", NAMES)
@pytest.mark.parametrize("joint", ["", " ", "a", "\u0301", "\x00"], ids=ascii)
def test_every_code_point(unit: str, joint: str) -> None:
    codes = [code for code in range(0x3100 if joint else 0x110000) if not 0xD800 <= code <= 0xDFFF]
    text = joint.join(map(chr, codes))
    assert segmenter_of(unit).hashes(text).size == len(naive.UNITS[unit](text))
    if joint:
        assert [item.word for item in units(text, unit)] == naive.UNITS[unit](text)


@pytest.mark.parametrize("unit", NEW)
@settings(max_examples=100)
@given(documents=st.lists(spacious(), min_size=1, max_size=4))
def test_spans_in_a_batch(unit: str, documents: list[str]) -> None:
    batch = from_texts([text.encode() for text in documents], range(len(documents)))
    for index, text in enumerate(documents):
        spans, found = UnitHasher(segmenter_of(unit)).spans(batch, index)
        assert found == text
        assert [tuple(span) for span in spans.tolist()] == [(item.start, item.stop) for item in units(text, unit)]


@pytest.mark.parametrize("unit", NEW)
@settings(max_examples=60)
@given(text=spacious(), n=lengths(), places=st.lists(st.integers(0, 3000), max_size=4), block=st.integers(1, 200))
def test_pieces_and_shards_give_what_the_whole_gives(
    tmp_path_factory: pytest.TempPathFactory, unit: str, text: str, n: int, places: list[int], block: int
) -> None:
    text = text.replace("\r", "\n")
    file = one_file(stored(tmp_path_factory.mktemp("pieces") / "a.txt", text))
    hasher = NgramHasher(n, segmenter_of(unit))
    found: list[int] = []
    counted = 0
    for shard in cut(file, places):
        hasher.start(shard)
        for batch in read_shard(shard, block):
            out = np.empty(hasher.read(batch, shard), np.uint64)
            end, counts = hasher.write(out, 0)
            assert end == out.size
            found += out.tolist()
            counted += int(counts.sum())
    assert found == ngram_hashes(text, n, unit).tolist()
    assert counted == len(naive.UNITS[unit](text))


@pytest.mark.parametrize("unit", NEW)
@settings(max_examples=100)
@given(data=almost_utf8())
def test_faults_in_utf8_are_found(tmp_path_factory: pytest.TempPathFactory, unit: str, data: bytes) -> None:
    assume(not data.startswith((b"\xff\xfe", b"\xfe\xff")))  # that is UTF-16, and refused as such
    file = one_file(stored(tmp_path_factory.mktemp("faults") / "a.txt", data))
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        with pytest.raises(BadRecord, match=f"at {error.start:,} of the text"):
            _hashes(file, unit)
    else:
        assert _hashes(file, unit) == ngram_hashes(text, 1, unit).tolist()


def _hashes(file: object, unit: str) -> list[int]:
    from overlap.corpus import InputFile, Shard

    assert isinstance(file, InputFile)
    hasher = NgramHasher(1, segmenter_of(unit))
    found: list[int] = []
    for batch in read_file(file):
        out = np.empty(hasher.read(batch, Shard(file, 0, file.size)), np.uint64)
        hasher.write(out, 0)
        found += out.tolist()
    return found


@pytest.mark.parametrize("unit", ["chars", "raw-chars"])
@settings(max_examples=150)
@given(documents=st.lists(spacious(), min_size=1, max_size=4))
def test_characters_that_begin_words(unit: str, documents: list[str]) -> None:
    batch = from_texts([text.encode() for text in documents], range(len(documents)))
    begun = word_starts(segmenter_of(unit), batch)
    assert begun is not None
    counts, starts = begun
    expected = [naive.word_starts(text, unit) for text in documents]
    assert counts.tolist() == [len(item) for item in expected]
    assert starts.tolist() == [start for item in expected for start in item]


def test_words_have_no_word_starts() -> None:
    batch = from_texts([b"two words"], [0])
    assert word_starts(segmenter_of("alnum"), batch) is word_starts(segmenter_of("whitespace"), batch) is None


def test_a_large_text(tmp_path: Path) -> None:
    """Over a megabyte, without white space or with nothing else, as one document."""
    for text in ("Ab3é" * 300_000, " \n" * 600_000, "x " * 600_000):
        file = one_file(stored(tmp_path / "a.txt", text))
        for unit in NEW:
            assert len(_hashes(file, unit)) == len(naive.UNITS[unit](text))
