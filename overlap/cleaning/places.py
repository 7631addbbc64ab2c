"""Where cleaned files go: a new folder with the relative paths of the originals, complete or not there at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from overlap.corpus import InputFile
from overlap.corpus.addresses import is_remote
from overlap.errors import OutputError

__all__ = ["LOG_NAME", "new_folder", "piece_places", "refuse_inputs", "refuse_what_is_there", "relative_places"]

LOG_NAME = "_removed.jsonl"  # a name that is left out where the folder is read as a corpus


@contextmanager
def new_folder(output: str | PathLike[str]) -> Iterator[Path]:
    """A folder to write into, which gets its name when all is written. Raises OutputError where something is there."""
    target = Path(output)
    refuse_what_is_there(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=os.path.abspath(target.parent)) as place:
            folder = Path(place) / "new"
            folder.mkdir()
            yield folder
            folder.replace(target)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", target) from error


def refuse_what_is_there(output: str | PathLike[str]) -> None:
    """Raise OutputError where something has the name of the new folder already."""
    if os.path.lexists(output):
        raise OutputError("something is here already: cleaned files go to a new folder", output)


def piece_places(place: Path, pieces: int, taken: Container[Path]) -> list[Path]:
    """Where the pieces of a text file go: to its own place if it is one, else to numbered neighbours of no other file.

    >>> [str(place) for place in piece_places(Path("a.txt"), 2, ())]
    ['a.1.txt', 'a.2.txt']
    """
    if pieces == 1:
        return [place]
    head, dot, rest = place.name.partition(".")
    mark = ""
    while True:
        places = [place.with_name(f"{head}.{mark}{number}{dot}{rest}") for number in range(1, pieces + 1)]
        if not any(item in taken for item in places):
            return places
        mark += "cut-"


def relative_places(files: Sequence[InputFile]) -> list[Path]:
    """The files' paths from their deepest common folder; unique, and never outside of it.

    Raises OutputError where two files would have one place.
    """
    paths = [_place(file) for file in files]
    if not paths:
        return []
    common = Path(os.path.commonpath([path.parent for path in paths]))
    places = [path.relative_to(common) for path in paths]
    if len(set(places)) != len(places) or any(".." in place.parts for place in places):
        raise OutputError("one file is named twice among the sources", common)
    if any(place.name == LOG_NAME for place in places):
        raise OutputError(f"an input has the name of the log, {LOG_NAME}: give it another", common)
    return places


def _place(file: InputFile) -> Path:
    """Where the file lies; a remote one lies under its host, the split of a data set under its name."""
    if file.data is not None:
        names = file.label.partition("@")[0].split(":")[1:]
        return Path(os.path.abspath(os.path.join(os.sep, *names[:-1], f"{names[-1]}.arrow")))
    if is_remote(file.path):
        place = file.label.partition("::")[0].partition("://")[2].partition("?")[0]
        return Path(os.path.abspath(os.path.join(os.sep, place)))
    return Path(os.path.abspath(file.label if file.label != "-" else "stdin"))


def refuse_inputs(files: Sequence[InputFile], folders: Sequence[str], folder: Path) -> None:
    """Raise OutputError where an input lies inside the folder that is written to, or this one in one of ``folders``."""
    inside = os.path.realpath(folder)
    for source in folders:
        if os.path.isdir(source) and os.path.commonpath([inside, os.path.realpath(source)]) == os.path.realpath(source):
            raise OutputError(f"it lies inside the folder that is cleaned, {source}: choose another place", folder)
    for file in files:
        if file.data is not None or is_remote(file.path):
            continue
        if os.path.commonpath([inside, os.path.realpath(file.path)]) == inside:
            raise OutputError("an input lies where the cleaned files should go: choose another place", folder)
