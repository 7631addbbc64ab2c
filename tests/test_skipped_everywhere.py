"""``--on-bad-record skip`` from end to end: in the index, the results, every report, and the exit status."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from commands import call, refused
from samples import OTHER, SENTENCE, kept_bytes

import overlap
from overlap.errors import CorpusError
from overlap.results import Skipped, save_by_document

SKIP = ["--on-bad-record", "skip"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus of two files with five bad records among eight, a clean copy of it, and a test set with one of three."""
    monkeypatch.chdir(tmp_path)
    good = [json.dumps({"text": f"{SENTENCE} {number}"}) for number in range(3)]
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.jsonl").write_text("\n".join([good[0], "{", '{"text": null}', good[1], "[]"]) + "\n")
    (tmp_path / "c" / "b.jsonl").write_text("\n".join(["{", '{"t": 1}', good[2]]) + "\n")
    (tmp_path / "clean.jsonl").write_text("\n".join(good) + "\n")
    tests = [json.dumps({"text": SENTENCE}), "x", json.dumps({"text": OTHER})]
    (tmp_path / "t.jsonl").write_text("\n".join(tests) + "\n")
    return tmp_path


TRAIN = (
    Skipped("c/a.jsonl", "broken JSON", 1),
    Skipped("c/a.jsonl", "null", 1),
    Skipped("c/a.jsonl", "wrong type", 1),
    Skipped("c/b.jsonl", "broken JSON", 1),
    Skipped("c/b.jsonl", "missing field", 1),
)
TEST = (Skipped("t.jsonl", "broken JSON", 1),)


def _checked(**options: Any) -> overlap.Overlap:
    (found,) = overlap.check("c", "t.jsonl", on_bad_record="skip", **options)
    return found


def test_without_it_the_first_bad_record_is_the_end(place: Path) -> None:
    assert refused(call("build", "c", "-o", "i")) == (
        "c/a.jsonl, record 2: not valid JSON: Expecting property name enclosed in double quotes at character 2"
    )


def test_info_says_what_is_not_in_the_index(place: Path) -> None:
    assert call("build", "c", "-o", "i", *SKIP).exit_code == 4
    outcome = call("info", "i")
    assert outcome.exit_code == 0
    lines = [" ".join(line.split()) for line in outcome.stdout.splitlines()]
    assert "skipped 1 broken JSON in c/a.jsonl" in lines
    assert "skipped 1 missing field in c/b.jsonl" in lines


def test_a_cleaned_test_set_keeps_bad_records_apart(place: Path) -> None:
    """None is lost: clean, dirty, too short and skipped together are the file."""
    assert call("check", "--train", "c", "--test", "t.jsonl", "-o", "r", *SKIP).exit_code == 4
    outcome = call("clean", "r", "-o", "split")
    assert (outcome.exit_code, outcome.stdout) == (4, "t: 1 clean, 1 dirty, 0 too short, 1 skipped\n")
    assert outcome.stderr.endswith("overlap: 1 bad record was skipped; the numbers are without it\n")
    parts = [path.read_text() for path in (place / "split").rglob("t.jsonl")]
    assert sorted("".join(parts).splitlines()) == sorted((place / "t.jsonl").read_text().splitlines())
    assert (place / "split" / "t" / "skipped" / "t.jsonl").read_text() == "x\n"


def test_the_index_says_what_is_not_in_it(place: Path) -> None:
    outcome = call("build", "c", "-o", "i", *SKIP)
    assert outcome.exit_code == 4
    assert outcome.stderr.endswith("overlap: 5 bad records were skipped; the numbers are without them\n")
    sources = json.loads((place / "i" / "manifest.json").read_text())["sources"]
    assert [source["skipped"] for source in sources] == [
        [["broken JSON", 1], ["null", 1], ["wrong type", 1]],
        [["broken JSON", 1], ["missing field", 1]],
    ]
    overlap.verify_index("i")
    overlap.build_index("clean.jsonl", "clean.index")
    assert (place / "i" / "filter.bin").read_bytes() == (place / "clean.index" / "filter.bin").read_bytes()
    assert call("build", "c", "-o", "i", *SKIP).exit_code == 4  # and when it is there already


def test_the_option_is_part_of_what_a_build_is(place: Path) -> None:
    overlap.build_index("clean.jsonl", "i")
    plain = kept_bytes(place / "i")
    assert b"skipped" not in plain["manifest.json"]
    overlap.build_index("clean.jsonl", "j", on_bad_record="skip", name="clean")
    assert kept_bytes(place / "j") == plain
    (place / "clean.jsonl").write_text("{\n" + (place / "clean.jsonl").read_text())
    with pytest.raises(CorpusError):
        overlap.build_index("clean.jsonl", "k")
    overlap.build_index("clean.jsonl", "k", on_bad_record="skip")
    with pytest.raises(CorpusError):
        overlap.build_index("clean.jsonl", "k", force=True)


@pytest.mark.parametrize("workers", [1, 3])
def test_same_bytes_for_any_workers(workers: int, tmp_path: Path) -> None:
    corpus = tmp_path / "c"
    corpus.mkdir()
    lines = [json.dumps({"text": f"{number} {SENTENCE} {number}"}) for number in range(40_000)]
    lines[7::1000] = ["broken"] * len(lines[7::1000])
    (corpus / "a.jsonl").write_text("\n".join(lines))
    (corpus / "b.txt").write_bytes(b"good words\n" * 1000 + b"\xff\n" * 3)
    found = overlap.build_index(
        str(corpus), tmp_path / "i", by_line=True, workers=workers, memory="32MB", on_bad_record="skip", name="c"
    )
    assert [dict(source.skipped) for source in found.manifest.sources] == [{"broken JSON": 40}, {"invalid UTF-8": 3}]
    assert found.manifest.documents == 39_960 + 1000
    kept = kept_bytes(tmp_path / "i")
    again = overlap.build_index(str(corpus), tmp_path / "j", by_line=True, workers=2, on_bad_record="skip", name="c")
    assert kept_bytes(again.path) == kept


@pytest.mark.parametrize("engine", ["index", "reference"])
def test_results_say_what_is_not_in_them(engine: str, place: Path) -> None:
    found = _checked(engine=engine)
    assert (found.train.skipped, found.test_skipped, len(found)) == (TRAIN, TEST, 2)
    overlap.Report((found,)).save("r")
    (loaded,) = overlap.load_result("r")
    assert (loaded.train.skipped, loaded.test_skipped) == (TRAIN, TEST)
    (clean,) = overlap.check("clean.jsonl", "t.jsonl", on_bad_record="skip", engine=engine)
    assert clean.train.skipped == ()
    assert clean.hits.tolist() == found.hits.tolist()


def test_the_exact_pass_counts_the_same(place: Path) -> None:
    (found,), _ = overlap.scan("c", "t.jsonl", on_bad_record="skip")
    assert (found.train.skipped, found.test_skipped) == (TRAIN, TEST)
    (located,) = overlap.locate((_checked(),), "c", on_bad_record="skip")
    assert located.false_positives == 0
    assert located.confirmed > 0
    with pytest.raises(CorpusError):
        overlap.locate((_checked(),), "c")


@pytest.mark.parametrize("format", ["terminal", "md", "latex", "csv", "json"])
def test_every_report_says_it(format: str, place: Path) -> None:
    options = ["--train", "c", "--test", "t.jsonl", *SKIP, "--format", format]
    outcome = call("check", *options)
    assert outcome.exit_code == 4
    shown = outcome.stdout
    if format == "csv":
        header, row = (line.split(",") for line in shown.splitlines())
        values = dict(zip(header, row, strict=True))
        assert (values["train_skipped"], values["test_skipped"]) == ("5", "1")
    elif format == "json":
        (result,) = json.loads(shown)["results"]
        assert (result["train_skipped"], result["test_skipped"]) == (5, 1)
        assert {"side": "train", "path": "c/a.jsonl", "kind": "null", "records": 1} in result["skipped"]
    else:
        assert "NOT COUNTED, training set c: 5 bad records skipped" in shown
        assert "NOT COUNTED, test set t: 1 bad record skipped (1 broken JSON in t.jsonl)" in shown
    assert "skipped" in call("scan", *options).stdout


def test_an_overlap_above_the_limit_comes_first(place: Path) -> None:
    options = ["check", "--train", "c", "--test", "t.jsonl", *SKIP, "--fail-above"]
    assert call(*options, "1").exit_code == 3
    assert call(*options, "100").exit_code == 4


def test_an_audit_says_it(place: Path) -> None:
    outcome = call("audit", "--split", "train=c", "--split", "test=t.jsonl", *SKIP)
    assert outcome.exit_code == 4
    assert "NOT COUNTED, training set train: 5 bad records skipped" in outcome.stdout


def test_a_file_with_nothing_but_bad_records_is_an_error(place: Path) -> None:
    (place / "c" / "z.jsonl").write_text("x\ny\n")
    for command in (["build", "c", "-o", "i"], ["scan", "--train", "c", "--test", "t.jsonl"]):
        assert refused(call(*command, *SKIP)).startswith("c/z.jsonl: no sound record in this file (2 broken JSON)")
    assert "no sound record" in refused(call("check", "--train", "clean.jsonl", "--test", "c/z.jsonl", *SKIP))


def test_a_text_that_is_one_document_is_left_out(place: Path) -> None:
    (place / "d").mkdir()
    (place / "d" / "a.txt").write_text(SENTENCE)
    (place / "d" / "b.txt").write_bytes(OTHER.encode() + b"\xff" + OTHER.encode())
    index = overlap.build_index("d", "i", on_bad_record="skip")
    assert (index.manifest.documents, index.contains(OTHER).any()) == (1, False)
    (found,), _ = overlap.scan("d", "t.jsonl", on_bad_record="skip")
    assert (found.train.documents, found.train.skipped) == (1, (Skipped("d/b.txt", "invalid UTF-8", 1),))


@pytest.mark.parametrize("command", ["scan", "check"])
def test_a_profile_says_it(command: str, place: Path) -> None:
    sources = ["--train", "c", "--test", "t.jsonl", *SKIP]
    outcome = call(command, *sources, "--profile", "gpt2", "-o", "r")
    assert outcome.exit_code == 4
    assert outcome.stderr.endswith("overlap: 6 bad records were skipped; the numbers are without them\n")
    shown = {
        name: call("report", "r", "--profile", "gpt2", "--format", name) for name in ("json", "md", "csv", "latex")
    }
    assert {outcome.exit_code for outcome in shown.values()} == {0}
    assert sum(item["records"] for item in json.loads(shown["json"].stdout)["skipped"]) == 6
    assert next(csv.DictReader(shown["csv"].stdout.splitlines()))["skipped_records"] == "6"
    assert all("NOT COUNTED, training set c: " in shown[name].stdout for name in ("md", "latex"))


@pytest.mark.parametrize("workers", [1, 3])
def test_single_documents_say_it(workers: int, place: Path) -> None:
    (found,) = overlap.by_document("c", "t.jsonl", on_bad_record="skip", workers=workers)
    assert (found.documents, found.train_skipped, found.test_skipped) == (3, TRAIN, TEST)
    assert (found.sources, found.rows.tolist(), found.shared_by.tolist()) == (("c/a.jsonl", ""), [0, -1], [3, 0])
    overlaps, findings = overlap.scan("c", "t.jsonl", on_bad_record="skip")
    overlap.Report(overlaps, findings).save("r")
    save_by_document("r", [found])
    (again,) = overlap.load_by_document("r")
    assert (again.train_skipped, again.test_skipped) == (TRAIN, TEST)


def test_single_documents_of_a_file_with_nothing_but_bad_records(place: Path) -> None:
    (place / "c" / "z.jsonl").write_text("x\ny\n")
    with pytest.raises(CorpusError, match=r"c/z.jsonl: no sound record in this file \(2 broken JSON\)"):
        overlap.by_document("c", "t.jsonl", on_bad_record="skip")
