"""Running the command: in this process, or for real in one of its own."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from overlap.cli import main

ROOT = Path(__file__).parent.parent
PYTHON = [sys.executable]
COMMAND = [*PYTHON, "-m", "overlap"]


def call(*arguments: object, data: str | bytes | None = None) -> Result:
    """The command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=data)


def spawn(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [*COMMAND, *(os.fspath(item) if isinstance(item, os.PathLike) else str(item) for item in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


def only_line(stderr: str) -> str:
    """What an error says: one line, after ``overlap: error:``, and nothing else on stderr."""
    assert stderr.startswith("overlap: error: "), stderr
    assert stderr.endswith("\n"), stderr
    assert stderr.count("\n") == 1, stderr
    return stderr.removeprefix("overlap: error: ").rstrip("\n")


def refused(outcome: Result | subprocess.CompletedProcess[str]) -> str:
    """The one line of a command that ended with an error: status 1, nothing on stdout."""
    status = outcome.exit_code if isinstance(outcome, Result) else outcome.returncode
    assert status == 1, (status, outcome.stderr)
    assert outcome.stdout == ""
    return only_line(outcome.stderr)


def without_privileges() -> None:
    """For a child process, before it starts: file permissions hold, even for root."""
    library = ctypes.CDLL(None, use_errno=True)
    drop_from_bounding_set, override, read_search = 24, 1, 2
    for capability in (override, read_search):
        library.prctl(drop_from_bounding_set, capability, 0, 0, 0)
