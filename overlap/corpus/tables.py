"""CSV, TSV, Parquet and Arrow files, through pyarrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.corpus.batches import Documents, from_buffer
from overlap.corpus.columns import table_rows
from overlap.corpus.nesting import require_fields
from overlap.corpus.objects import rows_between
from overlap.corpus.sources import InputFile
from overlap.corpus.storage import PIECE, arrow_source, local_path
from overlap.corpus.streams import open_bytes, too_large
from overlap.corpus.unpacked import unpacked
from overlap.errors import CorpusError
from overlap.kernels import SLACK

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from overlap.corpus.readers import Shard

__all__ = ["DAMAGE", "read_table", "record_batches", "row_groups", "rows_before"]

DAMAGE = (OSError, EOFError, KeyError, IndexError, UnicodeDecodeError)  # what pyarrow and zlib raise, beside its own
_END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"
_OLD_END_OF_STREAM = b"\0\0\0\0"  # before Arrow 0.15
_AROUND_THE_FOOTER = 12  # bytes of a Parquet file without any row group: magic, footer's length, magic
_ROWS = 1024  # of a Parquet file decoded at once
_CSV_BLOCK = 8 << 20
_LARGEST_CSV_BLOCK = 1 << 30


def read_table(shard: Shard, block: int) -> Iterator[Documents]:
    """Documents of a table file. Raises CorpusError where it is damaged, MissingField, BadRecord."""
    file = shard.file
    row = 0
    if file.skip:
        from overlap.corpus.salvage import sound_rows

        yield from sound_rows(shard, block)
        return
    with _arrow_errors(file):
        for batch in record_batches(shard):
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
    except (pa.ArrowException, *DAMAGE) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        hint = (
            " (another format? name it with --input-format)" if "magic bytes" in reason or "neither" in reason else ""
        )
        raise CorpusError(f"this {file.format} file cannot be read: {reason[:300]}{hint}", file.label) from error


def record_batches(shard: Shard, wrong_columns: set[int] | None = None) -> Iterator[pa.RecordBatch | pa.Table]:
    """The batches; ``wrong_columns`` takes up the rows of a CSV file that are left out for their number of columns."""
    file = shard.file
    if file.data is not None:
        return rows_between(file, shard.start, shard.stop)
    if file.format in ("csv", "tsv"):
        return _csv(file, wrong_columns)
    if file.format == "parquet":
        return _parquet(shard)
    return _arrow(file)


def _csv(file: InputFile, wrong_columns: set[int] | None) -> Iterator[pa.RecordBatch]:
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
            with open_bytes(file) as stream:  # pyarrow reads ahead by itself
                skip = done
                batches = _open_csv(stream, file, block, wrong_columns)
                for batch in _but_the_torn_row(batches, stream) if file.skip and file.compression else batches:
                    if skip >= batch.num_rows:
                        skip -= batch.num_rows
                        continue
                    yield batch.slice(skip)
                    done += batch.num_rows - skip
                    skip = 0
            return
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error):
                raise
            if block >= _LARGEST_CSV_BLOCK:
                raise too_large(file, None) from error
            block *= 8


def _but_the_torn_row(batches: Iterable[pa.RecordBatch], stream: Any) -> Iterator[pa.RecordBatch]:
    """The batches; where the stream turns out to be cut off, without the last row, and with an error in its place."""
    held = None
    for batch in batches:
        if held is not None:
            yield held
        held = batch
    if held is not None:
        yield held.slice(0, held.num_rows - stream.lost)
    if stream.lost:
        raise EOFError("the file ends too early")


def _open_csv(stream: Any, file: InputFile, block: int, wrong_columns: set[int] | None) -> Any:
    import pyarrow as pa
    import pyarrow.csv as csv

    def leave_out(row: Any) -> str:
        if wrong_columns is None:
            return "error"
        wrong_columns.add(row.number - 2)  # counted from 1, the header being the first
        return "skip"

    delimiter = _delimiter(file)
    with open_bytes(file) as header_stream:
        names = _csv_header(header_stream, delimiter, block)
    return csv.open_csv(
        stream,
        csv.ReadOptions(use_threads=False, block_size=block),
        csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=leave_out),
        csv.ConvertOptions(
            check_utf8=False, strings_can_be_null=False, column_types=dict.fromkeys(names, pa.large_string())
        ),
    )


def _delimiter(file: InputFile) -> str:
    return "\t" if file.format == "tsv" else ","


def _csv_header(stream: Any, delimiter: str, block: int) -> list[str]:
    import pyarrow.csv as csv

    options = csv.ReadOptions(use_threads=False, block_size=block)
    parsing = csv.ParseOptions(  # pyarrow parses the first block: a bad row in it is for the reading that counts rows
        delimiter=delimiter, newlines_in_values=True, invalid_row_handler=lambda row: "skip"
    )
    with csv.open_csv(stream, options, parsing) as reader:
        return list(reader.schema.names)


def _parquet(shard: Shard) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    file = shard.file
    with _parquet_file(file) as table:
        require_fields(table.schema_arrow, file)
        names = table.schema_arrow.names
        columns = sorted({field if field in names else field.split(".")[0] for field in file.wanted} & set(names))
        groups = list(range(shard.start, shard.stop)) if not file.compression else list(range(table.num_row_groups))
        left = sum(table.metadata.row_group(group).num_rows for group in groups)
        for batch in table.iter_batches(_ROWS, row_groups=groups, columns=columns, use_threads=False):
            left -= batch.num_rows
            yield batch
        if left:
            raise pa.ArrowInvalid(f"{abs(left):,} rows {'fewer' if left > 0 else 'more'} than its footer says")


@contextmanager
def _parquet_file(file: InputFile) -> Iterator[pq.ParquetFile]:
    import pyarrow.parquet as pq

    buffer = 0 if local_path(file) else PIECE  # a remote column comes in pieces, not as a whole
    # with pre_buffer all row groups would be read at once
    reading = {"buffer_size": buffer, "pre_buffer": False, "page_checksum_verification": True}
    with _stored(file) as source, pq.ParquetFile(source, **reading) as table:
        _refuse_hollow(table, file.size if not file.compression else None)
        yield table


def _refuse_hollow(table: pq.ParquetFile, size: int | None) -> None:
    """Raise ArrowInvalid for a footer that tells of fewer rows than there are: by one flipped bit a table is empty."""
    import pyarrow as pa

    metadata = table.metadata
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    if metadata.num_rows != sum(group.num_rows for group in groups):
        raise pa.ArrowInvalid("the footer's numbers of rows do not add up")
    hollow = [group for group in groups if not group.num_rows]
    values = any(group.column(i).num_values for group in hollow for i in range(group.num_columns))
    if values or (not groups and size is not None and size > metadata.serialized_size + _AROUND_THE_FOOTER):
        raise pa.ArrowInvalid("the footer says that it is empty, but there are data")


def _stored(file: InputFile) -> Any:
    """The file for pyarrow."""
    return unpacked(file) if file.compression else arrow_source(file)


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
            yield _sound(reader.get_batch(index), file)


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
    for batch in reader:
        yield _sound(batch, file)


def _sound(batch: pa.RecordBatch, file: InputFile) -> pa.RecordBatch:
    """The batch, if its offsets lie inside its buffers: Arrow takes them from the file as they are.

    Where bad records are skipped and only the encoding is wrong, its strings come as bytes, to be looked at one by one.
    """
    import pyarrow as pa

    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        if not file.skip:
            raise
        plain = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}
        columns = [column.view(plain.get(column.type, column.type)) for column in batch.columns]
        batch = pa.RecordBatch.from_arrays(columns, batch.schema.names)
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
