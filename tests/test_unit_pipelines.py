"""Every unit through every step: build and measure, scan, locate, audit, clean, inspect; against sets of tuples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import naive
import numpy as np
import pytest
from commands import call, refused
from inputs import stored

import overlap
from overlap.errors import SignatureMismatch, UnsupportedVersion
from overlap.manifest import FILTER_NAME, MANIFEST_NAME
from overlap.metrics import summarise, word_window_share
from overlap.results import ClassRule, Overlap
from overlap.sealed import seal, unseal
from overlap.segmenting import segmenter_of

NAMES = list(naive.UNITS)
N = {"alnum": 3, "whitespace": 3, "chars": 12, "raw-chars": 12}
COUNTS = tuple(naive.Counts.__dataclass_fields__)
SHARED = "It was the best of times, it was the WORST of times: it was the age of wisdom!"
TRAIN = [
    f"Before. {SHARED} After it, something else.",
    "Nothing of that kind at all -- but 漢字 and Été, and e\u0301tude\u3000too.",
    "",
    "It  was the\tbest of times;\nit was the worst of times? It was the age of wisdom.",
    "x " * 60,
]
TEST = [
    SHARED,
    "short",
    "the best of times, it was the WORST of all; nothing of that kind at all",
    "and 漢字 and Été, and e\u0301tude\u3000too",
    "Entirely new, from the first to the last of its characters 0123456789.",
    "x " * 20,
]


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A training set and a test set."""
    train = stored(tmp_path / "train.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in TRAIN))
    test = stored(tmp_path / "test.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in TEST))
    return str(train), str(test)


def counts_of(result: Overlap) -> dict[str, Any]:
    values = summarise(result)
    return {name: values[name] for name in COUNTS if values[name] is not None}


@pytest.mark.parametrize("unit", NAMES)
def test_build_measure_and_scan_count_what_there_is(tmp_path: Path, files: tuple[str, str], unit: str) -> None:
    train, test = files
    expected = vars(naive.count(TRAIN, TEST, N[unit], unit))
    index = overlap.build_index(train, tmp_path / "i", n=N[unit], unit=unit)
    (measured,) = overlap.measure(index, test)
    assert counts_of(measured) == expected
    (checked,) = overlap.check(train, test, n=N[unit], unit=unit)
    assert counts_of(checked) == expected
    (scanned,), (found,) = overlap.scan(train, test, n=N[unit], unit=unit)
    assert counts_of(scanned) == {name: value for name, value in expected.items() if name != "train_distinct"}
    assert (measured.unit, measured.norm) == (scanned.unit, scanned.norm) == (found.unit, scanned.norm)
    assert f"unit:{measured.unit}|norm:{measured.norm}" in measured.train.signature
    assert found.refuted == 0


@pytest.mark.parametrize("unit", NAMES)
def test_matches_are_the_same_text_in_units(tmp_path: Path, files: tuple[str, str], unit: str) -> None:
    train, test = files
    result = overlap.check(train, test, n=N[unit], unit=unit)
    overlap.Report(result).save(tmp_path / "result")
    (loaded,) = overlap.load_result(tmp_path / "result")
    assert (loaded.unit, loaded.norm) == (result[0].unit, result[0].norm)
    (found,) = overlap.locate((loaded,), train)
    assert (found.refuted, found.false_positives) == (0, 0)
    assert found.matches
    for match in found.matches:
        here, there = TEST[match.test_row], TRAIN[match.row]
        assert here[match.test_start : match.test_stop] == match.test_text
        assert there[match.train_start : match.train_stop] == match.train_text
        units = naive.UNITS[unit](here)[match.first : match.first + match.units]
        assert naive.UNITS[unit](match.test_text) == naive.UNITS[unit](match.train_text) == units
    for run in found.runs:
        assert (
            naive.UNITS[unit](run.text) == naive.UNITS[unit](TEST[run.example])[run.first :][: run.ngrams + N[unit] - 1]
        )
    assert {(m.test_row, m.row) for m in found.matches} >= {(0, 0), (2, 1), (5, 4)}


@pytest.mark.parametrize("unit", NAMES)
def test_a_large_text_file_is_searched_in_pieces(
    tmp_path: Path, files: tuple[str, str], unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document in windows and shards gives what it gives in one."""
    text = " ".join(TRAIN * 40)
    train = str(stored(tmp_path / "book.txt", text))
    expected = vars(naive.count([text], TEST, N[unit], unit))
    monkeypatch.setattr("overlap.corpus.readers.SMALLEST_SHARD", 1000)
    monkeypatch.setattr("overlap.locating.long_text.PIECE", 300)
    (scanned,), (found,) = overlap.scan(train, files[1], n=N[unit], unit=unit)
    assert counts_of(scanned) == {name: value for name, value in expected.items() if name != "train_distinct"}
    for match in found.matches:
        assert text[match.train_start : match.train_stop] == match.train_text
    index = overlap.build_index(train, tmp_path / "i", n=N[unit], unit=unit)
    (measured,) = overlap.measure(index, files[1])
    assert counts_of(measured) == expected


@pytest.mark.parametrize("unit", ["chars", "raw-chars"])
def test_windows_that_begin_where_words_do(tmp_path: Path, files: tuple[str, str], unit: str) -> None:
    (result,) = overlap.check(*files, n=N[unit], unit=unit)
    overlap.Report((result,)).save(tmp_path / "r")
    (loaded,) = overlap.load_result(tmp_path / "r")
    for item in (result, loaded):
        assert item.window_counts is not None
        assert item.windows is not None
        edges = np.cumsum(item.window_counts)
        known = {gram for text in TRAIN for gram in naive.ngrams(text, N[unit], unit)}
        flags = np.split(item.flags, np.cumsum(item.ngrams)[:-1])
        for example, text in enumerate(TEST):
            grams = naive.ngrams(text, N[unit], unit)
            assert flags[example].tolist() == [gram in known for gram in grams]
            mine = item.windows[edges[example] - item.window_counts[example] : edges[example]].tolist()
            assert mine == [start for start in naive.word_starts(text, unit) if start < len(grams)]


@pytest.mark.parametrize("unit", ["chars", "raw-chars"])
def test_share_of_windows_at_word_starts(files: tuple[str, str], unit: str) -> None:
    (result,) = overlap.check(*files, n=N[unit], unit=unit)
    known = {gram for text in TRAIN for gram in naive.ngrams(text, N[unit], unit)}
    expected = []
    for text in TEST:
        grams = naive.ngrams(text, N[unit], unit)
        flags = [grams[start] in known for start in naive.word_starts(text, unit) if start < len(grams)]
        expected.append(sum(flags) / len(flags) if flags else np.nan)
    np.testing.assert_array_equal(word_window_share(result), expected)


@pytest.mark.parametrize("unit", ["alnum", "whitespace"])
def test_words_have_no_windows(files: tuple[str, str], unit: str) -> None:
    (result,) = overlap.check(*files, n=3, unit=unit)
    assert result.window_counts is result.windows is None
    with pytest.raises(ValueError, match="known of characters only, not of words"):
        word_window_share(result)


def test_indexes_of_different_units_are_not_measured_together(tmp_path: Path, files: tuple[str, str]) -> None:
    train, test = files
    one = overlap.build_index(train, tmp_path / "a", name="a", n=12, unit="chars")
    other = overlap.build_index(train, tmp_path / "b", name="b", n=12, unit="raw-chars")
    with pytest.raises(SignatureMismatch) as caught:
        overlap.measure([one, other], test)
    assert (caught.value.expected, caught.value.found) == (
        "n:12|unit:char|norm:alnum-strip-1",
        "n:12|unit:char|norm:raw-1",
    )


def test_another_unit_is_another_index(tmp_path: Path, files: tuple[str, str]) -> None:
    """The folder is left alone, or rebuilt with force; pieces of the one build are not taken for the other's."""
    overlap.build_index(files[0], tmp_path / "i", n=5)
    with pytest.raises(overlap.OverlapError, match="other sources or options"):
        overlap.build_index(files[0], tmp_path / "i", n=5, unit="whitespace")
    rebuilt = overlap.build_index(files[0], tmp_path / "i", n=5, unit="whitespace", force=True)
    fresh = overlap.build_index(files[0], tmp_path / "fresh", name="train", n=5, unit="whitespace")
    assert (tmp_path / "i" / FILTER_NAME).read_bytes() == (tmp_path / "fresh" / FILTER_NAME).read_bytes()
    assert rebuilt.manifest == fresh.manifest


def test_units_of_a_later_version_are_refused(tmp_path: Path, files: tuple[str, str]) -> None:
    overlap.build_index(files[0], tmp_path / "i", n=5)
    path = tmp_path / "i" / MANIFEST_NAME
    body, _ = unseal(path.read_bytes())
    signature = body["signature"].replace("alnum-1", "alnum-2")
    path.write_bytes(seal({**body, "normaliser": "alnum-2", "signature": signature}))
    with pytest.raises(UnsupportedVersion, match=r"units that this overlap does not know \(word, alnum-2\)"):
        overlap.open_index(tmp_path / "i")


@pytest.mark.parametrize("unit", NAMES)
def test_index_answers_for_a_phrase(tmp_path: Path, files: tuple[str, str], unit: str) -> None:
    index = overlap.build_index(files[0], tmp_path / "i", n=N[unit], unit=unit)
    phrase = "It was the best of"
    assert index.contains(phrase).tolist() == [True] * len(naive.ngrams(phrase, N[unit], unit))
    (found,) = overlap.find_phrase(phrase, files[0], unit=unit)
    assert {match.row for match in found.matches} >= {0}


@pytest.mark.parametrize("unit", NAMES)
def test_audit_and_cleaning(tmp_path: Path, files: tuple[str, str], unit: str) -> None:
    train, test = files
    audit = overlap.audit([f"train={train}", f"test={test}"], n=N[unit], unit=unit)
    (pair,) = [pair for pair in audit.pairs if pair.test == "test"]
    expected = naive.count(TRAIN, TEST, N[unit], unit)
    assert (summarise(pair.overlap)["hits"], pair.overlap.unit) == (expected.hits, segmenter_of(unit).unit)
    done = overlap.clean_train(train, test, tmp_path / "clean", n=N[unit], unit=unit)
    known = {gram for text in TEST for gram in naive.ngrams(text, N[unit], unit)}
    dirty = [any(gram in known for gram in naive.ngrams(text, N[unit], unit)) for text in TRAIN]
    assert (done.documents, done.dropped) == (len(TRAIN), sum(dirty))


@pytest.mark.parametrize("unit", ["chars", "raw-chars"])
def test_a_cut_goes_through_no_word(tmp_path: Path, unit: str) -> None:
    train = stored(tmp_path / "train.jsonl", json.dumps({"text": "one two three abcdefgh seven eight nine"}))
    test = stored(tmp_path / "test.jsonl", json.dumps({"text": "abcdefgh"}))
    overlap.clean_train(str(train), str(test), tmp_path / "out", n=8, unit=unit, rule="cut", window=3, min_piece=1)
    pieces = [json.loads(line)["text"] for line in (tmp_path / "out" / "train.jsonl").read_text().splitlines()]
    assert pieces == ["one two", "eight nine"]


def test_rules_are_scaled_to_the_unit() -> None:
    rules = {
        pair: ClassRule.of_unit(*pair) for pair in [("word", "alnum-1"), ("char", "alnum-strip-1"), ("char", "raw-1")]
    }
    assert rules["word", "alnum-1"] == ClassRule() == ClassRule.of_unit("whitespace", "lower-1")
    lengths = [(rule.duplicate_units, rule.passage_units) for rule in rules.values()]
    assert lengths == [(50, 13), (250, 65), (300, 78)]
    assert ClassRule.of_unit("token", "tokens-1-0123456789ab").duplicate_units == 65


def test_reference_engine_has_words_only(files: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="its unit is alnum, not chars"):
        overlap.check(*files, unit="chars", engine="reference")


@pytest.mark.parametrize("unit", NAMES)
def test_commands(tmp_path: Path, files: tuple[str, str], unit: str) -> None:
    """The whole way on the command line; reports call units by their name."""
    train, test = files
    noun = "characters" if "chars" in unit else "words"
    n = N[unit]
    built = call("build", f"web={train}", "-o", tmp_path / "i", "--unit", unit, "--n", n)
    assert f"{n}-grams" in built.stdout
    call("measure", "--index", tmp_path / "i", test, "-o", tmp_path / "r")
    located = call("locate", tmp_path / "r", "--train", f"web={train}", "--format", "md")
    assert located.exit_code == 0, located.stderr
    assert f"longest: {noun} in a row" in located.stdout
    shown = call("inspect", tmp_path / "r", "--format", "md")
    assert f" {noun} in a row, 100% of the example" in shown.stdout
    scanned = call("scan", "--train", f"web={train}", "--test", test, "--unit", unit, "--n", n, "--format", "md")
    assert f"longest: {noun} in a row" in scanned.stdout
    cleaned = call("clean", tmp_path / "r", "-o", tmp_path / "c", "--train", f"web={train}")
    assert "5 documents: " in cleaned.stdout
    asked = call("inspect", "--phrase", SHARED, "--index", tmp_path / "i")
    assert f"of {len(naive.ngrams(SHARED, n, unit))} {n}-grams known" in asked.stdout


def test_too_short_by_unit(tmp_path: Path, files: tuple[str, str]) -> None:
    few = stored(tmp_path / "few.txt", "too few of them")
    assert "no 50-gram in test set few: 1 examples, none with 50 characters" in refused(
        call("scan", "--train", files[0], "--test", few, "--unit", "chars")
    )
    assert "no 50-gram in this corpus: 1 documents, none with 50 characters" in refused(
        call("build", few, "-o", tmp_path / "i", "--unit", "raw-chars")
    )
    assert call("build", few, "-o", tmp_path / "i", "--unit", "bytes").exit_code == 2
