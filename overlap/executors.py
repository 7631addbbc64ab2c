"""Running independent tasks on threads: a few at a time, results in the order of the tasks.

Whatever ends the loop that takes the results (an error, Ctrl-C) ends the work: what has not begun never begins.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["in_order"]

T = TypeVar("T")
R = TypeVar("R")


def in_order(task: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[tuple[T, R]]:
    """Yield (item, task(item)) in the order of the items, with at most one more than ``workers`` under way.

    The first error of a task is raised where its result is due.
    """
    pool = ThreadPoolExecutor(workers)
    waiting: deque[tuple[T, Future[R]]] = deque()
    upcoming = iter(items)
    try:
        while True:
            while len(waiting) <= workers and (item := next(upcoming, _NO_MORE)) is not _NO_MORE:
                waiting.append((item, pool.submit(task, item)))  # type: ignore[arg-type]
            if not waiting:
                return
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_NO_MORE = object()
