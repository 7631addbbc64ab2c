"""Results: what a measurement found, as frozen values, and how it is stored.

An ``Overlap`` is one training set (or union) against one test set. A stored result is a folder with
``result.json`` (summaries, provenance, signature) and ``examples.parquet`` (a row per training set and example),
which pandas, DuckDB and ``datasets`` read without us. Reports and metrics read only this.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.errors import OutputError, ResultFileError
from overlap.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["ExampleOverlap", "Overlap", "SourceInfo", "TrainInfo", "load_result", "save_result"]

FORMAT = "overlap-result"
FORMAT_VERSION = 1
SUMMARY_NAME = "result.json"
EXAMPLES_NAME = "examples.parquet"


@dataclass(frozen=True)
class SourceInfo:
    """One test file: path as given, how it was read, size in bytes, digest."""

    path: str
    format: str
    fields: tuple[str, ...]
    document: str
    bytes: int
    digest: str


@dataclass(frozen=True)
class TrainInfo:
    """The training side of an overlap.

    ``distinct`` is None for a union of several indexes (it cannot be read off their filters). ``bound`` is the
    false-positive rate that the index guarantees (of a union: the sum). ``own`` marks a data set's own training split.
    """

    name: str
    signature: str
    documents: int
    ngrams: int
    distinct: int | None
    bound: float
    own: bool = False
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExampleOverlap:
    """One example: its place, its counts, and its runs of hits as (first n-gram, length in n-grams)."""

    source: str
    row: int
    units: int
    ngrams: int
    hits: int
    runs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Overlap:
    """One training set against one test set.

    Arrays have one entry per example, in the order of the files: ``sources`` (index into ``test_sources``), ``rows``
    (from 0, in its file), ``units``, ``ngrams``, ``run_counts``. ``run_starts`` and ``run_lengths`` hold the runs of
    all examples one after the other, in n-grams. ``test_distinct`` and ``distinct_hits`` count distinct n-grams.
    """

    train: TrainInfo
    test: str
    n: int
    document: str
    engine: str
    test_sources: tuple[SourceInfo, ...]
    test_distinct: int
    distinct_hits: int
    sources: NDArray[np.int32] = field(repr=False)
    rows: NDArray[np.int64] = field(repr=False)
    units: NDArray[np.int64] = field(repr=False)
    ngrams: NDArray[np.int64] = field(repr=False)
    run_counts: NDArray[np.int64] = field(repr=False)
    run_starts: NDArray[np.int64] = field(repr=False)
    run_lengths: NDArray[np.int64] = field(repr=False)

    def __len__(self) -> int:
        return self.units.size

    @cached_property
    def run_ends(self) -> NDArray[np.int64]:
        """For each example, where its runs end in ``run_starts`` and ``run_lengths``."""
        return np.cumsum(self.run_counts)

    @cached_property
    def hits(self) -> NDArray[np.int64]:
        """Hit n-grams of each example, by occurrence."""
        total = np.concatenate([[0], np.cumsum(self.run_lengths)])
        return total[self.run_ends] - total[self.run_ends - self.run_counts]  # type: ignore[no-any-return]

    def example(self, index: int) -> ExampleOverlap:
        """The overlap of one example."""
        runs = slice(int(self.run_ends[index] - self.run_counts[index]), int(self.run_ends[index]))
        return ExampleOverlap(
            source=self.test_sources[int(self.sources[index])].path,
            row=int(self.rows[index]),
            units=int(self.units[index]),
            ngrams=int(self.ngrams[index]),
            hits=int(self.hits[index]),
            runs=tuple(zip(self.run_starts[runs].tolist(), self.run_lengths[runs].tolist(), strict=True)),
        )

    def to_arrow(self) -> pa.Table:
        """A row per example: train, test, source, row, units, ngrams, hits, runs (list of {start, length})."""
        import pyarrow as pa

        names = pa.array([source.path for source in self.test_sources], pa.string())
        runs = pa.StructArray.from_arrays(
            [pa.array(self.run_starts, pa.int64()), pa.array(self.run_lengths, pa.int64())], ["start", "length"]
        )
        offsets = pa.array(np.concatenate([[0], self.run_ends]), pa.int32())
        return pa.table(
            {
                "train": pa.array([self.train.name] * len(self), pa.string()),
                "own_train": pa.array([self.train.own] * len(self), pa.bool_()),
                "test": pa.array([self.test] * len(self), pa.string()),
                "source": names.take(pa.array(self.sources)) if len(self) else pa.array([], pa.string()),
                "row": pa.array(self.rows, pa.int64()),
                "units": pa.array(self.units, pa.int64()),
                "ngrams": pa.array(self.ngrams, pa.int64()),
                "hits": pa.array(self.hits, pa.int64()),
                "runs": pa.ListArray.from_arrays(offsets, runs),
            }
        )


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
