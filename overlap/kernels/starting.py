"""numba as the kernels import it: for our own commands without scipy."""

from __future__ import annotations

import sys
from importlib import import_module

from overlap.kernels import numba_start

__all__ = ["intrinsic", "njit", "types"]


def _load_without_scipy() -> None:
    """Let numba start without importing scipy, which it does where scipy is installed, for linear algebra.

    Half of the start-up of a command was this: 0.37 of 0.8 s. In a user's process numba's linear algebra must go on
    working.
    """
    if "numba.np.arraymath" in sys.modules or "scipy.linalg" in sys.modules:
        return
    sys.modules["scipy.linalg"] = None  # type: ignore[assignment]
    try:
        import_module("numba.np.arraymath")
    finally:
        del sys.modules["scipy.linalg"]


if not numba_start.with_scipy:
    _load_without_scipy()

from numba import njit, types  # noqa: E402
from numba.extending import intrinsic  # noqa: E402
