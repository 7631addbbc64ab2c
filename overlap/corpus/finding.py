"""What a path stands for: a file, the files of a directory or a pattern, a remote file, or standard input.

Directories and patterns are in sorted order. Names only; ``overlap.corpus.storage`` opens files.
"""

from __future__ import annotations

import glob
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from overlap.corpus.addresses import is_hub, is_remote
from overlap.corpus.saved import without_bookkeeping
from overlap.errors import CorpusError

if TYPE_CHECKING:
    from overlap.corpus.remote import RemoteEntry

__all__ = ["Found", "exists", "find", "find_again", "placed"]

_log = logging.getLogger("overlap")


@dataclass(frozen=True)
class Found:
    """A file: ``label`` is what it is called where that is not its path; ``version`` is a remote file's."""

    path: str
    size: int
    label: str | None = None
    version: str = ""


def exists(path: str) -> bool:
    """Is something on the local disk under this path?"""
    try:
        return bool(path) and Path(path).exists()
    except (OSError, ValueError):  # too long for a name, or with a zero byte
        return False


def placed(path: str, folder: str | os.PathLike[str]) -> str:
    """A path that a file in ``folder`` names, as it is from anywhere; addresses, and standard input, stay as they are.

    What is in the folder comes first, whatever characters are in its name: ``x:y/a.jsonl`` is no address there.
    """
    there = os.path.normpath(os.path.join(folder, path))
    if exists(there) and path != "-":
        return there
    return path if path == "-" or is_remote(path) or is_hub(path) or path.startswith("file://") else there


def find(path: str) -> list[Found]:
    """All files that a path stands for. Raises CorpusError where nothing is found."""
    if path == "-":
        return [_standard_input(sys.stdin.buffer)]
    if path.startswith("file://"):
        path = unquote(urlsplit(path).path)
    if exists(path) and Path(path).is_dir():
        files = without_bookkeeping(sorted(_walk(Path(path)), key=lambda name: Path(name).parts), _content)
        if not files:
            raise CorpusError("no files in this directory (names that begin with . or _ are left out)", path)
        return [_local(file) for file in files]
    if exists(path):
        return [_local(path)]
    if is_remote(path):
        return _remote(path)
    if glob.has_magic(path):
        files = [item for item in sorted(glob.glob(path, recursive=True)) if Path(item).is_file()]
        if not files:
            raise CorpusError("no file matches this pattern", path)
        return [_local(file) for file in files]
    raise CorpusError("no such file or directory", path)


def find_again(path: str) -> Found:
    """The one file that was measured under this path. Raises CorpusError where it is gone."""
    if path == "-":
        raise CorpusError("standard input cannot be read again: measure from a file", path)
    if is_remote(path) and not exists(path):
        from overlap.corpus.remote import look

        return _fetchable(look(path))
    if not Path(path).is_file():
        raise CorpusError("no such file or directory; it was measured under this path", path)
    return _local(path)


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CorpusError(f"cannot be read: {error.strerror}", path) from error


def _local(path: str) -> Found:
    if not Path(path).is_file():
        raise CorpusError("not a regular file", path)
    try:
        return Found(path, Path(path).stat().st_size)
    except OSError as error:
        raise CorpusError(f"cannot be read: {error.strerror}", path) from error


def _remote(path: str) -> list[Found]:
    from overlap.corpus.remote_folders import find_remote

    return [_fetchable(entry) for entry in find_remote(path)]


def _fetchable(entry: RemoteEntry) -> Found:
    """A remote file of known size: what has none is copied first."""
    from overlap.corpus.storage import spool_remote

    return Found(entry.path, spool_remote(entry.path) if entry.size is None else entry.size, None, entry.version)


def _standard_input(stream: IO[bytes]) -> Found:
    from overlap.corpus.storage import is_spooled, spool

    if is_spooled("-"):
        raise CorpusError("standard input can be named once only", "-")
    path = spool(lambda target: shutil.copyfileobj(stream, target, 1 << 20), "-")
    return Found(path, os.stat(path).st_size, "-")


def _walk(folder: Path) -> Iterator[str]:
    """The files below a folder, without hidden ones, and without indexes and results that were put there.

    Links are followed, but no folder is entered twice.
    """

    def refuse(error: OSError) -> None:
        raise CorpusError(f"cannot be read: {error.strerror}", error.filename or folder)

    entered: set[str] = set()
    hidden = 0
    for place, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        if os.path.realpath(place) in entered:
            folders.clear()
            continue
        entered.add(os.path.realpath(place))
        hidden += sum(_is_hidden(name) for name in (*folders, *names))
        folders[:] = sorted(name for name in folders if not _is_hidden(name) and not _is_ours(Path(place, name)))
        for name in names:
            if not _is_hidden(name) and os.path.isfile(os.path.join(place, name)):
                yield os.path.join(place, name)
    if hidden:
        _log.info("%s: %d hidden files or folders left out (names that begin with . or _)", folder, hidden)


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "_"))


def _is_ours(folder: Path) -> bool:
    """Is this folder an index, finished or not, or a result?"""
    marks = (("inputs.key", "filter.bin"), ("work/lock",), ("result.json", "examples.parquet"))
    return any(all(os.path.exists(folder / name) for name in mark) for mark in marks)
