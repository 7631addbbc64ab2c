"""Units and their places, the frozen character table, and the n-gram hashes of single strings."""

from __future__ import annotations

import unicodedata

import naive
import numpy as np
import pytest
from format_one import ngram_hash
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import lengths, texts

from overlap.corpus.batches import from_texts
from overlap.hashing import UnitHasher
from overlap.text import character_class, character_table, lower, ngram_hashes, normalise, units

CODE_POINTS = [code for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
SPACELESS_NAMES = ("CJK UNIFIED IDEOGRAPH-", "CJK COMPATIBILITY IDEOGRAPH-", "HANGZHOU NUMERAL ", "IDEOGRAPHIC NUMBER ")
SPACELESS_NAMES += ("HIRAGANA ", "KATAKANA", "HALFWIDTH KATAKANA LETTER ", "HENTAIGANA ", "THAI ", "LAO ", "KHMER ")
SPACELESS_NAMES += ("MYANMAR ",)
ITERATION_MARKS = "\u3005\u303b\U00016fe3"  # of script Han, without a name that says so
unicode_14 = pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="this Python has another Unicode")


def words(text: str) -> list[str]:
    return [unit.word for unit in units(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t--- \u3000", []),
        ("Don't STOP, e-mail me@x.org", ["don", "t", "stop", "e", "mail", "me", "x", "org"]),
        ("snake_case 3.14 1,000 x²", ["snake", "case", "3", "14", "1", "000", "x²"]),
        ("Příliš ŽLUŤOUČKÝ kůň", ["příliš", "žluťoučký", "kůň"]),
        ("E\u0301te\u0301 \u0301x \u0301", ["e\u0301te\u0301", "x"]),  # a mark with nothing to follow separates
        ("漢字kanji漢3字", ["漢", "字", "kanji", "漢", "3", "字"]),
        ("か\u3099き ラーメン", ["か\u3099", "き", "ラ", "ー", "メ", "ン"]),
        ("ไทยวันนี้", ["ไ", "ท", "ย", "วั", "น", "นี้"]),
        ("ខ្មែរ", ["ខ្", "មែ", "រ"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("İstanbul ẞ ΣΑΣ \u212a \u2126", ["istanbul", "ß", "σασ", "k", "ω"]),  # one code point for one, always
        ("a\u00adb a\u200db a\ufeffb", ["a", "b", "a", "b", "a", "b"]),  # invisible, but neither letter nor mark
        ("ab\x00cd", ["ab", "cd"]),
        ("a\ud800b", ["a", "b"]),
        ("𐐀𐐨 𝔄𝟗 😀x", ["𐐨𐐨", "𝔄𝟗", "x"]),
        ("ⅫⅣ ½ ٣", ["ⅻⅳ", "½", "٣"]),
    ],
)
def test_units_by_example(text: str, expected: list[str]) -> None:
    assert words(text) == expected
    assert naive.words(text) == expected
    assert normalise(text) == " ".join(expected)


@settings(max_examples=600)
@given(texts())
def test_units_are_those_of_the_rule(text: str) -> None:
    assert words(text) == naive.words(text)
    assert normalise(text) == " ".join(naive.words(text))


@settings(max_examples=300)
@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_ascii_is_normalised_by_the_same_rule(text: str) -> None:
    assert normalise(text) == " ".join(naive.words(text))


@settings(max_examples=300)
@given(st.lists(st.one_of(texts(), st.sampled_from("\ud800\udbff\udc00\udfff")), max_size=5).map("".join))
def test_spans_lead_back_to_the_units(text: str) -> None:
    end = 0
    for unit in units(text):
        assert end <= unit.start < unit.stop <= len(text)
        assert normalise(text[unit.start : unit.stop]) == unit.word
        assert words(text[end : unit.start]) == []
        end = unit.stop
    assert words(text[end:]) == []


@settings(max_examples=200)
@given(st.lists(texts(), min_size=1, max_size=4))
def test_spans_in_a_batch_are_those_of_each_text(documents: list[str]) -> None:
    batch = from_texts([text.encode() for text in documents], range(len(documents)))
    for index, text in enumerate(documents):
        spans, found = UnitHasher().spans(batch, index)
        assert found == text
        assert [tuple(span) for span in spans.tolist()] == [(unit.start, unit.stop) for unit in units(text)]


@pytest.mark.parametrize("before", range(60, 68))
@pytest.mark.parametrize("size", [1, 7, 8, 9, 63, 64, 65, 128, 200])
@pytest.mark.parametrize("letters", ["Ab", "Éa", "aÉ", "漢", "𐐀"])
def test_words_across_block_edges(before: int, size: int, letters: str) -> None:
    word = (letters * size)[:size]
    for text in (" " * before + word, "x" * (before - 1) + " " + word + " y", "x" * before + word + "é"):
        assert words(text) == naive.words(text)
        assert ngram_hashes(text, 1).tolist() == [ngram_hash([unit]) for unit in naive.words(text)]


@settings(max_examples=400)
@given(texts(), lengths())
def test_hashes_are_those_of_format_1(text: str, n: int) -> None:
    assert ngram_hashes(text, n).tolist() == [ngram_hash(gram) for gram in naive.ngrams(text, n)]


@pytest.mark.parametrize("n", range(1, 65))
def test_every_n_gives_its_n_grams(n: int) -> None:
    text = " ".join(f"w{number}" for number in range(70))
    found = ngram_hashes(text, n)
    assert found.tolist() == [ngram_hash(gram) for gram in naive.ngrams(text, n)]
    assert found.size == np.unique(found).size == 71 - n
    assert ngram_hashes(" ".join(text.split()[: n - 1]), n).size == 0


@pytest.mark.parametrize("n", [0, -1, 65])
def test_n_outside_1_to_64_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to 64, not {n}"):
        ngram_hashes("some words", n)


@pytest.mark.parametrize(
    ("text", "n", "expected"),
    [
        ("a", 1, ["724e70b970e73f03"]),
        ("The quick brown fox jumps over the lazy dog", 8, ["3fb75ec0f91a30af", "c512e6f71ec990b4"]),
        ("The quick brown fox jumps over the lazy dog", 9, ["4adc2da71067a00b"]),
        (
            "Été, 漢字: supercalifragilisticexpialidocious",
            2,
            ["87f3f4c77714a3da", "02b976d1e91f9641", "5aab61edc3c4f378"],
        ),
    ],
)
def test_hashes_of_format_1_are_frozen(text: str, n: int, expected: list[str]) -> None:
    assert [f"{value:016x}" for value in ngram_hashes(text, n).tolist()] == expected


@pytest.mark.parametrize("joint", ["", " ", "a", "\u0301", "漢", "a" * 61], ids=ascii)
def test_every_code_point_once(joint: str) -> None:
    chosen = CODE_POINTS if len(joint) <= 1 else CODE_POINTS[:0x3000]
    text = joint.join(map(chr, chosen))
    assert ngram_hashes(text, 1).tolist() == [ngram_hash([word]) for word in naive.words(text)]


@unicode_14
def test_table_is_unicode_14() -> None:
    for code in CODE_POINTS:
        character = chr(code)
        category = unicodedata.category(character)[0]
        expected = {"L": "word", "N": "word", "M": "mark"}.get(category, "separator")
        kind = character_class(character)
        assert ("word" if kind == "spaceless" else kind) == expected, hex(code)
        assert lower(character) == character.lower()[0], hex(code)


@unicode_14
def test_spaceless_letters_are_those_of_seven_scripts() -> None:
    for code in CODE_POINTS:
        character = chr(code)
        if unicodedata.category(character)[0] in "LN":
            named = unicodedata.name(character, "").startswith(SPACELESS_NAMES) or character in ITERATION_MARKS
            assert (character_class(character) == "spaceless") == named, hex(code)


def test_surrogates_separate() -> None:
    assert {character_class(chr(code)) for code in range(0xD800, 0xE000)} == {"separator"}


def test_table_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        character_table()[0] = 1
