"""Opening files: plain or compressed, read in blocks that end at a line or a space, and their digests.

A compressed file that ends too early is an error, never a short corpus. Files are read, not mapped:
a mapped file that another program truncates kills the process.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.corpus import ahead
from overlap.corpus.ahead import StreamAhead
from overlap.corpus.damaged import CutShort
from overlap.corpus.gunzip import open_gzip
from overlap.corpus.objects import DIGEST_ROWS, row_count, text_digest
from overlap.corpus.sources import InputFile
from overlap.corpus.storage import arrow_source, local_path, open_raw
from overlap.errors import BadRecord, CorpusError
from overlap.executors.stopping import raise_if_stopped
from overlap.kernels import SLACK

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "DIGEST_BLOCK",
    "Block",
    "blocks",
    "boundary",
    "combined_digest",
    "digest_block",
    "digest_count",
    "open_bytes",
    "reading",
    "too_large",
]

LARGEST_RECORD = 1 << 28  # bytes of one line, or of text without any white space: docs/faults.md has its price
DIGEST_BLOCK = 256 << 20  # files over this are digested in blocks, which are then digested together
_DIGESTED_AT_ONCE = 4 << 20  # a smaller piece waits for its turn, while numba is being loaded, as often as it is read
_STEP = 1 << 16
_READ_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError)
_SPACES = (b"\n", b" ", b"\t", b"\r")


@contextmanager
def reading(file: InputFile) -> Iterator[None]:
    """Turn what can go wrong while a file is read into a CorpusError that names it."""
    try:
        yield
    except _READ_ERRORS as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        kind = f"{file.compression} data" if file.compression else "file"
        raise CorpusError(f"this {kind} cannot be read to its end: {reason}", file.label) from error


def open_bytes(file: InputFile, step: int = 0) -> Any:
    """The file's bytes, decompressed: a binary file object with ``read``, ``readinto`` and, if plain, ``seek``.

    With ``step``, what the reader will ask for at a time, a large compressed file is decompressed by a thread of
    its own, which is a few steps ahead.
    """
    if file.skip and file.compression:
        stream: Any = CutShort(lambda: open_raw(file), lambda raw: _opened(file, raw))
    else:
        stream = _opened(file)
    return StreamAhead(stream, step) if step and file.compression and file.size >= ahead.LARGE else stream


def _opened(file: InputFile, raw: Any = None) -> Any:
    if file.compression and file.size == 0:
        raise EOFError(f"the file is empty, and no {file.compression} data")
    if file.compression == "zst":
        import pyarrow as pa

        return pa.CompressedInputStream(arrow_source(file) if raw is None else pa.PythonFile(raw, mode="r"), "zstd")
    if file.compression == "gz" and raw is None:
        return open_gzip(lambda: local_path(file) or open_raw(file))
    openers: dict[str, Any] = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
    if file.compression:
        return openers[file.compression](raw or local_path(file) or open_raw(file), "rb")
    return open_raw(file)


@dataclass(frozen=True)
class Block:
    """``data[:end]`` is the next stretch of a file; ``last`` tells whether the file (or range) ends with it.

    Without any data: ``too_large`` stands for a line over ``LARGEST_RECORD``, ``lost`` for the end of a damaged file.
    """

    data: NDArray[np.uint8]
    end: int
    last: bool
    too_large: bool = False
    lost: bool = False


def too_large(file: InputFile, row: int | None) -> BadRecord:
    """The error for a record (``row`` from 0) that would not fit in memory."""
    return BadRecord(
        f"a record of more than {LARGEST_RECORD:,} bytes; cut it into several, or leave it out",
        file.label,
        None if row is None else row + 1,
        "too large",
    )


def blocks(stream: Any, size: int, limit: int | None, cut_at_space: bool) -> Iterator[Block]:
    """A stream in blocks of about ``size`` bytes that end behind a newline (or any ASCII white space).

    ``limit`` is where to stop, in bytes from the stream's position. A line longer than a block is read
    whole: the block grows until it ends, or is over ``LARGEST_RECORD``: then the line is passed over, and a block that
    says so stands for it.
    """
    size = min(size, LARGEST_RECORD)  # so that only the first line of what has been read can be too large
    carried = np.zeros(0, np.uint8)
    remaining = limit
    over = False  # inside a line that is too large
    while True:
        wanted = max(size, carried.size)  # doubles with a line that does not fit
        if remaining is not None:
            wanted = min(wanted, remaining)
        data = np.empty(carried.size + wanted + SLACK, np.uint8)
        data[: carried.size] = carried
        got = _fill(stream, data, carried.size, wanted)
        if remaining is not None:
            remaining -= got
        start, end = carried.size, carried.size + got
        ended = got < wanted or remaining == 0
        if over or end > LARGEST_RECORD:
            first = _first_cut(data, start, end, cut_at_space)
            over = over or (first or end) > LARGEST_RECORD
            if over and not first and not ended:
                carried = carried[:0]
                continue
            if over:
                yield Block(data, 0, False, too_large=True)
                over, start, data, end = False, 0, data[first or end :], end - (first or end)
        lost = ended and getattr(stream, "lost", False)
        if ended and not lost:
            yield Block(data, end, True)
            return
        cut = _last_cut(data, start, end, cut_at_space)
        if cut:
            yield Block(data, cut, False)
        if lost:
            yield Block(data, 0, True, lost=True)
            return
        carried = data[cut:end]


def _fill(stream: Any, data: NDArray[np.uint8], start: int, wanted: int) -> int:
    view = data.data
    got = 0
    while got < wanted:
        count = stream.readinto(view[start + got : start + wanted])
        if not count:
            break
        got += count
    return got


def _first_cut(data: NDArray[np.uint8], start: int, end: int, cut_at_space: bool) -> int:
    """The place behind the first newline (or white space) of ``data[start:end]``, 0 for none."""
    for step in range(start, end, _STEP):
        piece = data[step : min(end, step + _STEP)].tobytes()
        found = [at for space in (_SPACES if cut_at_space else _SPACES[:1]) if (at := piece.find(space)) >= 0]
        if found:
            return step + min(found) + 1
    return 0


def _last_cut(data: NDArray[np.uint8], start: int, end: int, cut_at_space: bool) -> int:
    """The place behind the last newline (or white space) of ``data[:end]``, 0 for none; looked for from the end."""
    stop = end
    while stop > 0:
        step = max(0, stop - _STEP)
        piece = data[step:stop].tobytes()
        found = max(piece.rfind(space) for space in (_SPACES if cut_at_space else _SPACES[:1]))
        if found >= 0:
            return step + found + 1
        stop = step if step > start else 0  # what was carried has been looked through already
    return 0


def boundary(file: InputFile, position: int, at_space: bool) -> int:
    """The first document (or word) start at or after byte ``position`` of an uncompressed file.

    That is the byte behind the first newline (or ASCII white space) at or after ``position - 1``: both neighbours of
    a cut find the same place. Raises CorpusError.
    """
    if position <= 0:
        return 0
    with reading(file), open_raw(file) as stream:
        at = position - 1
        stream.seek(at)
        while at < file.size:
            piece = stream.read(_STEP)
            if not piece:
                break
            hits = [found for space in (_SPACES if at_space else _SPACES[:1]) if (found := piece.find(space)) >= 0]
            if hits:
                return int(at + min(hits) + 1)
            at += len(piece)
    return file.size


def digest_block(file: InputFile, index: int) -> str:
    """SHA-256 of the file's stored bytes ``[index * DIGEST_BLOCK, (index + 1) * DIGEST_BLOCK)``, hexadecimal.

    Of a data set of the ``datasets`` library: of its texts; of a stream from the hub, of the revision that it is.
    """
    if file.data is not None:
        return hashlib.sha256(file.version.encode()).hexdigest() if _is_named(file) else text_digest(file, index)
    digest = hashlib.sha256()
    left = DIGEST_BLOCK
    buffer = memoryview(bytearray(min(_DIGESTED_AT_ONCE, max(1, file.size))))
    with reading(file), open_raw(file) as stream:
        stream.seek(index * DIGEST_BLOCK)
        while left and (got := stream.readinto(buffer[:left])):
            raise_if_stopped()
            digest.update(buffer[:got])
            left -= got
    return digest.hexdigest()


def digest_count(file: InputFile) -> int:
    """How many blocks a file is digested in."""
    if file.data is not None:
        return max(1, -(-(row_count(file.data) or 0) // DIGEST_ROWS))
    return max(1, -(-file.size // DIGEST_BLOCK))


def _is_named(file: InputFile) -> bool:
    """Is this a stream whose content is known by its revision? It is not fetched twice."""
    return row_count(file.data) is None and not file.version.startswith("stream:")


def combined_digest(blocks: list[str], file: InputFile | None = None) -> str:
    """A file's digest from those of its blocks: for one block of a file, what ``sha256sum`` prints."""
    together = blocks[0] if len(blocks) == 1 else hashlib.sha256("".join(blocks).encode()).hexdigest()
    if file is not None and file.data is not None:
        return ("sha256-revision:" if _is_named(file) else "sha256-texts:") + together
    return ("sha256:" if len(blocks) == 1 else "sha256-256MiB:") + together
