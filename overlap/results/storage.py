"""Stored results: a folder with ``result.json`` (summaries, provenance, signature) and ``examples.parquet``.

A row per training set and example, which pandas, DuckDB and ``datasets`` read without us. The folder appears
complete or not at all, and a damaged one is told from a sound one by its digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.errors import OutputError, ResultFileError
from overlap.results.overlaps import Overlap, SourceInfo, TrainInfo
from overlap.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["load_result", "save_result"]

FORMAT = "overlap-result"
FORMAT_VERSION = 1
SUMMARY_NAME = "result.json"
EXAMPLES_NAME = "examples.parquet"


def save_result(
    path: str | os.PathLike[str], overlaps: Sequence[Overlap], summary: dict[str, Any], *, force: bool = False
) -> None:
    """Store overlaps in a folder; ``summary`` is what ``metrics.summary`` made of them.

    The folder appears complete or not at all. An existing result is replaced only with ``force``; anything else that
    is in the way raises OutputError.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = Path(path)
    if folder.exists() and not (force and (folder / SUMMARY_NAME).is_file()):
        what = "a result" if (folder / SUMMARY_NAME).is_file() else "something else"
        raise OutputError(
            f"{what} is here already: choose another place{', or --force' * (what == 'a result')}", folder
        )
    temporary = folder.with_name(folder.name + ".partial")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        pq.write_table(pa.concat_tables([overlap.to_arrow() for overlap in overlaps]), temporary / EXAMPLES_NAME)
        digest = hashlib.sha256((temporary / EXAMPLES_NAME).read_bytes()).hexdigest()
        body = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "tool": f"overlap {__version__}",
            "examples_sha256": digest,
            **summary,
            "overlaps": [_head(overlap) for overlap in overlaps],
        }
        (temporary / SUMMARY_NAME).write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        temporary.replace(folder)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", folder) from error


def _head(overlap: Overlap) -> dict[str, Any]:
    return {
        "train": asdict(overlap.train),
        "test": overlap.test,
        "n": overlap.n,
        "document": overlap.document,
        "engine": overlap.engine,
        "test_sources": [asdict(source) for source in overlap.test_sources],
        "test_distinct": overlap.test_distinct,
        "distinct_hits": overlap.distinct_hits,
        "examples": len(overlap),
    }


def load_result(path: str | os.PathLike[str]) -> tuple[Overlap, ...]:
    """Read a stored result. Raises ResultFileError where it is missing, damaged, or something else."""
    import pyarrow as pa

    folder = Path(path)
    try:
        body = json.loads((folder / SUMMARY_NAME).read_text(encoding="utf-8"))
        raw = (folder / EXAMPLES_NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise ResultFileError("no result is here (result.json and examples.parquet)", folder) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ResultFileError(f"cannot be read: {' '.join(str(error).split())}", folder) from error
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise ResultFileError("result.json is no overlap result", folder)
    if body.get("format_version") != FORMAT_VERSION:
        raise ResultFileError(
            f"result format {body.get('format_version')}; this overlap reads {FORMAT_VERSION}: update overlap", folder
        )
    if hashlib.sha256(raw).hexdigest() != body.get("examples_sha256"):
        raise ResultFileError("examples.parquet was altered or truncated: measure again", folder)
    try:
        return _overlaps(body["overlaps"], raw)
    except (KeyError, TypeError, ValueError, IndexError, pa.ArrowException) as error:
        raise ResultFileError(f"damaged ({type(error).__name__}: {error}): measure again", folder) from error


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


def _overlap(head: dict[str, Any], table: pa.Table) -> Overlap:
    infos = tuple(SourceInfo(**{**row, "fields": tuple(row["fields"])}) for row in head["test_sources"])
    numbers = {info.path: number for number, info in enumerate(infos)}
    runs = table["runs"].combine_chunks()
    flat = runs.flatten()
    return Overlap(
        train=TrainInfo(**{**head["train"], "members": tuple(head["train"]["members"])}),
        test=head["test"],
        n=head["n"],
        document=head["document"],
        engine=head["engine"],
        test_sources=infos,
        test_distinct=head["test_distinct"],
        distinct_hits=head["distinct_hits"],
        sources=np.array([numbers[path] for path in table["source"].to_pylist()], np.int32),
        rows=table["row"].to_numpy(),
        units=table["units"].to_numpy(),
        ngrams=table["ngrams"].to_numpy(),
        run_counts=np.diff(runs.offsets.to_numpy()).astype(np.int64),
        run_starts=flat.field("start").to_numpy(),
        run_lengths=flat.field("length").to_numpy(),
    )
