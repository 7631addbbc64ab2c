"""Sources: what the user names, and the files that it stands for.

A source is ``[NAME=]PATH[::FIELD,FIELD...]``: a file, a directory (read recursively), a glob, or ``-`` for
standard input. The name labels rows and columns of the tables; fields are joined by newlines into one text.

This module looks at names and sizes only; ``overlap.corpus.readers`` opens the files.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from overlap.errors import BadArgument, CorpusError, UnsupportedFormat

__all__ = ["FORMATS", "InputFile", "Source", "document_kind", "group_sources", "parse_source", "reopened", "resolve"]

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
    """One named place: ``path`` as the user wrote it; ``fields`` is empty where none were named."""

    name: str
    path: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class InputFile:
    """One file and how to read it. ``label`` is what reports call it; ``path`` is where its bytes are.

    ``skip``: bad records are counted and passed over instead of being errors.
    """

    path: str
    label: str
    format: str
    compression: str
    fields: tuple[str, ...]
    by_line: bool
    size: int
    id_field: str | None = None
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
    if _exists(text):  # a real path wins over the grammar, whatever characters are in it
        return Source(_default_name(text), text)
    match = _NAME.fullmatch(text)
    if match and _exists(match[2]):
        return Source(match[1].strip(), match[2])
    rest, separator, field_list = text.rpartition("::")
    if not separator:
        rest, field_list = text, ""
    fields = tuple(field.strip() for field in field_list.split(",")) if separator else ()
    name = ""
    match = None if _exists(rest) else _NAME.fullmatch(rest)
    if match:
        name, rest = match[1].strip(), match[2]
    if not rest.strip() or rest.endswith("=") or (separator and not all(fields)):
        raise BadArgument(f"not a source: {text!r}; write [NAME=]PATH[::FIELD,FIELD...]")
    return Source(_readable(name) or _default_name(rest), rest, fields)


def _exists(path: str) -> bool:
    try:
        return bool(path) and Path(path).exists()
    except (OSError, ValueError):  # too long for a name, or with a zero byte
        return False


def _default_name(path: str) -> str:
    path = _readable(path)
    if path == "-":
        return "stdin"
    name = Path(path.rstrip("/")).name or path
    for _ in range(2):  # at most a compression and a format
        stem, dot, extension = name.rpartition(".")
        if stem and dot and (f".{extension}".lower() in {*_EXTENSIONS, *_COMPRESSIONS, ".txt"}):
            name = stem
    return name


def group_sources(sources: Iterable[str | Source]) -> dict[str, list[Source]]:
    """Sources by name, in the order in which the names first appear."""
    groups: dict[str, list[Source]] = {}
    for item in sources:
        source = parse_source(item) if isinstance(item, str) else item
        groups.setdefault(source.name, []).append(source)
    return groups


def resolve(
    sources: Sequence[Source],
    *,
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    id_field: str | None = None,
    on_bad_record: str = "stop",
) -> list[InputFile]:
    """All files that the sources stand for, directories and globs in sorted order.

    Raises CorpusError where nothing is found, UnsupportedFormat for a format that has no reader or
    fields asked of plain text, ValueError for an unknown ``input_format``. ``id_field`` names the field that
    identifies a record; plain text has none. ``on_bad_record``: ``stop``, or ``skip`` to count them and go on.
    """
    if on_bad_record not in ON_BAD_RECORD:
        raise BadArgument(f"on_bad_record must be one of {', '.join(ON_BAD_RECORD)}, not {on_bad_record!r}")
    if input_format is not None and input_format not in FORMATS:
        raise BadArgument(f"input_format must be one of {', '.join(FORMATS)}, not {input_format!r}")
    found: list[InputFile] = []
    for source in sources:
        for path in _expand(source.path):
            file = _input_file(source, path, text_field, by_line, input_format)
            file = replace(file, skip=on_bad_record == "skip")
            found.append(replace(file, id_field=id_field) if file.format != "text" else file)
    return found


def reopened(path: str, kind: str, fields: Sequence[str], by_line: bool, id_field: str | None) -> InputFile:
    """A file that was resolved before, to be read in the same way. Raises CorpusError where it is gone."""
    if path == "-":
        raise CorpusError("standard input cannot be read again: measure from a file", path)
    if not Path(path).is_file():
        raise CorpusError("no such file or directory; it was measured under this path", path)
    file = _input_file(Source("", path, tuple(fields)), path, "", by_line, kind)
    return replace(file, id_field=id_field if kind != "text" else None)


def _expand(path: str) -> list[str]:
    if path == "-":
        return ["-"]
    if _exists(path) and Path(path).is_dir():
        files = sorted(_walk(Path(path)), key=lambda name: Path(name).parts)
        if not files:
            raise CorpusError("no files in this directory (names that begin with . or _ are left out)", path)
        return files
    if _exists(path):
        return [path]
    if glob.has_magic(path):
        files = [item for item in sorted(glob.glob(path, recursive=True)) if Path(item).is_file()]
        if not files:
            raise CorpusError("no file matches this pattern", path)
        return files
    raise CorpusError("no such file or directory", path)


def _walk(folder: Path) -> Iterator[str]:
    """The files below a folder, without hidden ones, and without indexes and results that were put there.

    Links are followed, but no folder is entered twice.
    """

    def refuse(error: OSError) -> None:
        raise CorpusError(f"cannot be read: {error.strerror}", error.filename or folder)

    entered: set[str] = set()
    for place, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        if os.path.realpath(place) in entered:
            folders.clear()
            continue
        entered.add(os.path.realpath(place))
        folders[:] = sorted(
            name for name in folders if not name.startswith((".", "_")) and not _is_ours(Path(place, name))
        )
        for name in names:
            if not name.startswith((".", "_")) and os.path.isfile(os.path.join(place, name)):
                yield os.path.join(place, name)


def _is_ours(folder: Path) -> bool:
    """Is this folder an index, finished or not, or a result?"""
    marks = (("inputs.key", "filter.bin"), ("work/lock",), ("result.json", "examples.parquet"))
    return any(all(os.path.exists(folder / name) for name in mark) for mark in marks)


def _readable(name: str) -> str:
    """A name that is not UTF-8 as well as it can be shown."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _input_file(source: Source, path: str, text_field: str, by_line: bool, input_format: str | None) -> InputFile:
    label = path
    if path == "-":
        path = _spool(sys.stdin.buffer)
    name = label.lower()
    compression = next((kind for suffix, kind in _COMPRESSIONS.items() if name.endswith(suffix)), "")
    if compression:
        name = name.rpartition(".")[0]
    kind = input_format or next((kind for suffix, kind in _EXTENSIONS.items() if name.endswith(suffix)), "text")
    if kind == "text" and source.fields:
        raise UnsupportedFormat(
            f"plain text has no fields (asked: {', '.join(source.fields)}); leave them out, "
            "or name its format with --input-format",
            label,
        )
    if not Path(path).is_file():
        raise CorpusError("not a regular file", label)
    fields = () if kind == "text" else (source.fields or (text_field,))
    try:
        size = Path(path).stat().st_size
    except OSError as error:
        raise CorpusError(f"cannot be read: {error.strerror}", label) from error
    label = _readable(label)
    return InputFile(path, label, kind, compression, fields, by_line and kind == "text", size)


_spooled: list[IO[bytes]] = []  # standard input, kept until the process ends: it is read more than once


def _spool(stream: IO[bytes]) -> str:
    if _spooled:
        raise CorpusError("standard input can be named once only", "-")
    spool = tempfile.NamedTemporaryFile(prefix="overlap-stdin-")  # noqa: SIM115 (lives as long as the process)
    shutil.copyfileobj(stream, spool, 1 << 20)
    spool.flush()
    _spooled.append(spool)
    return spool.name


def document_kind(files: Iterable[InputFile]) -> str:
    """What one document is in all these files: ``record``, ``line``, ``file``, or ``mixed``."""
    kinds = {file.document for file in files}
    return kinds.pop() if len(kinds) == 1 else "mixed"
