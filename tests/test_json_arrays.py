"""JSON arrays of objects, read through a window; and .json files that are something else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import read, refused, stored
from strategies import texts

from overlap.errors import BadRecord, MissingField


def array(tmp_path: Path, data: bytes | str) -> Path:
    return stored(tmp_path / "data.json", data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"[]", []),
        (b" [ ] \n", []),
        (b'[{"text": "a"}]', ["a"]),
        (b'[{"text": "a"},{"text": "b"}]', ["a", "b"]),
        (b'\r\n[\r\n\t{"text"\n:\n"a"}\n,\n{"text": "b"}\n]\n', ["a", "b"]),
        (b'\xef\xbb\xbf[{"text": "a"}]', ["a"]),
        (b'[{"text": "\xc3\xa9 \\u00e9 \\ud83d\\ude00"}]', ["é é 😀"]),
        (b'[{"text": ["x", null, "y"], "o": [1, {"z": null}]}]', ["x\n\ny"]),
        (b'[{"text": 1.50}, {"text": true}, {"text": 12345678901234567890}]', ["1.50", "true", "12345678901234567890"]),
        (b'[{"text": "a", "text": "b"}]', ["b"]),
        (b'{"text": "a"}\n{"text": "b"}\n', ["a", "b"]),  # JSON lines under another name
        (b'\xef\xbb\xbf \n{"text": "a"}\n\n{"text": "b"}', ["a", "b"]),
    ],
)
@pytest.mark.parametrize("block", [1, 2, 3, 10, 1 << 20])
def test_arrays_by_example(tmp_path: Path, data: bytes, expected: list[str], block: int) -> None:
    assert read(array(tmp_path, data), block=block) == expected


@settings(max_examples=150)
@given(
    st.lists(st.dictionaries(st.sampled_from("ab"), texts(), min_size=1), max_size=6),
    st.sampled_from([None, 0, 4]),
    st.booleans(),
    st.sampled_from([1, 5, 33, 100, 1 << 20]),
)
def test_arrays_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[dict[str, str]],
    indent: int | None,
    escaped: bool,
    block: int,
) -> None:
    records.insert(0, {"a": "1", "b": "2"})
    data = json.dumps(records, indent=indent, ensure_ascii=escaped)
    path = stored(tmp_path_factory.getbasetemp() / "made-up.json", data)
    expected = [f"{record.get('a', '')}\n{record.get('b', '')}" for record in records]
    assert read(path, "a", "b", block=block) == expected


@pytest.mark.parametrize("size", [100, 5_000, 100_000])
@pytest.mark.parametrize("block", [16, 1_000])
def test_an_object_far_larger_than_the_window(tmp_path: Path, size: int, block: int) -> None:
    records = [{"text": "first"}, {"text": "long " * (size // 5)}, {"text": "x", "other": ["y"] * (size // 5)}]
    data = json.dumps(records)
    assert read(array(tmp_path, data), block=block) == [record["text"] for record in records]


def test_five_megabytes_in_one_string(tmp_path: Path) -> None:
    text = "word " * 1_000_000
    assert read(array(tmp_path, json.dumps([{"text": text}, {"text": "b"}]))) == [text, "b"]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (b'{"text": "a",}', "not valid JSON"),
        (b'{"text" "a"}', "not valid JSON: Expecting ':' delimiter"),
        (b"{'text': 'a'}", "not valid JSON"),
        (b"nothing", "not valid JSON: Expecting value"),
        (b'{"text": "a\n"}', "not valid JSON: Invalid control character"),
        (b"7", "a JSON object was expected, not a number"),
        (b"null", "a JSON object was expected, not null"),
        (b'[{"text": "a"}]', "a JSON object was expected, not an array"),
        (b'{"text": null}', "null in every asked field"),
        (b'{"text": {"a": 1}}', "an object instead of text"),
        (b'{"other": 1}', "no field 'text'; it has: other"),
        (b'{"text": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "JSON nested too deeply"),
    ],
)
@pytest.mark.parametrize("place", [0, 3, 9])
@pytest.mark.parametrize("block", [8, 1 << 20])
def test_bad_objects_are_numbered(tmp_path: Path, item: bytes, message: str, place: int, block: int) -> None:
    items = [b'{"text": "fine"}'] * 10
    items[place] = item
    error = refused(array(tmp_path, b"[" + b",\n".join(items) + b"]"), block=block)
    assert message in error.reason
    assert error.row == place + 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"  \n",
        b"[",
        b'[{"text": "a"}',
        b'[{"text": "a"},',
        b'[{"text": "a"},]',
        b'[{"text": "a"} {"text": "b"}]',
        b'[{"text": "a"}; {"text": "b"}]',
        b'"text"',
        b"null",
        b"text",
        b"\x00[]",
        b'[{"text": "a"}] [{"text": "b"}]',
        b'[{"text": "a"}]\n{"text": "b"}\n',
        b"[] garbage",
        b'[{"text": "a"}]]',
        b'[{"text": "\xff"}]',
        b'[{"text": "a"}]\xff',
    ],
)
@pytest.mark.parametrize("block", [1, 1 << 20])
def test_what_is_no_array_of_objects(tmp_path: Path, data: bytes, block: int) -> None:
    assert isinstance(refused(array(tmp_path, data), block=block), BadRecord)


@pytest.mark.parametrize("size", range(1, 80, 3))
def test_truncated_arrays_are_refused(tmp_path: Path, size: int) -> None:
    data = json.dumps([{"text": "a, é"}, {"text": ["b"]}, {"text": 5, "x": None}, {"text": "last"}]).encode()
    assert isinstance(refused(array(tmp_path, data[: min(size, len(data) - 1)]), block=10), BadRecord)


def test_one_object_on_many_lines_says_where(tmp_path: Path) -> None:
    error = refused(array(tmp_path, json.dumps({"data": [{"text": "a"}]}, indent=2)))
    assert isinstance(error, BadRecord)
    assert error.row == 1


def test_invalid_utf8_in_an_array_is_named(tmp_path: Path) -> None:
    error = refused(array(tmp_path, b'[{"text": "a"}, {"text": "caf\xe9"}]'))
    assert "not valid UTF-8" in error.reason


def test_lone_surrogates_separate(tmp_path: Path) -> None:
    assert read(array(tmp_path, rb'[{"text": "a\ud800b\udc00"}]')) == ["a?b?"]


@pytest.mark.parametrize("block", [1, 1 << 20])
def test_a_misspelled_second_field_is_missing(tmp_path: Path, block: int) -> None:
    path = array(tmp_path, json.dumps([{"question": "q", "answer": "a"}] * 3))
    with pytest.raises(MissingField, match="no field 'answr'; it has: answer, question"):
        read(path, "question", "answr", block=block)
