"""Parts and groups in reports: every row equals what its examples, or its fields, give alone."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from commands import call, refused
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import encoded, stored
from samples import OTHER, SENTENCE, WORDS

import overlap
from overlap.metrics import group_counts, part_counts, summarise

TEXTS = st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join)
ROWS = st.lists(
    st.fixed_dictionaries({"q": TEXTS, "a": TEXTS, "g": st.sampled_from(["x", "y", ""])}), min_size=1, max_size=6
)
FILLER = {"q": "so that there is one", "a": "ngram in both parts", "g": "x"}
SHARED = (
    "examples", "too_short", "examples_hit", "examples_over_15_percent", "examples_all_hit", "test_ngrams", "hits",
    "overlap_percent", "mean_overlap_percent", "longest_run",
)  # fmt: skip


def numbers(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in SHARED}


@settings(max_examples=40)
@given(ROWS, TEXTS, st.integers(1, 3))
def test_rows_are_what_their_examples_give_alone(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]], train: str, n: int
) -> None:
    rows = [*rows, FILLER]
    folder = tmp_path_factory.getbasetemp()
    corpus = str(stored(folder / "breakdown.txt", f"{train} {rows[0]['q']} {rows[0]['a']} {FILLER['a']}"))

    def alone(chosen: list[dict[str, str]], fields: str) -> dict[str, Any]:
        path = stored(folder / "breakdown.jsonl", encoded(chosen, "jsonl"))
        (found,) = overlap.check(corpus, f"{path}::{fields}", n=n, parts=(), group=None)
        return numbers(summarise(found))

    path = stored(folder / "breakdown-all.jsonl", encoded(rows, "jsonl"))
    (found,) = overlap.check(corpus, str(path), n=n, parts=["q", "a"], group="g")
    assert numbers(summarise(found)) == alone(rows, "q,a")
    assert {row["part"]: numbers(row) for row in part_counts(found)} == {name: alone(rows, name) for name in ("q", "a")}
    groups = {row["group"]: row for row in group_counts(found)}
    assert list(groups) == list(dict.fromkeys(row["g"] for row in rows))
    assert sum(row["hits"] for row in groups.values()) == int(found.hits.sum())
    assert numbers(groups["x"]) == alone([row for row in rows if row["g"] == "x"], "q,a")


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """A stored result of two subjects and two parts; one question, and one stretch over the joint, is in training."""
    rows = [
        {"id": "law-1", "subject": "law", "q": SENTENCE, "a": OTHER},
        {"id": "art-1", "subject": "art", "q": "too short", "a": "to be measured"},
        {"id": "art-2", "subject": None, "q": "a question that stands nowhere", "a": "but in this test set alone"},
    ]
    test = stored(tmp_path / "exam.jsonl", encoded(rows, "jsonl"))
    joint = " ".join([*SENTENCE.split()[-4:], *OTHER.split()[:5]])
    train = stored(tmp_path / "web.jsonl", encoded([{"text": SENTENCE}, {"text": f"so: {joint}"}], "jsonl"))
    options = ["--part", "question=q", "--part", "answer=a", "--test-id-field", "id", "--group", "subject"]
    outcome = call("scan", "--train", train, "--test", test, *options, "-o", tmp_path / "r", "--format", "json")
    assert outcome.exit_code == 0, outcome.stderr
    return tmp_path / "r"


def test_reports_show_parts_and_groups(result: Path) -> None:
    (row,) = json.loads(call("report", result, "--format", "json").stdout)["results"]
    parts = {part["part"]: (part["test_ngrams"], part["hits"], part["too_short"]) for part in row["parts"]}
    assert parts == {"question": (10, 10, 2), "answer": (12, 0, 2)}
    assert [(group["group"], group["examples"], group["too_short"]) for group in row["groups"]] == [
        ("law", 1, 0),
        ("art", 1, 1),
        ("", 1, 0),
    ]
    text = call("report", result, "--format", "md").stdout
    assert "Per part of the examples" in text
    assert "Per group of examples" in text
    assert "(none)" in text
    (line,) = csv.DictReader(call("report", result, "--format", "csv").stdout.splitlines())
    assert line["hits"] == str(row["hits"])  # flat: one line for a training set and a test set
    assert "Per part" in call("report", result).stdout
    assert r"\begin{tabular}{lllr" in call("report", result, "--format", "latex").stdout


def test_matches_name_their_part(result: Path) -> None:
    (findings,) = overlap.load_findings(result)
    assert [(match.part, match.units) for match in findings.matches] == [("question", 17), ("question+answer", 9)]
    shown = call("inspect", result, "--format", "md").stdout
    assert "of the example (in question+answer); its rarest" in shown
    assert findings.to_arrow().column("part").to_pylist() == ["question", "question+answer"]


def test_labels_have_ids(result: Path, tmp_path: Path) -> None:
    assert call("clean", result, "-o", tmp_path / "split").exit_code == 0
    with (tmp_path / "split" / "exam" / "labels.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0])[:5] == ["example", "source", "row", "id", "label"]
    assert [(row["id"], row["label"]) for row in rows] == [
        ("law-1", "dirty"), ("art-1", "too_short"), ("art-2", "clean"),
    ]  # fmt: skip


def test_no_part_and_no_group_is_no_table(tmp_path: Path) -> None:
    text = stored(tmp_path / "t.txt", SENTENCE)
    outcome = call("check", "--train", text, "--test", text, "--format", "md")
    assert "Per part" not in outcome.stdout
    assert "Per group" not in outcome.stdout


def test_a_test_set_without_any_training_set_is_refused(tmp_path: Path) -> None:
    """It had no row of its own, and was left out."""
    text = stored(tmp_path / "t.txt", SENTENCE)
    outcome = call("check", "--own-train", f"a={text}", "--test", f"a={text}", "--test", f"b={text}")
    assert outcome.exit_code == 2
    assert "no training set for test set b: name one with --train, or --own-train" in outcome.stderr


def test_near_duplicates_of_templates(tmp_path: Path) -> None:
    test = stored(tmp_path / "t.jsonl", encoded([{"q": SENTENCE[:40], "a": SENTENCE[40:]}], "jsonl"))
    train = stored(tmp_path / "web.txt", SENTENCE)
    whole = overlap.find_similar(str(train), str(test), template="{q}{a}")
    assert [pair.jaccard for pair in whole] == [1.0]
    outcome = call("scan", "--train", train, "--test", test, "--part", "q", "--part", "x=nowhere", "--fuzzy")
    assert "no field 'nowhere'" in refused(outcome)
