"""Files whose first bytes say something else than their names: told before their bytes are taken for text."""

from __future__ import annotations

import os

from overlap.corpus.sources import InputFile
from overlap.corpus.storage import local_path
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
_LONGEST = 16


def refuse_disguised(file: InputFile) -> None:
    """Raise UnsupportedFormat for a local, uncompressed file that begins as another kind of file does."""
    path = local_path(file)
    if file.compression or path is None or file.size < len(_PARQUET):
        return
    with open(path, "rb") as stream:
        head = stream.read(_LONGEST)
        stream.seek(-len(_PARQUET), os.SEEK_END)
        tail = stream.read()
    found = [(what, advice) for magic, what, advice in _MAGIC if head.startswith(magic)]
    if head.startswith(_PARQUET) and tail == _PARQUET:
        found.append(("a Parquet file", "read it with --input-format parquet"))
    for what, advice in found:
        if (what, file.format) not in (("an Arrow file", "arrow"), ("a Parquet file", "parquet")):
            message = f"its first bytes are those of {what}, not of {file.format}: {advice}"
            raise UnsupportedFormat(message, file.label)
    if file.format in ("csv", "tsv") and head.startswith(b'{"'):
        raise UnsupportedFormat("this is JSON, not a table: use --input-format jsonl", file.label)
