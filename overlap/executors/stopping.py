"""How a task on a thread learns that nobody waits for it any more: a thread cannot be ended from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["Stopped", "raise_if_stopped", "run_until"]

T = TypeVar("T")


class Stopped(Exception):
    """Raised inside a task that was taken back; whoever took it back does not look at its end."""


class _Watched(threading.local):
    stop: threading.Event | None = None


_watched = _Watched()


def run_until(stop: threading.Event, function: Callable[..., T], *args: Any) -> T:
    """``function(*args)``, in which ``raise_if_stopped`` looks at ``stop``."""
    before, _watched.stop = _watched.stop, stop
    try:
        return function(*args)
    finally:
        _watched.stop = before


def raise_if_stopped() -> None:
    """Called now and then by what takes long: from block to block of a file. Raises Stopped."""
    if _watched.stop is not None and _watched.stop.is_set():
        raise Stopped
