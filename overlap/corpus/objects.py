"""Data sets of the ``datasets`` library as inputs: their rows as Arrow batches, and what tells one from another.

A ``Dataset`` is cut into ranges of rows; an ``IterableDataset`` is read as a stream, in one piece. Rows go from Arrow
to the kernels as they are: no row and no text becomes a Python object. Formats and transforms that were set on an
object do not matter, its columns are read as they are stored.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from overlap.errors import CorpusError, OverlapError

if TYPE_CHECKING:
    import pyarrow as pa

    from overlap.corpus.sources import InputFile

__all__ = [
    "DataSet",
    "NamedSplit",
    "all_columns",
    "is_data_set",
    "label_of",
    "named_splits",
    "row_count",
    "rows_between",
    "size_of",
    "splits_of",
    "text_digest",
]

DIGEST_ROWS = 1 << 18  # in one block of a digest
_ROWS = 1000  # in one batch
_KINDS = {"Dataset", "DatasetDict", "IterableDataset", "IterableDatasetDict"}
UNKNOWN_SIZE = 1 << 36  # what a stream of unknown size is taken for where work is planned


class DataSet(Protocol):
    """A ``Dataset``, ``DatasetDict``, ``IterableDataset`` or ``IterableDatasetDict`` of the ``datasets`` library."""

    def with_format(self, type: str | None = None) -> Any:
        """The same rows in another form."""


def is_data_set(value: Any) -> bool:
    """Is this an object of the ``datasets`` library? Told without importing it."""
    return any(kind.__name__ in _KINDS and kind.__module__.startswith("datasets.") for kind in type(value).__mro__)


def splits_of(data: Any) -> dict[str, Any]:
    """The data sets of a dictionary of splits; of a single one, itself under the name of its split."""
    return dict(data) if isinstance(data, Mapping) else {str(data.split or ""): data}


def label_of(data: Any, split: str) -> str:
    """What reports call a data set: ``dataset:NAME:CONFIG:SPLIT``, as far as it knows them."""
    info = data.info
    parts = [info.dataset_name or info.builder_name, info.config_name, split]
    return "dataset:" + (":".join(str(part) for part in parts if part) or "unnamed")


def row_count(data: Any) -> int | None:
    """How many rows there are; None for a stream."""
    return len(data) if hasattr(data, "__len__") else None


def size_of(data: Any) -> int:
    """About how many bytes the rows take; 0 for a stream that does not say."""
    rows = row_count(data)
    if rows is None:
        splits = data.info.splits or {}
        split = splits.get(str(data.split)) if data.split is not None else None
        return int(split.num_bytes or 0) if split is not None else 0
    table = data.data
    return int(table.nbytes * rows // table.num_rows) if table.num_rows else 0


@dataclass(frozen=True)
class NamedSplit:
    """One split: ``label`` says which, ``version`` changes with its content, ``origin`` goes into the provenance."""

    label: str
    data: Any
    version: str
    origin: str


def named_splits(data: Any) -> list[NamedSplit]:
    """The splits of an object, known by their fingerprints. A stream has none, and is never taken for another one."""
    found = []
    for split, item in splits_of(data).items():
        known = f"fingerprint:{item._fingerprint}" if row_count(item) is not None else ""
        found.append(NamedSplit(label_of(item, split), item, known or f"stream:{uuid.uuid4().hex}", known))
    return found


def rows_between(file: InputFile, start: int, stop: int) -> Iterator[pa.Table]:
    """The rows from ``start`` to ``stop`` as Arrow tables of a thousand; all rows of a stream.

    Only the asked columns are read. Raises MissingField, CorpusError.
    """
    from overlap.corpus.nesting import require_fields

    data = file.data
    if data.features is not None:
        require_fields(data.features.arrow_schema, file)
        names = list(data.features)
        data = data.select_columns(sorted({field if field in names else field.split(".")[0] for field in file.wanted}))
    data = data.with_format("arrow")
    if row_count(data) is None:
        yield from _streamed(data, file)
        return
    for at in range(start, stop, _ROWS):
        yield data[at : min(at + _ROWS, stop)]


def all_columns(file: InputFile) -> Iterator[pa.RecordBatch]:
    """All rows of a data set with all their columns; at least one batch, if an empty one. Raises CorpusError."""
    import pyarrow as pa

    data = file.data.with_format("arrow")
    rows = row_count(data)
    tables = _streamed(data, file) if rows is None else (data[at : at + _ROWS] for at in range(0, rows, _ROWS))
    empty = True
    for table in tables:
        empty = False
        yield from table.to_batches()
    if empty:
        schema = pa.schema([]) if data.features is None else data.features.arrow_schema
        yield pa.RecordBatch.from_pylist([], schema)


def _streamed(data: Any, file: InputFile) -> Iterator[pa.Table]:
    batches = iter(data.iter(batch_size=_ROWS))
    while True:
        try:
            batch = next(batches)
        except StopIteration:
            return
        except OverlapError:
            raise
        except Exception as error:  # whatever generates or fetches the rows
            from overlap.corpus.addresses import without_secrets

            reason = " ".join(without_secrets(str(error)).split())[:300] or type(error).__name__
            raise CorpusError(f"this data set cannot be read to its end: {reason}", file.label) from error
        yield batch


def text_digest(file: InputFile, index: int) -> str:
    """SHA-256 of the texts of block ``index`` of a data set's rows, hexadecimal: of all bytes, then of all lengths."""
    import numpy as np

    from overlap.corpus.readers import Shard, read_shard

    rows = row_count(file.data)
    start = index * DIGEST_ROWS
    shard = Shard(file, start, min(start + DIGEST_ROWS, rows)) if rows is not None else Shard(file, 0, file.size)
    texts, lengths = hashlib.sha256(), hashlib.sha256()
    for batch in read_shard(shard):
        texts.update(batch.data[batch.offsets[0] : batch.offsets[-1]].data)
        lengths.update(np.diff(batch.offsets).astype("<i8").tobytes())
    return hashlib.sha256(texts.digest() + lengths.digest()).hexdigest()
