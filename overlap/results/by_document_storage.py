"""What single documents have, stored beside a result: ``by_document.json`` and ``by_document.parquet``.

A row per training set and example, as in ``examples.parquet``; the spans of its units as runs of equal lengths.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.errors import OutputError, ResultFileError
from overlap.results.by_document import ByDocument
from overlap.results.sides import Skipped
from overlap.results.storage import SUMMARY_NAME, file_sha256, read_checked, read_sealed
from overlap.sealed import seal
from overlap.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["has_by_document", "load_by_document", "save_by_document"]

FORMAT = "overlap-by-document"
FORMAT_VERSION = 1
HEAD_NAME = "by_document.json"
TABLE_NAME = "by_document.parquet"
_PLAIN = ("train", "test", "n", "unit", "budget", "documents", "documents_hit", "documents_half", "cut", "parts")
_SKIPPED = ("train_skipped", "test_skipped")


def save_by_document(path: str | os.PathLike[str], found: Sequence[ByDocument]) -> None:
    """Store what single documents have in the folder of the result that it belongs to. Raises OutputError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = Path(path)
    if not (folder / SUMMARY_NAME).is_file():
        raise OutputError("no result is here to store the matches with", folder)
    try:
        (folder / HEAD_NAME).unlink(missing_ok=True)
        temporary = folder / (TABLE_NAME + ".partial")
        pq.write_table(pa.concat_tables([_table(item) for item in found]), temporary)
        body = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "tool": f"overlap {__version__}",
            "sha256": file_sha256(temporary),
            "sets": [_head(item) for item in found],
        }
        temporary.replace(folder / TABLE_NAME)
        (folder / (HEAD_NAME + ".partial")).write_bytes(seal(body))
        (folder / (HEAD_NAME + ".partial")).replace(folder / HEAD_NAME)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", folder) from error


def _head(found: ByDocument) -> dict[str, Any]:
    """What is no column; bad records only where there were some."""
    skipped = {name: [asdict(item) for item in getattr(found, name)] for name in _SKIPPED if getattr(found, name)}
    return {**{name: getattr(found, name) for name in _PLAIN}, **skipped, "examples": len(found)}


def _table(found: ByDocument) -> pa.Table:
    import pyarrow as pa

    lengths, counts, offsets = _runs(found)
    spans = pa.StructArray.from_arrays([pa.array(lengths), pa.array(counts)], ["longest", "units"])
    together = found.together.reshape(len(found), len(found.parts) ** 2)
    flags = pa.array(together.ravel())
    bounds = pa.array(np.arange(len(found) + 1, dtype=np.int32) * together.shape[1])
    return pa.table(
        {
            "train": pa.array([found.train] * len(found), pa.string()),
            "test": pa.array([found.test] * len(found), pa.string()),
            "units": found.units,
            "covered": found.covered,
            "source": pa.array(found.sources, pa.string()),
            "row": found.rows,
            "shared_by": found.shared_by,
            "spans": pa.ListArray.from_arrays(pa.array(offsets), spans),
            "together": pa.ListArray.from_arrays(bounds, flags),
        }
    )


def _runs(found: ByDocument) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """(longest span, how many units in a row have it, where each example's begin) of the units, run by run."""
    stops = np.cumsum(found.units)
    begins = np.zeros(found.longest.size, np.bool_)
    begins[1:] = found.longest[1:] != found.longest[:-1]
    begins[(stops - found.units)[found.units > 0]] = True
    places = np.flatnonzero(begins)
    counts = np.diff(places, append=found.longest.size).astype(np.int32)
    offsets = np.concatenate([[0], np.searchsorted(places, stops)]).astype(np.int32)
    return found.longest[places], counts, offsets


def has_by_document(path: str | os.PathLike[str]) -> bool:
    """Is there anything of single documents in this folder?"""
    return (Path(path) / HEAD_NAME).exists()


def load_by_document(path: str | os.PathLike[str]) -> tuple[ByDocument, ...]:
    """Read what single documents have, stored with a result. Raises ResultFileError where it is not, or damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = Path(path)
    missing = "nothing of single documents is here: overlap scan --profile llama2 (or tulu3) -o RESULT stores it"
    body = read_sealed(folder, HEAD_NAME, FORMAT, FORMAT_VERSION, missing)
    raw = read_checked(folder / TABLE_NAME, str(body.get("sha256")))
    try:
        table = pq.read_table(pa.BufferReader(raw)).combine_chunks()
        found, at = [], 0
        for head in body["sets"]:
            examples = head.pop("examples")
            found.append(_value(head, table.slice(at, examples)))
            at += examples
        if at != table.num_rows:
            raise ValueError(f"{table.num_rows} examples instead of {at}")
        return tuple(found)
    except (KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise ResultFileError(f"damaged ({type(error).__name__}: {error}): measure again", folder) from error


def _value(head: dict[str, Any], table: pa.Table) -> ByDocument:
    parts = tuple(head.pop("parts"))
    skipped: dict[str, Any] = {name: tuple(Skipped(**item) for item in head.pop(name, ())) for name in _SKIPPED}
    spans = table["spans"].combine_chunks().flatten()
    flags = table["together"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return ByDocument(
        **head,
        **skipped,
        parts=parts,
        units=table["units"].to_numpy(),
        covered=table["covered"].to_numpy(),
        sources=tuple(table["source"].to_pylist()),
        rows=table["row"].to_numpy(),
        shared_by=table["shared_by"].to_numpy(),
        together=flags.reshape(len(table), len(parts), len(parts)).astype(np.bool_),
        longest=np.repeat(spans.field("longest").to_numpy(), spans.field("units").to_numpy()),
    )
