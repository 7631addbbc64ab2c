"""A virtual environment for each peer that would not install beside ours, made at its first use.

A peer that cannot be had, because its packages do not install or no Python is new enough for it, is `Absent`, with
the reason; the results page names it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from running import ROOT

WORK = ROOT / "benchmarks" / "work" / "peers"
NEWEST = 20
"""Python 3.20 is the last that is looked for."""


class Absent(Exception):
    """A peer cannot be run here; the message is the reason."""


@dataclass(frozen=True)
class Environment:
    """What a peer needs. The versions are pinned, so that others measure the same."""

    name: str
    packages: Sequence[str]
    dependencies: bool = True
    """Whether pip installs what the packages ask for; janitor needs nothing of what its package does."""
    least_python: tuple[int, int] = (3, 11)

    @property
    def folder(self) -> Path:
        """Where it is."""
        return WORK / self.name / "env"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def key(self) -> str:
        """Stands for what was asked for: another one makes the environment again."""
        return hashlib.sha256(repr((self.packages, self.dependencies, self.least_python)).encode()).hexdigest()

    def ready(self) -> Path:
        """Return its interpreter, installing it if need be. Raises Absent; a failure is not tried twice in a run."""
        stamp = self.folder / "installed"
        if not (stamp.exists() and stamp.read_text() == self.key):
            self._make()
            stamp.write_text(self.key)
        return self.python

    def _make(self) -> None:
        print(f"installing {' '.join(self.packages)} into {self.folder.relative_to(ROOT)}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        _run([self._base_python(), "-m", "venv", str(self.folder)])
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, *([] if self.dependencies else ["--no-deps"]), *self.packages])

    def _base_python(self) -> str:
        if sys.version_info[:2] >= self.least_python:
            return sys.executable
        for candidate in pythons(self.least_python):
            if _answers(candidate):
                return candidate
        version = ".".join(map(str, self.least_python))
        raise Absent(f"it needs Python {version} or newer, and there is none (BENCH_PYTHON may name one)")


def pythons(least: tuple[int, int]) -> Iterator[str]:
    """Yield interpreters that may be new enough: BENCH_PYTHON, those of the path, those that pyenv knows."""
    if "BENCH_PYTHON" in os.environ:
        yield os.environ["BENCH_PYTHON"]
    names = [f"python{least[0]}.{minor}" for minor in range(least[1], NEWEST + 1)]
    yield from filter(None, map(shutil.which, names))
    if pyenv := shutil.which("pyenv"):
        for name in names:
            said = subprocess.run([pyenv, "whence", "--path", name], capture_output=True, text=True, check=False)
            yield from said.stdout.split()


def _answers(python: str) -> bool:
    try:
        return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Absent(f"it does not install here: {last}")
