"""Sources: what the user names, and the files that it stands for.

A source is ``[NAME=]PATH[::FIELD,FIELD...]``: a file, a directory (read recursively), a glob, a URL, a data set of the
Hugging Face hub (``hf:NAME:CONFIG:SPLIT@REVISION``), or ``-`` for standard input. The name labels rows and columns of
the tables; fields are joined by newlines into one text. Python may name data sets of the ``datasets`` library, too.

This module looks at names and sizes only; ``overlap.corpus.readers`` opens the files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from overlap.corpus.addresses import address_name, is_hub, is_remote, parse_hub, shown
from overlap.corpus.finding import Found, exists, find, find_again
from overlap.corpus.layout import NO_LAYOUT, Layout, Part, Template
from overlap.corpus.objects import DataSet, is_data_set, label_of, named_splits, size_of, splits_of
from overlap.errors import BadArgument, CorpusError, UnsupportedFormat

__all__ = [
    "FORMATS",
    "InputFile",
    "Source",
    "Sources",
    "document_kind",
    "group_sources",
    "hub_splits",
    "parse_source",
    "reopened",
    "resolve",
]

ON_BAD_RECORD = ("stop", "skip")
FORMATS = ("text", "jsonl", "json", "csv", "tsv", "parquet", "arrow")
_EXTENSIONS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".arrow": "arrow",
}
_COMPRESSIONS = {".gz": "gz", ".zst": "zst", ".bz2": "bz2", ".xz": "xz"}
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
    counted and passed over instead of being errors.
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

    @property
    def document(self) -> str:
        """What one document is: ``record``, ``line`` or ``file``."""
        if self.format != "text":
            return "record"
        return "line" if self.by_line else "file"


def parse_source(text: str) -> Source:
    """Read ``[NAME=]PATH[::FIELD,...]``. Raises ValueError where the path or a field is empty.

    >>> parse_source("gsm8k=data/test.jsonl::question,answer")
    Source(name='gsm8k', path='data/test.jsonl', fields=('question', 'answer'))
    >>> parse_source("corpus/web.txt").name
    'web'
    """
    if exists(text):  # a real path wins over the grammar, whatever characters are in it
        return Source(_default_name(text), text)
    match = _NAME.fullmatch(text)
    if match and exists(match[2]):
        return Source(match[1].strip(), match[2])
    rest, separator, field_list = text.rpartition("::")
    if not separator or "://" in field_list or ("://" in rest and "/" in field_list):  # a chain, or an IPv6 host
        rest, separator, field_list = text, "", ""
    fields = tuple(field.strip() for field in field_list.split(",")) if separator else ()
    name = ""
    match = None if exists(rest) else _NAME.fullmatch(rest)
    if match:
        name, rest = match[1].strip(), match[2]
    if not rest.strip() or rest.endswith("=") or (separator and not all(fields)):
        raise BadArgument(f"not a source: {text!r}; write [NAME=]PATH[::FIELD,FIELD...]")
    return Source(_readable(name) or _default_name(rest), rest, fields)


def _default_name(path: str) -> str:
    path = _readable(path)
    if path == "-":
        return "stdin"
    name = address_name(path) if is_remote(path) or is_hub(path) else Path(path.rstrip("/")).name or path
    if is_hub(path):
        return name
    for _ in range(2):  # at most a compression and a format
        stem, dot, extension = name.rpartition(".")
        if stem and dot and (f".{extension}".lower() in {*_EXTENSIONS, *_COMPRESSIONS, ".txt"}):
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


def resolve(
    sources: Sequence[Source],
    *,
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    id_field: str | None = None,
    on_bad_record: str = "stop",
    layout: Layout = NO_LAYOUT,
) -> list[InputFile]:
    """All files that the sources stand for, directories and globs in sorted order.

    Raises CorpusError where nothing is found, UnsupportedFormat for a format that has no reader or
    fields asked of plain text, ValueError for an unknown ``input_format``. ``id_field`` names the field that
    identifies a record; plain text has none. ``on_bad_record``: ``stop``, or ``skip`` to count them and go on.
    ``layout`` holds for what a source of a test set does not say itself.
    """
    if on_bad_record not in ON_BAD_RECORD:
        raise BadArgument(f"on_bad_record must be one of {', '.join(ON_BAD_RECORD)}, not {on_bad_record!r}")
    if input_format is not None and input_format not in FORMATS:
        raise BadArgument(f"input_format must be one of {', '.join(FORMATS)}, not {input_format!r}")
    found: list[InputFile] = []
    for source in sources:
        if source.data is not None or is_hub(source.path):
            files = _data_sets(source, text_field)
        else:
            files = [_input_file(source, item, text_field, by_line, input_format) for item in find(source.path)]
        files = [replace(file, skip=on_bad_record == "skip") for file in files]
        found += [_laid_out(replace(file, id_field=id_field), source, layout) for file in files]
    return found


def _laid_out(file: InputFile, source: Source, layout: Layout) -> InputFile:
    """The file with the layout that its source has of its own, and the general one for what that does not say."""
    own = source.layout
    label = own.group_label or layout.group_label
    if file.format == "text":  # it has no fields, and so none of these
        return replace(file, id_field=None, group_label=label)
    if not source.fields:
        text = own if own.fields else layout
        if text.fields:
            file = replace(file, fields=text.fields, parts=text.named_parts, template=text.template)
    group = own.group_field or (None if own.group_label else layout.group_field)
    return replace(
        file,
        id_field=own.id_field or layout.id_field or file.id_field,
        group_field=group,
        group_label=None if group else label,
    )


def reopened(
    path: str,
    kind: str,
    fields: Sequence[str],
    by_line: bool,
    id_field: str | None,
    layout: Layout = NO_LAYOUT,
    origin: str = "",
) -> InputFile:
    """A file that was resolved before, to be read in the same way. Raises CorpusError where it is gone."""
    source = Source("", path, () if layout.fields else tuple(fields), layout)
    if kind == "dataset":
        place = origin.partition(" ")[0]
        if not is_hub(place):
            raise CorpusError("a data set in memory cannot be read again: save it, and measure from the file", path)
        (file,) = _data_sets(replace(source, path=place), "")
        file = replace(file, path=path, label=path)
    else:
        file = _input_file(source, find_again(path), "", by_line, kind)
    return _laid_out(replace(file, id_field=id_field), source, NO_LAYOUT)


def _readable(name: str) -> str:
    """A name that is not UTF-8 as well as it can be shown."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _input_file(source: Source, found: Found, text_field: str, by_line: bool, input_format: str | None) -> InputFile:
    kind, compression = _format(found)
    kind = input_format or kind
    label = _readable(shown(found.path) if found.label is None else found.label)
    if kind == "text" and source.fields:
        raise UnsupportedFormat(
            f"plain text has no fields (asked: {', '.join(source.fields)}); leave them out, "
            "or name its format with --input-format",
            label,
        )
    fields = () if kind == "text" else (source.fields or (text_field,))
    return InputFile(
        found.path, label, kind, compression, fields, by_line and kind == "text", found.size, None, found.version
    )


def _data_sets(source: Source, text_field: str) -> list[InputFile]:
    """The splits of a data set of the ``datasets`` library, or of the hub. Raises CorpusError."""
    if source.data is None:
        from overlap.corpus.hub import load

        found = load(source.path)
    else:
        found = named_splits(source.data)
    if not found:
        raise CorpusError("a data set without splits", source.path or "dataset:unnamed")
    return [
        InputFile(
            path=split.label,
            label=split.label,
            format="dataset",
            compression="",
            fields=source.fields or (text_field,),
            by_line=False,
            size=size_of(split.data),
            version=split.version,
            data=split.data,
            origin=split.origin,
        )
        for split in found
    ]


def hub_splits(path: str) -> dict[str, list[str]]:
    """The splits of a hub data set by name, each with its own address. Raises CorpusError, ValueError."""
    from overlap.corpus.hub import load

    return {parse_hub(split.label).split: [split.label] for split in load(path)}


def _format(found: Found) -> tuple[str, str]:
    """(format, compression) by the file's name."""
    name = (address_name(found.path) if is_remote(found.path) else found.label or found.path).lower()
    compression = next((kind for suffix, kind in _COMPRESSIONS.items() if name.endswith(suffix)), "")
    if compression:
        name = name.rpartition(".")[0]
    return next((kind for suffix, kind in _EXTENSIONS.items() if name.endswith(suffix)), "text"), compression


def document_kind(files: Iterable[InputFile]) -> str:
    """What one document is in all these files: ``record``, ``line``, ``file``, or ``mixed``."""
    kinds = {file.document for file in files}
    return kinds.pop() if len(kinds) == 1 else "mixed"
