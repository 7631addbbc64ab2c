"""Tables with bad rows or damages, where those may be skipped: what is sound, with the numbers of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from overlap.corpus.batches import Documents
from overlap.corpus.columns import table_rows
from overlap.corpus.skipping import LOST_REST, bad_rows, nothing_but, without_invalid_utf8
from overlap.corpus.tables import DAMAGE, record_batches, rows_before
from overlap.errors import BadRecord

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from overlap.corpus.readers import Shard

__all__ = ["sound_rows"]


def sound_rows(shard: Shard, block: int) -> Iterator[Documents]:
    """As ``read_table``, but bad rows, and what a damage has taken, are counted instead of being errors."""
    file = shard.file
    skipped: list[str] = []
    for batch, rows in _batches_to_the_damage(shard, skipped):
        bad = bad_rows(batch, lambda part: table_rows(part, file, 0))
        skipped += bad.values()
        if bad:
            sound = np.setdiff1d(np.arange(batch.num_rows), list(bad))
            batch, rows = batch.take(sound), rows[sound]
        at = 0
        for documents in table_rows(batch, file, 0).batches(0, block) if batch.num_rows else ():
            end = at + len(documents)
            yield without_invalid_utf8(replace(documents, first_row=int(rows[at]), rows=rows[at:end]))
            at = end
    yield nothing_but(skipped)


def _batches_to_the_damage(shard: Shard, skipped: list[str]) -> Iterator[tuple[pa.RecordBatch, NDArray[np.int64]]]:
    """Batches with the numbers of their rows; a damage ends a Parquet file's row group, or any other file."""
    import pyarrow as pa

    file = shard.file
    in_groups = file.format == "parquet" and not file.compression
    groups = range(shard.start, shard.stop)
    parts = [replace(shard, start=group, stop=group + 1) for group in groups] if in_groups else [shard]
    for part in parts:
        row = rows_before(part) - rows_before(shard) if in_groups else 0
        columns: set[int] = set()  # rows of a CSV file with a wrong number of columns
        try:
            for batch in record_batches(part, columns):
                numbers = _numbers(row, batch.num_rows, columns)
                yield batch, numbers
                row = int(numbers[-1]) + 1 if numbers.size else row
        except (pa.ArrowException, *DAMAGE):
            skipped.append(LOST_REST)
        except BadRecord as error:
            skipped.append(error.kind)
        skipped += ["number of columns"] * len(columns)


def _numbers(first: int, count: int, without: set[int]) -> NDArray[np.int64]:
    """The next ``count`` numbers from ``first`` on that are not ``without``."""
    inside = sorted(number for number in without if number >= first)
    numbers = np.setdiff1d(np.arange(first, first + count + len(inside)), inside)
    return numbers[:count]
