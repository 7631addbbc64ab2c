"""Step 1 of a build: what will be done, and under which names its pieces are kept.

Everything that decides the bytes of the index follows from the files and the options; memory and workers only
decide how the work is cut. Pieces are named by a digest of what they depend on (file, size, time of change,
range, n, ...), so a resumed build takes up exactly those that still fit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from overlap.bloom import partition_bits
from overlap.corpus import (
    LARGEST_SHARD,
    SHARDS_ASKED,
    InputFile,
    Shard,
    digest_count,
    identity_of,
    plan_shards,
    state_of,
)
from overlap.corpus.objects import UNKNOWN_SIZE
from overlap.packing import packed
from overlap.resources import free_memory
from overlap.segmenting import DEFAULT, Segmenter, segmenter_of
from overlap.version import __version__

__all__ = ["BuildPlan", "DigestTask", "Pack", "Settings", "Sizes", "make_plan", "state_of"]

_BYTES_A_UNIT = {"char": 1, "token": 4}  # of text for each n-gram, where only an estimate is needed; a word has 6
_EXPANSION = 4  # compressed files, likewise
_MEMORY_A_HASH = 64  # bytes of --memory for each hash that a worker collects before it writes them, or reads together
_SMALLEST_PACK = 1 << 20  # bytes of small files in one spill file, at least
_SMALLEST_CHUNK, _LARGEST_CHUNK = 1 << 16, 1 << 20
_LEAST_GROUP = 1024  # hashes of a group in a chunk, on average and where memory allows: they are read together
_MOST_FOR_GROUPS = 1 << 22  # hashes of a chunk that is larger for their sake
_SMALLEST_READ, _USUAL_READ, _LARGEST_READ = 1 << 19, 1 << 21, 1 << 23  # hashes; a partition has up to 1 << 19 mostly
_IN_A_ROW = 1 << 14  # hashes that one read should bring: for it the groups of more partitions are read together
_FOOTPRINT = 3  # bytes of files for a byte of text: the text, its hashes, the filter
_NOT_READING = ("path", "data", "version", "origin")
_SMALLEST_BLOCK, _LARGEST_BLOCK = 1 << 17, 1 << 20


@dataclass(frozen=True)
class Settings:
    """What decides the bytes of an index, besides its files."""

    name: str
    n: int
    fpr: float
    filter: str = "bloom"

    def identity(self) -> dict[str, Any]:
        """What tells builds apart; the default filter is not named in it, as it was before there were others."""
        return {key: value for key, value in asdict(self).items() if (key, value) != ("filter", "bloom")}


@dataclass(frozen=True)
class DigestTask:
    """Block ``index`` of file ``number`` of the build, to be digested."""

    number: int
    file: InputFile
    index: int

    @property
    def bytes(self) -> int:
        """Bytes of the file in this block, about."""
        return self.file.size // digest_count(self.file)


@dataclass(frozen=True)
class Pack:
    """What one spill file holds: a part of a large file, or many small files in their order."""

    shards: tuple[Shard, ...]

    @property
    def weight(self) -> int:
        return sum(shard.weight for shard in self.shards)


@dataclass(frozen=True)
class Sizes:
    """How the work of one worker is cut, by its memory.

    ``spill_bits``: leading bits by which spill files are grouped; ``chunk``: hashes that it collects; ``at_once``:
    hashes that it reads again together; ``block``: bytes of text that it reads.
    """

    spill_bits: int
    chunk: int
    at_once: int
    block: int


@dataclass(frozen=True)
class BuildPlan:
    """Packs of shards, digests, sizes.

    ``is_large``: the files and what is made of them do not all fit in the memory that the system has for files.
    ``key`` names the whole build; ``changed`` and ``identities`` say what each file was when it was planned.
    """

    settings: Settings
    files: tuple[InputFile, ...]
    changed: tuple[tuple[int, int | str], ...]
    identities: dict[InputFile, list[Any]]
    packs: tuple[Pack, ...]
    digests: tuple[tuple[DigestTask, ...], ...]
    sizes: Sizes
    is_large: bool
    key: str
    segmenter: Segmenter

    def spill_name(self, pack: Pack) -> str:
        """The spill file of a pack."""
        pieces = [[shard.start, shard.stop, self.identities[shard.file]] for shard in pack.shards]
        return _digest([self.settings.n, self.sizes.spill_bits, self.segmenter.norm, pieces])[:20] + ".spill"

    def digest_name(self, tasks: Sequence[DigestTask]) -> str:
        """The file that keeps the digests of some blocks."""
        return _digest([[task.index, self.identities[task.file]] for task in tasks])[:20] + ".sha256"


def make_plan(
    files: list[InputFile], settings: Settings, memory: int, workers: int, segmenter: Segmenter | None = None
) -> BuildPlan:
    """Cut the work. ``memory`` is in bytes; units are alnum words where no segmenter is given."""
    segmenter = segmenter or segmenter_of(DEFAULT)
    estimate = sum(map(_text_bytes, files)) // _BYTES_A_UNIT.get(segmenter.unit, 6)
    digests = [DigestTask(number, file, i) for number, file in enumerate(files) for i in range(digest_count(file))]
    identities = {file: _identity(file) for file in files}
    largest = min(LARGEST_SHARD, max(_SMALLEST_PACK, sum(file.size for file in files) // SHARDS_ASKED))
    shards = plan_shards(files, whole_documents=not segmenter.in_pieces)
    key = _digest([settings.identity(), segmenter.norm, __version__, [identities[file] for file in files]])
    return BuildPlan(
        settings=settings,
        files=tuple(files),
        changed=tuple(map(state_of, files)),
        identities=identities,
        packs=tuple(Pack(tuple(group)) for group in packed(shards, lambda shard: shard.weight, largest)),
        digests=tuple(tuple(group) for group in packed(digests, lambda task: task.bytes, largest)),
        sizes=_sizes(estimate, memory // workers),
        is_large=_FOOTPRINT * sum(file.size for file in files) > free_memory(),
        key=key,
        segmenter=segmenter,
    )


def _sizes(estimate: int, memory: int) -> Sizes:
    """For about so many n-grams in the corpus, and so many bytes of memory a worker."""
    spill_bits = partition_bits(estimate)
    hashes = memory // _MEMORY_A_HASH
    wanted = max(_LARGEST_CHUNK, min(_MOST_FOR_GROUPS, _LEAST_GROUP << spill_bits))
    chunk = min(wanted, max(_SMALLEST_CHUNK, hashes))
    wanted = min(_LARGEST_READ, max(_USUAL_READ, _IN_A_ROW * estimate // chunk))
    at_once = min(wanted, max(_SMALLEST_READ, hashes))
    return Sizes(spill_bits, chunk, at_once, min(_LARGEST_BLOCK, max(_SMALLEST_BLOCK, memory // 64)))


def _text_bytes(file: InputFile) -> int:
    """About how much text there is; a stream of unknown size is taken for a large one."""
    if file.data is not None and not file.size:
        return UNKNOWN_SIZE
    return file.size * (_EXPANSION if file.compression or file.format == "parquet" else 1)


def _identity(file: InputFile) -> list[Any]:
    """What tells whether a file and the way it is read are the same as before."""
    reading = {item.name: getattr(file, item.name) for item in fields(file) if item.name not in _NOT_READING}
    return [reading, *identity_of(file)]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
