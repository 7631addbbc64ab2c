"""An index on disk: a manifest and a memory-mapped filter; open it, ask it, verify it.

Opening checks structure and version and that the filter has its right size; ``verify_index`` reads every page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from overlap.binomial import upper_limit
from overlap.bloom import BloomFilter, PartitionRow
from overlap.displaying import Displayed
from overlap.errors import BadArgument, CorruptIndex, SignatureMismatch
from overlap.executors import Pool, opened
from overlap.filters import AnyFilter, AnyRow
from overlap.fuse import FuseFilter, FuseRow
from overlap.manifest import FILTER_NAME, TOKENIZER_NAME, Manifest, read_manifest
from overlap.progress import silent
from overlap.segmenting import Segmenter, recorded_segmenter
from overlap.text import hashes_of_units

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Index", "Verification", "open_index", "verify_index"]

_PROBE_BLOCK = 1 << 22
CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False, repr=False)
class Index(Displayed):
    """An open index: what it says about itself, and the filter that answers.

    >>> # index = open_index("web.index"); index.contains("eight words that may stand in the corpus")
    """

    path: Path
    manifest: Manifest
    filter: AnyFilter

    @cached_property
    def segmenter(self) -> Segmenter:
        """What cuts texts into the units of this index. Raises TokenizerError, CorruptIndex."""
        manifest = self.manifest
        try:
            return recorded_segmenter(manifest.unit, manifest.normaliser, str((self.path / TOKENIZER_NAME).resolve()))
        except SignatureMismatch as error:
            raise CorruptIndex(
                "tokenizer.json was altered: copy it again, or rebuild with --force", self.path
            ) from error

    def __repr__(self) -> str:
        manifest = self.manifest
        return f"Index({self.path}: {manifest.distinct:,} distinct {manifest.n}-grams, {manifest.signature})"

    def facts(self) -> list[tuple[str, str]]:
        """What the index is, as (name, value)."""
        return [("index", str(self.path)), *self.manifest.facts()]

    def contains(self, text: str) -> NDArray[np.bool_]:
        """For each n-gram of the text, in order, does the index know it? Shape (units - n + 1,)."""
        return self.filter.contains(hashes_of_units(self.segmenter.hashes(text), self.manifest.n))


def open_index(path: str | PathLike[str]) -> Index:
    """Open an index. Raises NotAnIndex, IncompleteBuild, UnsupportedVersion or CorruptIndex."""
    folder = Path(path)
    manifest = read_manifest(folder)
    bits = (len(manifest.partitions) - 1).bit_length()
    if not manifest.partitions or len(manifest.partitions) != 1 << bits:
        raise CorruptIndex("its partition table is damaged: rebuild the index with --force", folder)
    target = folder / FILTER_NAME
    try:
        size = target.stat().st_size
    except OSError:
        raise CorruptIndex("filter.bin is missing: rebuild the index with --force", folder) from None
    if size != manifest.filter_bytes:
        raise CorruptIndex(
            f"filter.bin has {size:,} bytes instead of {manifest.filter_bytes:,}: "
            "copy it again, or rebuild it with --force",
            folder,
        )
    try:
        words = np.memmap(target, np.uint64, "r").view(np.ndarray) if size else np.empty(0, np.uint64)
        return Index(folder, manifest, _filter_of(manifest, words))
    except OSError as error:
        raise CorruptIndex(f"filter.bin cannot be read: {error.strerror}", folder) from error
    except (TypeError, ValueError, OverflowError) as error:
        raise CorruptIndex(f"no such filter ({error}): rebuild the index with --force", folder) from None


def _filter_of(manifest: Manifest, words: NDArray[np.uint64]) -> AnyFilter:
    """The filter that a manifest describes. Raises ValueError and its like where it describes none."""
    if manifest.filter == "fuse":
        rows = [row for row in manifest.partitions if isinstance(row, FuseRow)]
        return FuseFilter(words, rows, manifest.fingerprint_bits)
    pages = np.array([row.pages for row in manifest.partitions if isinstance(row, PartitionRow)], np.int64)
    return BloomFilter(words, pages, manifest.k)


@dataclass(frozen=True)
class Verification:
    """What ``verify_index`` found, all digests being right.

    ``limit`` is the one-sided Clopper-Pearson upper limit of the rate at 95 %, from ``hits`` in ``probes``;
    ``lower`` the lower one. Both are None without probes.
    """

    partitions: int
    bound: float
    probes: int
    hits: int
    lower: float | None
    limit: float | None

    @property
    def consistent(self) -> bool:
        """Could an index that keeps its bound have given so many hits (at 99.9 %)?"""
        from overlap.binomial import lower_limit

        return self.probes == 0 or lower_limit(self.hits, self.probes, 0.999) <= self.bound


def verify_index(
    path: str | PathLike[str],
    *,
    probes: int = 0,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Verification:
    """Check every digest of an index and the fill of its pages; then probe it with n-grams that no text can contain.

    Raises CorruptIndex at the first page group that is not what was built, ValueError for negative ``probes``.
    """
    if probes < 0:
        raise BadArgument(f"probes must not be negative, not {probes}")
    index = open_index(path)
    report = progress or silent
    _ = index.segmenter  # its tokenizer is part of the index
    with opened(None, workers) as pool:
        _check_partitions(index, pool, report)
        hits = _probe(index, probes, pool, report)
    return Verification(
        partitions=len(index.manifest.partitions),
        bound=index.manifest.bound,
        probes=probes,
        hits=hits,
        lower=_lower(hits, probes) if probes else None,
        limit=upper_limit(hits, probes, CONFIDENCE) if probes else None,
    )


def _lower(hits: int, probes: int) -> float:
    from overlap.binomial import lower_limit

    return lower_limit(hits, probes, CONFIDENCE)


def _check_partitions(index: Index, pool: Pool, report: Callable[[str, int, int], None]) -> None:
    rows = index.manifest.partitions
    total = index.manifest.filter_bytes
    ends = list(accumulate(row.bytes // 8 for row in rows))
    starts = [end - row.bytes // 8 for end, row in zip(ends, rows, strict=True)]
    jobs = pool.in_order(lambda item: _partition_is_sound(index, *item), zip(rows, starts, strict=True))
    checked = 0
    for number, (row, sound) in enumerate((item[0], sound) for item, sound in jobs):
        if not sound:
            raise CorruptIndex(
                f"filter.bin is damaged in partition {number}: copy it again, or rebuild it with --force", index.path
            )
        checked += row.bytes
        report("verify", checked, total)


def _partition_is_sound(index: Index, row: AnyRow, start: int) -> bool:
    words = index.filter.words[start : start + row.bytes // 8]
    if hashlib.sha256(words.data).hexdigest() != row.sha256:
        return False
    return bool(np.isclose(index.filter.realised_fpr(words), row.realised_fpr, rtol=1e-9, atol=0.0))


def _probe(index: Index, probes: int, pool: Pool, report: Callable[[str, int, int], None]) -> int:
    n = index.manifest.n
    starts = range(0, probes, _PROBE_BLOCK)
    blocks = pool.in_order(lambda start: index.filter.probe(start, min(_PROBE_BLOCK, probes - start), n), starts)
    hits = 0
    for number, (_, found) in enumerate(blocks):
        hits += found
        report("probe", min(probes, (number + 1) * _PROBE_BLOCK), probes)
    return hits
