"""Inputs on the workers of a cluster: every one of them opens the files itself, under the paths that they have here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from overlap.corpus.addresses import is_remote
from overlap.corpus.sources import InputFile
from overlap.errors import CorpusError
from overlap.executors import Pool

__all__ = ["check_shared"]


def check_shared(pool: Pool, files: Iterable[InputFile], folder: Path | None = None) -> None:
    """Before the work begins: do all workers see the files, and the folder that they are to write into?

    Raises CorpusError for what no other process can open, ExecutorError for what a worker does not see.
    """
    if pool.is_local:
        return
    there: list[tuple[str, int]] = []
    for file in files:
        if file.data is not None:
            raise CorpusError(
                "a data set in memory cannot be read by the workers of a cluster: name its files, on shared storage",
                file.label,
            )
        if not is_remote(file.path):
            there.append((file.path, file.size))
    pool.check_storage(folder, there)
