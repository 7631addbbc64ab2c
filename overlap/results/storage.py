"""Stored results: a folder with ``result.json`` (summaries, provenance, signature) and ``examples.parquet``.

A row per training set and example, which pandas, DuckDB and ``datasets`` read without us. The folder appears
complete or not at all, and a damaged one is told from a sound one by its digest.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.errors import OutputError, ResultFileError
from overlap.results.overlaps import Overlap
from overlap.results.sides import MeasuredFile, TrainInfo
from overlap.sealed import seal, unseal
from overlap.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["file_sha256", "load_result", "read_checked", "read_sealed", "refuse_what_is_there", "save_result"]

FORMAT = "overlap-result"
FORMAT_VERSION = 1
SUMMARY_NAME = "result.json"
EXAMPLES_NAME = "examples.parquet"
CONFIGURATION_NAME = "config.yaml"


def save_result(
    path: str | os.PathLike[str],
    overlaps: Sequence[Overlap],
    summary: dict[str, Any],
    *,
    force: bool = False,
    configuration: str = "",
) -> None:
    """Store overlaps in a folder; ``summary`` is what ``metrics.summary`` made of them, ``configuration`` what it was
    run with, as YAML.

    The folder appears complete or not at all. An existing result is replaced only with ``force``; anything else that
    is in the way raises OutputError.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = Path(path)
    try:
        refuse_what_is_there(folder, force)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as place:
            new = Path(place) / "new"
            new.mkdir()
            pq.write_table(
                pa.concat_tables([overlap.to_arrow() for overlap in overlaps], promote_options="default"),
                new / EXAMPLES_NAME,
            )
            body = {
                **summary,
                "format": FORMAT,
                "format_version": FORMAT_VERSION,
                "tool": f"overlap {__version__}",
                "examples_sha256": file_sha256(new / EXAMPLES_NAME),
                "overlaps": [_head(overlap) for overlap in overlaps],
            }
            (new / SUMMARY_NAME).write_bytes(seal(body))
            if configuration:
                (new / CONFIGURATION_NAME).write_text(configuration, encoding="utf-8")
            if folder.exists():  # put aside, not removed, until the new one is in its place
                folder.replace(Path(place) / "old")
            new.replace(folder)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", folder) from error


def refuse_what_is_there(path: str | os.PathLike[str], force: bool) -> None:
    """Raise OutputError for a place that a result may not take: ours only with ``force``, anything else never."""
    folder = Path(path)
    if not folder.exists():
        return
    summary = folder / SUMMARY_NAME
    ours = summary.is_file() and FORMAT.encode() in summary.read_bytes()
    if not ours:
        raise OutputError("something else is here already: choose another place", folder)
    if not force:
        raise OutputError("a result is here already: choose another place, or --force", folder)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _head(overlap: Overlap) -> dict[str, Any]:
    return {
        "train": overlap.train.to_json(),
        "test": overlap.test,
        "n": overlap.n,
        "unit": overlap.unit,
        "norm": overlap.norm,
        "tokenizer": overlap.tokenizer,
        "document": overlap.document,
        "engine": overlap.engine,
        "test_sources": [source.to_json() for source in overlap.test_sources],
        "test_distinct": overlap.test_distinct,
        "distinct_hits": overlap.distinct_hits,
        "parts": overlap.parts,
        "examples": len(overlap),
        "examples_of_sources": np.bincount(overlap.sources, minlength=len(overlap.test_sources)).tolist(),
    }


def load_result(path: str | os.PathLike[str]) -> tuple[Overlap, ...]:
    """Read a stored result. Raises ResultFileError where it is missing, damaged, or something else."""
    import pyarrow as pa

    folder = Path(path)
    body = read_sealed(folder, SUMMARY_NAME, FORMAT, FORMAT_VERSION, "no result is here (result.json)")
    raw = read_checked(folder / EXAMPLES_NAME, str(body.get("examples_sha256")))
    try:
        return _overlaps(body["overlaps"], raw)
    except (KeyError, TypeError, ValueError, IndexError, pa.ArrowException) as error:
        raise ResultFileError(f"damaged ({type(error).__name__}: {error}): measure again", folder) from error


def read_sealed(folder: Path, name: str, kind: str, version: int, missing: str) -> dict[str, Any]:
    """A sealed JSON file of a result. Raises ResultFileError, with the text ``missing`` where it is not there."""
    try:
        raw = (folder / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise ResultFileError(missing, folder) from None
    except OSError as error:
        raise ResultFileError(f"cannot be read: {error.strerror}", folder) from error
    try:
        body, sound = unseal(raw)
    except ValueError:
        raise ResultFileError(f"{name} is damaged, or is something else", folder) from None
    if body.get("format") != kind:
        raise ResultFileError(f"{name} is damaged, or is something else", folder)
    if body.get("format_version") != version:
        raise ResultFileError(
            f"result format {body.get('format_version')}; this overlap reads {version}: update overlap", folder
        )
    if not sound:
        raise ResultFileError(f"{name} was altered: measure again", folder)
    return body


def read_checked(path: Path, digest: str) -> bytes:
    """The bytes of a file that has this SHA-256. Raises ResultFileError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ResultFileError(f"{path.name} cannot be read: {error.strerror}", path.parent) from error
    if hashlib.sha256(raw).hexdigest() != digest:
        raise ResultFileError(f"{path.name} was altered or truncated: measure again", path.parent)
    return raw


def _overlaps(heads: list[dict[str, Any]], raw: bytes) -> tuple[Overlap, ...]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(pa.BufferReader(raw))
    overlaps: list[Overlap] = []
    at = 0
    for head in heads:
        overlaps.append(_overlap(head, table.slice(at, head["examples"])))
        at += head["examples"]
    if at != table.num_rows:
        raise ValueError(f"{table.num_rows} examples instead of {at}")
    return tuple(overlaps)


def _windows(table: pa.Table) -> dict[str, Any]:
    """The windows at word starts, where the result has any."""
    if "windows" not in table.column_names:
        return {}
    windows = table["windows"].combine_chunks()
    counts = np.diff(windows.offsets.to_numpy()).astype(np.int64)
    return {"window_counts": counts, "windows": windows.flatten().to_numpy()}


def _overlap(head: dict[str, Any], table: pa.Table) -> Overlap:
    infos = tuple(MeasuredFile.from_json(row) for row in head["test_sources"])
    parts = tuple(head.get("parts", ()))  # results of 0.1 without parts have none of these
    starts, units = _parts(table, len(parts))
    runs = table["runs"].combine_chunks()
    flat = runs.flatten()
    return Overlap(
        train=TrainInfo.from_json(head["train"]),
        test=head["test"],
        n=head["n"],
        document=head["document"],
        engine=head["engine"],
        test_sources=infos,
        test_distinct=head["test_distinct"],
        distinct_hits=head["distinct_hits"],
        sources=np.repeat(np.arange(len(infos), dtype=np.int32), head["examples_of_sources"]),
        rows=table["row"].to_numpy(),
        units=table["units"].to_numpy(),
        ngrams=table["ngrams"].to_numpy(),
        run_counts=np.diff(runs.offsets.to_numpy()).astype(np.int64),
        run_starts=flat.field("start").to_numpy(),
        run_lengths=flat.field("length").to_numpy(),
        ids=_labels(table, "id"),
        groups=_labels(table, "group"),
        parts=parts,
        part_starts=starts,
        part_units=units,
        unit=head.get("unit", "word"),
        norm=head.get("norm", "alnum-1"),
        tokenizer=head.get("tokenizer", ""),
        **_windows(table),
    )


def _labels(table: pa.Table, column: str) -> list[str] | None:
    """What an optional column of names says; None where it says nothing at all."""
    if column not in table.column_names or table[column].null_count == len(table):
        return None
    labels: list[str] = table[column].to_pylist()
    return labels


def _parts(table: pa.Table, parts: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(first unit, number of units) of each part, shape (examples, parts) each."""
    shape = (len(table), parts)
    if not parts:
        return np.empty(shape, np.int64), np.empty(shape, np.int64)
    flat = table["parts"].combine_chunks().flatten()
    starts, units = (flat.field(name).to_numpy().reshape(shape) for name in ("start", "units"))
    return starts, units
