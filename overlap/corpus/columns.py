"""Arrow columns -> texts: the rule of ``overlap.corpus.records`` for whole tables at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.corpus.batches import Documents, from_arrow
from overlap.corpus.layout import field_ranges, part_edges
from overlap.corpus.nesting import inside, is_list, pick
from overlap.corpus.records import no_label, value_text
from overlap.corpus.sources import InputFile
from overlap.errors import BadRecord

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Rows", "column_text", "table_rows", "table_text"]


@dataclass(frozen=True)
class Rows:
    """Rows of a table: texts (large_string, no nulls), what the id and group fields say, where the parts stand."""

    texts: pa.Array
    ids: list[str] | None
    groups: list[str] | None
    edges: NDArray[np.int64] | None

    def __len__(self) -> int:
        return len(self.texts)

    def documents(self, first_row: int, start: int = 0, stop: int | None = None) -> Documents:
        """A batch of the rows from ``start`` to ``stop``, without a copy; the first is number ``first_row``."""
        chosen = slice(start, len(self) if stop is None else stop)
        documents = from_arrow(
            self.texts.slice(chosen.start, chosen.stop - chosen.start),
            first_row,
            None if self.ids is None else self.ids[chosen],
        )
        if self.edges is None and self.groups is None:
            return documents
        edges = None if self.edges is None else self.edges[chosen]
        return replace(documents, groups=None if self.groups is None else self.groups[chosen], part_edges=edges)

    def batches(self, first_row: int, block: int) -> Iterator[Documents]:
        """Batches of about ``block`` bytes."""
        rows = max(1, len(self) * block // max(1, self.texts.nbytes))
        for start in range(0, len(self), rows):
            yield self.documents(first_row + start, start, min(start + rows, len(self)))


def table_rows(table: pa.Table | pa.RecordBatch, file: InputFile, first_row: int) -> Rows:
    """The texts, ids, groups and parts of a table. Raises MissingField, and BadRecord for rows without text."""
    columns = _columns(table, file)
    texts = _joined(columns, file, first_row)
    edges = None
    if file.parts:
        edges = part_edges(_lengths(columns), file.literals, field_ranges(file.parts, file.fields, file.template))
    return Rows(texts, _ids(table, file, first_row), _groups(table, file, first_row), edges)


def table_text(table: pa.Table | pa.RecordBatch, file: InputFile, first_row: int) -> pa.Array:
    """One string per row: the asked fields joined by newlines, or as the template says. Shape (rows,), no nulls.

    Raises MissingField, and BadRecord for rows without text.
    """
    return _joined(_columns(table, file), file, first_row)


def _columns(table: pa.Table | pa.RecordBatch, file: InputFile) -> list[pa.Array]:
    return [column_text(pick(table, field, file), file, field) for field in file.fields]


def _joined(texts: Sequence[pa.Array], file: InputFile, first_row: int) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    empty = texts[0].is_null()
    for text in texts[1:]:
        empty = pc.and_(empty, text.is_null())
    if len(empty) and pc.any(empty).as_py():
        row = first_row + pc.index(empty, pa.scalar(True)).as_py()
        raise BadRecord(f"null in every asked field ({', '.join(file.fields)})", file.label, row + 1, "null")
    kind = texts[0].type
    if file.template is None and len(texts) == 1:
        return texts[0]
    if file.template is None:
        pieces, separator = list(texts), "\n"
    else:
        literals = [pa.scalar(literal, kind) for literal in file.literals]
        pieces = [literals[0], *(piece for pair in zip(texts, literals[1:], strict=True) for piece in pair)]
        separator = ""
    return pc.binary_join_element_wise(
        *pieces, pa.scalar(separator, kind), null_handling="replace", null_replacement=""
    )


def _lengths(texts: Sequence[pa.Array]) -> NDArray[np.int64]:
    """Bytes of each text, 0 for a null; shape (rows, columns)."""
    import pyarrow.compute as pc

    lengths = [pc.fill_null(pc.binary_length(text), 0).to_numpy(zero_copy_only=False) for text in texts]
    return np.stack(lengths, axis=1).astype(np.int64)


def _ids(table: pa.Table | pa.RecordBatch, file: InputFile, first_row: int) -> list[str] | None:
    if file.id_field is None:
        return None
    labels = _labels(table, "id", file.id_field, file, first_row)
    missing = next((row for row, label in enumerate(labels) if not label), None)
    if missing is not None:
        raise no_label("id", file.id_field, file, first_row + missing)
    return [str(label) for label in labels]


def _groups(table: pa.Table | pa.RecordBatch, file: InputFile, first_row: int) -> list[str] | None:
    if file.group_field is None:
        return None
    return [label or "" for label in _labels(table, "group", file.group_field, file, first_row)]


def _labels(
    table: pa.Table | pa.RecordBatch, what: str, field: str, file: InputFile, first_row: int
) -> list[str | None]:
    """A column of single values as texts."""
    column = pick(table, field, file)
    if is_list(column.type) and column.null_count < len(column):
        raise no_label(what, field, file, first_row + column.is_valid().index(True).as_py())
    labels: list[str | None] = column_text(column, file, field).to_pylist()
    return labels


def column_text(column: pa.Array, file: InputFile, field: str) -> pa.Array:
    """A column of any text-like type as large_string; nulls stay null."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        return column_text(column.dictionary_decode(), file, field)
    is_object = BadRecord(f"field {field!r} is an object instead of text; name a field in it: {field}.KEY", file.label)
    if pa.types.is_struct(kind) or pa.types.is_map(kind):
        raise is_object
    try:
        if pa.types.is_fixed_size_list(kind):
            column = column.cast(pa.list_(kind.value_type))
        if is_list(column.type):
            return _list_text(column)
        if pa.types.is_floating(kind):  # as Python and JSON write it: 1.0, not 1
            texts = [None if value is None else _float_text(value, kind) for value in column.to_pylist()]
            return pa.array(texts, pa.large_string())
        if pa.types.is_boolean(kind) or pa.types.is_null(kind) or not pa.types.is_large_string(kind):
            return column.cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError) as error:
        why = "invalid UTF-8" if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) else "wrong type"
        if pa.types.is_struct(inside(kind)):
            raise is_object from error
        raise BadRecord(f"field {field!r} of type {kind} cannot be read as text", file.label, None, why) from error
    return column


def _float_text(value: float, kind: pa.DataType) -> str:
    """The shortest digits that give the value back in its own width."""
    widths: dict[int, Any] = {16: np.float16, 32: np.float32}
    return str(float(str(widths.get(kind.bit_width, float)(value))))


def _list_text(column: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    values = column.type.value_type
    if pa.types.is_string(values) or pa.types.is_large_string(values):
        joined = pc.binary_join(column, pa.scalar("\n", values)).cast(pa.large_string())
        if joined.null_count == column.null_count:  # no null among the items
            return joined
    rows = column.to_pylist()
    deepest = inside(values)
    if pa.types.is_floating(deepest):
        rows = [_float_texts(row, deepest) for row in rows]
    return pa.array([None if items is None else value_text(items) for items in rows], pa.large_string())


def _float_texts(value: Any, kind: pa.DataType) -> Any:
    if isinstance(value, list):
        return [_float_texts(item, kind) for item in value]
    return None if value is None else _float_text(value, kind)
