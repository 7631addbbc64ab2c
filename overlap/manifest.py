"""The manifest: what an index says about itself, as canonical JSON with its own digest.

Canonical means: one way to write it. A manifest that does not read back to the very same bytes has been altered,
if only in a space.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from overlap.bloom import PAGE_BYTES, PartitionRow, hash_floor
from overlap.errors import CorruptIndex, IncompleteBuild, NotAnIndex, UnsupportedVersion
from overlap.filters import AnyRow
from overlap.fuse import FuseRow
from overlap.results import SourceInfo, skipped_in
from overlap.sealed import seal, unseal
from overlap.segmenting import is_known
from overlap.signature import DEFAULT_FILTER, Signature

__all__ = ["Manifest", "PartitionRow", "read_manifest", "write_manifest"]

FORMAT = "overlap-index"
FORMAT_VERSIONS = {"bloom": 1, "fuse": 2}  # the filter; both hold 64-bit hashes of the units that the manifest names
_OF_FILTER = {"bloom": ("k", "bits_per_key"), "fuse": ("filter", "fingerprint_bits")}  # written for no other
_ELSEWHERE: dict[str, Any] = {"k": 0, "bits_per_key": 0.0, "filter": DEFAULT_FILTER, "fingerprint_bits": 0}
MANIFEST_NAME = "manifest.json"
FILTER_NAME = "filter.bin"
KEY_NAME = "inputs.key"  # tells whether the sources are those of the index, without reading them
WORK_NAME = "work"
_SOURCES_SHOWN = 20
TOKENIZER_NAME = "tokenizer.json"  # where units are tokens: a copy, whose digest is in the normaliser's name


@dataclass(frozen=True)
class Manifest:
    """Everything that is known of an index without reading its filter.

    ``fpr`` bounds the whole: realised rate of the filter plus hash floor. Counts: ``ngrams`` are all positions,
    ``distinct`` their distinct values; ``documents`` and ``units`` of the corpus. ``k`` and ``bits_per_key`` are of a
    Bloom filter, ``fingerprint_bits`` of a fuse filter, and 0 in the other.
    """

    name: str
    n: int
    unit: str
    normaliser: str
    document: str
    fpr: float
    filter_fpr: float
    k: int
    bits_per_key: float
    documents: int
    units: int
    ngrams: int
    distinct: int
    corpus_digest: str
    sources: tuple[SourceInfo, ...]
    partitions: tuple[AnyRow, ...]
    tool: str
    filter: str = DEFAULT_FILTER
    fingerprint_bits: int = 0

    def facts(self) -> list[tuple[str, str]]:
        """What the index is, as (name, value), with its first sources."""
        size, floor = self.filter_bytes, hash_floor(self.distinct)
        rows = [
            ("signature", str(self.signature)),
            ("documents", f"{self.documents:,} (one {self.document} each)"),
            ("units", f"{self.units:,}"),
            (f"{self.n}-grams", f"{self.ngrams:,}"),
            ("distinct", f"{self.distinct:,}"),
            ("filter", f"{size:,} bytes, {8 * size / self.distinct:.2f} bits per distinct n-gram"),
            ("geometry", self._geometry),
            ("false positives", f"{self.bound:.3g} at most (asked: {self.fpr:g})"),
            ("", f"{self.realised_fpr:.3g} realised by the {self._answers} + {floor:.2g} by 64-bit hashes"),
            ("made by", self.tool),
        ]
        bad = [(item.path, f"{item.records:,} {item.kind}") for item in skipped_in(self.sources)]
        rows += [("skipped", f"{count} in {path}") for path, count in bad[:_SOURCES_SHOWN]]
        rows += [("", f"… and {len(bad) - _SOURCES_SHOWN:,} more")] if len(bad) > _SOURCES_SHOWN else []
        shown = self.sources[:_SOURCES_SHOWN]
        rows += [("source", f"{source.path} ({source.bytes:,} bytes, {source.digest[:24]}…)") for source in shown]
        more = len(self.sources) - len(shown)
        return [*rows, *([("", f"… and {more:,} more")] if more else [])]

    @property
    def _geometry(self) -> str:
        partitions = f"{len(self.partitions):,} partitions"
        if self.filter == DEFAULT_FILTER:
            return f"{self.filter_bytes // PAGE_BYTES:,} pages of 4 KiB in {partitions}, k = {self.k}"
        slots = sum(row.slots for row in self.partitions if isinstance(row, FuseRow))
        return f"binary fuse: {slots:,} slots of {self.fingerprint_bits} bits in {partitions}, four a key"

    @property
    def _answers(self) -> str:
        """What the filter answers from."""
        return "pages" if self.filter == DEFAULT_FILTER else "fingerprints"

    @property
    def filter_bytes(self) -> int:
        return sum(row.bytes for row in self.partitions)

    @property
    def realised_fpr(self) -> float:
        """The filter's own rate, from the fill of its pages or the bits of its fingerprints.

        The mean over partitions, which are equally likely.
        """
        return sum(row.realised_fpr for row in self.partitions) / len(self.partitions)

    @property
    def bound(self) -> float:
        """The rate at which an absent n-gram is taken for known: realised rate plus hash floor."""
        return self.realised_fpr + hash_floor(self.distinct)

    @property
    def signature(self) -> Signature:
        train = f"{self.name}#{self.corpus_digest[:12]}"
        version = self.tool.rpartition(" ")[2]
        return Signature(self.n, self.unit, self.normaliser, self.document, self.fpr, train, version, self.filter)

    def to_json(self) -> dict[str, Any]:
        """The manifest as JSON values, with what follows from it, without its digest."""
        body = asdict(self)
        body["sources"] = [source.to_json() for source in self.sources]
        body["partitions"] = [list(asdict(row).values()) for row in self.partitions]
        for names in (names for other, names in _OF_FILTER.items() if other != self.filter):
            body = {name: value for name, value in body.items() if name not in names}
        derived: dict[str, Any] = {
            "format": FORMAT,
            "format_version": FORMAT_VERSIONS[self.filter],
            "signature": str(self.signature),
            "filter_bytes": self.filter_bytes,
            "realised_fpr": self.realised_fpr,
            "hash_floor": hash_floor(self.distinct),
            "bound": self.bound,
        }
        if self.filter == DEFAULT_FILTER:
            derived["page_bytes"] = PAGE_BYTES
        return {**derived, **body}

    def to_bytes(self) -> bytes:
        """The one way to write this manifest: sorted keys, one space of indentation, its digest last."""
        return seal(self.to_json())


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into place by a rename: its presence means that the index is complete."""
    temporary = folder / (MANIFEST_NAME + ".partial")
    temporary.write_bytes(manifest.to_bytes())
    temporary.replace(folder / MANIFEST_NAME)


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of an index.

    Raises NotAnIndex, IncompleteBuild, UnsupportedVersion or CorruptIndex.
    """
    try:
        raw = (folder / MANIFEST_NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(folder) from None
    except OSError as error:
        raise NotAnIndex(f"cannot be read: {error.strerror}", folder) from error
    try:
        body, _ = unseal(raw)
        if body["format"] != FORMAT:
            raise KeyError("format")
        version = body["format_version"]
    except (ValueError, KeyError, TypeError):
        raise NotAnIndex("its manifest.json is no manifest of an overlap index, or is damaged", folder) from None
    if version not in FORMAT_VERSIONS.values():
        known = " and ".join(map(str, FORMAT_VERSIONS.values()))
        raise UnsupportedVersion(
            f"index format {version}; this overlap reads formats {known}: update overlap, or rebuild", folder
        )
    try:
        manifest = _from_json(body)
        sound = manifest.to_bytes() == raw
    except (KeyError, TypeError, ValueError, ZeroDivisionError, AttributeError, OverflowError):
        sound = False
    if not sound:
        raise CorruptIndex("manifest.json was altered after the build: rebuild the index with --force", folder)
    if not is_known(manifest.unit, manifest.normaliser):
        raise UnsupportedVersion(
            f"units that this overlap does not know ({manifest.unit}, {manifest.normaliser}): update it, or rebuild",
            folder,
        )
    return manifest


def _missing(folder: Path) -> Exception:
    if not os.path.lexists(folder):
        return NotAnIndex("no such index; make one with: overlap build TRAIN... -o INDEX", folder)
    if (folder / WORK_NAME).is_dir():
        return IncompleteBuild("this build has not finished: run the same build command again to resume it", folder)
    return NotAnIndex("not an overlap index (no manifest.json in it)", folder)


def _from_json(body: dict[str, Any]) -> Manifest:
    absent = {name for names in _OF_FILTER.values() for name in names} - body.keys()
    values = {name: _ELSEWHERE[name] if name in absent else body[name] for name in Manifest.__dataclass_fields__}
    values["sources"] = tuple(SourceInfo.from_json(row) for row in body["sources"])
    row_type = FuseRow if values["filter"] == "fuse" else PartitionRow
    values["partitions"] = tuple(row_type(*row) for row in body["partitions"])
    return Manifest(**values)
