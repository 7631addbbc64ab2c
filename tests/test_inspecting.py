"""inspect: what is shown, in which order, and that nothing in a text is taken for markup."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import call, refused
from inputs import stored

import overlap
from overlap.report.side_by_side import chosen_matches, matches_markdown, matches_rich

WORDS = [f"w{i}" for i in range(200)]


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """A long match, a short one that covers more of its example, and hostile text."""
    hostile = "[bold red]one[/] two <b>three</b> **four** `five` six | seven eight \x1b[31m nine"
    trains = [" ".join(WORDS[:70]), " ".join(WORDS[100:110]), hostile]
    tests = [" ".join([*WORDS[:60], *(f"x{i}" for i in range(40))]), " ".join(WORDS[100:109]), f"zero {hostile} ten"]
    train = stored(
        tmp_path / "train.jsonl", "".join(json.dumps({"text": t, "u": f"d{i}"}) + "\n" for i, t in enumerate(trains))
    )
    test = stored(
        tmp_path / "test.jsonl", "".join(json.dumps({"text": t, "q": f"q{i}"}) + "\n" for i, t in enumerate(tests))
    )
    outcome = call(
        "scan", "--train", train, "--test", test, "--id-field", "u", "--test-id-field", "q", "-o", tmp_path / "r"
    )
    assert outcome.exit_code == 0
    return tmp_path / "r"


def _examples(result: Path, *options: str) -> list[int]:
    return [match["example"] for match in json.loads(call("inspect", result, "--format", "json", *options).stdout)]


def test_order_and_filters(result: Path) -> None:
    assert _examples(result) == [0, 2, 1]
    assert _examples(result, "--sort", "coverage")[0] == 1
    assert _examples(result, "--sort", "example") == [0, 1, 2]
    assert _examples(result, "--limit", "1") == [0]
    assert _examples(result, "--min-length", "10") == [0, 2]
    assert _examples(result, "--example", "q2") == [2]
    assert _examples(result, "--example", "2") == []  # no id, and the examples have ids
    assert _examples(result, "--class", "duplicate") == [0, 1]
    assert "no matches of other; there are: test" in " ".join(call("inspect", result, "--test", "other").stderr.split())
    assert call("inspect", result, "--limit", "-1").exit_code == 2
    assert "--index does nothing with a RESULT" in call("inspect", result, "--index", "x").stderr
    assert "--class does nothing with --phrase" in call("inspect", "--phrase", "a b", "--class", "passage").stderr
    assert _examples(result, "--train", "train") == [0, 2, 1]


def test_both_sides_and_their_places(result: Path) -> None:
    text = call("inspect", result, "--example", "q1").stdout
    assert "test q1 — " in text
    assert "train.jsonl, record 2 (d1)" in text
    assert "duplicate: 9 words in a row, 100% of the example" in text


def test_text_is_no_markup(result: Path) -> None:
    plain = call("inspect", result, "--example", "q2").stdout
    assert "\x1b" not in plain
    assert "[bold red]one[/] two <b>three</b>" in " ".join(plain.split())
    markdown = call("inspect", result, "--example", "q2", "--format", "md").stdout
    assert "\\<b\\>three\\</b\\>" in markdown


def test_context_is_cut_at_words() -> None:
    found = overlap.Match(
        0,
        0,
        8,
        0.1,
        "short match",
        1,
        1,
        "t",
        0,
        "",
        0,
        1,
        "x" * 10 + " " + "y " * 60,
        "shared",
        " z" * 70,
        "s",
        0,
        "",
        0,
        1,
        "short before ",
        "shared",
        " short after",
    )
    item = overlap.Findings("a", False, "b", 8, 1, 1, 1, True, 1, 0.0, 5, 0, overlap.ClassRule(), (), (found,))
    text = matches_markdown(chosen_matches([item]))
    assert "- *test:* … y y" in text
    assert "z …" in text
    assert "xxx" not in text
    assert "- *training:* short before **shared** short after" in text
    assert matches_rich(chosen_matches([item])) is not None


def test_phrases(result: Path, tmp_path: Path) -> None:
    train = tmp_path / "train.jsonl"
    assert call("build", train, "-o", tmp_path / "i").exit_code == 0
    outcome = call("inspect", "--phrase", " ".join(WORDS[3:20]).upper(), "--index", tmp_path / "i", "--train", train)
    assert f"{tmp_path / 'i'}: 10 of 10 8-grams known" in outcome.stdout
    assert "train: in 1 document\n" in outcome.stdout
    many = call("inspect", "--phrase", " ".join([*WORDS[:70], "more"]), "--train", train)
    assert "train: in 1 document, the rarest 64 words in a row" in many.stdout
    assert call("inspect", "--phrase", "two words", "--index", tmp_path / "i").exit_code == 2
    assert call("inspect", "--phrase", "two words").exit_code == 2
    assert call("inspect").exit_code == 2


def test_results_without_matches(tmp_path: Path) -> None:
    train = stored(tmp_path / "a.txt", " ".join(WORDS))
    assert call("check", "--train", train, "--test", train, "-o", tmp_path / "r").exit_code == 0
    assert "run overlap locate" in refused(call("inspect", tmp_path / "r"))
    assert call("locate", tmp_path / "r", "--train", train).exit_code == 0
    assert len(_examples(tmp_path / "r")) == 1
    assert "--force replaces them" in refused(call("locate", tmp_path / "r", "--train", train))
