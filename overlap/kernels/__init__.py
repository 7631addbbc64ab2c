"""The hot loops, compiled by numba: plain loops over arrays, with no checks, no objects, no files.

Callers validate and own the memory; every text buffer has ``SLACK`` readable bytes behind its end.
Compiled code is cached beside the package, or in the user's cache folder where that is not writable.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

_FOLDER = Path(__file__).parent
_GARBAGE = 50_000  # objects more than before, until they are looked through


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


def load_quickly() -> None:
    """Load numpy and numba as a command needs them: in 0.35 s instead of 0.9.

    numba imports scipy where it is installed, for linear algebra (0.37 s); OpenBLAS starts threads that wait for it
    (0.08 s); and what is being imported is searched for garbage a thousand times (0.08 s). For our own processes only:
    a user's process may need all of that.
    """
    gc.set_threshold(_GARBAGE)
    with _for_now("OPENBLAS_NUM_THREADS", "1"):
        import_module("numpy")
    if "numba.np.arraymath" in sys.modules or "scipy.linalg" in sys.modules:
        return
    sys.modules["scipy.linalg"] = None  # type: ignore[assignment]
    try:
        import_module("numba.np.arraymath")
    finally:
        del sys.modules["scipy.linalg"]


@contextmanager
def _for_now(variable: str, value: str) -> Iterator[None]:
    """A variable of the environment, unless the user has set it; processes that are started later do not see it."""
    if variable in os.environ:
        yield
        return
    os.environ[variable] = value
    try:
        yield
    finally:
        del os.environ[variable]


with suppress(OSError):  # a read-only installation: its cache lies elsewhere, and its sources do not change
    drop_stale_cache()
