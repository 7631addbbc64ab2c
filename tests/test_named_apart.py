"""Several results in one report: other fields, other n, other training sets under one name stay apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from commands import call
from inputs import stored
from values import findings_of, overlap_of, train_of

from overlap.metrics import findings_for, located
from overlap.report import Report
from overlap.report.figures import figure_of
from overlap.report.figures.values import Bars, Lines
from overlap.report.naming import named_apart, names_apart
from overlap.report.tables import tables6
from overlap.results import Overlap, Skipped

WORDS = [f"w{number}" for number in range(400)]


@pytest.fixture
def results(tmp_path: Path) -> dict[str, Path]:
    """One test set scanned by its question, by its answer, and by its question with n = 5."""
    train = stored(tmp_path / "train.jsonl", json.dumps({"text": " ".join(WORDS[:60])}) + "\n")
    rows = [
        {"question": " ".join(WORDS[:20]), "answer": " ".join(WORDS[100:140])},
        {"question": " ".join(WORDS[200:240]), "answer": " ".join([*WORDS[20:60], *WORDS[150:170]])},
    ]
    test = stored(tmp_path / "test.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    for name, field, n in (("rq", "question", "8"), ("ra", "answer", "8"), ("r5", "question", "5")):
        more = ("--test", f"gsm8k={test}::{field}", "--n", n, "-o", tmp_path / name)
        assert call("scan", "--train", f"web={train}", *more).exit_code == 0
    return {name: tmp_path / name for name in ("rq", "ra", "r5")}


def _alone(path: Path) -> dict[str, object]:
    (row,) = json.loads(Report.load(path).render("json"))["results"]
    return dict(row)


def test_other_fields_under_one_name(results: dict[str, Path]) -> None:
    """Each keeps its own numbers, in every order: a column each in Table 6, own findings in JSON and tables."""
    for order in (("rq", "ra"), ("ra", "rq")):
        report = Report.load(*(results[name] for name in order))
        assert json.loads(report.render("json"))["results"] == [_alone(results[name]) for name in order]
        table = report.tables[0]
        labels = {"rq": "gsm8k (question)", "ra": "gsm8k (answer)"}
        assert table.header == ("Training set", *(labels[name] for name in order), "mean")
        alone = [Report.load(results[name]).tables[0].rows[0][1] for name in order]
        assert table.rows[0][1:3] == tuple(alone)
        assert alone[0] != alone[1]
        classes = report.tables[-1]
        assert [row[0] for row in classes.rows] == [labels[name] for name in order]
        assert [row[2:] for row in classes.rows] == [
            Report.load(results[name]).tables[-1].rows[0][2:] for name in order
        ]


def test_the_page_and_the_card_show_both(results: dict[str, Path]) -> None:
    report = Report.load(results["rq"], results["ra"])
    page, card = report.render("html"), report.render("card")
    for name in ("gsm8k (question)", "gsm8k (answer)"):
        assert f"<h3>{name}</h3>" in page
        assert f'"{name}"' in card
    assert "2 test sets" in page
    assert "<option>gsm8k (question)</option>" in page


def test_two_n_of_one_test_set(results: dict[str, Path]) -> None:
    """A table each where the n is said; elsewhere the name says it."""
    report = Report.load(results["rq"], results["r5"])
    assert json.loads(report.render("json"))["results"] == [_alone(results["rq"]), _alone(results["r5"])]
    assert [table.header[1] for table in report.tables[:2]] == ["gsm8k", "gsm8k"]
    assert [row[:3] for row in report.tables[2].rows] == [("gsm8k", "web", "8"), ("gsm8k", "web", "5")]
    assert [row[0] for row in report.tables[-1].rows] == ["gsm8k (n = 8)", "gsm8k (n = 5)"]
    overlaps, findings = named_apart(report.overlaps, report.findings)
    for figure in ("bars", "cdf", "spectrum", "growth"):
        drawn = figure_of(figure, overlaps, findings)
        assert isinstance(drawn, (Bars, Lines))
        names = drawn.names if isinstance(drawn, Bars) else [curve.name for curve in drawn.curves]
        assert sorted(names) == ["gsm8k (n = 5)", "gsm8k (n = 8)"]


def _of_fields(*fields: str, n: int = 8, **changed: object) -> Overlap:
    found = overlap_of([(27, [(0, 5)])], n=n)
    sources = tuple(replace(source, fields=fields, **changed) for source in found.test_sources)  # type: ignore[arg-type]
    return replace(found, test_sources=sources)


def test_what_names_say() -> None:
    """No more than it takes to tell them apart, and nothing where all measured the same."""
    question, answer = _of_fields("question"), _of_fields("question", "answer")
    assert names_apart([question, question]) == ["gsm8k", "gsm8k"]
    moved = _of_fields("question", path="/elsewhere/test.jsonl")
    assert names_apart([question, moved]) == ["gsm8k", "gsm8k"]
    assert names_apart([question, answer]) == ["gsm8k (question)", "gsm8k (question, answer)"]
    five = _of_fields("question", n=5)
    assert names_apart([question, five]) == ["gsm8k (n = 8)", "gsm8k (n = 5)"]
    assert names_apart([question, five], by_n=True) == ["gsm8k", "gsm8k"]
    names = names_apart([question, answer, five])
    assert names == ["gsm8k (n = 8, question)", "gsm8k (n = 8, question, answer)", "gsm8k (n = 5, question)"]
    other = _of_fields("question", path="other.jsonl", digest="sha256:1")
    assert names_apart([question, other]) == ["gsm8k (test.jsonl)", "gsm8k (other.jsonl)"]
    changed = names_apart([question, _of_fields("question", digest="sha256:1")])
    assert len(set(changed)) == 2
    assert all(name.startswith("gsm8k (") for name in changed)
    clash = names_apart([question, answer, replace(question, test="gsm8k (question)")])
    assert len(set(clash)) == 3


def test_two_own_training_splits_of_one_name() -> None:
    """They share the paper's first row, so that the column says which is which."""
    overlaps = [
        overlap_of([(27, [(0, hits)])], train=train_of("gsm8k", own=True, documents=documents))
        for hits, documents in ((5, 10), (7, 20))
    ]
    (table,) = tables6(overlaps)
    assert table.header[1:3] == ("gsm8k", "gsm8k (result 2)")
    assert table.rows[0][1:3] == ("25.00", "35.00")


def test_findings_of_another_measurement_are_not_its_own() -> None:
    overlap = overlap_of([(27, [(0, 5)]), (27, [])])
    mine = findings_of(examples=2, tested=40)
    assert findings_for(overlap, [mine]) is mine
    for change in ({"n": 5}, {"unit": "char"}, {"examples": 3}, {"tested": 41}, {"bound": 0.0}):
        assert findings_for(overlap, [replace(mine, **change)]) is None  # type: ignore[arg-type]
    twin = replace(mine, confirmed=1)
    assert located([overlap, overlap], [mine, twin]) == [mine, twin]


def test_skipped_records_of_two_training_sets_of_one_name() -> None:
    """Both are in the verdict, in the count and in the notes; one that was measured twice is there once."""
    sets = [
        train_of("web", documents=7 + number, own=own, skipped=(Skipped("a.jsonl", "not JSON", 10**number),))
        for number, own in ((0, False), (1, False), (2, True))
    ]
    overlaps = [overlap_of([(27, [])], train=train, test=test) for train in sets for test in ("a", "b")]
    report = Report(tuple(overlaps))
    assert report.skipped == 111
    assert "111 bad records were skipped" in report.render("card")
    assert report.render("md").count("NOT COUNTED") == 3
