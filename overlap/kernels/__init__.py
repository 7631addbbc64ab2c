"""The hot loops, compiled by numba: plain loops over arrays, with no checks, no objects, no files.

Callers validate and own the memory; every text buffer has ``SLACK`` readable bytes behind its end.
Compiled code is cached beside the package, or in the user's cache folder where that is not writable. Nothing here
imports numba: its modules do, and they are imported inside functions, by the thread that first needs one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SLACK = 128  # bytes that may be read behind the end of a buffer: one block of 64, and a load behind it
_FOLDER = Path(__file__).parent


@dataclass
class NumbaStart:
    """How numba is imported; ``with_scipy``, which others in this process may want, and our commands do not."""

    with_scipy: bool = True


numba_start = NumbaStart()


def drop_stale_cache(folder: Path = _FOLDER) -> None:
    """Forget compiled code older than any kernel source.

    numba looks only at the file of the kernel itself, but kernels inline functions of their neighbours:
    without this an updated checkout could go on running old code.
    """
    newest = max(source.stat().st_mtime for source in folder.glob("*.py"))
    compiled = list((folder / "__pycache__").glob("*.nb[ic]"))
    if compiled and min(item.stat().st_mtime for item in compiled) < newest:
        for item in compiled:
            item.unlink(missing_ok=True)


def is_compiled(folder: Path = _FOLDER) -> bool:
    """Has any kernel been compiled on this machine already (as far as this folder tells)?"""
    return any((folder / "__pycache__").glob("*.nbc"))


with suppress(OSError):  # a read-only installation: its cache lies elsewhere, and its sources do not change
    drop_stale_cache()
