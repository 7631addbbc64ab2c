"""The hot loops, compiled by numba: plain loops over arrays, with no checks, no objects, no files.

Callers validate and own the memory; every text buffer has ``SLACK`` readable bytes behind its end.
Compiled code is cached beside the package, or in the user's cache folder where that is not writable.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

_FOLDER = Path(__file__).parent


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


def load_without_scipy() -> None:
    """Let numba start without importing scipy, which it does where scipy is installed, for linear algebra.

    Half of the start-up of a command was this: 0.37 of 0.8 s. For our own processes only: in a user's process
    numba's linear algebra must go on working.
    """
    if "numba.np.arraymath" in sys.modules or "scipy.linalg" in sys.modules:
        return
    sys.modules["scipy.linalg"] = None  # type: ignore[assignment]
    try:
        import_module("numba.np.arraymath")
    finally:
        del sys.modules["scipy.linalg"]


with suppress(OSError):  # a read-only installation: its cache lies elsewhere, and its sources do not change
    drop_stale_cache()
