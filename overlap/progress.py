"""What a long job tells while it works: progress to whoever asked, its stages and their times to the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

__all__ = ["Progress", "Stage", "logged", "silent"]

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total): bytes, or what else a stage counts. The stage may be a ``Stage``."""
_log = logging.getLogger("overlap")


def silent(stage: str, done: int, total: int) -> None:
    """A progress callback that shows nothing."""


class Stage(str):
    """The name of a stage that goes through files: ``files`` are those done and all of them."""

    __slots__ = ("files",)
    files: tuple[int, int]

    def __new__(cls, name: str, done: int, total: int) -> Stage:
        """The stage ``name`` with so many files done of so many."""
        stage = super().__new__(cls, name)
        stage.files = done, total
        return stage


def logged(report: Progress | None, *, resumes: str = "") -> Progress:
    """The progress callback, with a line in the log as each stage ends; the stage ``resumes`` may begin half done."""
    begun: dict[str, tuple[float, int]] = {}

    def tell(stage: str, done: int, total: int) -> None:
        now, name = time.perf_counter(), str(stage)
        if name not in begun:
            begun[name] = now, done if name == resumes else 0
            if done and name == resumes:
                _log.info("%s: resumed, %d of %d bytes done before", name, done, total)
        _log.debug("%s: %d of %d", name, done, total)
        if done >= total:  # a stage may come again, as the next training set does
            since, before = begun.pop(name)
            _log.info("%s: %d done in %.1f s", name, done - before, now - since)
        if report is not None:
            report(stage, done, total)

    return tell
