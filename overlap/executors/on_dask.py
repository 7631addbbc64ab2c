"""A Dask cluster: its client's executor. Dask itself runs the tasks of a lost worker again on another."""

from __future__ import annotations

import concurrent.futures
import logging
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from overlap.errors import ExecutorError
from overlap.executors.engines import Errors
from overlap.executors.tasks import Question, pack

__all__ = ["DaskCluster", "connect", "is_dask_executor"]

_PATIENCE = 30  # seconds for a connection, and for the first worker to join
_LOOK_AGAIN = 5.0  # seconds: workers join and leave


def is_dask_executor(executor: concurrent.futures.Executor) -> bool:
    """Is it what ``Client.get_executor()`` gives?"""
    return type(executor).__module__.partition(".")[0] == "distributed"


def connect(address: str) -> DaskCluster:
    """The cluster whose scheduler listens at ``host:port``. Raises ExecutorError."""
    name = f"dask://{address}"
    if find_spec("distributed") is None:
        raise ExecutorError(f"{name} needs the package distributed: pip install 'trainset-overlap[dask]'")
    distributed: Any = import_module("distributed")
    quiet = _Quiet()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other versions of its own packages; ours are looked at later
            client = distributed.Client(f"tcp://{address}", timeout=_PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError, ImportError) as error:
        quiet.end()
        raise ExecutorError(f"{name}: no scheduler answers there ({error})") from error
    return DaskCluster(client, name, quiet)


class _Quiet:
    """What Dask logs of lost workers and closing connections stays off the terminal: it is expected, or said by us."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("distributed")
        self._before = self._logger.level
        self._logger.setLevel(logging.CRITICAL)

    def end(self) -> None:
        self._logger.setLevel(self._before)


class DaskCluster:
    """Tasks on the workers of a Dask client. ``quiet`` says that the client is ours, to be closed."""

    is_local = False
    # Where a worker is lost between the end of a task and the fetch of its result, Dask's executor takes the task for
    # cancelled, or the result for an error that it fails to unpack (distributed 2026, cfexecutor._cascade_future).
    # Tasks themselves raise nothing, and nobody else cancels them.
    mistaken: Errors = (concurrent.futures.CancelledError, TypeError, ValueError, AttributeError)

    def __init__(self, client: Any, name: str, quiet: _Quiet | None = None):
        self.name = name
        self._client, self._quiet = client, quiet
        self._executor = client.get_executor(pure=False)
        self._threads: dict[str, int] = {}
        self._looked = 0.0
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except (OSError, TimeoutError) as error:
            self.close()
            raise ExecutorError(f"{name}: no worker has joined this cluster for {_PATIENCE} seconds") from error

    def workers(self) -> int:
        if time.monotonic() - self._looked > _LOOK_AGAIN:
            self._threads = dict(self._client.nthreads())
            self._looked = time.monotonic()
        return max(1, sum(self._threads.values()))

    def tasks_a_process(self) -> int:
        self.workers()
        return max(self._threads.values(), default=1)

    def share(self, values: tuple[Any, ...]) -> Any:
        packed = pack(values)
        return self._client.scatter(packed, broadcast=True, hash=False) if values else packed

    def submit(self, function: Callable[..., Any], task: Any, item: Any, shared: Any, avoid: str) -> Future[Any]:
        others = [worker for worker in self._threads if worker != avoid]
        choice = {"workers": others, "allow_other_workers": True} if avoid and others else {}
        future: Future[Any] = self._executor.submit(function, task, item, shared, **choice)
        return future

    def cancel(self, futures: Sequence[Future[Any]]) -> None:
        if futures:
            self._executor.shutdown(wait=False)
            self._executor = self._client.get_executor(pure=False)

    def ask_each(self, question: Question) -> dict[str, Any]:
        return dict(self._client.run(question.by_value(), on_error="return"))

    def close(self) -> None:
        with suppress(Exception):  # a scheduler that is gone has nothing to forget
            self._executor.shutdown(wait=False)
        if self._quiet is not None:
            with suppress(Exception):
                self._client.close(timeout=5)
            self._quiet.end()
