"""A run described in a file: the same as on the command line, which replaces it; every mistake is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import call, refused
from inputs import encoded, stored
from samples import OTHER, SENTENCE

import overlap

ROWS = [{"id": f"x{n}", "q": f"{SENTENCE} {n}", "a": OTHER, "s": "law" if n else "art"} for n in range(3)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a corpus and an exam, described by ``audit.yaml``; the working folder is another."""
    place = tmp_path / "project"
    stored(place / "corpus" / "a.txt", SENTENCE)
    stored(place / "own.jsonl", encoded([{"text": OTHER}], "jsonl"))
    stored(place / "exam.jsonl", encoded(ROWS, "jsonl"))
    stored(place / "audit.yaml", AUDIT)
    return place


AUDIT = """
train: web=corpus
own_train: [exam=own.jsonl]
test:
  - name: exam
    source: exam.jsonl
    parts: {question: q, answer: a}
    id: id
    group: s
n: 5
fpr: 1e-6
format: json
fail_above: 20
output: result
"""


def body(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["results"]
    return found


def test_a_run_from_a_file(folder: Path) -> None:
    outcome = call("check", "--config", folder / "audit.yaml")
    assert outcome.exit_code == 3, outcome.stderr  # fail_above
    own, web = overlap.load_result(folder / "result")
    assert (own.train.own, web.train.name, web.n, web.test) == (True, "web", 5, "exam")
    assert (web.parts, web.ids, web.groups) == (("question", "answer"), ["x0", "x1", "x2"], ["art", "law", "law"])
    said = ["--train", f"web={folder / 'corpus'}", "--own-train", f"exam={folder / 'own.jsonl'}"]
    said += ["--test", f"exam={folder / 'exam.jsonl'}", "--part", "question=q", "--part", "answer=a"]
    said += ["--test-id-field", "id", "--group", "s", "--n", "5", "--fpr", "1e-6", "--format", "json"]
    assert body(call("check", *said).stdout) == body(outcome.stdout)


def test_the_command_line_replaces_the_file(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    other = stored(tmp_path / "other.jsonl", encoded([{"text": SENTENCE}], "jsonl"))
    said = ["--test", "exam=other.jsonl", "--n", "8", "--fail-above", "100", "-o", "here"]
    outcome = call("check", "--config", folder / "audit.yaml", *said)
    assert outcome.exit_code == 0, outcome.stderr
    assert {(row["n"], row["examples"]) for row in body(outcome.stdout)} == {(8, 1)}
    assert (tmp_path / "here" / "config.yaml").exists()
    assert not (folder / "result").exists()
    stored_body = yaml.safe_load((tmp_path / "here" / "config.yaml").read_text())
    assert stored_body["test"] == [{"name": "exam", "source": str(other)}]
    assert (stored_body["n"], stored_body["fpr"], stored_body["fail_above"]) == (8, 1e-6, 100.0)


@pytest.mark.parametrize("command", ["check", "scan"])
def test_what_was_resolved_runs_again(
    folder: Path, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    said = ["--train", "web=corpus", "--test", "exam.jsonl::q,a", "--test", "gsm=recipe:gsm8k@gsm.jsonl"]
    stored(folder / "gsm.jsonl", encoded([{"question": SENTENCE, "answer": OTHER}], "jsonl"))
    first = call(command, *said, "--n", "4", "-o", tmp_path / "r", "--format", "json")
    assert first.exit_code == 0, first.stderr
    monkeypatch.chdir(tmp_path)
    again = call(command, "--config", "r/config.yaml", "-o", "again")
    assert again.exit_code == 0, again.stderr
    text = (tmp_path / "again" / "config.yaml").read_text()
    assert text == (tmp_path / "r" / "config.yaml").read_text()
    assert f"gsm=recipe:gsm8k@{folder / 'gsm.jsonl'}" in text
    numbers = [{**row, "test_sources": None, "train_sources": None} for row in body(first.stdout)]
    assert [{**row, "test_sources": None, "train_sources": None} for row in body(again.stdout)] == numbers
    outcome = call("scan" if command == "check" else "check", "--config", "r/config.yaml")
    assert "command: this file is of another command" in refused(outcome)


def test_recipes_and_tables_from_the_files_folder(folder: Path, tmp_path: Path) -> None:
    stored(folder / "mine.yaml", "exams: {source: exam.jsonl, parts: {q: q}}")
    config = stored(
        folder / "b.yaml", "train: [corpus]\nrecipes: mine.yaml\ntest: [exams, {name: x, source: recipe:exams}]"
    )
    assert call("check", "--config", config, "-o", tmp_path / "r").exit_code == 0
    assert yaml.safe_load((tmp_path / "r" / "config.yaml").read_text())["n"] == 8  # what it came to
    assert [item.test for item in overlap.load_result(tmp_path / "r")] == ["exams", "x"]
    assert yaml.safe_load((tmp_path / "r" / "config.yaml").read_text())["recipes"] == str(folder / "mine.yaml")


@pytest.mark.parametrize("options", [[], ["--config", "empty.yaml"]])
def test_a_test_set_is_needed(folder: Path, options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    stored(folder / "empty.yaml", "")
    outcome = call("check", "--train", "corpus", *options)
    assert outcome.exit_code == 2
    assert "Missing option '--test'" in outcome.stderr
    no_train = call("scan", "--test", "exam.jsonl::q", *options)
    assert no_train.exit_code == 2
    assert "no training set was named" in no_train.stderr


BAD = [
    ("trian: a", "unknown key 'trian'; there are: train, own_train, test"),
    ("config: a.yaml", "unknown key 'config'"),
    ("n: five", "n: a whole number was expected, not 'five'"),
    ("n: true", "n: a whole number was expected, not True"),
    ("fpr: much", "fpr: was expected otherwise: 'much' is not a valid float"),
    ("workers: 0", "workers: was expected otherwise: 0 is not in the range x>=1"),
    ("fail_above: 101", "fail_above: was expected otherwise: 101"),
    ("format: doc", "format: was expected otherwise: 'doc' is not one of"),
    ("by_line: 1", "by_line: true or false was expected, not 1"),
    ("text_field: [a]", "text_field: text was expected, not a list"),
    ("train: 3", "train: text was expected, not 3"),
    ("train: ['=']", "train: no such source: not a source: '='"),
    ("test: [{name: x}]", "test: x: a source is needed"),
    ("test: [{source: a, sauce: b}]", "test: a: unknown key 'sauce'; there are: name, source, fields"),
    ("test: [{source: a, id: 3}]", "test: a: id: text was expected, not 3"),
    ("test: [{source: a, parts: {q: [1]}}]", "test: a: parts: q: text was expected, not 1"),
    ("test: [{source: a, fields: b, template: '{c}'}]", "test: a: fields go without parts or a template"),
    ("test: [{source: gsm8k, id: x}]", "test: gsm8k: a recipe says itself what its examples are made of"),
    ("train: {source: c.jsonl, parts: {a: text}}", "train: c.jsonl: training sets have no parts, template, id, group"),
    ("train: [{source: c.jsonl, template: '{a}'}]", "training sets have no parts"),
    ("own_train: {name: x, source: c.jsonl, id: a}", "own_train: x: training sets have no parts"),
    ("train: {source: c.jsonl, group: a}", "training sets have no parts"),
    ("fpr: yes", "fpr: a number was expected, not True"),
    ("fpr: [1]", "fpr: a number was expected, not a list"),
    ("parts: {q: [2]}", "parts: parts: q: text was expected, not 2"),
    ("n: 5\nn: 6", "'n' stands twice"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = stored(tmp_path / "c.yaml", text)
    line = refused(call("check", "--config", path))
    assert line.startswith(f"{path}: ")
    assert message in line


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "none.yaml: cannot be read: No such file" in refused(call("scan", "--config", tmp_path / "none.yaml"))
