"""Llama 2's tests as published: what single documents have is stored with a result, and scores are judged by it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from commands import call, refused
from inputs import trained_tokenizer

import overlap
from overlap.errors import OutputError, ResultFileError
from overlap.impact import ModelScores, formulas
from overlap.impact.published import llama2_documents, llama2_tests
from overlap.metrics import LLAMA2_LENGTHS, summary
from overlap.report.impact import impact_tables
from overlap.results import (
    ByDocument,
    by_document_by_hand,
    has_by_document,
    load_by_document,
    overlap_by_hand,
    save_by_document,
    save_result,
)

CLEAN, HALF, WHOLE = (40, []), (40, [[(0, 20)]]), (40, [[(2, 36)]])  # 0, 50 and 90 % of 40 tokens
EXAMPLES = [CLEAN] * 100 + [HALF] * 60 + [WHOLE] * 40
RIGHT = [1.0] * 40 + [0.0] * 60 + [1.0] * 40 + [0.0] * 20 + [1.0] * 38 + [0.0] * 2
MEASURED = np.ones(len(EXAMPLES), np.bool_)
TITLE = "Llama 2's tests, by contaminated tokens"
OTHER_TITLE = "Llama 2's subsets, by coverage of exact n-grams (not its published measure)"
TOKENS = {"unit": "token", "norm": "tokens-1-0"}


def compared() -> ByDocument:
    return replace(by_document_by_hand(EXAMPLES, n=10, budget=4), unit="token")


def model_of(values: list[float], kind: str = "binary") -> ModelScores:
    return ModelScores("m", kind, np.array(values), np.full(len(values), 1.0 if kind == "binary" else 10.0))


def test_the_four_tests_of_every_length_are_the_formula() -> None:
    found = llama2_tests(model_of(RIGHT), compared(), MEASURED)
    assert tuple(tests.least for tests in found) == LLAMA2_LENGTHS
    mean = 118 / 200
    for tests, clean, right in zip(found, (100, 100, 160, 200, 200), (40, 40, 80, 118, 118), strict=True):
        (first, second, third, fourth) = tests.tests
        assert (first.subset, first.examples, second.examples) == ("clean", clean, 200 - clean)
        assert first.z_published == pytest.approx(formulas.llama2_z(right / clean, mean, clean))
        assert (first.score, first.all_score) == (pytest.approx(100 * right / clean), pytest.approx(59.0))
        assert (third.examples, fourth.examples) == ((160, 40) if tests.least <= 30 else (200, 0))
    assert found[0].tests[1].mean_coverage == pytest.approx((60 * 0.5 + 40 * 0.9) / 100)


def test_the_decision_is_all_four_and_the_largest_length() -> None:
    """At L = 30 the clean and the not dirty are the same 160 examples; from 40 on nothing is dirty."""
    found = llama2_tests(model_of(RIGHT), compared(), MEASURED)
    z = [[round(test.z_published, 2) for test in tests.tests] for tests in found[:3]]
    assert z[0] == z[1] == [-3.86, 3.86, -2.31, 4.63]
    assert z[2] == [-2.31, 4.63, -2.31, 4.63]
    assert [tests.evidence for tests in found] == [True, True, True, False, False]


def test_no_evidence_where_one_of_the_four_has_none() -> None:
    """Not dirty examples nearly as good as all: |Z| under 2; or dirty ones that do worse, however clearly."""
    fewer = [1.0] * 50 + [0.0] * 50 + [1.0] * 44 + [0.0] * 16 + [1.0] * 34 + [0.0] * 6
    (first, *_) = llama2_tests(model_of(fewer), compared(), MEASURED)
    assert [abs(test.z_published) > 2 for test in first.tests].count(False) >= 1
    assert not first.evidence
    worse = llama2_tests(model_of([1 - value for value in RIGHT]), compared(), MEASURED)
    assert all(abs(test.z_published) > 2 for test in worse[0].tests)
    assert not any(tests.evidence for tests in worse)


def test_lower_losses_are_the_benefit() -> None:
    losses = [20.0 - 10 * value + number % 3 for number, value in enumerate(RIGHT)]
    found = llama2_tests(model_of(losses, "nll"), compared(), MEASURED)
    assert [tests.evidence for tests in found] == [True, True, True, False, False]
    assert found[0].tests[3].score < found[0].tests[0].score


def test_what_was_not_measured_is_in_no_subset() -> None:
    short = replace(by_document_by_hand([*EXAMPLES, (9, [])], n=10, budget=4), unit="token")
    found = llama2_tests(model_of([*RIGHT, 0.0]), short, np.ones(201, np.bool_))
    assert found[0].tests == llama2_tests(model_of(RIGHT), compared(), MEASURED)[0].tests


def test_the_largest_length_with_evidence_is_reported() -> None:
    made = replace(overlap_by_hand([(40, [(0, 1)] if spans else []) for _, spans in EXAMPLES], n=10), **TOKENS)
    scores = overlap.impact.Scores("s", None, (model_of(RIGHT),), {})
    found = overlap.score_impact([made], scores, documents=[compared()], draws=100)
    (item,) = found.models
    assert item.llama2_reported is not None
    assert (item.llama2_reported.least, item.llama2_reported.evidence) == (30, True)
    tables = {table.title: table for table in impact_tables(found)}
    assert OTHER_TITLE not in tables
    assert [row[3:6] for row in tables[TITLE].rows] == [
        ("30", "yes", subset) for subset in ("clean", "not clean", "not dirty", "dirty")
    ]
    assert [row[-1] for row in tables["Llama 2's tests at every L: Z as published"].rows] == ["yes"] * 3 + ["no"] * 2
    without = overlap.score_impact([made], scores, draws=100)
    assert without.models[0].llama2_reported is None
    assert {TITLE, OTHER_TITLE} & {table.title for table in impact_tables(without)} == {OTHER_TITLE}


def test_documents_of_other_examples_or_rules_are_not_taken() -> None:
    made = replace(overlap_by_hand([(40, []) for _ in EXAMPLES], n=10), **TOKENS)
    right = compared()
    assert llama2_documents(made, [right]) is right
    others = [replace(right, train="other"), replace(right, test="other"), replace(right, unit="word"),
              replace(right, n=8), replace(right, budget=0), replace(right, units=right.units + 1),
              replace(right, units=right.units[:-1])]  # fmt: skip
    assert llama2_documents(made, others) is None
    assert llama2_documents(replace(made, train=replace(made.train, own=True)), [right]) is None


def test_the_sweep_takes_the_longest_match_of_one_document_where_it_is_known() -> None:
    """Ten n-grams in a row, in half of the examples from one document, in the others strung together from two."""
    made = replace(overlap_by_hand([(40, [(0, 10)])] * 120 + [(40, [])] * 60, n=8), **TOKENS)
    alone = by_document_by_hand([(40, [[(0, 17)]])] * 60 + [(40, [[(0, 9)], [(8, 9)]])] * 60 + [(40, [])] * 60)
    scores = overlap.impact.Scores("s", None, (model_of([1.0, 0.0] * 90),), {})
    for given, dirty in (((), 120), ((replace(alone, unit="token"),), 60), ((compared(),), 120)):
        (item,) = overlap.score_impact([made], scores, documents=given, draws=100).models
        (point,) = (p for p in item.sweep.points if (p.metric, p.threshold) == ("longest", 0.3))
        assert point.dirty == dirty


def equal(first: ByDocument, second: ByDocument) -> bool:
    pairs = [(getattr(first, item.name), getattr(second, item.name)) for item in fields(ByDocument)]
    return all(np.array_equal(a, b) and getattr(a, "dtype", 0) == getattr(b, "dtype", 0) for a, b in pairs)


def stored(tmp_path: Path, *found: ByDocument) -> Path:
    overlaps = (overlap_by_hand([(40, [])]),)
    save_result(tmp_path / "r", overlaps, summary(overlaps))
    save_by_document(tmp_path / "r", found)
    return tmp_path / "r"


def test_it_is_stored_and_read_again(tmp_path: Path) -> None:
    parts = [("question", 20), ("answer", 20)]
    found = [
        compared(),
        by_document_by_hand([(40, [[(0, 20), (20, 9)]]), (40, [[(0, 9)], [(30, 10)]]), (0, []), (7, [])], parts=parts),
        by_document_by_hand([(0, []), (3, [])]),
        by_document_by_hand([]),
    ]
    again = load_by_document(stored(tmp_path, *found))
    assert len(again) == len(found)
    assert all(equal(one, other) for one, other in zip(found, again, strict=True))


@pytest.mark.parametrize("name", ["by_document.json", "by_document.parquet"])
def test_what_was_altered_is_refused(name: str, tmp_path: Path) -> None:
    folder = stored(tmp_path, compared())
    raw = (folder / name).read_bytes()
    for changed in (raw[:-9], raw.replace(b"train", b"Train"), b""):
        (folder / name).write_bytes(changed)
        with pytest.raises(ResultFileError):
            load_by_document(folder)
        assert "by_document" in refused(call("impact", folder, "--scores", "none.csv"))
    (folder / name).unlink()
    with pytest.raises(ResultFileError):
        load_by_document(folder)


def test_it_belongs_to_a_result(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no result is here"):
        save_by_document(tmp_path, [compared()])
    with pytest.raises(ResultFileError, match="overlap scan --profile llama2"):
        load_by_document(tmp_path)


@pytest.fixture(scope="module")
def leaked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Questions, of which training has a third wholly, and a third by its first half; the model knows the former."""
    folder = tmp_path_factory.mktemp("leaked")
    texts = [" ".join(f"w{number}x{word}" for word in range(30)) for number in range(90)]
    halves = [" ".join(text.split()[:15]) for text in texts[30:60]]
    rows = {"train": [*texts[:30], *halves], "test": texts}
    for name, some in rows.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in some))
    right = [number < 28 or 30 <= number < 50 or 60 <= number < 63 for number in range(90)]
    (folder / "scores.csv").write_text("id,m\n" + "".join(f"{n},{int(value)}\n" for n, value in enumerate(right)))
    trained_tokenizer(folder / "tokenizer.json", texts, 300)
    return {path.stem: path for path in folder.iterdir()} | {"folder": folder}


def test_from_the_command_line(leaked: dict[str, Path]) -> None:
    sources = ["--train", f"web={leaked['train']}", "--test", f"q={leaked['test']}"]
    profile = ["--profile", "llama2", "--unit", f"tokens:{leaked['tokenizer']}"]
    result, plain = leaked["folder"] / "llama2", leaked["folder"] / "plain"
    scanned = call("scan", *sources, *profile, "-o", result, "--format", "json")
    assert scanned.exit_code == 0, scanned.output
    assert has_by_document(result)
    assert call("report", result, "--profile", "llama2", "--format", "json").stdout == scanned.stdout
    impact = ["--scores", leaked["scores"], "--draws", 200]
    page = call("impact", result, *impact, "--format", "md")
    assert page.exit_code == 0, page.output
    assert f"### {TITLE}" in page.stdout
    assert OTHER_TITLE.split(" (")[0] not in page.stdout
    (item,) = json.loads(call("impact", result, *impact, "--format", "json").stdout)["models"]
    assert item["llama2"][0]["evidence"] is True
    assert [test["examples"] for test in item["llama2"][0]["tests"]] == [30, 60, 60, 30]
    assert call("scan", *sources, "-o", plain).exit_code == 0
    assert not has_by_document(plain)
    page = call("impact", plain, *impact, "--format", "md")
    assert OTHER_TITLE.split(" (")[0] in page.stdout
    assert TITLE not in page.stdout


def test_a_stored_tulu_3_is_reported_again(leaked: dict[str, Path]) -> None:
    sources = ["--train", f"web={leaked['train']}", "--test", f"q={leaked['test']}"]
    result = leaked["folder"] / "tulu3"
    scanned = call("scan", *sources, "--profile", "tulu3", "-o", result, "--format", "json")
    assert call("report", result, "--profile", "tulu3", "--format", "json").stdout == scanned.stdout
    outcome = call("report", result, "--profile", "contam-extend")
    assert outcome.exit_code == 2
    assert "is of 8-grams of tokens" in " ".join(outcome.stderr.split())
