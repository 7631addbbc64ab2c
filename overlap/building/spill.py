"""Step 2 of a build, hash and spill: a shard of text -> one file of n-gram hashes, grouped by leading bits.

A spill file holds chunks: each is a batch of hashes scattered into 2^bits groups, so that one group of one chunk
is one contiguous read. Behind the chunks come their group bounds and a trailer of eight numbers. The file gets its
name by a rename when it is complete: a shard whose spill file exists and has a sound trailer is done.

    chunk 0 | chunk 1 | ... | bounds: uint32 [chunks][2^bits + 1] | trailer: uint64 [8]
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from overlap.corpus import Shard, read_shard, read_whole
from overlap.errors import OutputError
from overlap.hashing import NgramHasher
from overlap.segmenting import Segmenter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Spill", "hash_shard", "open_spill", "read_group"]

MAGIC = 0x3150_4C4C_4950_534F  # "OSPILLP1"
TRAILER_BYTES = 64


@dataclass(frozen=True)
class Spill:
    """A complete spill file: what its shard held, and where the groups of each chunk lie.

    ``bounds``: uint32, shape (chunks, 2^bits + 1), in hashes from the chunk's start; ``checksum``: all hashes, xor.
    """

    path: Path
    documents: int
    units: int
    ngrams: int
    checksum: int
    bounds: NDArray[np.uint32]


class _SpillWriter:
    """Collects hashes and writes a chunk whenever the buffer is full."""

    def __init__(self, stream: IO[bytes], bits: int, capacity: int):
        self._stream, self._bits, self._capacity = stream, bits, capacity
        self.hashes = np.empty(capacity, np.uint64)
        self._grouped = np.empty(capacity, np.uint64)
        self.filled = 0
        self._checksum = 0
        self._bounds: list[NDArray[np.uint32]] = []

    def reserve(self, more: int) -> None:
        """Make room for so many more hashes."""
        if self.filled + more > self.hashes.size:
            self.flush()
        if more > self.hashes.size:
            self.hashes = np.empty(more, np.uint64)
            self._grouped = np.empty(more, np.uint64)

    def flush(self) -> None:
        if not self.filled:
            return
        from overlap.kernels.partition import scatter

        bounds = np.empty((1 << self._bits) + 1, np.int64)
        grouped = self._grouped[: self.filled]
        scatter(self.hashes[: self.filled], 0, self._bits, grouped, bounds)
        self._stream.write(grouped.data)
        self._checksum ^= int(np.bitwise_xor.reduce(grouped))
        self._bounds.append(bounds.astype(np.uint32))
        self.filled = 0

    def close(self, documents: int, units: int, ngrams: int) -> None:
        self.flush()
        for bounds in self._bounds:
            self._stream.write(bounds.data)
        trailer = [MAGIC, self._bits, len(self._bounds), documents, units, ngrams, self._checksum, MAGIC]
        self._stream.write(np.array(trailer, "<u8").tobytes())


def hash_shard(shard: Shard, path: Path, *, n: int, segmenter: Segmenter, bits: int, chunk: int, block: int) -> None:
    """Write the spill file of one shard. ``chunk`` is in hashes, ``block`` in bytes of text.

    Raises CorpusError and its kin. Nothing is left under ``path`` unless it is complete.
    """
    hasher = NgramHasher(n, segmenter)
    hasher.start(shard)
    documents = units = ngrams = 0
    temporary = path.with_suffix(".partial")
    with open(temporary, "wb") as stream:
        writer = _SpillWriter(stream, bits, chunk)
        for batch in (read_shard if segmenter.in_pieces else read_whole)(shard, block):
            writer.reserve(hasher.read(batch, shard))
            before = writer.filled
            writer.filled, counts = hasher.write(writer.hashes, writer.filled)
            ngrams += writer.filled - before
            units += int(counts.sum())
            documents += len(batch) - batch.continued
        writer.close(documents, units, ngrams)
    os.replace(temporary, path)


def open_spill(path: Path, bits: int) -> Spill | None:
    """The spill file's tables, or None where it is missing, truncated, or of another build."""
    try:
        size = path.stat().st_size
        with open(path, "rb") as stream:
            stream.seek(max(0, size - TRAILER_BYTES))
            trailer = np.frombuffer(stream.read(TRAILER_BYTES), "<u8").tolist()
            if len(trailer) != 8 or trailer[0] != MAGIC or trailer[7] != MAGIC or trailer[1] != bits:
                return None
            _, _, chunks, documents, units, ngrams, checksum, _ = trailer
            table = chunks * ((1 << bits) + 1) * 4
            if size != ngrams * 8 + table + TRAILER_BYTES:
                return None
            stream.seek(ngrams * 8)
            bounds = np.frombuffer(stream.read(table), "<u4").reshape(chunks, (1 << bits) + 1)
    except OSError:
        return None
    if int(bounds[:, -1].astype(np.int64).sum()) != ngrams:
        return None
    return Spill(path, documents, units, ngrams, checksum, bounds)


def read_group(spills: list[Spill], first: int, last: int) -> NDArray[np.uint64]:
    """All hashes of groups ``first`` to ``last - 1`` of all spill files, in the files' order."""
    sizes = [(spill.bounds[:, last] - spill.bounds[:, first]).astype(np.int64) for spill in spills]
    out = np.empty(sum(int(size.sum()) for size in sizes), np.uint64)
    view = out.data.cast("B")
    at = 0
    for spill, size in zip(spills, sizes, strict=True):
        starts = np.cumsum(spill.bounds[:, -1].astype(np.int64)) - spill.bounds[:, -1] + spill.bounds[:, first]
        with open(spill.path, "rb", buffering=0) as stream:
            for start, count in zip((starts * 8).tolist(), (size * 8).tolist(), strict=True):
                if count and os.preadv(stream.fileno(), [view[at : at + count]], start) != count:
                    raise OutputError(
                        "a spill file was cut off while it was read: run the same build again", spill.path
                    )
                at += count
    return out
