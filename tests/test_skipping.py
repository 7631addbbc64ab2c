"""Bad records with ``on_bad_record="skip"``: counted by kind; what is left is what a clean file would have given."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import random
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from inputs import COMPRESSIONS, one_file, stored, tabular, texts_of

from overlap.corpus import plan_shards, read_shard, streams
from overlap.corpus.readers import BLOCK
from overlap.corpus.skipping import refuse_all_bad
from overlap.errors import BAD_RECORD_KINDS, BadArgument, BadRecord, CorpusError, UnsupportedFormat

GOOD = b'{"text": "good one"}\n'


def skipped(
    path: Path, *fields: str, block: int = BLOCK, **options: Any
) -> tuple[list[str], dict[str, int], list[int]]:
    """(texts, skipped records by kind, rows) of a file."""
    file = one_file(path, *fields, on_bad_record="skip", **options)
    batches = [batch for shard in plan_shards([file]) for batch in read_shard(shard, block)]
    kinds = Counter(kind for batch in batches for kind in batch.skipped)
    assert set(kinds) <= set(BAD_RECORD_KINDS)
    return texts_of(batches), dict(kinds), [int(row) for batch in batches for row in batch.row_numbers()]


BAD_LINES = [
    (b'{"text": "cut of', "broken JSON"),
    (b"not json", "broken JSON"),
    (b'{"text": "a"} {"text": "b"}', "broken JSON"),
    (b"[" * 100_000, "broken JSON"),
    (b'{"text": "caf\xe9"}', "invalid UTF-8"),
    (b'{"text": "a", "other": "\xff"}', "invalid UTF-8"),
    (b"[1, 2]", "wrong type"),
    (b'"text"', "wrong type"),
    (b"null", "wrong type"),
    (b'{"text": {"a": 1}}', "wrong type"),
    (b'{"text": null}', "null"),
    (b'{"other": "a"}', "missing field"),
    (b'{"text": NaN}', "broken JSON"),
    (b'{"text": ["a", -Infinity]}', "broken JSON"),
    (b"\x00\x00", "broken JSON"),
]


@pytest.mark.parametrize("block", [16, BLOCK])
@pytest.mark.parametrize(("line", "kind"), BAD_LINES, ids=[repr(line[:20]) for line, _ in BAD_LINES])
def test_bad_json_lines(line: bytes, kind: str, block: int, tmp_path: Path) -> None:
    path = stored(tmp_path / "a.jsonl", GOOD + line + b"\n" + GOOD * 2 + line + b"\n" + GOOD)
    with pytest.raises(CorpusError) as caught:
        list(read_shard(plan_shards([one_file(path)])[0], block))
    assert caught.value.row == 2
    assert skipped(path, block=block) == (["good one"] * 4, {kind: 2}, [0, 2, 3, 5])


def test_a_bad_record_says_its_kind(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.jsonl", GOOD + b'{"text": null}\n')
    with pytest.raises(BadRecord) as caught:
        list(read_shard(plan_shards([one_file(path)])[0]))
    assert caught.value.kind == "null"


def test_a_field_that_no_record_has_is_an_error_all_the_same(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.jsonl", GOOD * 3)
    with pytest.raises(CorpusError, match="no field 'txt'"):
        skipped(path, "txt")


def test_ids_are_of_the_records_that_stay(tmp_path: Path) -> None:
    rows = [{"text": "a", "id": 1}, {"text": "b", "id": None}, {"text": "c", "id": "x"}, {"text": "d"}]
    path = stored(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    file = one_file(path, id_field="id", on_bad_record="skip")
    (batch,) = read_shard(plan_shards([file])[0])
    assert (texts_of([batch]), list(batch.ids or ()), batch.skipped) == (
        ["a", "c"],
        ["1", "x"],
        ("no id", "missing field"),
    )


@pytest.mark.parametrize("block", [8, BLOCK])
def test_a_json_array(block: int, tmp_path: Path) -> None:
    items = ['{"text": "a b"}', "7", '{"text": null}', '{"text": "c d"}', '{"text": {}}', '{"text": "e"}']
    path = stored(tmp_path / "a.json", f"[{', '.join(items)}]")
    assert skipped(path, block=block) == (["a b", "c d", "e"], {"wrong type": 2, "null": 1}, [0, 3, 5])


@pytest.mark.parametrize("tail", ['{"text" "c"}]', "", '{"text": "b"', ", ]"])
def test_a_json_array_that_breaks_off(tail: str, tmp_path: Path) -> None:
    path = stored(tmp_path / "a.json", '[{"text": "a"}, {"text": "b"}, ' + tail)
    assert skipped(path) == (["a", "b"], {"rest of a damaged file": 1}, [0, 1])


@pytest.mark.parametrize("block", [4, BLOCK])
def test_lines_that_are_not_utf8(block: int, tmp_path: Path) -> None:
    path = stored(tmp_path / "a.txt", "eins\nzwéi\n".encode() + b"dr\xe9i\n\nf\xc3\n\xa9nf\nsechs".replace(b"", b""))
    texts, kinds, rows = skipped(path, block=block, by_line=True)
    assert ([text.strip() for text in texts], kinds, rows) == (
        ["eins", "zwéi", "", "sechs"],
        {"invalid UTF-8": 3},
        [0, 1, 3, 6],
    )


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_text_that_is_one_document_is_one_record(compression: str, tmp_path: Path) -> None:
    path = stored(tmp_path / f"a.txt{compression}", b"many good words " * 300_000 + b"\xff and more")
    assert skipped(path) == ([], {"invalid UTF-8": 1}, [])
    assert skipped(stored(tmp_path / f"b.txt{compression}", "good words")) == (["good words"], {}, [0])


@pytest.mark.parametrize("compression", ["", ".gz"])
def test_rows_of_csv_with_other_numbers_of_columns(
    compression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["text,b", "one,1", "bad", "two,2", "a,b,c", '"three\nmore",3', "x,y,z,", "four,4"]
    path = stored(tmp_path / f"a.csv{compression}", "\n".join(lines) + "\n")
    monkeypatch.setattr("overlap.corpus.tables._CSV_BLOCK", 16)
    assert skipped(path) == (["one", "two", "three\nmore", "four"], {"number of columns": 3}, [0, 2, 4, 6])


@pytest.mark.parametrize("bad", [[150], [0], [299], [0, 1, 150, 299]])
def test_a_row_of_another_number_of_columns_costs_no_other_row(bad: list[int], tmp_path: Path) -> None:
    """In blocks of the real size, the bad row is in the first one, from which pyarrow also takes the header."""
    rows = [f"text of row {i},{i}" + (",2" if i in bad else "") for i in range(300)]
    path = stored(tmp_path / "a.csv", "\n".join(["text,x", *rows]) + "\n")
    good = [i for i in range(300) if i not in bad]
    assert skipped(path) == ([f"text of row {i}" for i in good], {"number of columns": len(bad)}, good)


def test_csv_cells_that_are_not_utf8(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.csv", b"text,b\none,1\nt\xffo,2\nthree,\xff\n")
    assert skipped(path) == (["one", "three"], {"invalid UTF-8": 1}, [0, 2])


@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrow-stream"])
@pytest.mark.parametrize("column", [pa.string(), pa.large_string(), pa.binary()], ids=str)
def test_rows_of_tables(kind: str, column: pa.DataType, tmp_path: Path) -> None:
    values: Sequence[bytes | None] = [b"a", None, b"b", b"\xff\xfe", b"c", None, b"d", b"\x80", b"\xc3"]
    array = pa.array(values, pa.binary() if column != pa.large_string() else pa.large_binary())
    table = pa.table({"text": array.view(column)})
    path = stored(tmp_path / f"a.{kind.split('-')[0]}", tabular(table, kind))
    expected = (["a", "b", "c", "d"], {"null": 2, "invalid UTF-8": 3}, [0, 2, 4, 6])
    assert skipped(path) == expected
    assert skipped(path, block=1) == expected


def test_a_column_that_is_no_text_is_an_error_all_the_same(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.parquet", tabular(pa.table({"text": [{"a": "x"}] * 5}), "parquet"))
    with pytest.raises(BadRecord, match="is an object instead of text"):
        skipped(path)


@pytest.mark.parametrize("compression", [".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.txt", "a.csv", "a.json"])
def test_the_rest_of_a_compressed_file_that_was_cut_off(name: str, compression: str, tmp_path: Path) -> None:
    """What can be read is read, the same for every size of block; the rest counts as lost."""
    words = random.Random(1)
    texts = [" ".join(str(words.random()) for _ in range(20)) for _ in range(6000)]
    body = {
        "a.jsonl": "".join(json.dumps({"text": text}) + "\n" for text in texts),
        "a.json": json.dumps([{"text": text} for text in texts]),
        "a.csv": "text\n" + "".join(text + "\n" for text in texts),
        "a.txt": "".join(text + "\n" for text in texts),
    }[name]
    path = stored(tmp_path / f"{name}{compression}", body)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = [skipped(path, block=size, by_line=True) for size in (1 << 12, 1 << 17, BLOCK)]
    assert found[0] == found[1] == found[2]
    assert found[0][1] == {"rest of a damaged file": 1}
    assert 0 < len(found[0][0]) < 6000
    assert [text.strip() for text in found[0][0]] == texts[: len(found[0][0])]
    if name == "a.jsonl":
        assert len(found[0][0]) == _decodable(path).count(b"\n")


def _decodable(path: Path) -> bytes:
    """All that comes out of a damaged file when it is fed to its decoder byte by byte."""
    if path.suffix == ".zst":
        pieces = pa.input_stream(path, compression="zstd")
        feed: Iterator[bytes] = iter(lambda: pieces.read(1), b"")
    else:
        deflate = zlib.decompressobj(31).decompress
        decode = {".gz": deflate, ".bz2": bz2.BZ2Decompressor().decompress, ".xz": lzma.LZMADecompressor().decompress}
        feed = (decode[path.suffix](bytes([byte])) for byte in path.read_bytes())
    out = bytearray()
    with suppress(OSError, EOFError, zlib.error, lzma.LZMAError):
        for piece in feed:
            out += piece
    return bytes(out)


@pytest.mark.parametrize("records", [20, 3000])
@pytest.mark.parametrize("compression", [".gz", ".xz"])
def test_every_record_before_a_damage_is_read(compression: str, records: int, tmp_path: Path) -> None:
    """Also where all of it is less than one step of reading; cut off and altered alike."""
    words = random.Random(records)
    lines = [json.dumps({"text": f"{words.random()} {words.random()}"}) + "\n" for _ in range(records)]
    path = stored(tmp_path / f"a.jsonl{compression}", "".join(lines))
    whole = path.read_bytes()
    for place in (len(whole) * 2 // 3, len(whole) - 10):
        for damaged in (whole[:place], whole[:place] + b"\xff" * 200 + whole[place + 200 :]):
            path.write_bytes(damaged)
            texts, kinds, _ = skipped(path)
            decoded = _decodable(path)
            records_there = [line for line in decoded[: decoded.rfind(b"\n") + 1].split(b"\n") if line.strip()]
            assert kinds.pop("rest of a damaged file") == 1
            assert len(texts) + sum(kinds.values()) == len(records_there) > 0


def test_the_rest_of_a_parquet_file_with_a_damaged_group(tmp_path: Path) -> None:
    texts = [f"number {i} of many" for i in range(4000)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet", row_group_size=1000, write_page_checksum=True)
    with pq.ParquetFile(tmp_path / "a.parquet") as table:
        chunk = table.metadata.row_group(2).column(0)
        middle = (chunk.dictionary_page_offset or chunk.data_page_offset) + chunk.total_compressed_size // 2
    raw = bytearray((tmp_path / "a.parquet").read_bytes())
    raw[middle : middle + 40] = bytes(40)
    (tmp_path / "a.parquet").write_bytes(raw)
    assert skipped(tmp_path / "a.parquet") == (
        texts[:2000] + texts[3000:],
        {"rest of a damaged file": 1},
        [*range(2000), *range(3000, 4000)],
    )


@pytest.mark.parametrize("block", [1, 10, 64, BLOCK])
@pytest.mark.parametrize("name", ["a.jsonl", "a.txt"])
@pytest.mark.parametrize("size", [199, 200, 201, 450, 5000])
def test_lines_over_the_limit(
    name: str, size: int, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LARGEST_RECORD", 200)
    line = GOOD if name == "a.jsonl" else b"good one\n"
    long = GOOD.replace(b"one", b"one" + b"x" * (size - len(GOOD))) if name == "a.jsonl" else b"x" * (size - 1) + b"\n"
    assert len(long) == size
    path = stored(tmp_path / name, line + long * 2 + line + long + line + long[:-1])
    texts, kinds, rows = skipped(path, block=block, by_line=True)
    if size <= 200:
        assert (len(texts), kinds) == (7, {})
        return
    expected = 4 if size > 201 else 3  # the last one has no newline
    assert kinds == {"too large": expected}
    assert rows == [0, 3, 5] + ([6] if size == 201 else [])
    with pytest.raises(BadRecord, match="more than 200 bytes") as caught:
        list(read_shard(plan_shards([one_file(path, by_line=True)])[0], block))
    assert (caught.value.row, caught.value.kind) == (2, "too large")


@pytest.mark.parametrize("name", ["a.json", "a.csv", "b.txt"])
def test_other_records_over_the_limit(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LARGEST_RECORD", 200)
    monkeypatch.setattr("overlap.corpus.tables._CSV_BLOCK", 64)
    monkeypatch.setattr("overlap.corpus.tables._LARGEST_CSV_BLOCK", 128)
    long = "x" * 5000
    body = {"a.json": json.dumps([{"text": long}]), "a.csv": f"text\na b\n{long}\n", "b.txt": f"a b {long} c"}[name]
    path = stored(tmp_path / name, body)
    with pytest.raises(BadRecord, match="a record of more than") as caught:
        list(read_shard(plan_shards([one_file(path)])[0], 16))
    assert caught.value.kind == "too large"
    assert skipped(path, block=16)[1] == {"too large": 1}


def test_all_bad_is_an_error(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.jsonl", b"x\ny\n")
    with pytest.raises(CorpusError, match=r"no sound record in this file \(2 broken JSON\)"):
        refuse_all_bad(one_file(path), 0, skipped(path)[1])


def test_a_damaged_stream_counts_once(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(GOOD * 3)[:-8])
    assert skipped(tmp_path / "a.jsonl.gz")[1] == {"rest of a damaged file": 1}


def test_what_is_no_choice(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.jsonl", GOOD)
    with pytest.raises(BadArgument, match="on_bad_record"):
        one_file(path, on_bad_record="ignore")


DISGUISES = [
    ("a.jsonl", ".gz", "gzip data, not of jsonl: end its name in .gz"),
    ("a.txt", ".zst", "zstd data"),
    ("a.csv", ".xz", "xz data"),
    ("a.json", ".bz2", "bzip2 data"),
    ("a.jsonl", "parquet", "a Parquet file, not of jsonl: read it with --input-format parquet"),
    ("a.txt", "arrow", "an Arrow file, not of text"),
    ("a.parquet", ".gz", "gzip data"),
    ("a.csv", "jsonl", "JSON, not a table"),
]


@pytest.mark.parametrize("mode", ["stop", "skip"])
@pytest.mark.parametrize(("name", "inside", "message"), DISGUISES)
def test_files_under_another_name_say_what_they_are(
    name: str, inside: str, message: str, mode: str, tmp_path: Path
) -> None:
    if inside.startswith("."):
        raw = stored(tmp_path / f"b{inside}", GOOD * 9).read_bytes()
    else:
        raw = GOOD * 9 if inside == "jsonl" else tabular(pa.table({"text": ["a", "b", "c"]}), inside)
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(UnsupportedFormat, match=message) as caught:
        list(read_shard(plan_shards([one_file(tmp_path / name, on_bad_record=mode)])[0]))
    assert caught.value.path == str(tmp_path / name)
