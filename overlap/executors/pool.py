"""A pool: bounded submission to whatever runs the tasks, results in a fixed order, another try for what may pass.

Whatever ends the loop that takes the results (an error, Ctrl-C) ends the work: what has not begun never begins, and on
threads what has begun ends at its next look (``stopping``).
"""

from __future__ import annotations

import concurrent.futures
import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from overlap.errors import BadArgument, ExecutorError, OverlapError
from overlap.executors import tasks
from overlap.executors.checks import check_storage, check_workers
from overlap.executors.engines import Engine, ForeignExecutor, Threads
from overlap.executors.names import Executor, check_executor, parse_executor
from overlap.executors.package import package_here
from overlap.executors.stopping import awaited, first_ended
from overlap.executors.tasks import Failure, Task
from overlap.resources import default_workers

__all__ = ["Pool", "opened"]

T = TypeVar("T")
R = TypeVar("R")
_TRIES = 3  # of a task that ends with an error of its machine: no memory, no disk
_log = logging.getLogger("overlap")


@contextmanager
def opened(executor: Executor | None = None, workers: int | None = None) -> Iterator[Pool]:
    """The pool for an executor's name, a running ``concurrent.futures.Executor``, or so many threads (None: the cores).

    A pool that is given is passed on as it is. What was opened here is closed again, a user's executor is not.
    Raises ValueError for what is no executor, ExecutorError where it cannot be reached or its workers are unfit.
    """
    check_executor(executor, workers)
    if isinstance(executor, Pool):
        yield executor
        return
    engine = _engine(executor, workers)
    try:
        if not engine.is_local:
            check_workers(engine)
            _log.info("%s: %d workers", engine.name, engine.workers())
        yield Pool(engine)
    finally:
        engine.close()


def _engine(executor: Executor | None, workers: int | None) -> Engine:
    from overlap.executors import on_dask, on_ray

    if executor is None:
        return Threads(workers or default_workers())
    if isinstance(executor, str):
        name = parse_executor(executor)
        if name.kind == "threads":
            return Threads(name.workers or default_workers())
        return on_dask.connect(name.address) if name.kind == "dask" else on_ray.connect(name.address)
    if isinstance(executor, concurrent.futures.ThreadPoolExecutor):
        return Threads(executor._max_workers, executor)
    if not isinstance(executor, concurrent.futures.Executor):
        raise BadArgument(f"executor must be a name or a concurrent.futures.Executor, not {type(executor).__name__}")
    if on_dask.is_dask_executor(executor):
        client = executor._client  # type: ignore[attr-defined]
        return on_dask.DaskCluster(client, f"dask ({client.scheduler.address})")
    return ForeignExecutor(executor)


@dataclass(eq=False)
class _UnderWay(Generic[T]):
    item: T
    future: Future[Any]
    tries: int = 1


class Pool:
    """Runs functions over items on one engine."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self.is_local = engine.is_local

    @property
    def name(self) -> str:
        """What messages call it."""
        return self._engine.name

    @property
    def workers(self) -> int:
        """How many tasks run at once."""
        return self._engine.workers()

    @property
    def tasks_a_process(self) -> int:
        """How many of them share the memory of one process, at most."""
        return self._engine.tasks_a_process()

    def check_storage(self, folder: Path | None, inputs: Sequence[tuple[str, int]]) -> None:
        """Raise ExecutorError where a worker sees other files than are here. ``inputs``: (path, bytes)."""
        if not self.is_local:
            check_storage(self._engine, folder, inputs)

    def in_order(
        self,
        task: Callable[..., R],
        items: Iterable[T],
        shared: tuple[Any, ...] = (),
        kind: Callable[[T], str] = lambda item: "",
    ) -> Generator[tuple[T, R], None, None]:
        """Yield (item, task(item, *shared)) in the order of the items.

        ``shared`` are brought to each worker once; ``kind`` tells items apart for which other kernels are compiled.
        The first error of a task is raised where its result is due. Raises ExecutorError where the cluster gives up.
        """
        with self._run(task, shared, kind) as run:
            upcoming = iter(items)
            waiting: deque[_UnderWay[T]] = deque()
            while True:
                while len(waiting) < self._most and (item := next(upcoming, _NO_MORE)) is not _NO_MORE:
                    waiting.append(run.begin(cast(T, item)))
                if not waiting:
                    return
                result = run.result(waiting[0])
                yield waiting.popleft().item, result

    def as_done(
        self,
        task: Callable[..., R],
        items: Iterable[T],
        shared: tuple[Any, ...] = (),
        kind: Callable[[T], str] = lambda item: "",
    ) -> Generator[tuple[T, R], None, None]:
        """The same in the order in which the tasks end."""
        with self._run(task, shared, kind) as run:
            upcoming = iter(items)
            waiting: list[_UnderWay[T]] = []
            while True:
                while len(waiting) < self._most and (item := next(upcoming, _NO_MORE)) is not _NO_MORE:
                    waiting.append(run.begin(cast(T, item)))
                if not waiting:
                    return
                done = first_ended([one.future for one in waiting])
                for one in [one for one in waiting if one.future in done]:
                    if run.is_over(one):
                        waiting.remove(one)
                        yield one.item, run.result(one)

    @property
    def _most(self) -> int:
        """Tasks under way at once: on a cluster enough for a result that is late."""
        return self.workers + 2 if self.is_local else 4 * self.workers

    @contextmanager
    def _run(self, task: Callable[..., Any], shared: tuple[Any, ...], kind: Callable[[Any], str]) -> Iterator[_Run]:
        run = _Run(self._engine, task, shared, kind)
        try:
            yield run
        finally:
            run.end()


class _Run:
    """One function over many items: begun, tried again, ended."""

    def __init__(self, engine: Engine, task: Callable[..., Any], shared: tuple[Any, ...], kind: Callable[[Any], str]):
        self._engine, self._function, self._kind = engine, task, kind
        self._shared = engine.share(shared)
        self._under_way: set[Future[Any]] = set()

    def begin(self, item: T) -> _UnderWay[T]:
        return _UnderWay(item, self._submit(item, ""))

    def _submit(self, item: Any, avoid: str) -> Future[Any]:
        if self._engine.is_local:
            future = self._engine.submit(self._function, self._function, item, self._shared, "")
        else:
            task = Task(self._function, package_here(), f"{_name(self._function)} {self._kind(item)}".strip())
            future = self._engine.submit(tasks.run, task, item, self._shared, avoid)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return future

    def is_over(self, one: _UnderWay[Any]) -> bool:
        """Is there an answer? Where its machine was at fault, the task is begun again instead, elsewhere if it can be.

        An error that ``overlap`` raises on purpose is an answer.
        """
        try:
            answer = self._answer(one.future)
        except ExecutorError as error:
            if one.tries >= _TRIES or not isinstance(error.__cause__, self._engine.mistaken):
                raise
            try:
                self._again(one, error.__cause__, "")
            except Exception:  # the executor has ended, and has cancelled its tasks for that
                raise error from error.__cause__
            return False
        if not isinstance(answer, Failure) or one.tries >= _TRIES:
            return True
        if isinstance(answer.error, OverlapError) or not isinstance(answer.error, (OSError, MemoryError)):
            return True
        self._again(one, answer.error, answer.worker)
        return False

    def _again(self, one: _UnderWay[Any], error: BaseException, worker: str) -> None:
        where = f" on {worker}" if worker else ""
        _log.warning("%s: %s%s; trying again", self._engine.name, type(error).__name__, where)
        one.future = self._submit(one.item, worker)
        one.tries += 1

    def result(self, one: _UnderWay[Any]) -> Any:
        """The result of a task. Raises its error."""
        while not self.is_over(one):
            pass
        answer = self._answer(one.future)
        if isinstance(answer, Failure):
            raise answer.error
        return answer

    def _answer(self, future: Future[Any]) -> Any:
        if self._engine.is_local:
            return awaited(future)
        try:
            return awaited(future)
        except (Exception, concurrent.futures.CancelledError) as error:
            reason = " ".join(str(error).split())[:300]
            raise ExecutorError(
                f"{self._engine.name}: a task was given up ({type(error).__name__}: {reason}); "
                "look at the logs of the workers, then run it again"
            ) from error

    def end(self) -> None:
        """Take back what has not ended; on threads, what runs is told to stop, and waited for."""
        self._engine.cancel(list(self._under_way))


def _name(function: Callable[..., Any]) -> str:
    """The name of a function, or of what a partial is made of."""
    inner = getattr(function, "func", function)
    return f"{inner.__module__}.{inner.__qualname__}"


_NO_MORE = object()
