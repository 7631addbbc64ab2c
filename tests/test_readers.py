"""Reading files: every format and compression alike, in any blocks and shards, and never silently short."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import COMPRESSIONS, FORMATS, cut, encoded, one_file, read, refused, stored, tabular, texts_of, whole

from overlap.corpus import (
    Shard,
    combined_digest,
    digest_block,
    plan_shards,
    read_file,
    read_shard,
    read_whole,
    readers,
    streams,
)
from overlap.errors import BadRecord, CorpusError

TEXTS = ["The first text.", "", "été, 漢字; \"quoted\", 'and' \\ so\ton", "x" * 300, " spaces ", "😀 \u2028 last"]
# The name of a file that holds these rows, by format.
EXTENSION = {kind: kind for kind in FORMATS} | {"text": "txt", "arrow-stream": "arrow"}


def written(folder: Path, kind: str, compression: str, texts: list[str] | None = None) -> Path:
    rows = [{"id": str(number), "text": text} for number, text in enumerate(TEXTS if texts is None else texts)]
    if kind == "text":
        rows = [{"text": row["text"]} for row in rows]
    return stored(folder / f"file.{EXTENSION[kind]}{compression}", encoded(rows, kind))


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("block", [1, 50, 1 << 20])
def test_every_format_gives_the_same_texts(tmp_path: Path, kind: str, compression: str, block: int) -> None:
    path = written(tmp_path, kind, compression)
    found = read(path, block=block, by_line=True)
    assert [text.removesuffix("\n") for text in found] == TEXTS if kind == "text" else found == TEXTS
    rows = [row for batch in read_shard(whole(one_file(path, by_line=True)), block) for row in batch.row_numbers()]
    assert rows == list(range(len(TEXTS)))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_text_file_is_one_document(tmp_path: Path, compression: str) -> None:
    path = written(tmp_path, "text", compression)
    text = "".join(line + "\n" for line in TEXTS)
    for block in (1, 20, 1 << 20):
        assert read(path, block=block) == [text]
        (batch,) = read_file(one_file(path), block)
        assert (len(batch), batch.text(0), batch.continued) == (1, text, False)


@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrow-stream"])
@pytest.mark.parametrize("compression", ["", ".gz"])
def test_a_table_without_documents(tmp_path: Path, kind: str, compression: str) -> None:
    data = tabular(pa.table({"text": pa.array([], pa.string())}), kind)
    assert read(stored(tmp_path / f"none.{EXTENSION[kind]}{compression}", data)) == []


def test_empty_text_files(tmp_path: Path) -> None:
    path = stored(tmp_path / "empty.txt", b"")
    assert read(path) == [""]
    assert read(path, by_line=True) == []
    (batch,) = read_file(one_file(path))
    assert (len(batch), batch.text(0)) == (1, "")


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("\n", ["\n"]),
        ("\n\n", ["\n", "\n"]),
        ("a\nb", ["a\n", "b"]),
        ("a\r\nb\r\n", ["a\r\n", "b\r\n"]),
        ("a\rb\x0bc\x85d\u2028e\n", ["a\rb\x0bc\x85d\u2028e\n"]),  # only \n ends a line
        ("\ufeffa\nb\n", ["\ufeffa\n", "b\n"]),
    ],
)
@pytest.mark.parametrize("block", [1, 2, 1 << 20])
def test_lines_by_example(tmp_path: Path, data: str, lines: list[str], block: int) -> None:
    assert read(stored(tmp_path / "lines.txt", data), block=block, by_line=True) == lines


PIECES = st.sampled_from(["a", "\n", " ", "\r", "\t", "é", "漢", "word " * 9, "x" * 70, "\n\n\n", "\u2028", "\x0b"])
SOME_TEXT = st.lists(PIECES, max_size=14).map("".join)
PLACES = st.lists(st.integers(0, 10**6), max_size=5)
BLOCKS = st.sampled_from([1, 2, 7, 64, 100, 1 << 20])


@settings(max_examples=200)
@given(SOME_TEXT, PLACES, BLOCKS)
def test_shards_of_a_text_cover_it_once(
    tmp_path_factory: pytest.TempPathFactory, text: str, places: list[int], block: int
) -> None:
    path = stored(tmp_path_factory.getbasetemp() / "covered.txt", text)
    for by_line, expected in ((True, re.findall(r"[^\n]*\n|[^\n]+", text)), (False, [text])):
        shards = cut(one_file(path, by_line=by_line), places)
        assert texts_of([batch for shard in shards for batch in read_shard(shard, block)]) == expected


@settings(max_examples=150)
@given(st.lists(st.integers(0, 120), max_size=12), PLACES, BLOCKS, st.sampled_from(["\n", "\r\n", "\n\n", " \n"]))
def test_shards_of_json_lines_cover_them_once(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], places: list[int], block: int, end: str
) -> None:
    texts = [f"{number}:" + "x" * size for number, size in enumerate(sizes)]
    data = end.join(f'{{"text": "{text}"}}' for text in texts)
    file = one_file(stored(tmp_path_factory.getbasetemp() / "covered.jsonl", data))
    assert texts_of([batch for shard in cut(file, places) for batch in read_shard(shard, block)]) == texts


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "SMALLEST_SHARD", 200)
    monkeypatch.setattr(readers, "LARGEST_SHARD", 2_000)


@pytest.mark.usefixtures("small_shards")
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("compression", ["", ".gz"])
def test_planned_shards_cover_every_document_once(tmp_path: Path, kind: str, compression: str) -> None:
    texts = [f"text {number} " + "x" * (number * 7919 % 97) for number in range(150)]
    file = one_file(written(tmp_path, kind, compression, texts), by_line=True)
    shards = plan_shards([file])
    batches = [batch for shard in shards for batch in read_shard(shard, 100)]
    assert [text.removesuffix("\n") for text in texts_of(batches)] == texts
    if compression or kind not in ("text", "jsonl", "ndjson", "parquet"):
        assert [(shard.start, shard.stop) for shard in shards] == [(0, file.size)]
        assert shards[0].is_whole
    else:
        assert len(shards) > 8
        assert not any(shard.is_whole for shard in shards)


@pytest.mark.usefixtures("small_shards")
@settings(max_examples=100)
@given(st.lists(st.integers(0, 30_000), min_size=1, max_size=5))
def test_plan_is_made_of_whole_files_or_adjoining_ranges(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    files = []
    for number, size in enumerate(sizes):
        path = stored(tmp_path_factory.getbasetemp() / f"plan{number}.txt", b"word " * (size // 5))
        files.append(one_file(path))
    shards = plan_shards(files)
    assert shards == plan_shards(files)
    target = min(2_000, max(200, sum(file.size for file in files) // 32))
    for file in files:
        edges = [(shard.start, shard.stop) for shard in shards if shard.file == file]
        assert edges[0][0] == 0
        assert edges[-1][1] == file.size
        assert all(before[1] == after[0] for before, after in pairwise(edges))
        assert all(stop - start <= target for start, stop in edges)


@pytest.mark.usefixtures("small_shards")
def test_whole_documents_are_not_cut(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(150)]
    text = one_file(written(tmp_path, "text", "", texts))
    assert len(plan_shards([text])) > 1
    (batch,) = read_whole(Shard(text, 0, text.size), 50)
    assert batch.text(0) == "".join(f"text {number}\n" for number in range(150))
    shards = plan_shards([one_file(written(tmp_path, "jsonl", "", texts))])
    assert texts_of([batch for shard in shards for batch in read_whole(shard, 50)]) == texts


# A damaged file is an error that names it, never a short corpus.


@pytest.mark.parametrize("compression", COMPRESSIONS[1:])
@pytest.mark.parametrize("kind", ["text", "jsonl", "json", "csv", "parquet", "arrow"])
def test_truncated_compression_is_refused(tmp_path: Path, kind: str, compression: str) -> None:
    texts = [hashlib.sha256(bytes([number])).hexdigest() for number in range(60)]
    path = written(tmp_path, kind, compression, texts)
    data = path.read_bytes()
    for size in [*range(1, 40, 3), *range(40, len(data) - 40, 97), *range(len(data) - 40, len(data))]:
        path.write_bytes(data[:size])
        assert "cannot be read" in str(refused(path)), size


@pytest.mark.parametrize("compression", COMPRESSIONS[1:])
@pytest.mark.parametrize("kind", ["text", "jsonl", "csv", "arrow"])
def test_nothing_is_no_compressed_file(tmp_path: Path, kind: str, compression: str) -> None:
    path = tmp_path / f"file.{EXTENSION[kind]}{compression}"
    path.write_bytes(b"")
    assert "cannot be read" in str(refused(path))


@pytest.mark.parametrize("compression", COMPRESSIONS[1:])
@pytest.mark.parametrize("kind", ["text", "jsonl", "json"])
def test_other_data_under_a_compressed_name_is_refused(tmp_path: Path, kind: str, compression: str) -> None:
    path = tmp_path / f"file.{EXTENSION[kind]}{compression}"
    path.write_bytes(b'{"text": "plain, not compressed at all"}\n' * 9)
    assert "cannot be read" in str(refused(path))


@pytest.mark.parametrize("compression", [".gz", ".bz2", ".xz"])
def test_altered_compressed_data_is_refused(tmp_path: Path, compression: str) -> None:
    path = written(tmp_path, "text", compression, [hashlib.sha256(bytes([number])).hexdigest() for number in range(60)])
    data = path.read_bytes()
    for place in range(len(data) // 3, len(data) - 30, 61):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
        assert "cannot be read" in str(refused(path)), place


@pytest.mark.parametrize("compression", [".gz", ".bz2", ".xz", ".zst"])
def test_joined_compressed_files_are_read_to_the_end(tmp_path: Path, compression: str) -> None:
    first, second = stored(tmp_path / f"1.txt{compression}", "one\n"), stored(tmp_path / f"2.txt{compression}", "two\n")
    joined = tmp_path / f"both.txt{compression}"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    assert read(joined, by_line=True) == ["one\n", "two\n"]


@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrow-stream"])
@pytest.mark.parametrize("length", [1, 5, 64])
def test_truncated_tables_are_refused(tmp_path: Path, kind: str, length: int) -> None:
    path = written(tmp_path, kind, "", [hashlib.sha256(bytes([number])).hexdigest()[:length] for number in range(9)])
    data = path.read_bytes()
    for size in range(0, len(data), 8):
        path.write_bytes(data[:size])
        assert "cannot be read" in str(refused(path)), size


# In a process of its own: pyarrow is handed damaged data, and may take the process with it.
READ_DAMAGED = """
import sys
from itertools import pairwise
from pathlib import Path
from inputs import read
from overlap.errors import CorpusError

path, step = Path(sys.argv[1]), int(sys.argv[2])
data = path.read_bytes()
errors = 0
for place in range(0, len(data), step):
    path.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
    try:
        read(path)
    except CorpusError as error:
        errors += error.path == str(path)
print(errors)
"""


@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrow-stream"])
def test_damaged_tables_give_texts_or_a_corpus_error(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind, "")
    command = [sys.executable, "-c", READ_DAMAGED, str(path), "5"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    assert outcome.returncode == 0, outcome.stderr[-500:]
    assert int(outcome.stdout) > 10


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_other_data_under_a_tables_name_is_refused(tmp_path: Path, kind: str) -> None:
    path = stored(tmp_path / f"file.{kind}", "just a few words of text, and nothing else\n" * 20)
    assert "cannot be read" in str(refused(path))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_vanishes_is_an_error(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind, "")
    shards = plan_shards([one_file(path)])
    path.unlink()
    with pytest.raises(CorpusError, match=re.escape(str(path))):
        [batch for shard in shards for batch in read_shard(shard)]


# Records are numbered from 1, in the file, whatever the shard.


@pytest.mark.parametrize("bad", [1, 7, 20, 39, 40])
@pytest.mark.parametrize("places", [[], [300], list(range(0, 3000, 90))], ids=["1 shard", "2 shards", "many shards"])
@pytest.mark.parametrize("block", [1, 150, 1 << 20])
def test_broken_json_lines_are_numbered(tmp_path: Path, bad: int, places: list[int], block: int) -> None:
    for fault in ('{"text": "a",}', "null", '{"text": null}', '{"text": {}}', '{"other": 1}', '{"text": "a"} {}'):
        lines = [f'{{"text": "line {number}, {"x" * (number % 9)}"}}' for number in range(1, 41)]
        lines[bad - 1] = fault
        lines.insert(3, "")  # a blank line counts
        file = one_file(stored(tmp_path / "bad.jsonl", "\n".join(lines) + "\n"))
        with pytest.raises(CorpusError) as caught:
            [batch for shard in cut(file, places) for batch in read_shard(shard, block)]
        assert (caught.value.path, caught.value.row) == (file.label, bad + (bad > 3)), fault


@pytest.mark.usefixtures("small_shards")
@pytest.mark.parametrize("bad", [1, 2, 60, 99, 100])
def test_null_rows_of_parquet_are_numbered(tmp_path: Path, bad: int) -> None:
    rows = [{"text": f"text {number}", "more": None} for number in range(1, 101)]
    rows[bad - 1]["text"] = None
    path = stored(tmp_path / "nulls.parquet", encoded(rows, "parquet"))
    assert len(plan_shards([one_file(path)])) > 1
    for fields in (["text"], ["text", "more"]):
        error = refused(path, *fields)
        assert isinstance(error, BadRecord)
        assert error.row == bad


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 20, 35])
def test_digests_are_those_of_sha256sum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    data = bytes(range(size))
    file = one_file(stored(tmp_path / "digest.txt", data))
    assert combined_digest([digest_block(file, 0)]) == "sha256:" + hashlib.sha256(data).hexdigest()
    monkeypatch.setattr(streams, "DIGEST_BLOCK", 10)
    parts = [digest_block(file, index) for index in range(max(1, -(-size // 10)))]
    assert parts == [hashlib.sha256(data[at : at + 10]).hexdigest() for at in range(0, max(1, size), 10)]
    joined = combined_digest(parts)
    assert joined.startswith("sha256:" if size <= 10 else "sha256-256MiB:")
    assert joined != combined_digest([*parts, parts[0]])


def test_a_digest_is_of_the_stored_bytes(tmp_path: Path) -> None:
    path = stored(tmp_path / "digest.txt.gz", "text")
    assert digest_block(one_file(path), 0) == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
@pytest.mark.parametrize("name", ["t.txt", "t.jsonl", "t.json", "t.csv"])
def test_tables_under_another_name(tmp_path: Path, kind: str, name: str) -> None:
    path = stored(tmp_path / name, encoded([{"text": "some words"}], kind))
    error = refused(path)
    assert f"its first bytes are those of a{'n' * (kind == 'arrow')} {kind.title()} file, not of " in str(error)
    assert read(path, input_format=kind) == ["some words"]


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_texts_under_the_name_of_a_table(tmp_path: Path, name: str) -> None:
    path = stored(tmp_path / name, '{"text": "some words"}\n')
    assert "(another format? name it with --input-format)" in str(refused(path))
