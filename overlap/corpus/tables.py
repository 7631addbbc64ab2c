"""CSV, TSV, Parquet and Arrow files, through pyarrow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.corpus.batches import Documents, from_buffer
from overlap.corpus.columns import require_fields, table_rows
from overlap.corpus.objects import rows_between
from overlap.corpus.sources import InputFile
from overlap.corpus.storage import PIECE, arrow_source, local_path
from overlap.corpus.streams import open_bytes
from overlap.errors import CorpusError
from overlap.kernels.simd import SLACK

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from overlap.corpus.readers import Shard

__all__ = ["read_table", "row_groups", "rows_before"]

_END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"
_OLD_END_OF_STREAM = b"\0\0\0\0"  # before Arrow 0.15
_ROWS = 1024  # of a Parquet file decoded at once
_CSV_BLOCK = 8 << 20
_LARGEST_CSV_BLOCK = 1 << 30


def read_table(shard: Shard, block: int) -> Iterator[Documents]:
    """Documents of a table file. Raises CorpusError where it is damaged, MissingField, BadRecord."""
    file = shard.file
    row = 0
    with _arrow_errors(file):
        for batch in _record_batches(shard):
            rows = table_rows(batch, file, row)
            yield from rows.batches(row, block)
            row += len(rows)
    if row == 0:
        yield from_buffer(np.zeros(SLACK, np.uint8), np.zeros(1, np.int64), 0)


@contextmanager
def _arrow_errors(file: InputFile) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, KeyError, IndexError, MemoryError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        hint = (
            " (another format? name it with --input-format)" if "magic bytes" in reason or "neither" in reason else ""
        )
        raise CorpusError(f"this {file.format} file cannot be read: {reason[:300]}{hint}", file.label) from error


def _record_batches(shard: Shard) -> Iterator[pa.RecordBatch | pa.Table]:
    file = shard.file
    if file.data is not None:
        return rows_between(file, shard.start, shard.stop)
    if file.format in ("csv", "tsv"):
        return _csv(file)
    if file.format == "parquet":
        return _parquet(shard)
    return _arrow(file)


def _csv(file: InputFile) -> Iterator[pa.RecordBatch]:
    """Every column is read as text. A row longer than the block makes the reader begin again with a larger one."""
    import pyarrow as pa
    import pyarrow.csv

    done, block = 0, _CSV_BLOCK
    while True:
        try:
            with open_bytes(file) as stream:
                if not stream.read(1):
                    return
            with open_bytes(file) as stream:
                require_fields(
                    pa.schema([(name, pa.string()) for name in _csv_header(stream, _delimiter(file), block)]), file
                )
            with open_bytes(file) as stream:
                skip = done
                for batch in _open_csv(stream, file, block):
                    if skip >= batch.num_rows:
                        skip -= batch.num_rows
                        continue
                    yield batch.slice(skip)
                    done += batch.num_rows - skip
                    skip = 0
            return
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error) or block >= _LARGEST_CSV_BLOCK:
                raise
            block *= 8


def _open_csv(stream: Any, file: InputFile, block: int) -> Any:
    import pyarrow as pa
    import pyarrow.csv as csv

    delimiter = _delimiter(file)
    with open_bytes(file) as header_stream:
        names = _csv_header(header_stream, delimiter, block)
    return csv.open_csv(
        stream,
        csv.ReadOptions(use_threads=False, block_size=block),
        csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        csv.ConvertOptions(
            check_utf8=False, strings_can_be_null=False, column_types=dict.fromkeys(names, pa.large_string())
        ),
    )


def _delimiter(file: InputFile) -> str:
    return "\t" if file.format == "tsv" else ","


def _csv_header(stream: Any, delimiter: str, block: int) -> list[str]:
    import pyarrow.csv as csv

    options = csv.ReadOptions(use_threads=False, block_size=block)
    with csv.open_csv(stream, options, csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)) as reader:
        return list(reader.schema.names)


def _parquet(shard: Shard) -> Iterator[pa.RecordBatch]:
    file = shard.file
    with _parquet_file(file) as table:
        require_fields(table.schema_arrow, file)
        names = table.schema_arrow.names
        columns = sorted({field if field in names else field.split(".")[0] for field in file.wanted} & set(names))
        groups = list(range(shard.start, shard.stop)) if not file.compression else None
        yield from table.iter_batches(_ROWS, row_groups=groups, columns=columns, use_threads=False)


@contextmanager
def _parquet_file(file: InputFile) -> Iterator[pq.ParquetFile]:
    import pyarrow.parquet as pq

    buffer = 0 if local_path(file) else PIECE  # a remote column comes in pieces, not as a whole
    with _stored(file) as source, pq.ParquetFile(source, buffer_size=buffer) as table:
        yield table


def _stored(file: InputFile) -> Any:
    """The file for pyarrow; what is compressed as a whole has no places to enter, and is read into memory."""
    import pyarrow as pa

    if not file.compression:
        return arrow_source(file)
    with open_bytes(file) as stream:
        return pa.BufferReader(stream.read())


def _arrow(file: InputFile) -> Iterator[pa.RecordBatch]:
    """An Arrow IPC file, or the stream form that Hugging Face's datasets library keeps in its cache."""
    import pyarrow as pa

    with _stored(file) as source:
        try:
            reader = pa.ipc.open_file(source)
        except pa.ArrowInvalid:
            yield from _arrow_stream(source, file)
            return
        require_fields(reader.schema, file)
        for index in range(reader.num_record_batches):
            yield _sound(reader.get_batch(index))


def _arrow_stream(source: Any, file: InputFile) -> Iterator[pa.RecordBatch]:
    """The batches of a stream, which must have its end mark: cut between two batches, it reads like a shorter one."""
    import pyarrow as pa

    source.seek(0)
    mark = _END_OF_STREAM if source.read(4) == _END_OF_STREAM[:4] else _OLD_END_OF_STREAM
    source.seek(max(0, source.size() - len(mark)))
    if source.read() != mark:
        raise pa.ArrowInvalid("neither an Arrow file nor a whole Arrow stream")
    source.seek(0)
    reader = pa.ipc.open_stream(source)
    require_fields(reader.schema, file)
    yield from map(_sound, reader)


def _sound(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch, if its offsets lie inside its buffers: Arrow takes them from the file as they are."""
    batch.validate(full=True)
    return batch


def row_groups(file: InputFile) -> int:
    """How many row groups a Parquet file has. Raises CorpusError where it is none."""
    with _arrow_errors(file), _parquet_file(file) as table:
        return int(table.num_row_groups)


def rows_before(shard: Shard) -> int:
    """The rows of a Parquet file that lie before the shard."""
    with _arrow_errors(shard.file), _parquet_file(shard.file) as table:
        return sum(table.metadata.row_group(i).num_rows for i in range(shard.start))
