"""CSV, TSV, Parquet and Arrow: rows as texts, whatever the types, quotes and sizes."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import read, refused, stored, tabular
from strategies import texts

from overlap.corpus import tables
from overlap.errors import BadRecord, CorpusError, MissingField

BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"text\n", []),
        (b"text\na\nb\n", ["a", "b"]),
        (b"text\na\nb", ["a", "b"]),
        (b"text,x\r\na,1\r\nb,2\r\n", ["a", "b"]),
        (BOM + b"text,x\na,1\n", ["a"]),
        (b'"text","x"\n"a","1"\n', ["a"]),
        (
            b'x,text\n1,"two\nlines"\n2,"a ""quoted"" word, and a comma"\n3,\n',
            ["two\nlines", 'a "quoted" word, and a comma', ""],
        ),
        (b'x,text\n1,"two\r\nlines"\n', ["two\r\nlines"]),
        (b'text\n""\nnull\nNA\nNaN\n', ["", "null", "NA", "NaN"]),  # text, not missing values
        (b"text\n1\n2.50\ntrue\n2020-01-01\n0x10\n007\n", ["1", "2.50", "true", "2020-01-01", "0x10", "007"]),
        (b"text\n1\nmixed\n2.5\n", ["1", "mixed", "2.5"]),
        (b"text,x\n a ,1\n\xe6\xbc\xa2,2\n", [" a ", "漢"]),
        (b"text\na\n\nb\n\n", ["a", "b"]),  # blank lines are no rows
    ],
)
@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_delimited_rows_by_example(tmp_path: Path, data: bytes, expected: list[str], kind: str) -> None:
    if kind == "tsv":
        data = data.replace(b",", b"\t")
        expected = [text.replace(",", "\t") for text in expected]
    assert read(stored(tmp_path / f"data.{kind}", data)) == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"text,x\na\n", "Expected 2 columns, got 1"),
        (b"text,x\na,1\nb,2,3\n", "Expected 2 columns, got 3"),
        (b"\n\n", "cannot be read"),
        (b"te\xffxt,x\na,1\n", "cannot be read"),
    ],
)
def test_broken_csv_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    assert message in refused(stored(tmp_path / "data.csv", data)).reason


# No \r in a cell: where a block ends between \r and \n, pyarrow drops the \n. Both separate, so no unit changes.
CELLS = st.one_of(texts(), st.text('ab,"\n\t', max_size=30)).map(lambda text: text.replace("\r", ""))


@settings(max_examples=150)
@given(
    st.lists(st.tuples(CELLS, CELLS), max_size=8),
    st.sampled_from([16, 40, 100, 1 << 20]),
    st.sampled_from(["csv", "tsv"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_csv_is_read_as_python_reads_it(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], block: int, kind: str, end: str
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter="\t" if kind == "tsv" else ",", lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "text"), *rows])
    path = stored(tmp_path_factory.getbasetemp() / f"made-up.{kind}", out.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_CSV_BLOCK", block)
        assert read(path, "text", "id") == [f"{text}\n{name}" for name, text in rows]


@pytest.mark.parametrize("compression", ["", ".gz"])
@pytest.mark.parametrize(
    "sizes", [[5_000], [1, 1, 5_000, 1, 60_000, 1], [700] * 20, [9] * 900 + [5_000] + [9] * 300 + [60_000]]
)
def test_rows_longer_than_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: list[int], compression: str
) -> None:
    monkeypatch.setattr(tables, "_CSV_BLOCK", 256)
    expected = [f"{number} " + 'x\n"' * (size // 3) for number, size in enumerate(sizes)]
    out = io.StringIO(newline="")
    csv.writer(out).writerows([("text", "more"), *((text, "more") for text in expected)])
    assert read(stored(tmp_path / f"long.csv{compression}", out.getvalue())) == expected


def test_a_row_over_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_CSV_BLOCK", 64)
    monkeypatch.setattr(tables, "_LARGEST_CSV_BLOCK", 512)
    refused(stored(tmp_path / "long.csv", "text\nshort\n" + "x" * 10_000 + "\n"))


@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow", "arrow-stream"])
@pytest.mark.parametrize("rows", [0, 3])
def test_missing_fields_are_named(tmp_path: Path, kind: str, rows: int) -> None:
    table = pa.table({"question": ["q"] * rows, "answer": ["a"] * rows})
    data = b"question,answer\n" + b"q,a\n" * rows if kind == "csv" else tabular(table, kind)
    path = stored(tmp_path / f"data.{kind.split('-')[0]}", data)
    for fields, missing in ((["text"], "text"), (["question", "answr"], "answr"), (["answer.x"], "answer.x")):
        with pytest.raises(MissingField, match=f"no field '{missing}'; it has: answer, question") as caught:
            read(path, *fields)
        assert caught.value.path == str(path)


@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow"])
def test_two_columns_of_one_name_are_refused(tmp_path: Path, kind: str) -> None:
    table = pa.table([pa.array(["a"]), pa.array(["b"]), pa.array(["c"])], names=["text", "text", "other"])
    data = b"text,text,other\na,b,c\n" if kind == "csv" else tabular(table, kind)
    path = stored(tmp_path / f"data.{kind}", data)
    assert read(path, "other") == ["c"]
    assert "text" in refused(path).reason


LIST, LARGE = pa.list_(pa.string()), pa.large_list(pa.large_string())


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(["a", "", "é漢"]), ["a", "", "é漢"]),
        (pa.array(["a", "b"], pa.large_string()), ["a", "b"]),
        (pa.array(["a", "b" * 40], pa.string_view()), ["a", "b" * 40]),
        (pa.array([b"a", "é".encode()], pa.binary()), ["a", "é"]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.array([1, -20]), ["1", "-20"]),
        (pa.array([2**63], pa.uint64()), ["9223372036854775808"]),
        (pa.array([2.5, -0.125, 1.0]), ["2.5", "-0.125", "1.0"]),
        (pa.array([0.1, 2.0, 16777216.0], pa.float32()), ["0.1", "2.0", "16777216.0"]),
        (pa.array([[0.1]], pa.list_(pa.float32())), ["0.1"]),
        (pa.array([Decimal("1.50")]), ["1.50"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array([["a", "b"], [], ["c"]], LIST), ["a\nb", "", "c"]),
        (pa.array([["a", None, "b"], [None]], LIST), ["a\n\nb", ""]),
        (pa.array([["a", "b"]], LARGE), ["a\nb"]),
        (pa.array([["a", "b"]], pa.list_(pa.string(), 2)), ["a\nb"]),
        (pa.array([["a", "b"]], pa.list_(pa.dictionary(pa.int8(), pa.string()))), ["a\nb"]),
        (pa.array([[["a", "b"], ["c"]], []], pa.list_(LIST)), ["a\nb\nc", ""]),
        (pa.array([[1, 2], [3]]), ["1\n2", "3"]),
        (pa.array([[True, None, False]]), ["true\n\nfalse"]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrow-stream"])
def test_every_type_that_is_text(tmp_path: Path, column: pa.Array, expected: list[str], kind: str) -> None:
    path = stored(tmp_path / f"data.{kind.split('-')[0]}", tabular(pa.table({"text": column}), kind))
    assert read(path) == expected
    assert read(path, block=1) == expected


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([{"a": "x"}]), "field 'text' is an object instead of text; name a field in it: text.KEY"),
        (pa.array([[("k", "v")]], pa.map_(pa.string(), pa.string())), "field 'text' is an object"),
        (pa.array([[{"a": "x"}]]), "field 'text' is an object instead of text"),
        (pa.array([b"\xff\xfe"], pa.binary()), "cannot be read as text"),
        (pa.array([None, None]), "null in every asked field (text)"),
        (pa.array([[None, None], None], pa.list_(LIST)), "null in every asked field (text)"),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_types_that_are_no_text(tmp_path: Path, column: pa.Array, message: str, kind: str) -> None:
    error = refused(stored(tmp_path / f"data.{kind}", tabular(pa.table({"text": column}), kind)))
    assert isinstance(error, BadRecord)
    assert message in error.reason


def rows_of(tmp_path: Path, rows: list[dict[str, Any]], kind: str) -> Path:
    return stored(tmp_path / f"data.{kind}", tabular(pa.Table.from_pylist(rows), kind))


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_nested_fields(tmp_path: Path, kind: str) -> None:
    rows = [{"a": {"b": {"c": "1"}, "d": ["x", "y"]}, "e": "2"}, {"a": None, "e": "3"}, {"a": {"b": None}, "e": "4"}]
    path = rows_of(tmp_path, rows, kind)
    assert read(path, "a.b.c", "e", "a.d") == ["1\n2\nx\ny", "\n3\n", "\n4\n"]
    assert refused(path, "a.b.c").row == 2
    assert "no field 'a.x'; it has: b, d" in refused(path, "a.x").reason


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_column_with_a_dotted_name_comes_first(tmp_path: Path, kind: str) -> None:
    assert read(rows_of(tmp_path, [{"a.b": "dotted", "a": {"b": "nested"}}], kind), "a.b") == ["dotted"]
    assert read(rows_of(tmp_path, [{"a.b": "dotted", "c": "x"}], kind), "c", "a.b") == ["x\ndotted"]


@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrow-stream"])
@pytest.mark.parametrize("bad", range(1, 8))
def test_null_rows_are_numbered(tmp_path: Path, kind: str, bad: int) -> None:
    rows: list[dict[str, Any]] = [{"text": f"text {number}", "more": None} for number in range(1, 8)]
    rows[bad - 1]["text"] = None
    path = stored(tmp_path / f"data.{kind.split('-')[0]}", tabular(pa.Table.from_pylist(rows), kind))
    for fields in (["text"], ["text", "more"], ["more", "text"]):
        error = refused(path, *fields)
        assert (type(error), error.row) == (BadRecord, bad)


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_table_without_columns_of_that_name_lists_twelve(tmp_path: Path, kind: str) -> None:
    table = pa.table({f"c{number:02}": ["x"] for number in range(30)})
    error = refused(stored(tmp_path / f"data.{kind}", tabular(table, kind)))
    assert isinstance(error, MissingField)
    assert "c00, c01" in error.reason
    assert "c12" not in error.reason


def test_an_arrow_file_may_hold_other_types_of_batches(tmp_path: Path) -> None:
    chunks = pa.chunked_array([pa.array(["a"]), pa.array([], pa.string()), pa.array(["b", "c"])])
    for kind in ("arrow", "arrow-stream"):
        path = stored(tmp_path / f"{kind}.arrow", tabular(pa.table({"text": chunks}), kind))
        assert read(path) == ["a", "b", "c"]


def test_the_arrow_stream_of_the_datasets_library(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_list([{"text": f"row {number}"} for number in range(5)]).save_to_disk(str(tmp_path / "saved"))
    (path,) = (tmp_path / "saved").glob("*.arrow")
    assert read(path) == [f"row {number}" for number in range(5)]


def test_errors_of_tables_are_corpus_errors(tmp_path: Path) -> None:
    path = stored(tmp_path / "data.parquet", b"PAR1" + b"\x00" * 40 + b"PAR1")
    assert type(refused(path)) is CorpusError
