"""Run a child process, and say how long it took, how much processor and how much memory.

This process stays small on purpose (no numpy): a child's peak as the kernel reports it cannot be lower than
what its parent held when it forked.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
WORK_FOLDER = ROOT / "benchmarks" / "work"
WARM_BYTES, MOST_WARM_BYTES = 3 << 30, 6 << 30
WRITTEN = 2.5
"""Bytes of files that a build writes for a byte of text, at most."""
_warm = WARM_BYTES


class ChildFailed(Exception):
    """A command ended with an error; the message holds the end of what it said."""


@dataclass(frozen=True)
class Run:
    """One finished child."""

    command: str
    """As typed at the project's root."""
    seconds: float
    """Wall clock, from before the start of the process to after its end."""
    cpu_seconds: float
    """User and system time, of the child and of the processes it waited for."""
    peak_mb: float
    """Peak resident memory in millions of bytes; of several processes, that of the largest."""
    stdout: str


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """This environment and some more; Python may keep its compiled modules, as it does where it is installed."""
    return {name: value for name, value in {**os.environ, **more}.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Run:
    """Run a command at the project's root, in this process's environment and some more; raise `ChildFailed`."""
    _warm_memory()
    os.sync()  # the writing-back of an earlier contender's output is not this one's
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        child = subprocess.Popen(
            arguments,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=_environment(environment or {}),
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise ChildFailed(f"{shown(arguments)}: exit status {child.returncode}\n{_text(err)[-2000:]}")
        cpu_seconds = usage.ru_utime + usage.ru_stime
        return Run(shown(arguments), seconds, cpu_seconds, usage.ru_maxrss * 1024 / 1e6, _text(out))


def expect(size: int) -> None:
    """Before the runs that follow have as much memory at hand as a build of ``size`` bytes writes, within limits."""
    global _warm
    _warm = min(MOST_WARM_BYTES, max(WARM_BYTES, round(WRITTEN * size)))


def _warm_memory() -> None:
    """Write a file and remove it, so that nobody pays for memory that the machine has given back to its host.

    On some virtual machines that makes a tenfold difference to whatever is written in the next seconds.
    """
    WORK_FOLDER.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(WORK_FOLDER).free < 4 * _warm:
        return
    zeros = bytes(1 << 20)
    with tempfile.TemporaryFile(dir=WORK_FOLDER) as stream:
        for _ in range(_warm >> 20):
            stream.write(zeros)


def shown(arguments: Sequence[str]) -> str:
    """Return a command as a reader would type it: relative to the root, nothing of this machine in it."""
    return " ".join(word.replace(f"{ROOT}/", "").replace(f"{sys.prefix}/bin/", "") for word in arguments)


def read_once(path: Path) -> int:
    """Read a file, so that every contender finds it in the page cache; return its size."""
    size = 0
    with path.open("rb", buffering=0) as stream:
        while block := stream.read(1 << 20):
            size += len(block)
    return size


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")
