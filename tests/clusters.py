"""Real clusters on this machine, each of two worker processes, in processes of their own."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from commands import ROOT

ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "RAY_USAGE_STATS_ENABLED": "0",
    "GRPC_ENABLE_FORK_SUPPORT": "0",  # Ray's client server forks while its threads are inside of gRPC
}
_PATIENCE = 60


@dataclass(frozen=True)
class Cluster:
    """``executor`` is its name for ``--executor``; ``processes`` were started for it; ``mark`` tells its workers.

    ``environment``: what a process that connects needs.
    """

    executor: str
    processes: tuple[subprocess.Popen[bytes], ...]
    mark: str
    environment: dict[str, str]

    def workers(self) -> list[psutil.Process]:
        """The processes that run tasks."""
        found = []
        for process in self.processes:
            for child in psutil.Process(process.pid).children(recursive=True):
                try:
                    if self.mark in " ".join(child.cmdline()):
                        found.append(child)
                except psutil.Error:  # it ended meanwhile
                    continue
        return found

    def kill_a_worker(self) -> int:
        """SIGKILL to one of them, the busiest."""
        victim = max(self.workers(), key=lambda worker: sum(worker.cpu_times()[:2]))
        victim.send_signal(signal.SIGKILL)
        return int(victim.pid)


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens at."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_until(condition: Callable[[], bool]) -> None:
    """Raise TimeoutError where it never comes true."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.05)


def _answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def started(
    command: Sequence[object], log: Path, environment: dict[str, str] = ENVIRONMENT
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended, with all that it has started; what it says is kept in ``log``."""
    with open(log, "ab") as stream:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=stream,
            stderr=stream,
            stdin=subprocess.DEVNULL,
            env=environment,
            cwd=log.parent,  # python -m looks there first
        )
    try:
        yield process
    finally:
        family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _, alive = psutil.wait_procs(family, timeout=5)
        for child in alive:
            child.kill()
        _, alive = psutil.wait_procs(alive, timeout=5)
        assert not alive


def dask_worker(port: int, *options: object) -> list[object]:
    """The command of a Dask worker."""
    here = ["--no-dashboard", "--host", "127.0.0.1", "--nthreads", 1]
    return [sys.executable, "-m", "distributed.cli.dask_worker", f"tcp://127.0.0.1:{port}", *here, *options]


@contextmanager
def dask_cluster(folder: Path) -> Iterator[Cluster]:
    """A scheduler, and two workers with nannies."""
    (port,) = free_ports(1)
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port]
    log = folder / "dask.log"
    with started([*scheduler, "--no-dashboard"], log) as head:
        wait_until(lambda: _answers(port))
        with started(dask_worker(port, "--nworkers", 2, "--local-directory", folder), log) as workers:
            cluster = Cluster(f"dask://127.0.0.1:{port}", (head, workers), "spawn_main", {})
            wait_until(lambda: len(cluster.workers()) == 2)
            yield cluster


@contextmanager
def ray_cluster(folder: Path) -> Iterator[tuple[Cluster, Cluster]]:
    """A node with two cores, by its address and by its client server; with a token made for it alone."""
    port, client_port = free_ports(2)
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus", 2]
    command += ["--port", port, "--ray-client-server-port", client_port]
    command += ["--include-dashboard", "false", "--disable-usage-stats", "--object-store-memory", 200 << 20]
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    with started([*command, "--temp-dir", folder], folder.with_suffix(".log"), {**ENVIRONMENT, **token}) as head:
        environment = {**token, "RAY_ADDRESS": f"127.0.0.1:{port}"}
        wait_until(lambda: _answers(port) and _answers(client_port))
        yield (
            Cluster("ray", (head,), "ray::", environment),
            Cluster(f"ray://127.0.0.1:{client_port}", (head,), "ray::", environment),
        )
