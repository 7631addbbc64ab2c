"""What submits tasks: threads of this process, and any executor of somebody else's.

Those of the clusters are in ``on_dask`` and ``on_ray``.
"""

from __future__ import annotations

import concurrent.futures
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from overlap.executors.stopping import run_until
from overlap.executors.tasks import Question, SharedValues, pack

__all__ = ["Engine", "Errors", "ForeignExecutor", "Threads"]

Errors = tuple[type[BaseException], ...]


class Engine(Protocol):
    """``name`` is what messages call it; ``is_local``: its tasks run in this process, and nothing is pickled.

    ``mistaken``: errors that it gives in the place of a result which it has lost; the task is begun again.
    """

    name: str
    is_local: bool
    mistaken: Errors

    def workers(self) -> int:
        """How many tasks can run at once."""

    def tasks_a_process(self) -> int:
        """How many of them at most share the memory of one process."""

    def share(self, values: tuple[Any, ...]) -> Any:
        """Bring large values to all workers, once; what comes back is given to ``submit``."""

    def submit(self, function: Callable[..., Any], task: Any, item: Any, shared: Any, avoid: str) -> Future[Any]:
        """Run ``function(task, item, shared)``; if there is a choice, not on the worker ``avoid``."""

    def cancel(self, futures: Sequence[Future[Any]]) -> None:
        """Take back tasks that have not ended; on threads, those that run are told to stop, and waited for."""

    def ask_each(self, question: Question) -> dict[str, Any]:
        """What every worker (of a machine: one of them) answers, by the worker's name."""

    def close(self) -> None:
        """End what was begun for this work; forget the tasks that have not ended."""


class Threads:
    """Threads of this process."""

    name = "threads"
    is_local = True
    mistaken: Errors = ()

    def __init__(self, workers: int, executor: concurrent.futures.Executor | None = None):
        self._workers = workers
        self._executor = executor or concurrent.futures.ThreadPoolExecutor(workers)
        self._is_ours = executor is None
        self._stops: dict[Future[Any], threading.Event] = {}
        self._begun: set[threading.Event] = set()  # before their tasks: an interrupt may come on the way to ``_stops``

    def workers(self) -> int:
        return self._workers

    def tasks_a_process(self) -> int:
        return self._workers

    def share(self, values: tuple[Any, ...]) -> Any:
        return values

    def submit(self, function: Callable[..., Any], task: Any, item: Any, shared: Any, avoid: str) -> Future[Any]:
        stop = threading.Event()
        self._begun.add(stop)
        future = self._executor.submit(run_until, stop, task, item, *shared)
        self._stops[future] = stop
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: Future[Any]) -> None:
        self._begun.discard(self._stops.pop(future))

    def cancel(self, futures: Sequence[Future[Any]]) -> None:
        for future in futures:
            if not future.cancel() and (stop := self._stops.get(future)):
                stop.set()  # a large compressed file is one task, of minutes
        concurrent.futures.wait(futures)

    def ask_each(self, question: Question) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        for stop in list(self._begun):  # what a loop that was left has begun
            stop.set()
        self.cancel(list(self._stops))
        if self._is_ours:
            self._executor.shutdown(wait=True, cancel_futures=True)


class ForeignExecutor:
    """An executor that was passed in, of which nothing is known but ``submit``: its tasks run in other processes."""

    is_local = False
    mistaken: Errors = ()

    def __init__(self, executor: concurrent.futures.Executor):
        self.name = type(executor).__name__
        self._executor = executor

    def workers(self) -> int:
        return int(getattr(self._executor, "_max_workers", None) or os.cpu_count() or 1)

    def tasks_a_process(self) -> int:
        return 1

    def share(self, values: tuple[Any, ...]) -> SharedValues:
        return pack(values)

    def submit(self, function: Callable[..., Any], task: Any, item: Any, shared: Any, avoid: str) -> Future[Any]:
        return self._executor.submit(function, task, item, shared)

    def cancel(self, futures: Sequence[Future[Any]]) -> None:
        for future in futures:
            future.cancel()

    def ask_each(self, question: Question) -> dict[str, Any]:
        answer: Any
        try:
            answer = self._executor.submit(question).result()
        except Exception as error:
            answer = error
        return {"a worker": answer}

    def close(self) -> None:
        pass
