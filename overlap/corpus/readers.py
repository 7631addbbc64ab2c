"""Readers: a shard of a file -> batches of documents.

A shard is the part of the input that one worker reads: a byte range of a plain file, some row groups of a Parquet
file, or a whole file where its format has no places to enter. Cutting follows from the sizes of the files
alone, so the same input is always cut in the same way.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from overlap.corpus import ahead
from overlap.corpus.batches import Documents, from_buffer
from overlap.corpus.disguises import refuse_disguised
from overlap.corpus.objects import row_count
from overlap.corpus.skipping import nothing_but, odd_block, sound_text, without_invalid_utf8
from overlap.corpus.sources import InputFile
from overlap.corpus.storage import RemoteStream, local_path, open_raw, state_of
from overlap.corpus.streams import blocks, boundary, open_bytes, reading
from overlap.errors import BadRecord, CorpusError
from overlap.executors.stopping import raise_if_stopped

__all__ = [
    "Shard",
    "forget",
    "plan_shards",
    "read_file",
    "read_shard",
    "read_whole",
    "row_of",
    "text_before",
    "text_to_skip",
]

LARGEST_SHARD = 256 << 20
SMALLEST_SHARD = 8 << 20
SHARDS_ASKED = 32  # of a small corpus, so that a few workers end together
_CUT = ("text", "jsonl", "parquet", "dataset")  # formats that can be entered in many places, uncompressed
BLOCK = 1 << 20  # text in one batch, about: small enough for the caches, large enough for the overhead


@dataclass(frozen=True)
class Shard:
    """``file`` from ``start`` to ``stop``: bytes, row groups (``parquet``), rows (``dataset``); or the whole file.

    ``weight`` is about how many bytes of the file that is, for progress.
    """

    file: InputFile
    start: int
    stop: int
    weight: int = 0

    @property
    def is_whole(self) -> bool:
        """Is this all of its file?"""
        return self.start == 0 and self.weight == self.file.size


def _extent(file: InputFile) -> int:
    if file.format == "parquet" and not file.compression:
        from overlap.corpus.tables import row_groups

        with reading(file):
            refuse_disguised(file)
        return row_groups(file)
    if file.data is not None:
        return row_count(file.data) or 0
    return file.size


def plan_shards(files: Sequence[InputFile], *, whole_documents: bool = False) -> list[Shard]:
    """Cut the files into shards of 8 to 256 MiB; by sizes alone, so the cut is always the same.

    With ``whole_documents`` a text file that is one document stays in one shard.
    """
    total = sum(file.size for file in files)
    target = min(LARGEST_SHARD, max(SMALLEST_SHARD, total // SHARDS_ASKED))
    shards: list[Shard] = []
    for file in files:
        pieces = max(1, -(-file.size // target))
        extent = _extent(file)
        in_one = whole_documents and file.document == "file"
        if in_one or file.compression or file.format not in _CUT:
            pieces = 1
        pieces = min(pieces, max(1, extent))
        edges = [extent * i // pieces for i in range(pieces + 1)]
        weights = [file.size * (stop - start) // extent if extent else 0 for start, stop in pairwise(edges)]
        shards += [Shard(file, *edge, weight) for edge, weight in zip(pairwise(edges), weights, strict=True)]
    return shards


def read_file(file: InputFile, block: int = BLOCK) -> Iterator[Documents]:
    """All documents of a file, each whole: a text file is one document in one batch, however large."""
    return read_whole(Shard(file, 0, _extent(file)), block)


def read_whole(shard: Shard, block: int = BLOCK) -> Iterator[Documents]:
    """The documents of a shard, each whole. A text file that is one document must be in one shard."""
    if shard.file.document != "file":
        yield from read_shard(shard, block)
        return
    batches = list(read_shard(shard, block))
    if any(batch.skipped for batch in batches):  # the one document is a bad record
        yield from batches
        return
    pieces = [documents.data[: documents.offsets[-1]] for documents in batches]
    data = np.concatenate([*pieces, np.zeros(0, np.uint8)])
    yield from_buffer(data, np.array([0, data.size], np.int64), 0)


def read_shard(shard: Shard, block: int = BLOCK) -> Iterator[Documents]:
    """The documents of a shard in batches of about ``block`` bytes.

    A text file that is one document comes in pieces, all but the file's first marked ``continued``.
    Raises CorpusError where the file cannot be read, BadRecord and MissingField for what is in it, Stopped between two
    batches where the task was taken back.
    """
    try:
        with reading(shard.file):
            if shard.start == 0 and shard.file.data is None:
                refuse_disguised(shard.file)
            documents = _documents(shard, block)
            for batch in ahead.ahead(documents) if _is_read_by_one(shard.file) else documents:
                raise_if_stopped()
                yield batch
    except CorpusError as error:
        if error.row is None or shard.start == 0:
            raise
        raise error.in_row(row_of(shard, error.row - 1) + 1) from error


def _is_read_by_one(file: InputFile) -> bool:
    """Is this a large file that cannot be cut, so that parsing it and what follows had better be done side by side?"""
    cut = file.format in _CUT and not file.compression
    return file.format != "text" and not cut and file.size >= ahead.LARGE


def _documents(shard: Shard, block: int) -> Generator[Documents, None, None]:
    file = shard.file
    if file.format == "text":
        yield from _text(shard, block)
    elif file.format == "jsonl":
        from overlap.corpus.jsonlines import json_lines

        with open_bytes(file, block) as stream:
            start, limit = _byte_range(shard, stream, at_space=False)
            if limit != 0 or start == 0:
                yield from json_lines(blocks(stream, block, limit, False), file, start == 0)
    elif file.format == "json":
        from overlap.corpus.jsonarray import json_array

        yield from json_array(file, block)
    else:
        from overlap.corpus.tables import read_table

        yield from read_table(shard, block)


def _byte_range(shard: Shard, stream: Any, at_space: bool) -> tuple[int, int | None]:
    """Move the stream to the shard's first byte; (that byte, bytes to read or None for all)."""
    file = shard.file
    if file.compression or (shard.start == 0 and shard.stop == file.size):
        return 0, None
    start = boundary(file, shard.start, at_space)
    stop = boundary(file, shard.stop, at_space)
    stream.seek(start)
    if isinstance(stream, RemoteStream):
        stream.until = stop
    return start, stop - start


def _text(shard: Shard, block: int) -> Iterator[Documents]:
    from overlap.kernels.lines import count_newlines, line_offsets

    file = shard.file
    row = 0
    if wrong := text_to_skip(shard):
        yield nothing_but([wrong] if shard.start == 0 else [])
        return
    with open_bytes(file, block) as stream:
        start, limit = _byte_range(shard, stream, at_space=not file.by_line)
        if limit == 0 and start > 0:
            return
        for number, piece in enumerate(blocks(stream, block, limit, cut_at_space=not file.by_line)):
            if (odd := odd_block(piece, file, row)) is not None:
                yield odd
                row += odd.row_count
                continue
            if not file.by_line:
                offsets = np.array([0, piece.end], np.int64)
                documents = from_buffer(piece.data, offsets, 0, continued=start > 0 or number > 0)
                yield replace(documents, position=start)
                start += piece.end
                continue
            offsets = np.empty(count_newlines(piece.data, piece.end) + 2, np.int64)
            lines = line_offsets(piece.data, piece.end, offsets)
            documents = from_buffer(piece.data, offsets[: lines + 1], row)
            yield without_invalid_utf8(documents) if file.skip else documents
            row += lines


def forget(shard: Shard) -> None:
    """Tell the system that a part of a local file, which has been read, need not stay in its cache."""
    path = local_path(shard.file)
    if path is None or not hasattr(os, "posix_fadvise"):
        return
    bytes_known = shard.file.format in ("text", "jsonl") and not shard.file.compression
    if not bytes_known and not shard.is_whole:
        return
    start, size = (shard.start, shard.stop - shard.start) if bytes_known else (0, 0)
    with suppress(OSError), open(path, "rb", buffering=0) as stream:
        os.posix_fadvise(stream.fileno(), start, size, os.POSIX_FADV_DONTNEED)


def text_to_skip(shard: Shard) -> str | None:
    """What is wrong with a text that is one document, where it is to be passed over as a bad record.

    Raises CorpusError where it cannot be read.
    """
    file = shard.file
    if not file.skip or file.document != "file":
        return None
    with reading(file):
        return sound_text(file, state_of(file))


def text_before(file: InputFile, position: int, window: int) -> bytes:
    """Up to about ``window`` bytes of a text file that end at ``position``, beginning at a word."""
    with reading(file), open_raw(file) as stream:
        start = boundary(file, max(0, position - window), True)
        stream.seek(min(start, position))
        raw: bytes = stream.read(max(0, position - start))
        return raw


def start_of(shard: Shard) -> int:
    """The first byte that ``read_shard`` reads of a text shard. Raises CorpusError."""
    if shard.file.compression:
        return 0
    return boundary(shard.file, shard.start, not shard.file.by_line)


def row_of(shard: Shard, row: int) -> int:
    """The number, from 0, of a row of the shard in the whole file."""
    file = shard.file
    if shard.start == 0 or file.document == "file":
        return row
    if file.data is not None:
        return shard.start + row
    if file.format == "parquet":
        from overlap.corpus.tables import rows_before

        return rows_before(shard) + row
    from overlap.kernels.lines import count_newlines

    before = 0
    with reading(file), open_raw(file) as stream:
        left = boundary(file, shard.start, False)
        while left and (piece := stream.read(min(left, 1 << 20))):
            before += int(count_newlines(np.frombuffer(piece, np.uint8), len(piece)))
            left -= len(piece)
    return before + row


def invalid_utf8(shard: Shard, documents: Documents, position: int) -> BadRecord:
    """The error for a byte that is not UTF-8, at ``position`` of the batch's data."""
    index = int(np.searchsorted(documents.offsets, position, side="right")) - 1
    byte = int(documents.data[position])
    in_one = shard.file.document == "file"  # however many pieces of it are in the batch
    place = documents.position + position - int(documents.offsets[0 if in_one else index])
    row = None if in_one else row_of(shard, documents.row(index)) + 1
    return BadRecord(
        f"not valid UTF-8 (byte 0x{byte:02X} at {place:,} of the text); convert the file, or leave it out",
        shard.file.label,
        row,
        "invalid UTF-8",
    )
