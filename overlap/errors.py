"""Every error that overlap raises on purpose.

::

    OverlapError
    ├── CorpusError (path, row)         a training or test source cannot be read as asked
    │   ├── UnsupportedFormat           no reader for this kind of file
    │   ├── MissingField                the records have no such field
    │   └── BadRecord                   one record is broken
    ├── IndexFileError (path)           an index on disk cannot be used
    │   ├── NotAnIndex                  the path holds something else, or nothing
    │   ├── UnsupportedVersion          written by a newer format
    │   ├── IncompleteBuild             the build has not finished
    │   ├── CorruptIndex                truncated or altered
    │   ├── IndexExists                 another index is in the way
    │   └── IndexLocked                 another build is writing there
    ├── ResultFileError (path)          a stored result cannot be used
    ├── SignatureMismatch (expected, found)
    ├── TokenizerError (path)           a tokenizer cannot be had
    ├── SizingError                     the asked false-positive rate cannot be kept
    ├── SettingsError (path)            a YAML file of recipes or of a run cannot be used
    ├── OutputError (path)              an output cannot be written
    ├── ExecutorError                   the workers of a cluster cannot do the work
    └── ScoresError (missing, extra)    scores that do not fit the result

Bad arguments of a Python call stay ``ValueError`` and ``TypeError``; those that we have checked ourselves are
``BadArgument``, so that the command line can tell them from a ValueError that came from below and was not meant.
Every message is one line that says what is wrong, where, and what to do; ``docs/messages.md`` explains each.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from typing import Any

__all__ = [
    "BadRecord",
    "CorpusError",
    "CorruptIndex",
    "ExecutorError",
    "IncompleteBuild",
    "IndexExists",
    "IndexFileError",
    "IndexLocked",
    "MissingField",
    "NotAnIndex",
    "OutputError",
    "OverlapError",
    "ResultFileError",
    "ScoresError",
    "SettingsError",
    "SignatureMismatch",
    "SizingError",
    "TokenizerError",
    "UnsupportedFormat",
    "UnsupportedVersion",
]

BAD_RECORD_KINDS = (  # spill files count them in this order
    "broken JSON",
    "invalid UTF-8",
    "wrong type",
    "null",
    "missing field",
    "no id",
    "number of columns",
    "too large",
    "rest of a damaged file",
)


class BadArgument(ValueError):
    """An argument that a public function has refused: to Python a ValueError, to the command line a usage error."""


class OverlapError(Exception):
    """The root of the family: catch this to catch them all."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors come back from other processes as they are, whatever their constructors ask for."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[OverlapError], args: tuple[Any, ...], state: dict[str, Any]) -> OverlapError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class CorpusError(OverlapError):
    """A training or test source cannot be read as asked.

    ``path`` is the source's file (None for several), ``row`` the record's number in it from 1 (None
    where the whole file is meant), ``reason`` the message without them.
    """

    def __init__(self, message: str, path: str | PathLike[str] | None = None, row: int | None = None):
        message = " ".join(message.splitlines())  # names of fields may have line breaks in them
        self.path = None if path is None else fspath(path)
        self.row = row
        self.reason = message
        where = "" if self.path is None else self.path + ("" if row is None else f", record {row}") + ": "
        super().__init__(where + message)

    def in_row(self, row: int) -> CorpusError:
        """The same error for another row, counted from 1: that of the file instead of that of a part of it."""
        return type(self)(self.reason, self.path, row)


class UnsupportedFormat(CorpusError):
    """There is no reader for this kind of file."""


class MissingField(CorpusError):
    """The records of a file have no field of the asked name."""


class BadRecord(CorpusError):
    """One record is broken: ``kind`` is one of ``BAD_RECORD_KINDS``, under which skipped records are counted."""

    def __init__(
        self,
        message: str,
        path: str | PathLike[str] | None = None,
        row: int | None = None,
        kind: str = "wrong type",
    ):
        self.kind = kind
        super().__init__(message, path, row)

    def in_row(self, row: int) -> CorpusError:
        return type(self)(self.reason, self.path, row, self.kind)


class _FileError(OverlapError):
    def __init__(self, message: str, path: str | PathLike[str]):
        self.path = fspath(path)
        super().__init__(f"{self.path}: {message}")


class IndexFileError(_FileError):
    """An index on disk (``path``) cannot be used."""


class NotAnIndex(IndexFileError):
    """The path holds something else than an index, or nothing."""


class UnsupportedVersion(IndexFileError):
    """The index was written in a format that this version does not know."""


class IncompleteBuild(IndexFileError):
    """The index's build has not finished: the same build command resumes it."""


class CorruptIndex(IndexFileError):
    """The index is truncated or was altered after it was built."""


class IndexExists(IndexFileError):
    """Another complete index is where the new one should go."""


class IndexLocked(IndexFileError):
    """Another running build is writing this index."""


class ResultFileError(_FileError):
    """A stored result (``path``) is missing, damaged, or something else."""


class SettingsError(_FileError):
    """A YAML file of recipes, or one that describes a run (``path``), cannot be used."""


class OutputError(_FileError):
    """An output (``path``) cannot be written."""


class ExecutorError(OverlapError):
    """The workers of a cluster cannot do the work: none is there, one lacks something, or too many were lost."""


class TokenizerError(_FileError):
    """A tokenizer (``path``: its file or name) is missing, damaged, or cannot be used without the extra ``tokens``."""


class SignatureMismatch(OverlapError):
    """Two things that should have been made in the same way were not."""

    def __init__(self, message: str, expected: str, found: str):
        self.expected = expected
        self.found = found
        super().__init__(f"{message}: expected {expected}, found {found}")


class SizingError(OverlapError):
    """The asked false-positive rate cannot be kept."""


class ScoresError(OverlapError):
    """Scores that do not fit the result they are joined to.

    ``missing``: ids of examples without a score; ``extra``: ids of scores without an example; all of them, where the
    message names the first few.
    """

    def __init__(self, message: str, missing: Sequence[str] = (), extra: Sequence[str] = ()):
        self.missing = tuple(missing)
        self.extra = tuple(extra)
        super().__init__(message)
