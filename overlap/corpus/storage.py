"""Where the bytes of an input file are: on a local disk or behind an address. Nobody else opens input files.

``open_raw`` gives a seekable stream of the stored bytes, ``state_of`` what changes when they do. A remote file whose
server sends whole files only is copied to the temporary folder, once, and read from there.
"""

from __future__ import annotations

import io
import os
import tempfile
import threading
import uuid
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from overlap.corpus import remote
from overlap.corpus.addresses import is_remote
from overlap.errors import CorpusError

if TYPE_CHECKING:
    from overlap.corpus.sources import InputFile

__all__ = [
    "PIECE",
    "RemoteStream",
    "arrow_source",
    "identity_of",
    "is_spooled",
    "local_path",
    "open_raw",
    "spool",
    "spool_remote",
    "state_of",
]

PIECE = 4 << 20  # bytes of a remote file held at once, for each stream
_RANDOM_PIECE = 1 << 16  # where a read is not the continuation of the last one
_PROCESS = uuid.uuid4().hex
_spools: dict[str, IO[bytes]] = {}  # by address; kept until the process ends: files are read more than once
_spool_lock = threading.Lock()


def open_raw(file: InputFile) -> Any:
    """The stored bytes of a file: a binary stream with ``read``, ``readinto``, ``seek`` and ``tell``."""
    path = local_path(file)
    return RemoteStream(file) if path is None else open(path, "rb", buffering=0)


def arrow_source(file: InputFile) -> Any:
    """The stored bytes of a file for pyarrow."""
    import pyarrow as pa

    path = local_path(file)
    return pa.PythonFile(RemoteStream(file), mode="r") if path is None else pa.OSFile(path)


def local_path(file: InputFile) -> str | None:
    """Where the file, or its copy, is on the local disk; None for one that is fetched."""
    if not is_remote(file.path):
        return file.path
    spooled = _spools.get(file.path)
    return None if spooled is None else spooled.name


def state_of(file: InputFile) -> tuple[int, int | str]:
    """(size, time of the last change in ns, or what a server tells instead): another state is another file.

    Raises CorpusError.
    """
    if file.data is not None:
        return file.size, file.version
    if is_remote(file.path):
        entry = remote.look(file.path)
        return (file.size if entry.size is None else entry.size), entry.version
    try:
        state = os.stat(file.path)
    except OSError as error:
        raise CorpusError(f"cannot be read: {error.strerror}", file.label) from error
    return state.st_size, state.st_mtime_ns


def identity_of(file: InputFile) -> list[Any]:
    """What tells whether a file's content is the same as in an earlier run. Raises CorpusError."""
    if file.data is not None or is_remote(file.path):  # what has no version is never taken for the same
        return [file.label, file.size, file.version or _PROCESS]
    if file.label == "-":
        import hashlib

        with open(file.path, "rb") as stream:
            return [hashlib.file_digest(stream, "sha256").hexdigest()]
    return [str(Path(file.path).resolve()), *state_of(file)]


def spool(fill: Any, key: str) -> str:
    """The path of a temporary file that ``fill`` has written; it lives as long as the process."""
    target = tempfile.NamedTemporaryFile(prefix="overlap-")  # noqa: SIM115
    fill(target)
    target.flush()
    _spools[key] = target
    return target.name


def is_spooled(key: str) -> bool:
    """Is there a copy of this already?"""
    return key in _spools


def spool_remote(path: str) -> int:
    """Copy a remote file to the temporary folder, if it is not there yet; returns its size. Raises CorpusError."""
    with _spool_lock:
        if path not in _spools:
            spool(lambda target: remote.download(path, target), path)
        return os.stat(_spools[path].name).st_size


class RemoteStream(io.RawIOBase):
    """A remote file as a binary stream, fetched in pieces; none reaches over byte ``until``, if that lies ahead."""

    def __init__(self, file: InputFile):
        self._file = file
        self._system, self._place = remote.filesystem(file.path)
        self.until = file.size
        self._at = 0
        self._piece = PIECE
        self._held, self._held_at = b"", 0
        self._local: IO[bytes] | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def size(self) -> int:
        return self._file.size

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """As many bytes as asked for, unless the file ends: pyarrow takes a short read for the end."""
        left = self._file.size - self._at if size is None or size < 0 else min(size, self._file.size - self._at)
        pieces: list[bytes] = []
        while left > 0:
            pieces.append(self._next(left))
            left -= len(pieces[-1])
        return b"".join(pieces)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        if self._at >= self._file.size or not len(view):
            return 0
        piece = self._next(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if self._local is not None:
            self._local.close()
        self._held = b""
        super().close()

    def _next(self, wanted: int) -> bytes:
        """At least one byte from the stream's place on, at most ``wanted``."""
        inside = self._at - self._held_at
        if not 0 <= inside < len(self._held):
            follows = inside == len(self._held)  # also at the very start
            size = min(self._piece, PIECE if follows else max(_RANDOM_PIECE, wanted))
            end = self.until if self._at < self.until else self._file.size
            self._held = self._fetched(self._at, min(self._at + size, end))
            self._held_at, inside = self._at, 0
        piece = self._held[inside : inside + wanted]
        self._at += len(piece)
        return piece

    def _fetched(self, start: int, stop: int) -> bytes:
        """Some of the bytes ``[start, stop)``, at least one. Raises CorpusError."""
        for number in range(remote.TRIES):
            if self._local is not None:
                self._local.seek(start)
                return self._local.read(stop - start)
            try:
                raw = remote.fetch(self._system, self._place, self._file.path, start, stop, self._file.version)
                self._piece = min(PIECE, 2 * self._piece)
                return raw
            except remote.NoRanges:
                self._use_copy()
            except Exception as error:
                self._piece = max(remote.SMALLEST_PIECE, min(self._piece, stop - start) // 4)
                self._after(error, number)
                stop = min(stop, start + self._piece)
        raise AssertionError

    def _after(self, error: Exception, number: int) -> None:
        """Wait for the next try; raise CorpusError where there is no use in one."""
        last = number + 1 == remote.TRIES or not remote.may_pass(error)
        if last or isinstance(error, EOFError):
            self._refuse_changed()
        if last:
            raise remote.failure(error, self._file.path, number + 1) from error
        remote.pause(number, self._file.path, error)

    def _use_copy(self) -> None:
        """Go on with a copy of the whole file: its server sends no ranges."""
        if spool_remote(self._file.path) != self._file.size:
            raise changed(self._file)
        self._local = open(_spools[self._file.path].name, "rb")  # noqa: SIM115

    def _refuse_changed(self) -> None:
        """Raise CorpusError if the file is not what it was when it was found."""
        if state_of(self._file) != (self._file.size, self._file.version):
            raise changed(self._file)


def changed(file: InputFile) -> CorpusError:
    """The error for a file that is another one now."""
    return CorpusError("the file changed while it was read: run the build again", file.label)
