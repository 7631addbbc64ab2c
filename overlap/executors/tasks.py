"""The other side: what a worker process runs.

A task's own error comes back as a value: to the cluster it is an answer like any other, so that nothing is tried again
that would fail again. What the cluster itself reports is its own trouble.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import pickle
import sys
import tempfile
import threading
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from overlap.errors import ExecutorError
from overlap.executors.package import Package, difference, package_here

__all__ = ["Failure", "Question", "SharedValues", "Task", "keep_memory", "pack", "run"]

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
_LARGEST_KEPT = 32 << 20  # bytes of an allocation that is made again; as far as glibc goes of itself
_KEPT = 2  # shared values that a process keeps unpacked
_unpacked: dict[str, tuple[Any, ...]] = {}
_unpacking = threading.Lock()
_compiled: set[str] = set()


@dataclass(frozen=True)
class Task:
    """A function of a module and what it needs to run: the driver's package, and the kind of its input.

    ``kind`` names what decides which kernels are compiled for it: the function and the format of the file.
    """

    function: Callable[..., Any]
    package: Package
    kind: str


@dataclass(frozen=True)
class Question:
    """Something to be asked of a worker: what ``make(*given)`` gives is called there.

    ``by_value`` is a function made inside of a function: Dask's and Ray's pickle take such a one with its code, so that
    a worker without this package can answer. Other pickles cannot; they take the question itself.
    """

    make: Callable[..., Callable[[], Any]]
    given: tuple[Any, ...] = ()

    def __call__(self) -> Any:
        return self.make(*self.given)()

    def by_value(self) -> Callable[[], Any]:
        """The question with its code."""
        return self.make(*self.given)


@dataclass(frozen=True)
class Failure:
    """The error of a task, and the worker where it happened."""

    error: Exception
    worker: str


@dataclass(frozen=True)
class SharedValues:
    """Values that all tasks need, pickled once. ``data``: bytes, or an array of them."""

    token: str
    data: Any


def pack(values: tuple[Any, ...]) -> SharedValues:
    """Pickle values; in one piece, so that arrays come out as they went in, writable or not."""
    return SharedValues(uuid.uuid4().hex, pickle.dumps(values, protocol=5) if values else b"")


def _unpack(shared: SharedValues) -> tuple[Any, ...]:
    """The values; unpacked once in a process, whatever number of tasks it runs."""
    if not len(shared.data):
        return ()
    with _unpacking:
        if shared.token not in _unpacked:
            while len(_unpacked) >= _KEPT:
                del _unpacked[next(iter(_unpacked))]
            _unpacked[shared.token] = pickle.loads(shared.data)
        return _unpacked[shared.token]


def run(task: Task, item: Any, shared: SharedValues, worker: str = "") -> Any:
    """``task.function(item, *shared)``, or a Failure. Never raises."""
    worker = worker or _worker_name()
    try:
        keep_memory()
        if wrong := difference(worker, package_here(), task.package):  # it may have come after all were asked
            raise ExecutorError(wrong)
        with _compiling_alone(task.kind):
            return task.function(item, *_unpack(shared))
    except Exception as error:
        error.add_note(f"on the worker {worker}:\n{traceback.format_exc()}")
        return Failure(_portable(error), worker)


@cache
def keep_memory() -> bool:
    """Let this process keep freed memory for its next arrays, as any process does by default; say if it can be told.

    Dask starts its workers with MALLOC_TRIM_THRESHOLD_, and glibc then asks the system anew for every array: a
    build of 2 GB of text took 6.8 s of system time in two workers instead of 2.3.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # another C library, or (Windows) none to be had without a name
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT) and mallopt(_M_TRIM_THRESHOLD, 2 * _LARGEST_KEPT))


def _portable(error: Exception) -> Exception:
    """The error itself where it survives the way back, otherwise one that says the same."""
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")


def _worker_name() -> str:
    worker = sys.modules.get("distributed")
    if worker is not None:
        with suppress(ValueError):
            return str(worker.get_worker().address)
    return f"{os.uname().nodename}:{os.getpid()}"


@contextmanager
def _compiling_alone(kind: str) -> Iterator[None]:
    """The first task of a kind on a machine runs alone: it compiles kernels, and numba's cache takes one writer.

    A file of the machine names the kinds that have been compiled; with the first of a kind done, nobody waits.
    """
    if kind in _compiled:
        yield
        return
    try:
        handle = os.open(_compiled_list(), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:  # no place for it: each process compiles as it comes
        yield
        return
    try:
        if not _is_listed(kind, handle):
            import fcntl

            with suppress(OSError):  # a file system without locks: each process compiles as it comes
                fcntl.flock(handle, fcntl.LOCK_EX)
        is_first = not _is_listed(kind, handle)
        if not is_first:
            os.close(handle)
            handle = -1
        yield
        if is_first:
            with suppress(OSError):  # no room: the next one is the first again
                os.write(handle, f"{kind}\n".encode())
        _compiled.add(kind)
    finally:
        if handle >= 0:
            os.close(handle)


def _is_listed(kind: str, handle: int) -> bool:
    """Is the kind in the list? The handle is at its end then."""
    os.lseek(handle, 0, os.SEEK_SET)
    return kind.encode() in os.read(handle, 1 << 20).splitlines()


def _compiled_list() -> Path:
    """The file of this machine, user, installation and version."""
    import numba

    folder = Path(__file__).parent.parent / "kernels"
    newest = max(source.stat().st_mtime_ns for source in folder.glob("*.py"))
    what = f"{folder}|{newest}|{numba.__version__}|{sys.version}"
    digest = hashlib.sha256(what.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"overlap-{os.getuid()}-{digest}.compiled"
