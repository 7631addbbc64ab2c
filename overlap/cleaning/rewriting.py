"""Rewriting a file record by record: same format, same compression, some records left out or replaced.

What is kept is kept as it stands: lines of JSON lines and plain text byte for byte, objects of a JSON array character
for character, rows of Parquet and Arrow as they are. CSV rows are written anew, with quotes where they are needed.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from overlap.cleaning.objects import with_text
from overlap.cleaning.places import piece_places
from overlap.corpus import InputFile
from overlap.corpus.jsonarray import array_texts, is_json_array
from overlap.corpus.streams import open_bytes, reading
from overlap.errors import CorpusError
from overlap.executors.stopping import raise_if_stopped

__all__ = ["Change", "rewrite"]

Change = Callable[[int, str | None], list[str] | None]
"""What becomes of record ``row``: None to keep it as it is, a list of texts to put in its place (empty: leave it out).

The second argument is the text of a plain-text document or line, None for records (their text is asked for by row).
"""


def rewrite(file: InputFile, target: Path, change: Change, taken: Container[Path] = ()) -> int:
    """Write ``file`` to ``target`` with ``change`` applied to every record; returns the records written.

    A plain-text file that is one document is written to ``target`` itself if it is kept or has one piece, to
    numbered neighbours (but for those ``taken``) if it has several, not at all if it has none. A task that was taken
    back ends here. Raises CorpusError, OSError, Stopped.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.document == "file":
        return _text_file(file, target, change, taken)
    writers = {"text": _lines, "jsonl": _lines, "json": _json, "csv": _csv, "tsv": _csv}
    with reading(file), _csv_errors(file):
        if file.format in writers:
            return writers[file.format](file, target, change)
        from overlap.cleaning.columnar import rewrite_table

        return rewrite_table(file, target, change)


@contextmanager
def _csv_errors(file: InputFile) -> Iterator[None]:
    try:
        yield
    except csv.Error as error:
        raise CorpusError(f"this {file.format} file cannot be read: {error}", file.label) from error


@contextmanager
def _compressed(file: InputFile, target: Path) -> Iterator[Any]:
    """A binary stream to the target, compressed as the file is; gzip without its time stamp."""
    if file.compression == "gz":
        with open(target, "wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as stream:
            yield stream
    elif file.compression == "zst":
        import pyarrow as pa

        with pa.OSFile(str(target), "wb") as raw, pa.CompressedOutputStream(raw, "zstd") as stream:
            yield stream
    else:
        openers: dict[str, Any] = {"bz2": bz2.open, "xz": lzma.open, "": open}
        with openers[file.compression](target, "wb") as stream:
            yield stream


def _text_file(file: InputFile, target: Path, change: Change, taken: Container[Path]) -> int:
    with reading(file), open_bytes(file) as stream:
        raw = b"".join(_pieces(stream))
    pieces = change(0, raw.decode("utf-8", "replace"))
    if pieces is None:
        with _compressed(file, target) as out:
            out.write(raw)
        return 1
    for place, piece in zip(piece_places(target, len(pieces), taken), pieces, strict=True):
        with _compressed(file, place) as out:
            out.write(piece.encode())
    return len(pieces)


def _pieces(stream: Any) -> Iterator[bytes]:
    """The bytes of a stream, up to a mebibyte at a time, until the task is taken back."""
    while piece := stream.read(1 << 20):
        raise_if_stopped()
        yield piece


def _raw_lines(file: InputFile) -> Iterator[bytes]:
    """The lines of a file with their ends, however it is compressed."""
    with open_bytes(file) as stream:
        carried: list[bytes] = []  # of a line that has not ended yet
        for piece in _pieces(stream):
            first, *lines = piece.split(b"\n")
            carried.append(first)
            for line in lines:
                yield b"".join(carried) + b"\n"
                carried = [line]
        if last := b"".join(carried):
            yield last


def _lines(file: InputFile, target: Path, change: Change) -> int:
    written = 0
    with _compressed(file, target) as out:
        for row, line in enumerate(_raw_lines(file)):
            if file.format == "jsonl" and not line.strip():
                out.write(line)
                continue
            pieces = change(row, line.decode("utf-8", "replace") if file.format == "text" else None)
            if pieces is None:
                out.write(line)
                written += 1
            else:
                for piece in pieces:
                    out.write(_replaced_line(file, line, piece))
                written += len(pieces)
    return written


def _replaced_line(file: InputFile, line: bytes, piece: str) -> bytes:
    if file.format == "text":
        return " ".join(piece.splitlines()).encode() + b"\n"
    text = line.decode("utf-8", "surrogatepass")
    end = text[len(text.rstrip("\r\n")) :] or "\n"
    return (with_text(text.rstrip("\r\n"), file, piece) + end).encode("utf-8", "surrogatepass")


def _json(file: InputFile, target: Path, change: Change) -> int:
    if not is_json_array(file):
        return _lines(_as_lines(file), target, change)
    written = 0
    with _compressed(file, target) as out:
        out.write(b"[")
        for row, text in enumerate(array_texts(file)):
            raise_if_stopped()  # to parse even a small object takes thirty times as long
            pieces = change(row, None)
            objects = [text] if pieces is None else [with_text(text, file, piece) for piece in pieces]
            for item in objects:
                out.write((",\n" if written else "\n").encode() + item.encode("utf-8", "surrogatepass"))
                written += 1
        out.write(b"\n]\n")
    return written


def _as_lines(file: InputFile) -> InputFile:
    from dataclasses import replace

    return replace(file, format="jsonl")


def _csv(file: InputFile, target: Path, change: Change) -> int:
    delimiter = "\t" if file.format == "tsv" else ","
    csv.field_size_limit(1 << 30)
    written = 0
    with open_bytes(file) as raw, _compressed(file, target) as out:
        text = io.TextIOWrapper(
            io.BufferedReader(_Readable(raw)), encoding="utf-8-sig", errors="surrogateescape", newline=""
        )
        rows = (row for row in csv.reader(text, delimiter=delimiter) if row)
        writer = csv.writer(_Encoded(out), delimiter=delimiter, lineterminator="\n")
        try:
            header = next(rows)
        except StopIteration:
            return 0
        writer.writerow(header)
        for number, row in enumerate(rows):
            pieces = change(number, None)
            for item in [row] if pieces is None else _replaced_rows(file, header, row, pieces):
                writer.writerow(item)
                written += 1
    return written


def _replaced_rows(file: InputFile, header: list[str], row: list[str], pieces: Iterable[str]) -> Iterator[list[str]]:
    column = header.index(file.fields[0])
    for piece in pieces:
        yield [*row[:column], piece, *row[column + 1 :]]


class _Readable(io.RawIOBase):
    """Any stream with ``read`` as one that the text layer accepts."""

    def __init__(self, stream: Any):
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raise_if_stopped()
        piece = self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


class _Encoded:
    """A text sink for the csv module over a binary stream."""

    def __init__(self, stream: Any):
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(text.encode("utf-8", "surrogateescape"))
        return len(text)


def refuse_several_fields(file: InputFile) -> None:
    """Raise CorpusError where a text cannot be put back, because it was joined from several fields."""
    if len(file.fields) > 1:
        raise CorpusError(
            f"a text joined from several fields ({', '.join(file.fields)}) cannot be cut; "
            "name one field, or drop documents",
            file.label,
        )
