"""Sources: what the user names, and the files that it stands for.

A source is ``[NAME=]PATH[::FIELD,FIELD...]``: a file, a directory (read recursively), a glob, a URL, a data set of the
Hugging Face hub (``hf:NAME:CONFIG:SPLIT@REVISION``), or ``-`` for standard input. The name labels rows and columns of
the tables; fields are joined by newlines into one text. Python may name data sets of the ``datasets`` library, too.

This module looks at names and sizes only; ``overlap.corpus.readers`` opens the files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike, fspath
from os.path import join
from pathlib import Path
from typing import Any

from overlap.corpus.addresses import address_name, is_hub, is_remote, shown_source
from overlap.corpus.finding import exists
from overlap.corpus.layout import NO_LAYOUT, Layout, Part, Template
from overlap.corpus.objects import DataSet, is_data_set, label_of, splits_of
from overlap.errors import BadArgument

__all__ = [
    "COMPRESSIONS",
    "EXTENSIONS",
    "FORMATS",
    "ON_BAD_RECORD",
    "InputFile",
    "Source",
    "Sources",
    "group_sources",
    "group_training",
    "parse_source",
    "readable",
]

ON_BAD_RECORD = ("stop", "skip")
FORMATS = ("text", "jsonl", "json", "csv", "tsv", "parquet", "arrow")
EXTENSIONS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".arrow": "arrow",
}
COMPRESSIONS = {".gz": "gz", ".zst": "zst", ".bz2": "bz2", ".xz": "xz"}
_NAME = re.compile(r"([^=/\\:*?]+)=(.+)", re.DOTALL)


@dataclass(frozen=True)
class Source:
    """One named place: ``path`` as the user wrote it; ``fields`` is empty where none were named.

    ``layout``: parts, template, id and group of its own; with plain fields of its own it has no parts and no template.
    ``data`` is a data set of the ``datasets`` library to be read instead of a path.
    """

    name: str
    path: str = ""
    fields: tuple[str, ...] = ()
    layout: Layout = field(default=NO_LAYOUT, repr=False)
    data: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class InputFile:
    """One file and how to read it. ``label`` is what reports call it; ``path`` is where its bytes are.

    ``fields``: all that the text is made of, in order. Of a test set also: its ``parts`` or ``template``, and where ids
    and groups come from; see ``overlap.corpus.layout``.
    ``version``: of a remote file, what its server says of its content (ETag, date); ``data``: a data set of
    the ``datasets`` library instead of a file, ``origin`` its revision and fingerprint. ``skip``: bad records are
    counted and passed over instead of being errors. ``guessed``: it is taken for plain text by its name alone.
    """

    path: str
    label: str
    format: str
    compression: str
    fields: tuple[str, ...]
    by_line: bool
    size: int
    id_field: str | None = None
    version: str = ""
    data: Any = field(default=None, compare=False, repr=False)
    origin: str = ""
    parts: tuple[Part, ...] = ()
    template: Template | None = None
    group_field: str | None = None
    group_label: str | None = None

    @property
    def literals(self) -> tuple[str, ...]:
        """What stands before, between and behind the fields."""
        if self.template:
            return self.template.literals
        return ("", *("\n",) * (len(self.fields) - 1), "")

    @property
    def wanted(self) -> tuple[str, ...]:
        """Every field that is read: of the text, the id, the group."""
        more = [field for field in (self.id_field, self.group_field) if field is not None]
        return tuple(dict.fromkeys([*self.fields, *more]))

    skip: bool = False
    guessed: bool = field(default=False, compare=False)

    @property
    def document(self) -> str:
        """What one document is: ``record``, ``line`` or ``file``."""
        if self.format != "text":
            return "record"
        return "line" if self.by_line else "file"


def parse_source(text: str, folder: str | PathLike[str] = "") -> Source:
    """Read ``[NAME=]PATH[::FIELD,...]``. Raises ValueError where the path or a field is empty.

    ``folder`` is where a relative path starts; it is asked what is there, and the path stays as it was written.

    >>> parse_source("gsm8k=data/test.jsonl::question,answer")
    Source(name='gsm8k', path='data/test.jsonl', fields=('question', 'answer'))
    >>> parse_source("corpus/web.txt").name
    'web'
    """
    if _is_there(text, folder):  # a real path wins over the grammar, whatever characters are in it
        return Source(_default_name(text), text)
    match = _NAME.fullmatch(text)
    if match and _is_there(match[2], folder):
        return Source(match[1].strip(), match[2])
    rest, separator, field_list = text.rpartition("::")
    if not separator or "://" in field_list or ("://" in rest and "/" in field_list):  # a chain, or an IPv6 host
        rest, separator, field_list = text, "", ""
    fields = tuple(field.strip() for field in field_list.split(",")) if separator else ()
    name = ""
    match = None if _is_there(rest, folder) else _NAME.fullmatch(rest)
    if match:
        name, rest = match[1].strip(), match[2]
    if not rest.strip() or rest.endswith("=") or (separator and not all(fields)):
        raise BadArgument(f"not a source: {shown_source(text)!r}; write [NAME=]PATH[::FIELD,FIELD...]")
    return Source(readable(name) or _default_name(rest), rest, fields)


def _is_there(path: str, folder: str | PathLike[str]) -> bool:
    return bool(path) and exists(join(folder, path))


def _default_name(path: str) -> str:
    path = readable(path)
    if path == "-":
        return "stdin"
    name = address_name(path) if is_remote(path) or is_hub(path) else Path(path.rstrip("/")).name or path
    if is_hub(path):
        return name
    for _ in range(2):  # at most a compression and a format
        stem, dot, extension = name.rpartition(".")
        if stem and dot and (f".{extension}".lower() in {*EXTENSIONS, *COMPRESSIONS, ".txt"}):
            name = stem
    return name


SourceLike = str | PathLike[str] | Source | DataSet
Sources = SourceLike | Sequence[SourceLike] | Mapping[str, SourceLike]


def group_sources(sources: Sources) -> dict[str, list[Source]]:
    """Sources by name, in the order in which the names first appear.

    They may be written out, be data sets of the ``datasets`` library, or a dictionary of these by name.
    """
    groups: dict[str, list[Source]] = {}
    for source in _listed(sources):
        groups.setdefault(source.name, []).append(source)
    return groups


def group_training(sources: Sources) -> dict[str, list[Source]]:
    """``group_sources`` of training text. Raises BadArgument for a source with parts, a template, an id or a group."""
    groups = group_sources(sources)
    for name, group in groups.items():
        if any(source.layout != NO_LAYOUT for source in group):
            raise BadArgument(f"training sets have no parts, template, id or group: name the fields of {name} instead")
    return groups


def _listed(sources: Any) -> list[Source]:
    if isinstance(sources, Source):
        return [sources]
    if isinstance(sources, (str, PathLike)):
        return [parse_source(fspath(sources))]
    if is_data_set(sources):
        splits = splits_of(sources)
        name = label_of(next(iter(splits.values())), "").removeprefix("dataset:").partition(":")[0] if splits else ""
        return [Source("dataset" if name in ("", "unnamed") else name, data=sources)]
    if isinstance(sources, Mapping):
        return [replace(source, name=str(name)) for name, value in sources.items() for source in _listed(value)]
    return [source for item in sources for source in _listed(item)]


def readable(name: str) -> str:
    """A name that is not UTF-8 as well as it can be shown."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
