"""Fields inside objects and lists of Arrow tables: the rule of ``overlap.corpus.records.find_field`` for columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from overlap.corpus.records import missing_field
from overlap.corpus.sources import InputFile
from overlap.errors import CorpusError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["inside", "is_list", "pick", "require_fields"]


def require_fields(schema: pa.Schema, file: InputFile) -> None:
    """Raise MissingField, or CorpusError where two columns have the name, before anything is read."""
    for field in file.wanted:
        name, *path = [field] if field in schema.names else field.split(".")
        if schema.names.count(name) > 1:
            raise CorpusError(f"two columns are called {name!r}", file.label)
        kind, known = schema.field(name).type if name in schema.names else None, schema.names
        for key in path:
            inner = _keys(kind)
            known = inner or known
            kind = inside(kind).field(inner.index(key)).type if key in inner else None
        if kind is None:
            raise missing_field(file, [field], known, None)


def is_list(kind: pa.DataType) -> bool:
    """Is this a type of lists, of any kind?"""
    import pyarrow as pa

    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def inside(kind: pa.DataType | None) -> Any:
    """The type of a list's items, however deep; any other type as it is."""
    while kind is not None and is_list(kind):
        kind = kind.value_type
    return kind


def _keys(kind: pa.DataType | None) -> list[str]:
    """The keys of an object, or of the objects in a list."""
    import pyarrow as pa

    kind = inside(kind)
    return [kind.field(i).name for i in range(kind.num_fields)] if kind is not None and pa.types.is_struct(kind) else []


def pick(table: pa.Table | pa.RecordBatch, field: str, file: InputFile) -> pa.Array:
    """The column of a field, plain or dotted. Raises MissingField."""
    import pyarrow as pa

    names = table.schema.names
    name, *path = [field] if field in names else field.split(".")
    if name not in names:
        raise missing_field(file, [field], names, None)
    column = table.column(name)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    for key in path:
        known = _keys(column.type)
        if key not in known:
            raise missing_field(file, [field], known or names, None)
        column = _member(column, key)
    return column


def _member(column: pa.Array, key: str) -> pa.Array:
    """The value of ``key`` in a column of objects, or in each item of a column of lists of objects."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not is_list(column.type):
        return pc.struct_field(column, key)
    if pa.types.is_fixed_size_list(column.type):
        column = column.cast(pa.list_(column.type.value_type))
    column = _from_zero(column)
    items = _member(column.values, key)
    make = pa.LargeListArray if pa.types.is_large_list(column.type) else pa.ListArray
    return make.from_arrays(column.offsets, items, mask=column.is_null() if column.null_count else None)


def _from_zero(column: pa.Array) -> pa.Array:
    """A list column whose offsets begin where its buffers do: a mask cannot be laid over a slice."""
    import pyarrow as pa

    return pa.concat_arrays([column, column.slice(0, 0)]) if column.offset else column
