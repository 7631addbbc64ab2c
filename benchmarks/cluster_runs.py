"""Builds on a Dask and on a Ray cluster of two worker processes on this machine.

A cluster is started when its first task comes and is used for all of its tasks, as in practice; a small build that is
not timed goes first, so that the workers have imported what they need. Memory is the sum of the resident memory of all
processes of the cluster and of the command, looked at five times a second (pages that they share count for each).
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from cases import WORK, Case, warm_up_cases
from large_plan import Task
from measurement import Measurement
from ours import Ours
from running import ROOT

if TYPE_CHECKING:
    from clusters import Cluster

INTERVAL = 0.2


class Clusters:
    """The cluster that runs at present; only one at a time, since each has all cores."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._name: str | None = None
        self._cluster: Cluster | None = None

    def __enter__(self) -> Clusters:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stack.close()

    def measured(self, task: Task, case: Case) -> Measurement:
        """Run a build on the task's cluster. Raises OSError where it cannot be started."""
        cluster = self._started(task.cluster or "")
        ours = Ours(name="overlap large", options=("--executor", cluster.executor), environment=cluster.environment)
        with peak_of_tree([process.pid for process in (*cluster.processes,)]) as peak:
            done = ours.build(case, WORK / "large" / "large.index")
        return replace(done, peak_mb=max(peak))

    def _started(self, name: str) -> Cluster:
        if self._name != name or self._cluster is None:
            self._stack.close()
            self._name, self._cluster = name, self._stack.enter_context(started(name))
            text = warm_up_cases()[0]
            ours = Ours(
                options=("--executor", self._cluster.executor),
                environment=self._cluster.environment,
            )
            ours.build(text, WORK / "large" / "warm.index")
        return self._cluster


@contextmanager
def started(name: str) -> Iterator[Cluster]:
    """Start a cluster as the tests do, in a folder whose path is short enough for Ray's sockets."""
    sys.path.insert(0, str(ROOT / "tests"))
    import clusters

    with tempfile.TemporaryDirectory(prefix="ov") as folder, ExitStack() as stack:
        if name == "dask":
            yield stack.enter_context(clusters.dask_cluster(Path(folder)))
        else:
            yield stack.enter_context(clusters.ray_cluster(Path(folder) / "ray"))[0]


@contextmanager
def peak_of_tree(roots: list[int]) -> Iterator[list[float]]:
    """Look at the memory of these processes, of this one's children, and of their children; the list grows."""
    peaks, stop = [0.0], threading.Event()

    def look() -> None:
        while not stop.wait(INTERVAL):
            peaks.append(_resident(roots))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        stop.set()
        thread.join()


def _resident(roots: list[int]) -> float:
    import psutil

    family = {}
    for pid in (*roots, os.getpid()):
        try:
            process = psutil.Process(pid)
            family |= {one.pid: one for one in process.children(recursive=True)}
            family |= {pid: process} if pid != os.getpid() else {}
        except psutil.Error:  # it ended meanwhile
            continue
    total = 0
    for one in family.values():
        try:
            total += one.memory_info().rss
        except psutil.Error:
            continue
    return total / 1e6
