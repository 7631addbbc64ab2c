"""Folders that ``datasets`` has written with ``save_to_disk``: their data files, in the order of ``state.json``.

They are read as the Arrow files that they are; the library itself is not needed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from overlap.errors import CorpusError

__all__ = ["without_bookkeeping"]

_STATE, _SPLITS = "state.json", "dataset_dict.json"


def without_bookkeeping(names: Iterable[str], read: Callable[[str], bytes]) -> list[str]:
    """The names of files, in order, without what ``save_to_disk`` keeps beside its data files.

    In a folder that it wrote, the data files are those that its ``state.json`` lists, in that order; other files there
    are left-overs. ``read`` gives the content of a file. Raises CorpusError where a listed file is missing.
    """
    ordered = list(names)
    known = set(ordered)
    saved = {folder: files for folder, files in _saved_folders(ordered, read) if files is not None}
    if not saved:
        return ordered
    parents = {folder.rpartition("/")[0] for folder in saved}
    kept: list[str] = []
    done: set[str] = set()
    for name in ordered:
        folder, _, last = name.rpartition("/")
        if folder in saved:
            if folder not in done:
                kept += saved[folder]
            done.add(folder)
        elif not (last == _SPLITS and folder in parents):
            kept.append(name)
    for name in kept:
        if name not in known:
            raise CorpusError("a file of this saved data set is missing: copy or save it again", name)
    return kept


def _saved_folders(names: list[str], read: Callable[[str], bytes]) -> Iterable[tuple[str, list[str] | None]]:
    for name in names:
        folder, _, last = name.rpartition("/")
        if last == _STATE:
            yield folder, _data_files(folder, name, read)


def _data_files(folder: str, name: str, read: Callable[[str], bytes]) -> list[str] | None:
    """The data files that a state lists; None where the file is something else of that name."""
    try:
        state: Any = json.loads(read(name))
        files = [str(item["filename"]) for item in state["_data_files"]]
    except (ValueError, KeyError, TypeError):
        return None
    if state.get("_indices_data_files"):
        raise CorpusError(
            "saved by an old version of datasets, with a list of rows: load it with load_from_disk, save it again", name
        )
    return [f"{folder}/{file}" for file in files]
