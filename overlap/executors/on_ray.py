"""A Ray cluster: a thin adapter over ``ObjectRef.future()``. Ray itself runs the tasks of a lost worker again."""

from __future__ import annotations

import logging
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from overlap.errors import ExecutorError
from overlap.executors.engines import Errors
from overlap.executors.tasks import Question, SharedValues, pack

__all__ = ["RayCluster", "connect"]

_TRIES = 2  # to connect
_NOT_STARTED = "client server failed"  # the process that Ray starts for each client did not come up in its 30 seconds
_LOOK_AGAIN = 5.0  # seconds after which the number of workers is asked for again
_RETRIES = 3  # of a task whose worker is lost


def connect(address: str) -> RayCluster:
    """The cluster whose client server listens at ``host:port``; without an address the Ray that runs here.

    Raises ExecutorError.
    """
    name = f"ray://{address}" if address else "ray"
    if find_spec("ray") is None:
        raise ExecutorError(f"{name} needs the package ray: pip install 'trainset-overlap[ray]'")
    with warnings.catch_warnings(), _own_sigterm():
        warnings.simplefilter("ignore")
        ray: Any = import_module("ray")
        if ray.is_initialized():
            return RayCluster(name, is_ours=False)
        for number in range(_TRIES):
            try:
                ray.init(name if address else "auto", log_to_driver=False, logging_level=logging.CRITICAL)
                break
            except (ConnectionError, RuntimeError, ValueError, ImportError, TimeoutError) as error:
                if number + 1 == _TRIES or _NOT_STARTED not in str(error):
                    raise _unreachable(name, address, error) from error
    return RayCluster(name, is_ours=True)


def _unreachable(name: str, address: str, error: Exception) -> ExecutorError:
    reason = str(error).strip().partition("\n")[0]
    causes, cause = "", error.__cause__ or error.__context__
    while cause is not None:
        causes, cause = f"{causes} {cause}", cause.__cause__ or cause.__context__
    if "token" in f"{reason} {causes}".lower():
        return ExecutorError(f"{name}: this Ray asks for its token: set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN")
    if address:
        return ExecutorError(f"{name}: no Ray can be reached there: {reason}")
    return ExecutorError(f"no Ray runs here (ray start --head begins one): {reason}")


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """Ray puts a handler of its own for SIGTERM; ours removes temporary files, and comes back."""
    on_main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM) if on_main else None
    try:
        yield
    finally:
        if handler is not None:
            signal.signal(signal.SIGTERM, handler)


class RayCluster:
    """Tasks on the workers of the Ray that this process is connected to."""

    is_local = False
    mistaken: Errors = ()

    def __init__(self, name: str, *, is_ours: bool):
        self.name = name
        self._ray: Any = import_module("ray")
        self._is_ours = is_ours
        self._under_way: dict[Future[Any], Any] = {}
        self._functions: dict[Any, Any] = {}
        self._cores = 0
        self._looked = -_LOOK_AGAIN

    def workers(self) -> int:
        if time.monotonic() - self._looked >= _LOOK_AGAIN:  # before each task it is asked for, and takes a round trip
            self._cores = int(self._ray.cluster_resources().get("CPU", 0))
            self._looked = time.monotonic()
        return max(1, self._cores)

    def tasks_a_process(self) -> int:
        return 1

    def share(self, values: tuple[Any, ...]) -> Any:
        packed = pack(values)
        if not values:
            return packed
        return self._ray.put(SharedValues(packed.token, np.frombuffer(packed.data, np.uint8)))  # mapped, not copied

    def submit(self, function: Callable[..., Any], task: Any, item: Any, shared: Any, avoid: str) -> Future[Any]:
        if function not in self._functions:
            options = {"num_cpus": 1, "max_retries": _RETRIES, "scheduling_strategy": "SPREAD"}
            self._functions[function] = self._ray.remote(function).options(**options)
        reference = self._functions[function].remote(task, item, shared)
        future: Future[Any] = reference.future()
        self._under_way[future] = reference
        future.add_done_callback(lambda done: self._under_way.pop(done, None))
        return future

    def cancel(self, futures: Sequence[Future[Any]]) -> None:
        for future in futures:
            if reference := self._under_way.pop(future, None):
                with suppress(Exception):
                    self._ray.cancel(reference)

    def ask_each(self, question: Question) -> dict[str, Any]:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        nodes = [node for node in self._ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
        asked = {}
        for node in nodes:
            here = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            remote = self._ray.remote(question.by_value()).options(num_cpus=0, scheduling_strategy=here)
            asked[f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"] = remote.remote()
        return {worker: self._answer(reference) for worker, reference in asked.items()}

    def _answer(self, reference: Any) -> Any:
        try:
            return self._ray.get(reference)
        except Exception as error:
            return getattr(error, "cause", None) or error

    def close(self) -> None:
        self.cancel(list(self._under_way))
        if self._is_ours:
            with suppress(Exception):
                self._ray.shutdown()
