"""Files that a report is written to: complete or not at all, and nothing is overwritten unasked."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from overlap.errors import OutputError

__all__ = ["SUFFIXES", "format_of", "refuse_file", "write_file"]

SUFFIXES = {".html": "html", ".htm": "html", ".md": "md", ".csv": "csv", ".json": "json", ".tex": "latex"}


def format_of(path: str | PathLike[str]) -> str | None:
    """The format that a file's name asks for, or None."""
    return SUFFIXES.get(Path(path).suffix.lower())


def refuse_file(path: str | PathLike[str], force: bool) -> None:
    """Raise OutputError where a file may not be written: a folder, or a file without ``force``."""
    place = Path(path)
    if place.is_dir():
        raise OutputError("a folder is here: name a file", place)
    if place.exists() and not force:
        raise OutputError("a file is here already: choose another name, or --force", place)


def write_file(path: str | PathLike[str], data: bytes, *, force: bool = False) -> None:
    """Write a file in one step. Raises OutputError."""
    refuse_file(path, force)
    place = Path(path)
    temporary = place.with_name(place.name + ".partial")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        temporary.replace(place)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", place) from error
