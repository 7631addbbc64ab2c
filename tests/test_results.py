"""Stored results: they come back as they were, others can read them, and a damaged one is never believed."""

from __future__ import annotations

import json
import os
import random
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from commands import call, refused
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import flip
from values import Example, overlap_of, train_of

import overlap
from overlap.errors import OutputError, ResultFileError
from overlap.metrics import summary

ARRAYS = ("sources", "rows", "units", "ngrams", "run_counts", "run_starts", "run_lengths")
VALUES = ("train", "test", "n", "document", "engine", "test_sources", "test_distinct", "distinct_hits")
MIXED = overlap_of([(27, [(0, 2), (9, 1)]), (27, [(5, 4)]), (8, [(0, 1)]), (17, []), (7, [])], distinct=(40, 6))
OTHERS = (
    overlap_of([(30, [(3, 20)])], test="mmlu", train=train_of("web", own=True), files=("a.jsonl",)),
    overlap_of(
        [(8, []), (9, [(0, 2)]), (3, [])],
        test="Prüfung | 試験",
        train=train_of("union", distinct=None, members=("a", "b")),
        files=("ä/1.jsonl", "ä/2.jsonl"),
    ),
)


def same(left: overlap.Overlap, right: overlap.Overlap) -> None:
    """Equal in every value and every array, types included."""
    for name in VALUES:
        assert getattr(left, name) == getattr(right, name)
    for name in ARRAYS:
        one, two = getattr(left, name), getattr(right, name)
        assert one.dtype == two.dtype
        np.testing.assert_array_equal(one, two)


runs = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), max_size=5).map(
    lambda pairs: [(6 * number + gap, length) for number, (gap, length) in enumerate(pairs) if gap + length < 6]
)
examples = st.lists(runs.map(lambda some: (7 + sum(some[-1]) + 3 if some else 5, some)), max_size=12)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(examples, min_size=1, max_size=4))
def test_any_overlaps_come_back(tmp_path_factory: pytest.TempPathFactory, several: list[list[Example]]) -> None:
    place = tmp_path_factory.mktemp("r") / "result"
    overlaps = tuple(overlap_of(some, test=f"t{number}") for number, some in enumerate(several))
    overlap.Report(overlaps).save(place)
    found = overlap.load_result(place)
    assert len(found) == len(overlaps)
    for left, right in zip(found, overlaps, strict=True):
        same(left, right)
        assert [left.example(i) for i in range(len(left))] == [right.example(i) for i in range(len(right))]
    assert summary(found) == summary(overlaps)


def test_examples_by_number() -> None:
    example = MIXED.example(0)
    assert (example.source, example.row, example.units, example.ngrams, example.hits) == ("test.jsonl", 0, 27, 20, 3)
    assert example.runs == ((0, 2), (9, 1))
    assert MIXED.example(3).runs == ()
    assert MIXED.example(4).ngrams == 0
    assert [MIXED.example(i).hits for i in range(5)] == MIXED.hits.tolist() == [3, 4, 1, 0, 0]
    with pytest.raises(IndexError):
        MIXED.example(5)


def test_measured_overlaps_come_back(tmp_path: Path) -> None:
    """Through the command: what ``report`` prints from the stored result is what ``measure`` printed."""
    rows = [{"q": "one two three four five six seven eight nine", "a": str(number)} for number in range(5)]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = f"{tmp_path / 't.jsonl'}::q"
    overlap.build_index(source, tmp_path / "i")
    for format in ("json", "md", "csv", "latex", "terminal"):
        place = tmp_path / format
        first = call("measure", "--index", tmp_path / "i", source, "-o", place, "--format", format)
        again = call("report", place, "--format", format)
        assert (first.exit_code, again.exit_code) == (0, 0)
        assert first.stdout == again.stdout
        assert len(first.stdout) > 100


def test_one_file_by_two_fields_comes_back(tmp_path: Path) -> None:
    """Two sources with one path: each example still knows which of them it came from."""
    text = "one two three four five six seven eight nine"
    (tmp_path / "t.jsonl").write_text(json.dumps({"q": text, "a": f"{text} ten"}) + "\n")
    overlap.build_index(f"{tmp_path / 't.jsonl'}::q", tmp_path / "i")
    sources = [f"t={tmp_path / 't.jsonl'}::q", f"t={tmp_path / 't.jsonl'}::a"]
    (measured,) = overlap.measure(tmp_path / "i", sources)
    assert measured.sources.tolist() == [0, 1]
    overlap.Report((measured,)).save(tmp_path / "r")
    (found,) = overlap.load_result(tmp_path / "r")
    same(found, measured)


def test_others_read_the_parquet_file(tmp_path: Path) -> None:
    overlap.Report((MIXED, *OTHERS)).save(tmp_path / "r")
    assert sorted(os.listdir(tmp_path / "r")) == ["examples.parquet", "result.json"]
    table = pq.read_table(tmp_path / "r" / "examples.parquet")
    wanted = ["train", "own_train", "test", "source", "row", "id", "group", "units", "ngrams", "hits", "runs", "parts"]
    assert table.column_names == wanted
    rows = table.to_pylist()
    assert len(rows) == 5 + 1 + 3
    assert rows[0] == {
        "train": "web", "own_train": False, "test": "gsm8k", "source": "test.jsonl", "row": 0, "id": None,
        "group": None, "units": 27, "ngrams": 20, "hits": 3,
        "runs": [{"start": 0, "length": 2}, {"start": 9, "length": 1}],
        "parts": [],
    }  # fmt: skip
    assert rows[5]["own_train"] is True
    assert rows[6]["test"] == "Prüfung | 試験"
    assert [row["source"] for row in rows[6:]] == ["ä/1.jsonl", "ä/1.jsonl", "ä/2.jsonl"]
    assert [row["hits"] for row in rows] == [sum(run["length"] for run in row["runs"]) for row in rows]


def test_the_json_file_holds_the_report(tmp_path: Path) -> None:
    overlap.Report((MIXED, *OTHERS)).save(tmp_path / "r")
    body = json.loads((tmp_path / "r" / "result.json").read_text(encoding="utf-8"))
    assert body["format"] == "overlap-result"
    assert body["format_version"] == 1
    report = json.loads(overlap.Report((MIXED, *OTHERS)).render("json"))
    assert {key: body[key] for key in report} == report


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    overlap.Report((MIXED, *OTHERS)).save(tmp_path / "r")
    return tmp_path / "r"


@pytest.mark.parametrize("name", ["result.json", "examples.parquet"])
def test_flipped_bits_are_found_or_harmless(name: str, stored: Path) -> None:
    """One bit of every byte: an error that says so, or the very same overlaps."""
    wanted = summary((MIXED, *OTHERS))
    harmless = 0
    for byte in range((stored / name).stat().st_size):
        bit = 8 * byte + byte % 8
        flip(stored / name, bit)
        with suppress(ResultFileError):
            found = overlap.load_result(stored)
            assert summary(found) == wanted, f"byte {byte}"
            for left, right in zip(found, (MIXED, *OTHERS), strict=True):
                same(left, right)
            harmless += 1
        flip(stored / name, bit)
    assert harmless < 20


def _edited(place: Path, **values: Any) -> None:
    body = json.loads((place / "result.json").read_text())
    (place / "result.json").write_text(json.dumps({**body, **values}))


def _overlaps_of_others(place: Path) -> None:
    _edited(place, overlaps=[{"train": 1}])


def _text_for_overlaps(place: Path) -> None:
    _edited(place, overlaps="none")


def _number_for_overlaps(place: Path) -> None:
    _edited(place, overlaps=3)


def _fewer_overlaps(place: Path) -> None:
    body = json.loads((place / "result.json").read_text())
    _edited(place, overlaps=body["overlaps"][:-1])


def _newer(place: Path) -> None:
    _edited(place, format_version=2)


def _other_parquet(place: Path) -> None:
    import hashlib

    import pyarrow as pa

    pq.write_table(pa.table({"a": [1]}), place / "examples.parquet")
    _edited(place, examples_sha256=hashlib.sha256((place / "examples.parquet").read_bytes()).hexdigest())


DAMAGES = {
    "missing": lambda place: shutil.rmtree(place),
    "a file": lambda place: (shutil.rmtree(place), place.write_text("x")),
    "empty": lambda place: [item.unlink() for item in place.iterdir()],
    "no examples": lambda place: (place / "examples.parquet").unlink(),
    "no json": lambda place: (place / "result.json").unlink(),
    "json truncated": lambda place: os.truncate(place / "result.json", 700),
    "json empty": lambda place: os.truncate(place / "result.json", 0),
    "json a list": lambda place: (place / "result.json").write_text("[1, 2]"),
    "json of others": lambda place: (place / "result.json").write_text('{"accuracy": 0.9}'),
    "json not text": lambda place: (place / "result.json").write_bytes(random.Random(1).randbytes(999)),
    "json deep": lambda place: (place / "result.json").write_text("[" * 100_000),
    "json a folder": lambda place: ((place / "result.json").unlink(), (place / "result.json").mkdir()),
    "examples truncated": lambda place: os.truncate(place / "examples.parquet", 1000),
    "examples empty": lambda place: os.truncate(place / "examples.parquet", 0),
    "other parquet": _other_parquet,
    "overlaps of others": _overlaps_of_others,
    "text for overlaps": _text_for_overlaps,
    "number for overlaps": _number_for_overlaps,
    "fewer overlaps": _fewer_overlaps,
    "newer": _newer,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_result_is_one_clear_line(damage: str, stored: Path) -> None:
    DAMAGES[damage](stored)
    with pytest.raises(ResultFileError) as caught:
        overlap.load_result(stored)
    assert caught.value.path == str(stored)
    assert refused(call("report", stored)).startswith(f"{stored}: ")


def test_existing_result_is_kept_without_force(stored: Path) -> None:
    kept = {item.name: item.read_bytes() for item in stored.iterdir()}
    with pytest.raises(OutputError, match=r"a result is here already.*--force"):
        overlap.Report(OTHERS).save(stored)
    assert {item.name: item.read_bytes() for item in stored.iterdir()} == kept
    overlap.Report(OTHERS).save(stored, force=True)
    assert [found.test for found in overlap.load_result(stored)] == [other.test for other in OTHERS]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("kind", ["file", "folder of others", "their result.json"])
def test_what_belongs_to_others_is_always_kept(kind: str, force: bool, tmp_path: Path) -> None:
    """A folder is a result if what it holds says so, not because a file in it has a name of ours."""
    place = tmp_path / "r"
    if kind == "file":
        place.write_text("precious")
    else:
        place.mkdir()
        (place / "thesis.txt").write_text("precious")
        if kind == "their result.json":
            (place / "result.json").write_text('{"accuracy": 0.9}')
    before = {item: item.read_bytes() for item in [place, *tmp_path.rglob("*")] if item.is_file()}
    with pytest.raises(OutputError) as caught:
        overlap.Report(OTHERS).save(place, force=force)
    assert caught.value.path == str(place)
    assert {item: item.read_bytes() for item in before} == before


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("suffix", [".partial", ".old", ".tmp"])
def test_a_neighbour_of_the_result_is_kept(suffix: str, force: bool, tmp_path: Path) -> None:
    """Even one that has the name of our own half-written folder."""
    if force:
        overlap.Report((MIXED,)).save(tmp_path / "r")
    neighbour = tmp_path / f"r{suffix}" / "thesis.txt"
    neighbour.parent.mkdir()
    neighbour.write_text("precious")
    with suppress(OutputError):
        overlap.Report((MIXED,)).save(tmp_path / "r", force=force)
    assert neighbour.read_text() == "precious"


def test_failed_write_leaves_the_old_result(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full in the middle: the old result is whole, and nothing half-written lies about."""
    kept = {item.name: item.read_bytes() for item in stored.iterdir()}

    def full(*arguments: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(OutputError, match="No space left on device"):
        overlap.Report(OTHERS).save(stored, force=True)
    assert {item.name: item.read_bytes() for item in stored.iterdir()} == kept
    assert [item.name for item in stored.parent.iterdir()] == [stored.name]


def test_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "r", tmp_path / ("x" * 300)):
        with pytest.raises(OutputError):
            overlap.Report((MIXED,)).save(place)


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    overlap.Report((MIXED,)).save(tmp_path / "a" / "b" / "r")
    assert len(overlap.load_result(tmp_path / "a" / "b" / "r")) == 1


def test_file_name_that_is_not_text(tmp_path: Path) -> None:
    """Names of files are bytes; one that is not UTF-8 can be measured, stored and reported like any other."""
    name = os.fsdecode(b"caf\xe9.txt")
    text = "one two three four five six seven eight nine"
    (tmp_path / name).write_text(text)
    overlap.build_index(str(tmp_path / name), tmp_path / "i")
    overlaps = overlap.measure(tmp_path / "i", f"t={tmp_path / name}")
    overlap.Report(overlaps).save(tmp_path / "r")
    (found,) = overlap.load_result(tmp_path / "r")
    assert found.hits.tolist() == [2]
    for format in ("md", "csv", "json", "latex"):
        overlap.Report((found,)).render(format).encode()


def test_a_result_of_the_first_format_still_loads() -> None:
    """Stored before examples had ids, groups and parts, and matches a part (scan of two made-up lines)."""
    folder = Path(__file__).parent / "data" / "result-1"
    (found,) = overlap.load_result(folder)
    assert (found.hits.tolist(), found.units.tolist()) == ([7, 0, 0], [23, 4, 14])
    assert (found.ids, found.groups, found.parts) == (None, None, ())
    assert found.part_hits.shape == (3, 0)
    assert found.example_id(1) == "test.jsonl:1"
    assert found.train.sources is None
    assert found.example(0).parts == ()
    (findings,) = overlap.load_findings(folder)
    assert [match.units for match in findings.matches] == [10, 11]
    outcome = call("report", folder, "--format", "json")
    assert json.loads(outcome.stdout)["results"][0]["overlap_percent"] == pytest.approx(700 / 23)
