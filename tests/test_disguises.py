"""Files that are something else than their names say, by what is inside of them, near and far."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from inputs import COMPRESSIONS, read, refused, stored
from webserver import serving

from overlap.corpus import Source, plan_shards, resolve
from overlap.corpus.windows import TextWindows
from overlap.errors import UnsupportedFormat

LINES = b'{"text": "good one"}\n' * 3


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.jsonl")
        info.size = len(LINES)
        archive.addfile(info, io.BytesIO(LINES))
    return out.getvalue()


@pytest.mark.parametrize("mode", ["stop", "skip"])
@pytest.mark.parametrize("by_line", [False, True])
@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("name", ["a.txt", "noname"])
def test_json_lines_are_not_taken_for_text(
    name: str, compression: str, by_line: bool, mode: str, tmp_path: Path
) -> None:
    path = stored(tmp_path / f"{name}{compression}", LINES)
    error = refused(path, by_line=by_line, on_bad_record=mode)
    assert error.reason == (
        "its first line is a JSON object: use --input-format jsonl, or --input-format text if it is text"
    )
    assert read(path, input_format="jsonl") == ["good one"] * 3
    assert "".join(read(path, input_format="text", by_line=by_line)).replace("\n", "") == LINES.decode().replace(
        "\n", ""
    )


@pytest.mark.parametrize("text", ["{", "{not json}\n", "{\n}", "[1]\n", "words\n" + LINES.decode()])
def test_text_that_is_no_json_object_stays_text(text: str, tmp_path: Path) -> None:
    assert read(stored(tmp_path / "a.txt", text)) == [text]


def test_a_first_line_of_many_bytes_is_looked_through(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.txt", b'\xef\xbb\xbf{"text": "' + b"word " * 100_000 + b'"}\n')
    assert "a JSON object" in refused(path).reason


def test_windows_of_a_text_are_not_of_json_lines(tmp_path: Path) -> None:
    (file,) = resolve([Source("a", str(stored(tmp_path / "a.txt", LINES)))])
    with pytest.raises(UnsupportedFormat, match="a JSON object"):
        list(TextWindows(plan_shards([file])[0], 64))


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("name", ["a.tar", "a.jsonl.tar", "a.jsonl", "a.csv"])
def test_tar_archives(name: str, compression: str, tmp_path: Path) -> None:
    path = stored(tmp_path / f"{name}{compression}", _tar())
    assert refused(path).reason.startswith("this is a tar archive, not ")
    assert refused(path).reason.endswith(": unpack it")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.txt", "a.jsonl.gz"])
def test_utf_16(name: str, encoding: str, tmp_path: Path) -> None:
    path = stored(tmp_path / name, ("\ufeff" + LINES.decode()).encode(encoding))
    assert refused(path).reason == "this is UTF-16, not UTF-8: convert it (iconv -f UTF-16 -t UTF-8)"


def test_remote_files_are_looked_into_as_well(tmp_path: Path) -> None:
    gz = stored(tmp_path / "b.gz", LINES).read_bytes()
    with serving({"a.txt": LINES, "a.jsonl": gz, "b.csv": LINES, "c.tar": _tar()}) as web:
        assert "a JSON object" in refused(web.url("a.txt")).reason
        assert "gzip data" in refused(web.url("a.jsonl")).reason
        assert "JSON, not a table" in refused(web.url("b.csv")).reason
        assert "a tar archive" in refused(web.url("c.tar")).reason
