"""What happens to bad records where they may be skipped: they are counted, by kind, and the rest is read on.

That is where a file was resolved with ``on_bad_record="skip"``; else the error stands. What is skipped depends on the
file's bytes alone, never on the sizes of blocks or shards: any number of workers, the same index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from overlap.corpus.batches import Documents, from_texts
from overlap.corpus.sources import InputFile
from overlap.errors import BadRecord, CorpusError, MissingField

if TYPE_CHECKING:
    import pyarrow as pa

    from overlap.corpus.streams import Block

__all__ = [
    "LOST_REST",
    "bad_rows",
    "counted",
    "kind_of",
    "nothing_but",
    "odd_block",
    "refuse_all_bad",
    "sound_text",
    "without_invalid_utf8",
]

LOST_REST = "rest of a damaged file"


def kind_of(error: CorpusError) -> str:
    """What a skipped record is counted under."""
    return error.kind if isinstance(error, BadRecord) else "missing field"


@contextmanager
def counted(file: InputFile, skipped: list[str]) -> Iterator[None]:
    """Count what is wrong with one record, where the file's bad records may be skipped."""
    try:
        yield
    except (BadRecord, MissingField) as error:
        if not file.skip:
            raise
        skipped.append(kind_of(error))


def nothing_but(skipped: list[str], row: int = 0) -> Documents:
    """A batch without documents that says what was skipped."""
    return replace(from_texts([], []), first_row=row, lines=0, skipped=tuple(skipped))


def refuse_all_bad(file: InputFile, documents: int, skipped: Mapping[str, int]) -> None:
    """Raise CorpusError for a file of which nothing is left: that is a wrong format or field, and no few bad records.

    A plain text that is one document is left out like a record.
    """
    if skipped and not documents and file.document != "file":
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in skipped.items())
        raise CorpusError(f"no sound record in this file ({kinds}): a wrong field, or a wrong format?", file.label)


def odd_block(piece: Block, file: InputFile, row: int) -> Documents | None:
    """What stands for a line that is too large, or for the lost end of a damaged file. Raises BadRecord."""
    from overlap.corpus.streams import too_large

    skipped: list[str] = []
    if piece.too_large:
        with counted(file, skipped):
            raise too_large(file, None if file.document == "file" else row)
        return replace(nothing_but(skipped, row), lines=1)
    return nothing_but([LOST_REST], row) if piece.lost else None


def without_invalid_utf8(documents: Documents) -> Documents:
    """The documents that are valid UTF-8; the others are counted as skipped."""
    from overlap.kernels.lines import is_utf8

    data, offsets = documents.data, documents.offsets
    first, last = int(offsets[0]), int(offsets[-1])
    starts = offsets[:-1][offsets[:-1] < offsets[1:]]
    if is_utf8(data[first:], last - first) and not ((data[starts] & 0xC0) == 0x80).any():
        return documents
    sizes = np.diff(offsets).tolist()
    chosen = [i for i, size in enumerate(sizes) if is_utf8(data[int(offsets[i]) :], size)]
    return replace(
        selected(documents, chosen), skipped=documents.skipped + ("invalid UTF-8",) * (len(documents) - len(chosen))
    )


def selected(documents: Documents, chosen: list[int]) -> Documents:
    """Some documents of a batch, with their rows and ids; the batch still covers all its rows."""
    offsets, rows = documents.offsets, documents.row_numbers()
    texts = [bytes(documents.data[offsets[i] : offsets[i + 1]]) for i in chosen]
    ids = None if documents.ids is None else [documents.ids[i] for i in chosen]
    groups = None if documents.groups is None else [documents.groups[i] for i in chosen]
    edges = None if documents.part_edges is None else documents.part_edges[chosen]
    found = from_texts(texts, [int(rows[i]) for i in chosen], ids)
    return replace(found, first_row=documents.first_row, lines=documents.row_count, groups=groups, part_edges=edges)


def bad_rows(batch: pa.RecordBatch, judge: Callable[[pa.RecordBatch], object], first: int = 0) -> dict[int, str]:
    """Numbers and kinds of the rows of a table that ``judge`` refuses, found by halving.

    An error that is the whole column's (a type that is no text) is raised.
    """
    try:
        judge(batch)
        return {}
    except BadRecord as error:
        if error.row is None and error.kind != "invalid UTF-8":
            raise
        if batch.num_rows == 1:
            return {first: error.kind}
    half = batch.num_rows // 2
    return {**bad_rows(batch.slice(0, half), judge, first), **bad_rows(batch.slice(half), judge, first + half)}


@lru_cache(maxsize=4096)
def sound_text(file: InputFile, state: tuple[int, int | str]) -> str | None:
    """What is wrong with a plain text that is one document (None for nothing): it is skipped whole, or not at all."""
    from overlap.corpus.streams import blocks, open_bytes
    from overlap.kernels.lines import is_utf8

    with open_bytes(file) as stream:
        for piece in blocks(stream, 1 << 20, None, True):
            if piece.lost:
                return LOST_REST
            if piece.too_large:
                return "too large"
            if not is_utf8(piece.data, piece.end):
                return "invalid UTF-8"
    return None
