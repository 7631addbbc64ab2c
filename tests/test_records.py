"""Records as texts: the two forms of the rule, one object or whole columns, agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import encoded, one_file, read, refused, stored
from strategies import texts

from overlap.corpus import InputFile, plan_shards, read_shard
from overlap.corpus.columns import column_text, table_text
from overlap.corpus.records import record_text
from overlap.errors import BadRecord, CorpusError, MissingField


def a_file(*fields: str) -> InputFile:
    return InputFile("made-up", "made-up", "jsonl", "", fields, False, 0)


@pytest.mark.parametrize(
    ("record", "fields", "expected"),
    [
        ({"a": "x"}, ["a"], "x"),
        ({"a": "x", "b": "y"}, ["b", "a"], "y\nx"),
        ({"a": "x"}, ["a", "b"], "x\n"),
        ({"a": None, "b": "y"}, ["a", "b"], "\ny"),
        ({"a": ""}, ["a"], ""),
        ({"a": []}, ["a"], ""),
        ({"a": ["x", ["y", None], True, 3]}, ["a"], "x\ny\n\ntrue\n3"),
        ({"a": False}, ["a"], "false"),
        ({"a": 0}, ["a"], "0"),
        ({"a": {"b": {"c": "deep"}}}, ["a.b.c"], "deep"),
        ({"a.b": "dotted", "a": {"b": "nested"}}, ["a.b"], "dotted"),
        ({"a": {"b.c": "x"}, "d": "y"}, ["a.b.c", "d"], "\ny"),  # a dot in an inner key cannot be named
        ({"a": "x", "b": {"c": "y"}}, ["a.c", "b.c"], "\ny"),
    ],
)
def test_record_text_by_example(record: dict[str, Any], fields: list[str], expected: str) -> None:
    assert record_text(record, a_file(*fields), 0) == expected


@pytest.mark.parametrize(
    ("record", "kind", "message"),
    [
        ({}, MissingField, "no field 'a' or 'b'; it has: none"),
        ({"c": "x", "A": "y"}, MissingField, "no field 'a' or 'b'; it has: A, c"),
        ({"a": None}, BadRecord, r"null in every asked field \(a, b\)"),
        ({"a": None, "b": None}, BadRecord, r"null in every asked field \(a, b\)"),
        ({"a": {}, "b": "x"}, BadRecord, r"an object instead of text in the asked fields \(a, b\); name a field in it"),
        ({"a": ["x", {}]}, BadRecord, "an object instead of text"),
        (["x"], BadRecord, "a JSON object was expected, not an array"),
        ("x", BadRecord, "not a string"),
        (None, BadRecord, "not null"),
        (True, BadRecord, "not true or false"),
        (1.5, BadRecord, "not a number"),
    ],
)
def test_bad_records_by_example(record: Any, kind: type[BadRecord], message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        record_text(record, a_file("a", "b"), 6)
    assert (caught.value.path, caught.value.row) == ("made-up", 7)


VALUES = st.one_of(st.none(), texts())
LISTS = st.one_of(st.none(), st.lists(VALUES, max_size=3))
ROWS = st.lists(
    st.fixed_dictionaries(
        {"a": VALUES, "list": LISTS, "number": st.integers(-(2**40), 2**40), "truth": st.booleans()},
        optional={"nested": st.one_of(st.none(), st.fixed_dictionaries({"b": VALUES}))},
    ),
    min_size=1,
    max_size=5,
)
FIELDS = st.lists(st.sampled_from(["a", "list", "number", "truth", "nested.b"]), min_size=1, max_size=4, unique=True)
FIRST = {"a": "first", "list": ["x", "y"], "number": 0, "truth": True, "nested": {"b": "z"}}


def verdicts(rows: list[dict[str, Any]], file: InputFile) -> list[str] | int:
    """The texts, or the number of the first record without text."""
    found = []
    for row, record in enumerate(rows):
        try:
            found.append(record_text(record, file, row))
        except CorpusError as error:
            return error.row or 0
    return found


@settings(max_examples=120)
@given(ROWS, FIELDS)
def test_columns_and_records_agree(rows: list[dict[str, Any]], fields: list[str]) -> None:
    rows = [FIRST, *({"nested": None, **row} for row in rows)]
    expected = verdicts(rows, a_file(*fields))
    table = pa.Table.from_pylist(rows)
    if isinstance(expected, list):
        assert table_text(table, a_file(*fields), 0).to_pylist() == expected
    else:
        with pytest.raises(BadRecord) as caught:
            table_text(table, a_file(*fields), 0)
        assert caught.value.row == expected


@settings(max_examples=80)
@given(ROWS, FIELDS)
def test_every_format_of_records_agrees(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], fields: list[str]
) -> None:
    rows = [FIRST, *({"nested": None, **row} for row in rows)]
    expected = verdicts(rows, a_file(*fields))
    folder = tmp_path_factory.getbasetemp()
    files = {f"agree.{kind}": encoded(rows, kind) for kind in ("jsonl", "json", "parquet", "arrow")}
    files["slow.jsonl"] = b"\n" + files["agree.jsonl"]  # the blank line sends the block to Python's reader
    files["escaped.jsonl"] = "".join(json.dumps(row) + "\r\n" for row in rows).encode()
    for name, data in files.items():
        path = stored(folder / name, data)
        if isinstance(expected, list):
            assert read(path, *fields) == expected, name
        else:
            assert refused(path, *fields).row == expected + (name == "slow.jsonl"), name


IDS = ["jsonl", "json", "csv", "parquet", "arrow", "slow.jsonl"]


def ids_of(path: Path, field: str) -> list[str]:
    shards = plan_shards([one_file(path, "text", id_field=field)])
    return [name for shard in shards for batch in read_shard(shard, 20) for name in batch.ids or ()]


@pytest.mark.parametrize("kind", IDS)
def test_ids_are_text_in_every_format(tmp_path: Path, kind: str) -> None:
    rows = [{"text": "x" * (9 * number + 1), "name": f"é{number}", "number": number - 2} for number in range(6)]
    data = encoded(rows, kind.split(".")[-1])
    path = stored(tmp_path / f"ids.{kind}", b"\n" + data if kind == "slow.jsonl" else data)
    assert ids_of(path, "name") == [f"é{number}" for number in range(6)]
    assert ids_of(path, "number") == [str(number - 2) for number in range(6)]
    assert ids_of(path, "text") == [row["text"] for row in rows]
    with pytest.raises(MissingField, match="no field 'nome'"):
        ids_of(path, "nome")


@pytest.mark.parametrize("kind", [kind for kind in IDS if kind != "csv"])
def test_a_record_without_an_id_is_bad(tmp_path: Path, kind: str) -> None:
    rows = [{"text": "x", "name": "a", "meta": {"id": "m1"}}, {"text": "y", "name": None, "meta": {"id": "m2"}}]
    data = encoded(rows, kind.split(".")[-1])
    path = stored(tmp_path / f"ids.{kind}", b"\n" + data if kind == "slow.jsonl" else data)
    assert ids_of(path, "meta.id") == ["m1", "m2"]
    with pytest.raises(BadRecord, match="the id field 'name' holds no text or number") as caught:
        ids_of(path, "name")
    assert caught.value.row == 2 + (kind == "slow.jsonl")
    with pytest.raises(BadRecord):
        ids_of(path, "meta")


def test_ids_of_mixed_types(tmp_path: Path) -> None:
    names = ["1", 2, "three", 4.50, True, 10**30]
    data = "".join(json.dumps({"text": "x", "id": name}) + "\n" for name in names)
    assert ids_of(stored(tmp_path / "mixed.jsonl", data), "id") == ["1", "2", "three", "4.5", "true", str(10**30)]


def test_column_text_keeps_nulls() -> None:
    assert column_text(pa.array(["a", None]), a_file(), "a").to_pylist() == ["a", None]
    assert column_text(pa.array([["a"], None]), a_file(), "a").to_pylist() == ["a", None]
    assert column_text(pa.array([None, True]), a_file(), "a").to_pylist() == [None, "true"]


def test_table_text_counts_rows_from_where_it_is_told() -> None:
    with pytest.raises(BadRecord) as caught:
        table_text(pa.table({"a": ["x", None]}), a_file("a"), 100)
    assert caught.value.row == 102
