"""Step 2 of a build, hash and spill: a pack of shards -> one file of n-gram hashes, grouped by leading bits.

A spill file holds chunks: each is a batch of hashes scattered into 2^bits groups, so that one group of one chunk
is one contiguous read. Behind the chunks come their group bounds, then what each shard held (documents, and bad records
by kind), and a trailer of nine numbers. The file gets its name by a rename when it is complete: a pack whose spill
file exists and has a sound trailer is done. The bounds of one group in all chunks lie side by side: who reads some
groups reads their bounds, and nobody holds those of all, which for a terabyte of text are gigabytes.

    chunk 0 | chunk 1 | ... | bounds: uint32 [2^bits + 1][chunks] | counts: uint64 [shards][1 + kinds] | trailer
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from overlap.building.place import written
from overlap.building.plan import BuildPlan, Pack
from overlap.corpus import Documents, Shard, read_shard, read_whole
from overlap.errors import BAD_RECORD_KINDS, OutputError
from overlap.hashing import NgramHasher
from overlap.segmenting import Segmenter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Spill", "counts_of_files", "hash_pack", "open_spill"]

MAGIC = 0x3350_4C4C_4950_534F  # "OSPILLP3"
_TRAILER = 9  # numbers
_COUNTS = 1 + len(BAD_RECORD_KINDS)  # of each shard


@dataclass(frozen=True)
class Spill:
    """A complete spill file: what its pack held, and where its chunks begin.

    ``counts``: uint64, shape (shards, 1 + kinds), documents and skipped records of each kind; ``checksum``: all hashes,
    xor; ``begins``: int64, the first hash of each chunk, and behind the last one.
    """

    path: Path
    counts: NDArray[np.uint64]
    units: int
    ngrams: int
    checksum: int
    begins: NDArray[np.int64]

    @property
    def documents(self) -> int:
        return int(self.counts[:, 0].sum())

    def bounds(self, first: int, last: int) -> NDArray[np.int64]:
        """Where groups ``first`` to ``last`` begin in each chunk, in hashes from its start; shape (groups, chunks).

        Behind the last group there is one more. Raises OutputError where the file is not what it was.
        """
        chunks = self.begins.size - 1
        with open(self.path, "rb") as stream:
            stream.seek(self.ngrams * 8 + first * chunks * 4)
            table = stream.read((last - first + 1) * chunks * 4)
        if len(table) == (last - first + 1) * chunks * 4:
            bounds = np.frombuffer(table, "<u4").reshape(last - first + 1, chunks).astype(np.int64)
            if (bounds[1:] >= bounds[:-1]).all() and (bounds[-1] <= np.diff(self.begins)).all():
                return bounds
        raise OutputError("a spill file was altered while it was read: run the same build again", self.path)


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
        self._checksum ^= int(scatter(self.hashes[: self.filled], 0, self._bits, grouped, bounds))
        self._stream.write(grouped.data)
        self._bounds.append(bounds.astype(np.uint32))
        self.filled = 0

    def close(self, counts: Sequence[Sequence[int]], units: int, ngrams: int) -> None:
        self.flush()
        if self._bounds:
            self._stream.write(np.stack(self._bounds, 1).tobytes())
        self._stream.write(np.array(counts, "<u8").tobytes())
        checksum = self._checksum
        trailer = [MAGIC, self._bits, len(self._bounds), len(counts), _COUNTS, units, ngrams, checksum, MAGIC]
        self._stream.write(np.array(trailer, "<u8").tobytes())


def hash_pack(pack: Pack, path: Path, *, n: int, segmenter: Segmenter, bits: int, chunk: int, block: int) -> None:
    """Write the spill file of one pack of shards. ``chunk`` is in hashes, ``block`` in bytes of text.

    Raises CorpusError and its kin, and Stopped. Nothing is left of a file that is not complete.
    """
    hasher = NgramHasher(n, segmenter)
    read = read_shard if segmenter.in_pieces else read_whole
    units = ngrams = 0
    counts: list[list[int]] = []
    with written(path) as temporary, open(temporary, "wb") as stream:
        writer = _SpillWriter(stream, bits, chunk)
        for shard in pack.shards:
            hasher.start(shard)
            of_shard, more_units, more_ngrams = _hash_shard(read(shard, block), shard, hasher, writer)
            counts.append(of_shard)
            units, ngrams = units + more_units, ngrams + more_ngrams
        writer.close(counts, units, ngrams)


def _hash_shard(
    batches: Iterator[Documents], shard: Shard, hasher: NgramHasher, writer: _SpillWriter
) -> tuple[list[int], int, int]:
    """(documents and skipped records by kind, units, n-grams) of a shard, whose hashes go to the writer."""
    skipped: Counter[str] = Counter()
    documents = units = ngrams = 0
    for batch in batches:
        writer.reserve(hasher.read(batch, shard))
        before = writer.filled
        writer.filled, counts = hasher.write(writer.hashes, writer.filled)
        ngrams += writer.filled - before
        units += int(counts.sum())
        documents += len(batch) - batch.continued
        skipped.update(batch.skipped)
    return [documents, *(skipped[kind] for kind in BAD_RECORD_KINDS)], units, ngrams


def open_spill(path: Path, bits: int) -> Spill | None:
    """The spill file's tables, or None where it is missing, truncated, or of another build."""
    try:
        size = path.stat().st_size
        with open(path, "rb") as stream:
            stream.seek(max(0, size - 8 * _TRAILER))
            trailer = np.frombuffer(stream.read(8 * _TRAILER), "<u8").tolist()
            if len(trailer) != _TRAILER or {trailer[0], trailer[-1]} != {MAGIC}:
                return None
            _, found_bits, chunks, shards, of_each, units, ngrams, checksum, _ = trailer
            table = chunks * ((1 << bits) + 1) * 4
            more = shards * of_each * 8
            if (found_bits, of_each) != (bits, _COUNTS) or size != ngrams * 8 + table + more + 8 * _TRAILER:
                return None
            stream.seek(ngrams * 8)
            bounds = np.frombuffer(stream.read(table), "<u4").reshape((1 << bits) + 1, chunks)
            counts = np.frombuffer(stream.read(more), "<u8").reshape(shards, of_each)
    except OSError:
        return None
    begins = np.concatenate([[0], np.cumsum(bounds[-1], dtype=np.int64)])
    if begins[-1] != ngrams or bounds[0].any() or (bounds[1:] < bounds[:-1]).any():
        return None
    return Spill(path, counts, units, ngrams, checksum, begins)


def counts_of_files(plan: BuildPlan, spills: Sequence[Spill]) -> NDArray[np.int64]:
    """Documents, and skipped records by kind, of each file of the build; shape (files, 1 + kinds)."""
    found: list[NDArray[np.int64]] = []
    for pack, spill in zip(plan.packs, spills, strict=True):
        for shard, counts in zip(pack.shards, spill.counts.astype(np.int64), strict=True):
            if shard.start == 0:  # each file has one such shard, its first
                found.append(counts)
            else:
                found[-1] = found[-1] + counts
    return np.array(found)
