"""A build that kills itself, as SIGKILL would: at the progress report of this number in this stage.

Run as: python kill_and_resume.py INDEX STAGE NUMBER WORKERS FILTER SOURCE...
"""

from __future__ import annotations

import os
import signal
import sys

import overlap


def main(index: str, stage: str, number: str, workers: str, filter: str, *sources: str) -> None:
    """Build, by line; never return where the stage reports often enough."""
    left = int(number)

    def report(reached: str, done: int, total: int) -> None:
        nonlocal left
        left -= reached == stage
        if left == 0 and reached == stage:
            os.kill(os.getpid(), signal.SIGKILL)

    options = {"name": "corpus", "by_line": True, "workers": int(workers), "filter": filter}
    overlap.build_index(list(sources), index, **options, progress=report)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*sys.argv[1:])
