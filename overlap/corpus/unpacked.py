"""Tables that are compressed as a whole (``.parquet.gz``, ``.arrow.zst``), decompressed for pyarrow.

They have no places to enter, and a table is read from its end: so a small one is decompressed into memory, a larger
one into an unnamed file of the temporary folder, which is gone with the process however that ends.
"""

from __future__ import annotations

import tempfile
from contextlib import nullcontext, suppress
from typing import IO, TYPE_CHECKING, Any

from overlap.corpus.storage import PIECE
from overlap.corpus.streams import open_bytes, reading
from overlap.errors import CorpusError
from overlap.executors.stopping import raise_if_stopped

if TYPE_CHECKING:
    from overlap.corpus.sources import InputFile

__all__ = ["unpacked"]

_IN_MEMORY = 32 << 20  # bytes


def unpacked(file: InputFile) -> Any:
    """The decompressed bytes of a file, for pyarrow.

    Raises CorpusError where the temporary folder cannot take them, or where they cannot be read to their end; what is
    wrong with a file of which bad records are skipped comes as it is: there it is one of them.
    """
    import pyarrow as pa

    target = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
    try:
        with nullcontext() if file.skip else reading(file), open_bytes(file) as stream:
            while piece := stream.read(PIECE):
                raise_if_stopped()
                _append(target, piece, file)
        target.seek(0)
    except BaseException:
        with suppress(OSError):  # what is left in its buffer has no room either
            target.close()
        raise
    return pa.PythonFile(target, mode="r")


def _append(target: IO[bytes], piece: bytes, file: InputFile) -> None:
    try:
        target.write(piece)
        target.flush()
    except OSError as error:
        raise CorpusError(
            f"cannot be decompressed into the temporary folder ({tempfile.tempdir or 'there is none'}): "
            f"{error.strerror or error}; make room, or name another folder by TMPDIR",
            file.label,
        ) from error
