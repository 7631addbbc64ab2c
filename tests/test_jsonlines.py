"""JSON lines: what is a record, through pyarrow or without it, and errors that say which line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import cut, one_file, outcome, read, refused, stored, texts_of

from overlap.corpus import InputFile, read_shard
from overlap.corpus.records import record_text
from overlap.errors import BadRecord, CorpusError, MissingField

BOM = b"\xef\xbb\xbf"


def lines(tmp_path: Path, data: bytes | str) -> Path:
    return stored(tmp_path / "data.jsonl", data)


@pytest.mark.parametrize(
    ("data", "fields", "expected"),
    [
        (b'{"text": "a"}\n{"text": "b"}\n', ["text"], ["a", "b"]),
        (b'{"text": "a"}\n{"text": "b"}', ["text"], ["a", "b"]),
        (b'{"text": "a"}\r\n{"text": "b"}\r\n', ["text"], ["a", "b"]),
        (b'\n\n{"text": "a"}\n \t\n\r\n{"text": "b"}\n\n', ["text"], ["a", "b"]),
        (BOM + b'{"text": "a"}\n{"text": "b"}\n', ["text"], ["a", "b"]),
        (BOM, ["text"], []),
        (b"", ["text"], []),
        (b"\n\n", ["text"], []),
        (b' {"text": "a"} \n\t{"text": "b"}\t\n', ["text"], ["a", "b"]),
        (b'{"text": ""}\n', ["text"], [""]),
        (b'{"b": "2", "a": "1"}\n', ["a", "b"], ["1\n2"]),
        (b'{"b": "2", "a": "1"}\n', ["b", "a"], ["2\n1"]),
        (b'{"a": "1", "b": null}\n{"a": null, "b": "2"}\n{"b": "3"}\n', ["a", "b"], ["1\n", "\n2", "\n3"]),
        (b'{"a": ["x", "y"]}\n{"a": []}\n{"a": ["z"]}\n', ["a"], ["x\ny", "", "z"]),
        (b'{"a": ["x", null, "y"]}\n{"a": ["u", ["v", "w"]]}\n', ["a"], ["x\n\ny", "u\nv\nw"]),
        (b'{"a": {"b": {"c": "deep"}}}\n', ["a.b.c"], ["deep"]),
        (b'{"a": {"b": "1"}, "c": "2"}\n{"a": null, "c": "3"}\n', ["a.b", "c"], ["1\n2", "\n3"]),
        (b'{"text": 1}\n{"text": -2.50}\n{"text": 1e5}\n', ["text"], ["1", "-2.50", "1e5"]),
        (b'{"text": true}\n{"text": false}\n', ["text"], ["true", "false"]),
        (b'{"text": [1, 2.0, true, null]}\n', ["text"], ["1\n2.0\ntrue\n"]),
        (b'{"text": 12345678901234567890123}\n', ["text"], ["12345678901234567890123"]),
        (b'{"text": "a"}\n{"text": 5}\n{"text": ["b"]}\n{"text": true}\n', ["text"], ["a", "5", "b", "true"]),
        (b'{"text": 5}\n{"text": "a"}\n', ["text"], ["5", "a"]),
        (
            b'{"text": "2020-01-01"}\n{"text": "2020-01-01T00:00:00Z"}\n',
            ["text"],
            ["2020-01-01", "2020-01-01T00:00:00Z"],
        ),
        (b'{"text": "a", "text": "b"}\n', ["text"], ["b"]),  # as every JSON reader: the last one
        (b'{"text": "a", "o": {"text": "no"}, "p": [{}, null, 1.5, NaN]}\n', ["text"], ["a"]),
        (rb'{"text": "\u00e9\n\t\"\\\/ \ud83d\ude00"}', ["text"], ['é\n\t"\\/ 😀']),
        ('{"текст": "да"}\n', ["текст"], ["да"]),
        (rb'{"\u0442\u0435\u043a\u0441\u0442": "\u0434\u0430"}', ["текст"], ["да"]),  # json.dumps writes it so
        (rb'{"te\u0078t": "a"}', ["text"], ["a"]),
        (rb'{"a\/b": "x"}', ["a/b"], ["x"]),  # PHP writes it so
        (b'{"a.b": "dotted"}\n', ["a.b"], ["dotted"]),
        (b'{"a.b": "dotted", "a": {"b": "nested"}}\n', ["a.b"], ["dotted"]),
        (b'{"a": {"b": "nested"}, "t": "1"}\n{"a.b": "dotted", "t": "2"}\n', ["t", "a.b"], ["1\nnested", "2\ndotted"]),
        (b'{"t": "1"}\n{"t": "2", "a.b": "dotted"}\n', ["t", "a.b"], ["1\n", "2\ndotted"]),
        (b'{"with space": "a", "\\"": "b"}\n', ["with space", '"'], ["a\nb"]),
        (b'{"text": "a"}\n', ["text", "text"], ["a\na"]),
    ],
)
@pytest.mark.parametrize("block", [1, 30, 1 << 20])
def test_records_by_example(tmp_path: Path, data: bytes, fields: list[str], expected: list[str], block: int) -> None:
    assert read(lines(tmp_path, data), *fields, block=block) == expected


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        (b'{"text": "a"', BadRecord, "not valid JSON: .* at character 13"),
        (b'{"text": "a}', BadRecord, "not valid JSON: Unterminated string"),
        (b'{"text": "a",}', BadRecord, "not valid JSON"),
        (b'{"text": "a"} {"text": "b"}', BadRecord, "not valid JSON: Extra data at character 15"),
        (b'{"text": "a"} null', BadRecord, "not valid JSON: Extra data"),
        (b'{"text": "a"}}', BadRecord, "not valid JSON: Extra data"),
        (b"{} null {}", BadRecord, "not valid JSON: Extra data"),
        (b"{'text': 'a'}", BadRecord, "not valid JSON"),
        (b'{"text": "a\x01"}', BadRecord, "not valid JSON: Invalid control character"),
        (b'{"text": "a\\x"}', BadRecord, r"not valid JSON: Invalid \\escape"),
        (b'{"text": 01}', BadRecord, "not valid JSON"),
        (b"text", BadRecord, "not valid JSON"),
        (b"\x00", BadRecord, "not valid JSON"),
        (b"null", BadRecord, "a JSON object was expected, not null"),
        (b"[]", BadRecord, "a JSON object was expected, not an array"),
        (b'"text"', BadRecord, "a JSON object was expected, not a string"),
        (b"7", BadRecord, "a JSON object was expected, not a number"),
        (b"true", BadRecord, "a JSON object was expected, not true or false"),
        (b'{"text": null}', BadRecord, r"null in every asked field \(text\)"),
        (b'{"text": {"a": "b"}}', BadRecord, r"an object instead of text in the asked fields \(text\)"),
        (b'{"text": [{"a": "b"}]}', BadRecord, "an object instead of text"),
        (b"{}", MissingField, "no field 'text'; it has: none"),
        (b'{"Text": "a", "body": "b"}', MissingField, "no field 'text'; it has: Text, body"),
        (b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", BadRecord, "JSON nested too deeply"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 4])
@pytest.mark.parametrize("block", [1, 1 << 20])
def test_bad_records_by_example(
    tmp_path: Path, line: bytes, kind: type[CorpusError], message: str, place: int, block: int
) -> None:
    records = [b'{"text": "fine"}'] * 5
    records[place] = line
    path = lines(tmp_path, b"\n".join(records) + b"\n")
    with pytest.raises(kind, match=message) as caught:
        read(path, block=block)
    assert (caught.value.path, caught.value.row) == (str(path), place + 1)


def test_a_bom_is_for_the_beginning_of_the_file_only(tmp_path: Path) -> None:
    path = lines(tmp_path, b'{"text": "a"}\n' * 3 + BOM + b'{"text": "b"}\n')
    assert refused(path).row == 4
    with pytest.raises(BadRecord) as caught:
        [batch for shard in cut(one_file(path), [20]) for batch in read_shard(shard)]
    assert caught.value.row == 4


@pytest.mark.parametrize("escape", [r"\ud800", r"\udc00", r"\udfff", r"\ud800\ud800", r"\ud83dx"])
def test_lone_surrogates_separate(tmp_path: Path, escape: str) -> None:
    (text,) = read(lines(tmp_path, f'{{"text": "a{escape}b"}}\n'))
    assert text.startswith("a?")
    assert text.endswith("b")


def test_invalid_utf8_beside_the_text_is_judged_alike_in_every_line(tmp_path: Path) -> None:
    verdicts = set()
    for place in (0, 1):
        records = [b'{"text": "a"}', b'{"text": "b"}']
        records[place] = b'{"text": "c", "other": "\xff"}'
        verdicts.add(isinstance(outcome(lines(tmp_path, b"\n".join(records))), BadRecord))
    assert len(verdicts) == 1


@pytest.mark.parametrize("place", [0, 1])
def test_deep_nesting_beside_the_text_is_read_or_refused(tmp_path: Path, place: int) -> None:
    records = ['{"text": "a"}', '{"text": "a"}']
    records[place] = '{"text": "a", "x": ' + "[" * 20_000 + "]" * 20_000 + "}"
    found = outcome(lines(tmp_path, "\n".join(records)))
    assert found == ["a", "a"] or (isinstance(found, BadRecord) and found.row == place + 1)


@pytest.mark.parametrize("block", [1, 64, 1 << 20])
def test_a_line_longer_than_a_block(tmp_path: Path, block: int) -> None:
    texts = ["a", "word " * 2_000, "b", "é" * 5_000, "c"]
    data = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    assert read(lines(tmp_path, data), block=block) == texts


def test_a_number_too_long_for_python(tmp_path: Path) -> None:
    assert read(lines(tmp_path, f'{{"x": {"1" * 6_000}, "text": "a"}}\n')) == ["a"]
    assert read(lines(tmp_path, f'{{"text": {"1" * 6_000}}}\n')) == ["1" * 6_000]


@pytest.mark.parametrize("block", [1, 1 << 20])
@pytest.mark.parametrize("extra", ["", ', "role": "answr"', ', "note": "the \\"answr\\" is"'])
def test_a_misspelled_second_field_is_missing(tmp_path: Path, block: int, extra: str) -> None:
    path = lines(tmp_path, f'{{"question": "q", "answer": "a"{extra}}}\n' * 20)
    with pytest.raises(MissingField, match=r"no field 'answr'; it has: .*answer.*question") as caught:
        read(path, "question", "answr", block=block)
    assert caught.value.path == str(path)
    with pytest.raises(MissingField, match=r"no field 'a\.x'"):
        read(path, "question", "a.x", block=block)


@pytest.mark.parametrize("block", [1, 1 << 20])
def test_a_field_that_few_records_have(tmp_path: Path, block: int) -> None:
    records = ['{"text": "a", "more": "b"}'] + ['{"text": "a"}'] * 30
    expected = ["a\nb"] + ["a\n"] * 30
    path = lines(tmp_path, "\n".join(records))
    assert read(path, "text", "more", block=block) == expected
    shards = cut(one_file(path, "text", "more"), [200])
    assert texts_of([batch for shard in shards for batch in read_shard(shard, block)]) == expected


# Made-up lines, sound and broken, against Python's own reader one line at a time.

STRINGS = st.sampled_from(["x", "y z", "é", "", "2020-01-01", '"{}', "\\", "\n", "null", "\ud800"])
VALUES = st.recursive(
    st.one_of(STRINGS, STRINGS, st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from([2.5, 1e300, 10**30])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)),
    max_leaves=4,
)
RECORDS = st.dictionaries(st.sampled_from(["text", "a", "b", "a.b"]), VALUES, max_size=4).map(json.dumps)
LIKELY = st.builds('{{"text": {}, "a": {{"b": {}}}}}'.format, STRINGS.map(json.dumps), VALUES.map(json.dumps))
TOKENS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "null",
    "1",
    " ",
    "\r",
    "\t",
    "{}",
    '"text": "w"',
    "\x00",
    "/**/",
    "é",
]
GARBAGE = st.lists(st.sampled_from(TOKENS), max_size=6).map("".join)
LINES = st.one_of(LIKELY, LIKELY, RECORDS, GARBAGE, st.builds("{}{}".format, RECORDS, GARBAGE), st.just(""))


def by_python(data: bytes, file: InputFile) -> tuple[list[str], tuple[type, int] | None]:
    """(texts, class and line of the first error)."""
    texts = []
    for row, line in enumerate(data.split(b"\n")):
        if not line.strip():
            continue
        try:
            record = json.loads(line.decode(), parse_int=str, parse_float=str, parse_constant=str)
            texts.append(record_text(record, file, row).encode("utf-8", "replace").decode())
        except ValueError:
            return texts, (BadRecord, row + 1)
        except CorpusError as error:
            return texts, (type(error), row + 1)
    return texts, None


@settings(max_examples=500)
@given(
    st.lists(LINES, max_size=5).map("\n".join),
    st.sampled_from([["text"], ["a.b"], ["text", "a.b"], ["a", "b"]]),
    st.sampled_from([1, 20, 1 << 20]),
)
def test_lines_are_read_as_python_reads_them(
    tmp_path_factory: pytest.TempPathFactory, data: str, fields: list[str], block: int
) -> None:
    path = stored(tmp_path_factory.getbasetemp() / "made-up.jsonl", data)
    expected, error = by_python(data.encode(), one_file(path, *fields))
    found = outcome(path, *fields, block=block)
    if isinstance(found, CorpusError) and found.row is None:  # one field of several stands nowhere
        assert isinstance(found, MissingField)
        assert error is None
    elif isinstance(found, CorpusError):
        assert error == (type(found), found.row)
    else:
        assert error is None
        assert found == expected


# A bare null makes pyarrow take the process with it, so these are read in a process of their own.
READ_NULLS = """
import sys
from inputs import outcome

for path in sys.argv[1:]:
    print(type(outcome(path)).__name__)
"""
BARE_NULLS = ["null\n", "null", "\nnull\n", '{"text": "a"}\nnull\n{"text": "b"}\n', "{} null {}\n", "[null]\nnull\n"]


def test_bare_nulls_do_not_take_the_process_down(tmp_path: Path) -> None:
    paths = [stored(tmp_path / f"{number}.jsonl", data) for number, data in enumerate(BARE_NULLS)]
    command = [sys.executable, "-c", READ_NULLS, *map(str, paths)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    assert run.stdout.split() == ["BadRecord"] * len(BARE_NULLS), run.stderr[-500:]
