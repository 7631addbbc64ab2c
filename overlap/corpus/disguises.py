"""Files whose first bytes say something else than their names: told before their bytes are taken for text."""

from __future__ import annotations

import codecs
import json
from dataclasses import replace
from typing import Any

from overlap.corpus.sources import InputFile
from overlap.corpus.storage import RemoteStream, local_path
from overlap.corpus.streams import open_bytes
from overlap.errors import UnsupportedFormat

__all__ = ["refuse_disguised"]

_MAGIC = (
    (b"\x1f\x8b\x08", "gzip data", "end its name in .gz"),
    (b"\x28\xb5\x2f\xfd", "zstd data", "end its name in .zst"),
    (b"\xfd7zXZ\x00", "xz data", "end its name in .xz"),
    (b"BZh91AY&SY", "bzip2 data", "end its name in .bz2"),
    (b"ARROW1\x00\x00", "an Arrow file", "read it with --input-format arrow"),
    (b"PK\x03\x04", "a zip archive", "unpack it"),
    (b"%PDF-", "a PDF document", "extract its text"),
    (b"SQLite format 3\x00", "an SQLite database", "export its text"),
)
_PARQUET = b"PAR1"
_TAR, _TAR_AT = b"ustar", 257
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD = 1 << 12
_LONGEST_LINE = 1 << 24  # looked through for the end of a first line that begins as a JSON object does
_TABLES = ("parquet", "arrow")  # their readers know them by their first bytes


def refuse_disguised(file: InputFile) -> None:
    """Raise UnsupportedFormat for a file that begins as another kind of file does, or whose text is JSON lines."""
    if file.size < len(_PARQUET) or (file.format in _TABLES and (file.compression or local_path(file) is None)):
        return
    tail = b""
    with open_bytes(replace(file, skip=True)) as stream:  # what a damage hides is for the reader to tell
        head = _first(stream, _HEAD)
        is_json = file.guessed and _is_json_object(head, stream)
        if head.startswith(_PARQUET) and not file.compression:
            stream.seek(file.size - len(_PARQUET))
            tail = stream.read(len(_PARQUET))
    if not file.compression:
        _refuse_magic(file, head, tail)
    if file.format not in _TABLES:
        _refuse_other_text(file, head, is_json)


def _refuse_magic(file: InputFile, head: bytes, tail: bytes) -> None:
    found = [(what, advice) for magic, what, advice in _MAGIC if head.startswith(magic)]
    if tail == _PARQUET:
        found.append(("a Parquet file", "read it with --input-format parquet"))
    for what, advice in found:
        if (what, file.format) not in (("an Arrow file", "arrow"), ("a Parquet file", "parquet")):
            message = f"its first bytes are those of {what}, not of {file.format}: {advice}"
            raise UnsupportedFormat(message, file.label)


def _refuse_other_text(file: InputFile, head: bytes, is_json: bool) -> None:
    """The same by what is inside, be it compressed or not."""
    if head[_TAR_AT:].startswith(_TAR):
        raise UnsupportedFormat(f"this is a tar archive, not {file.format}: unpack it", file.label)
    if head.startswith(_UTF16) and not (file.skip and file.format == "text"):
        raise UnsupportedFormat("this is UTF-16, not UTF-8: convert it (iconv -f UTF-16 -t UTF-8)", file.label)
    if file.format in ("csv", "tsv") and head.startswith(b'{"'):
        raise UnsupportedFormat("this is JSON, not a table: use --input-format jsonl", file.label)
    if is_json:
        raise UnsupportedFormat(
            "its first line is a JSON object: use --input-format jsonl, or --input-format text if it is text",
            file.label,
        )


def _first(stream: Any, size: int) -> bytes:
    """The first bytes of a stream; of a remote file no more than these are fetched."""
    if isinstance(stream, RemoteStream):
        stream.until = min(stream.until, size)
    head: bytes = stream.read(size)
    if isinstance(stream, RemoteStream):
        stream.until = stream.size()
    return head


def _is_json_object(head: bytes, stream: Any) -> bool:
    """Is the first line a whole JSON object?"""
    line = head.removeprefix(codecs.BOM_UTF8)
    if not line.lstrip(b" \t").startswith(b"{"):
        return False
    while b"\n" not in line and len(line) < _LONGEST_LINE and (more := stream.read(1 << 16)):
        line += more
    try:
        return isinstance(json.loads(line.partition(b"\n")[0]), dict)
    except (ValueError, RecursionError):
        return False
