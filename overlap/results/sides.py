"""The two sides of an overlap: the files that were read, and what is known of a training set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

__all__ = ["MeasuredFile", "Skipped", "SourceInfo", "TrainInfo", "TrainSources", "skipped_in"]

_MOST_FILES = 50  # of a training set that a result names; the index's manifest has all


@dataclass(frozen=True)
class SourceInfo:
    """One file: path as given, how it was read, size in bytes, digest.

    ``origin``: of a data set from the hub, its address with the resolved revision, and its fingerprint; ``skipped``:
    kinds of bad records that were passed over, and how many of each.
    """

    path: str
    format: str
    fields: tuple[str, ...]
    document: str
    bytes: int
    digest: str
    origin: str = ""
    skipped: tuple[tuple[str, int], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values; what is empty and was not there in earlier versions is left out."""
        body = asdict(self)
        for name in ("origin", "skipped"):
            if not body[name]:
                del body[name]
        return body

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Self:
        """What ``to_json`` has written. Raises TypeError, KeyError or ValueError for anything else."""
        lists: dict[str, Any] = {name: tuple(row[name]) for name in ("fields", "parts") if name in row}
        skipped = tuple((str(kind), int(count)) for kind, count in row.get("skipped", ()))
        return cls(**{**row, **lists, "skipped": skipped})


@dataclass(frozen=True)
class MeasuredFile(SourceInfo):
    """One test file, and what its examples were made of.

    ``parts`` as ``NAME=FIELD,FIELD``, ``template``, ``id_field``, ``group_field`` as they were named, if they were;
    ``group_label``: the group of all its examples, where no field says it.
    """

    parts: tuple[str, ...] = ()
    template: str | None = None
    id_field: str | None = None
    group_field: str | None = None
    group_label: str | None = None


@dataclass(frozen=True)
class Skipped:
    """So many bad records of one kind in one file were passed over."""

    path: str
    kind: str
    records: int


def skipped_in(sources: Sequence[SourceInfo]) -> tuple[Skipped, ...]:
    """The bad records that were passed over in these files."""
    return tuple(Skipped(source.path, kind, count) for source in sources for kind, count in source.skipped)


@dataclass(frozen=True)
class TrainSources:
    """The files of a training set: ``digest`` of all (SHA-256, hexadecimal), their number, and the first of them."""

    digest: str
    files: int
    first: tuple[SourceInfo, ...]

    @classmethod
    def of(cls, digest: str, infos: Sequence[SourceInfo]) -> Self:
        """The first fifty of these files, as they were read; the bad records in them are not said again."""
        names = [name for name in SourceInfo.__dataclass_fields__ if name != "skipped"]
        first = [SourceInfo(**{name: getattr(info, name) for name in names}) for info in infos[:_MOST_FILES]]
        return cls(digest, len(infos), tuple(first))

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"digest": self.digest, "files": self.files, "first": [source.to_json() for source in self.first]}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Self:
        """What ``to_json`` has written. Raises TypeError, KeyError or ValueError for anything else."""
        return cls(str(row["digest"]), int(row["files"]), tuple(map(SourceInfo.from_json, row["first"])))


@dataclass(frozen=True)
class TrainInfo:
    """The training side of an overlap.

    ``distinct`` is None for a union of several indexes (it cannot be read off their filters). ``bound`` is the
    false-positive rate that the index guarantees (of a union: the sum). ``own`` marks a data set's own training split;
    ``skipped``: bad records that are not in it; ``sources``: its files, None of a union (its members have
    theirs) and in results of older versions.
    """

    name: str
    signature: str
    documents: int
    ngrams: int
    distinct: int | None
    bound: float
    own: bool = False
    members: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    sources: TrainSources | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON values; without ``skipped`` where nothing was, without ``sources`` where they are not known."""
        body = asdict(replace(self, sources=None))
        del body["sources"]
        if not self.skipped:
            del body["skipped"]
        return body if self.sources is None else {**body, "sources": self.sources.to_json()}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Self:
        """What ``to_json`` has written. Raises TypeError, KeyError or ValueError for anything else."""
        skipped = tuple(Skipped(**item) for item in row.get("skipped", ()))
        sources = TrainSources.from_json(row["sources"]) if "sources" in row else None
        return cls(**{**row, "members": tuple(row["members"]), "skipped": skipped, "sources": sources})
