"""Where cleaned files go: a new folder with the relative paths of the originals, complete or not there at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from overlap.corpus import InputFile
from overlap.corpus.addresses import is_remote
from overlap.errors import OutputError

__all__ = ["new_folder", "refuse_inputs", "relative_places"]


@contextmanager
def new_folder(output: str | PathLike[str]) -> Iterator[Path]:
    """A folder to write into, which gets its name when all is written. Raises OutputError where something is there."""
    target = Path(output)
    try:
        if target.exists():
            raise OutputError("something is here already: cleaned files go to a new folder", target)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=os.path.abspath(target.parent)) as place:
            folder = Path(place) / "new"
            folder.mkdir()
            yield folder
            folder.replace(target)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", target) from error


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


def refuse_inputs(files: Sequence[InputFile], folder: Path) -> None:
    """Raise OutputError where an input lies inside the folder that is written to."""
    inside = os.path.realpath(folder)
    for file in files:
        if file.data is not None or is_remote(file.path):
            continue
        if os.path.commonpath([inside, os.path.realpath(file.path)]) == inside:
            raise OutputError("an input lies where the cleaned files should go: choose another place", folder)
