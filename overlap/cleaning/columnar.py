"""Rewriting Parquet and Arrow files: rows left out or replaced, schema and compression kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.corpus import InputFile
from overlap.corpus.objects import all_columns
from overlap.corpus.storage import arrow_source
from overlap.errors import CorpusError
from overlap.executors.stopping import raise_if_stopped

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["rewrite_table"]


def rewrite_table(file: InputFile, target: Path, change: Callable[[int, str | None], list[str] | None]) -> int:
    """As ``rewriting.rewrite``, for tables. Raises CorpusError, Stopped."""
    if file.compression:
        raise CorpusError("a compressed Parquet or Arrow file cannot be rewritten: decompress it first", file.label)
    if file.data is not None:
        return _data_set(file, target, change)
    with arrow_source(file) as source:
        return (_parquet if file.format == "parquet" else _arrow)(source, file, target, change)


def _parquet(source: Any, file: InputFile, target: Path, change: Any) -> int:
    import pyarrow.parquet as pq

    with pq.ParquetFile(source, pre_buffer=False) as table:
        groups = table.metadata.num_row_groups
        codec = table.metadata.row_group(0).column(0).compression if groups and table.metadata.num_columns else "SNAPPY"
        codec = "NONE" if codec == "UNCOMPRESSED" else codec
        largest = max((table.metadata.row_group(i).num_rows for i in range(groups)), default=0)
        row = written = 0
        with pq.ParquetWriter(target, table.schema_arrow, compression=codec) as writer:
            rows = _RowGroups(writer, table.schema_arrow, largest)
            for batch in table.iter_batches(4096, use_threads=False):
                for part in _changed(batch, file, row, change):
                    rows.add(part)
                    written += part.num_rows
                row += batch.num_rows
            rows.flush()
    return written


class _RowGroups:
    """Collects rows into row groups as large as the source's largest: a file of kept slices would be all overhead."""

    def __init__(self, writer: Any, schema: Any, size: int):
        self._writer, self._schema, self._size = writer, schema, max(1, size)
        self._parts: list[pa.RecordBatch] = []
        self._rows = 0

    def add(self, part: pa.RecordBatch) -> None:
        at = 0
        while at < part.num_rows:
            taken = min(part.num_rows - at, self._size - self._rows)
            self._parts.append(part.slice(at, taken))
            self._rows += taken
            at += taken
            if self._rows == self._size:
                self.flush()

    def flush(self) -> None:
        import pyarrow as pa

        if self._parts:
            self._writer.write_table(pa.Table.from_batches(self._parts, self._schema), self._size)
        self._parts, self._rows = [], 0


def _arrow(source: Any, file: InputFile, target: Path, change: Any) -> int:
    import pyarrow as pa

    try:
        reader = pa.ipc.open_file(source)
        batches: Iterator[pa.RecordBatch] = (reader.get_batch(i) for i in range(reader.num_record_batches))
        new = pa.ipc.new_file
    except pa.ArrowInvalid:
        source.seek(0)
        reader = pa.ipc.open_stream(source)
        batches, new = iter(reader), pa.ipc.new_stream
    row = written = 0
    with new(str(target), reader.schema) as writer:
        for batch in batches:
            for part in _changed(batch, file, row, change):
                writer.write_batch(part)
                written += part.num_rows
            row += batch.num_rows
    return written


def _data_set(file: InputFile, target: Path, change: Any) -> int:
    """A data set of the ``datasets`` library as an Arrow stream, which ``Dataset.from_file`` opens."""
    import pyarrow as pa

    row = written = 0
    batches = all_columns(file)
    first = next(batches)
    with pa.ipc.new_stream(str(target), first.schema) as writer:
        for batch in chain([first], batches):
            for part in _changed(batch, file, row, change):
                writer.write_batch(part)
                written += part.num_rows
            row += batch.num_rows
    return written


def _changed(batch: pa.RecordBatch, file: InputFile, row: int, change: Any) -> Iterator[pa.RecordBatch]:
    """The batch with its changes: kept rows in slices, replaced rows one by one, in order."""
    raise_if_stopped()
    actions = [change(row + i, None) for i in range(batch.num_rows)]
    kept = np.array([action is None for action in actions], np.bool_)
    if not any(actions):  # nothing is replaced: only rows left out
        import pyarrow as pa

        yield batch.filter(pa.array(kept)) if not kept.all() else batch
        return
    first = 0
    for i, action in enumerate(actions):
        if action is None:
            continue
        if i > first:
            yield batch.slice(first, i - first)
        for piece in action:
            yield _replaced(batch.slice(i, 1), file, piece)
        first = i + 1
    if first < batch.num_rows:
        yield batch.slice(first)


def _replaced(row: pa.RecordBatch, file: InputFile, piece: str) -> pa.RecordBatch:
    import pyarrow as pa

    names = row.schema.names
    if file.fields[0] not in names:
        raise CorpusError(
            f"a text inside {file.fields[0]!r} cannot be cut in a table; drop documents instead", file.label
        )
    column = names.index(file.fields[0])
    kind = row.schema.field(column).type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise CorpusError(f"field {file.fields[0]!r} of type {kind} cannot be cut; drop documents instead", file.label)
    return row.set_column(column, row.schema.field(column), pa.array([piece], kind))
