"""Executors as people write them: ``threads:8``, ``dask://scheduler:8786``, ``ray://head:10001``, ``ray``."""

from __future__ import annotations

import concurrent.futures
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

from overlap.errors import BadArgument

if TYPE_CHECKING:
    from overlap.executors.pool import Pool

__all__ = ["Executor", "ExecutorName", "check_executor", "parse_executor"]

Executor = Union[str, concurrent.futures.Executor, "Pool"]
_FORMS = "threads:8, dask://HOST:8786, ray://HOST:10001, or ray for the one that runs here"
_ADDRESS = re.compile(r"(dask|ray)://([^\s/?#@]+:\d{1,5})/?")


@dataclass(frozen=True)
class ExecutorName:
    """``kind`` is threads, dask or ray; ``address`` is ``host:port``, or nothing; ``workers`` goes with threads."""

    kind: str
    address: str = ""
    workers: int | None = None


def parse_executor(text: str) -> ExecutorName:
    """Read the name of an executor. Raises ValueError for anything else.

    >>> parse_executor("threads:8")
    ExecutorName(kind='threads', address='', workers=8)
    >>> parse_executor("dask://10.0.0.1:8786").address
    '10.0.0.1:8786'
    """
    if match := re.fullmatch(r"threads(?::(\d{1,6}))?", text):
        workers = int(match[1]) if match[1] else None
        if workers == 0:
            raise BadArgument("threads:0 runs nothing; at least one is needed")
        return ExecutorName("threads", workers=workers)
    if text == "ray":
        return ExecutorName("ray")
    if match := _ADDRESS.fullmatch(text):
        return ExecutorName(match[1], match[2])
    raise BadArgument(f"no such executor: {text!r}; write {_FORMS}")


def check_executor(executor: Executor | None, workers: int | None) -> None:
    """Raise ValueError for an executor that is none, or for one beside a number of workers."""
    if workers is not None and workers < 1:
        raise BadArgument(f"workers must be at least 1, not {workers}")
    if executor is None:
        return
    if workers is not None:
        raise BadArgument("workers are threads: name either workers or an executor, not both")
    if isinstance(executor, str):
        parse_executor(executor)
