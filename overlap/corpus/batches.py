"""Documents: a batch of texts in the one form that the kernels read, UTF-8 bytes with offsets.

It is Arrow's form of a string column: one buffer, and where each text begins. Nothing becomes a Python string
on the way from a file to a hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from overlap.kernels import SLACK

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Documents", "from_arrow", "from_buffer", "from_texts"]


@dataclass(frozen=True)
class Documents:
    """Texts ``data[offsets[i] : offsets[i + 1]]``.

    ``data``: uint8, with slack for the kernels behind the last text; ``offsets``: int64, one more than there are
    documents; ``first_row``: the number, from 0, of the first document in its shard; ``continued``: the first
    document is the next piece of the previous batch's last one, cut at white space; ``rows``: the documents'
    numbers where they do not simply count up (blank lines between them); ``ids``: what the id field says;
    ``position``: where in its file, in bytes, the batch begins, if it is a piece of a document;
    ``lines``: rows that it covers, where that is more than its documents; ``skipped``: the kind of each bad record
    that was passed over. Of test sets with parts, ``part_edges``: the first and last + 1 byte of each part in its
    document, shape (documents, parts, 2); ``groups``: what the group field says.
    """

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    first_row: int
    continued: bool = False
    rows: NDArray[np.int64] | None = None
    ids: Sequence[str] | None = None
    position: int = 0
    lines: int | None = None
    skipped: tuple[str, ...] = ()
    part_edges: NDArray[np.int64] | None = None
    groups: Sequence[str] | None = None

    def __len__(self) -> int:
        return self.offsets.size - 1

    @property
    def text_bytes(self) -> int:
        return int(self.offsets[-1] - self.offsets[0])

    @property
    def row_count(self) -> int:
        """Rows of the shard that the batch covers: its documents, and blank lines between them."""
        return len(self) if self.lines is None else self.lines

    def row(self, index: int) -> int:
        """The number of document ``index`` in its shard, from 0."""
        return self.first_row + index if self.rows is None else int(self.rows[index])

    def row_numbers(self) -> NDArray[np.int64]:
        """The numbers of all documents in their shard, from 0."""
        return np.arange(self.first_row, self.first_row + len(self)) if self.rows is None else self.rows

    def text(self, index: int) -> str:
        """Document ``index`` as a string; what is not valid UTF-8 in it becomes U+FFFD."""
        return bytes(self.data[self.offsets[index] : self.offsets[index + 1]]).decode("utf-8", "replace")


def from_buffer(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], first_row: int, continued: bool = False
) -> Documents:
    """A batch over a buffer, copied only where the kernels' slack is missing behind the last text."""
    if data.size < offsets[-1] + SLACK:
        padded = np.zeros(int(offsets[-1] - offsets[0]) + SLACK, np.uint8)
        padded[: padded.size - SLACK] = data[offsets[0] : offsets[-1]]
        data, offsets = padded, offsets - offsets[0]
    data = data.view()
    data.flags.writeable = False  # one array type for the kernels, and a promise to whoever owns the bytes
    return Documents(data, offsets, first_row, continued)


def from_arrow(array: pa.Array, first_row: int, ids: Sequence[str] | None = None) -> Documents:
    """A batch over an Arrow string or large_string array without nulls."""
    import pyarrow as pa

    width = np.int64 if pa.types.is_large_string(array.type) else np.int32
    if len(array) == 0:
        return from_buffer(np.zeros(SLACK, np.uint8), np.zeros(1, np.int64), first_row)
    _, offset_buffer, value_buffer = array.buffers()
    offsets = np.frombuffer(offset_buffer, width)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    values = np.zeros(0, np.uint8) if value_buffer is None else np.frombuffer(value_buffer, np.uint8)
    documents = from_buffer(values, offsets, first_row)
    return documents if ids is None else replace(documents, ids=ids)


def from_texts(texts: Sequence[bytes], rows: Sequence[int], ids: Sequence[str] | None = None) -> Documents:
    """A batch over separate byte strings with their row numbers."""
    data = np.zeros(sum(map(len, texts)) + SLACK, np.uint8)
    joined = b"".join(texts)
    data[: len(joined)] = np.frombuffer(joined, np.uint8)
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    documents = from_buffer(data, offsets, rows[0] if rows else 0)
    return replace(documents, rows=np.array(rows, np.int64), ids=ids)
