"""Fields in objects, in lists of objects, in objects of lists: one rule for every format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import encoded, one_file, read, refused, stored
from test_records import a_file, verdicts

from overlap.corpus import read_file
from overlap.corpus.columns import table_text
from overlap.corpus.records import record_text
from overlap.errors import CorpusError

WORDS = st.sampled_from(["a", "é x", "", "漢"])
ITEMS = st.lists(
    st.none() | st.fixed_dictionaries({}, optional={"x": st.none() | WORDS, "n": st.integers(-3, 3)}), max_size=3
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "items": st.none() | ITEMS,
            "lists": st.none() | st.fixed_dictionaries({"x": st.none() | st.lists(st.none() | WORDS, max_size=3)}),
            "deep": st.none() | st.lists(st.none() | st.fixed_dictionaries({"items": st.none() | ITEMS}), max_size=2),
            "rows": st.none() | st.lists(st.none() | st.lists(st.none() | WORDS, max_size=2), max_size=2),
            "floats": st.none() | st.lists(st.none() | st.lists(st.sampled_from([1.0, 0.5]), max_size=2), max_size=2),
        }
    ),
    max_size=5,
)
FIRST = {
    "items": [{"x": "one", "n": 1}, {"x": "two", "n": 2}],
    "lists": {"x": ["one", "two"]},
    "deep": [{"items": [{"x": "a", "n": 1}]}],
    "rows": [["r"]],
    "floats": [[1.5]],
}
FIELDS = ["items.x", "items.n", "lists.x", "deep.items.x", "rows", "floats"]


@settings(max_examples=120)
@given(ROWS, st.lists(st.sampled_from(FIELDS), min_size=1, max_size=3, unique=True))
def test_every_format_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], fields: list[str]
) -> None:
    rows = [FIRST, *rows]
    expected = verdicts(rows, a_file(*fields))
    folder = tmp_path_factory.getbasetemp()
    for kind in ("jsonl", "json", "parquet", "arrow"):
        path = stored(folder / f"nested.{kind}", encoded(rows, kind))
        if isinstance(expected, list):
            assert read(path, *fields) == expected, kind
        else:
            assert refused(path, *fields).row == expected, kind


@pytest.mark.parametrize(
    ("record", "field", "expected"),
    [
        ({"c": [{"t": "x"}, {"t": "y"}]}, "c.t", "x\ny"),
        ({"c": {"t": ["x", "y"]}}, "c.t", "x\ny"),
        ({"c": [{"t": "x"}, {}, None, {"t": None}, "z"]}, "c.t", "x\n\n\n\n"),
        ({"c": []}, "c.t", ""),
        ({"c": [{"t": {"u": "x"}}, {"t": {"u": ["y", 1]}}]}, "c.t.u", "x\ny\n1"),
        ({"c": [[{"t": "x"}], [{"t": "y"}]]}, "c.t", "x\ny"),
        ({"c.t": "plain", "c": [{"t": "x"}]}, "c.t", "plain"),
    ],
)
def test_lists_by_example(record: dict[str, Any], field: str, expected: str) -> None:
    assert record_text(record, a_file(field), 0) == expected


def test_lists_of_every_width() -> None:
    items = [[{"t": "x"}, {"t": "y"}], None, [], [None, {"t": "z"}]]
    struct = pa.struct([("t", pa.string())])
    expected = ["x\ny", "", "\nz"]
    for kind in (pa.list_(struct), pa.large_list(struct)):
        column = pa.array(items, kind)
        table = pa.table({"c": column.take(pa.array([0, 2, 3]))})
        assert table_text(table, a_file("c.t"), 0).to_pylist() == expected
        sliced = pa.table({"c": pa.chunked_array([column.slice(2, 1), column.slice(3)])})
        assert table_text(sliced, a_file("c.t"), 0).to_pylist() == expected[1:]
    fixed = pa.table({"c": pa.array([items[0], items[0]], pa.list_(struct, 2)).slice(1)})
    assert table_text(fixed, a_file("c.t"), 0).to_pylist() == ["x\ny"]


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet", "arrow"])
def test_a_wrong_name_in_a_list_is_found(tmp_path: Path, kind: str) -> None:
    path = stored(tmp_path / f"t.{kind}", encoded([{"c": [{"t": "x"}]}, {"c": [{"t": "y"}]}], kind))
    error = refused(path, "c.u")
    assert "no field 'c.u'" in str(error)
    with pytest.raises(CorpusError, match="object"):
        read(path, "c")


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet", "arrow"])
def test_a_list_as_id_or_group_is_refused(tmp_path: Path, kind: str) -> None:
    path = stored(tmp_path / f"t.{kind}", encoded([{"q": "x", "l": ["a"]}], kind))
    with pytest.raises(CorpusError, match="the id field 'l' holds no text or number"):
        list(read_file(one_file(path, "q", id_field="l")))
