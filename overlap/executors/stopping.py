"""How a task on a thread learns that nobody waits for it any more, and how the one who waits can be interrupted.

A thread cannot be ended from outside. And a signal that comes while the main thread is on its way into a wait without
a limit is not seen before that ends: such waits look up now and then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, TypeVar

__all__ = ["Stopped", "awaited", "first_ended", "raise_if_stopped", "run_until"]

T = TypeVar("T")
_LOOK_UP = 0.1  # seconds


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


def awaited(future: Future[T]) -> T:
    """The result of a task, whose error is raised; Ctrl-C is seen at once, whenever it comes."""
    while not future.done():
        wait([future], _LOOK_UP)
    return future.result()


def first_ended(futures: Collection[Future[T]]) -> set[Future[T]]:
    """Those of some tasks that have ended, as soon as there is one; the same is seen."""
    while not (ended := wait(futures, _LOOK_UP, FIRST_COMPLETED).done):
        pass
    return ended
