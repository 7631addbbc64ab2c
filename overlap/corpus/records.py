"""Records -> texts: which fields, how they are joined, and what a bad record is.

Two forms of one rule. ``record_text`` works on one Python object and knows exactly what is wrong with it;
``column_text`` works on whole Arrow columns. Fields are joined by newlines, the items of a list too; a null
is empty; numbers and booleans are their JSON text. A record without any text field present and non-null is bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from overlap.corpus.sources import InputFile
from overlap.errors import BadRecord, CorpusError, MissingField

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "Number",
    "column_text",
    "find_field",
    "has_field",
    "record_id",
    "record_text",
    "require_fields",
    "table_ids",
    "table_text",
]

_ABSENT = object()


class Number(str):
    """A JSON number as it is written: its text is what counts, but it is no string."""

    __slots__ = ()


def has_field(record: dict[str, Any], field: str) -> bool:
    """Does the record have this field, be it null?"""
    return find_field(record, field) is not _ABSENT


def find_field(record: dict[str, Any], field: str) -> Any:
    """The value at a dotted path, a key with that very name first; a private marker where there is none."""
    if field in record:
        return record[field]
    value: Any = record
    for key in field.split("."):
        if not isinstance(value, dict) or key not in value:
            return _ABSENT
        value = value[key]
    return value


def record_text(record: Any, file: InputFile, row: int) -> str:
    """The text of one parsed JSON record. ``row`` counts from 0.

    Raises MissingField, or BadRecord for a record that is no object or whose fields hold no text.
    """
    if not isinstance(record, dict):
        raise BadRecord(f"a JSON object was expected, not {_kind(record)}", file.label, row + 1)
    values = [find_field(record, field) for field in file.fields]
    if all(value is _ABSENT for value in values):
        raise missing_field(file, file.fields, list(record), row)
    if all(value is _ABSENT or value is None for value in values):
        raise BadRecord(f"null in every asked field ({', '.join(file.fields)})", file.label, row + 1, "null")
    try:
        return "\n".join("" if value is _ABSENT else _value_text(value) for value in values)
    except TypeError as error:
        names = ", ".join(file.fields)
        raise BadRecord(
            f"{error} in the asked fields ({names}); name a field in it: a.b", file.label, row + 1
        ) from error


def record_id(record: dict[str, Any], file: InputFile, row: int) -> str:
    """What the file's id field says of a record, as text. Raises MissingField, BadRecord."""
    assert file.id_field is not None
    value = find_field(record, file.id_field)
    if value is _ABSENT:
        raise missing_field(file, [file.id_field], list(record), row)
    if value is None or isinstance(value, (dict, list)):
        raise BadRecord(f"the id field {file.id_field!r} holds no text or number", file.label, row + 1, "no id")
    return _value_text(value)


def table_ids(table: pa.Table | pa.RecordBatch, file: InputFile, first_row: int) -> list[str] | None:
    """What the file's id field says of each row, as text; None where no field was named."""
    if file.id_field is None:
        return None
    values: list[str | None] = column_text(_pick(table, file.id_field, file), file, file.id_field).to_pylist()
    for row, value in enumerate(values):
        if value is None:
            place = first_row + row + 1
            raise BadRecord(f"the id field {file.id_field!r} holds no text or number", file.label, place, "no id")
    return [str(value) for value in values]


def missing_field(file: InputFile, fields: Sequence[str], known: Sequence[str], row: int | None) -> MissingField:
    """The error for fields that are not there, with what is."""
    listed = ", ".join(sorted(known)[:12]) or "none"
    return MissingField(
        f"no field {' or '.join(map(repr, fields))}; it has: {listed} (name fields with PATH::FIELD,FIELD)",
        file.label,
        None if row is None else row + 1,
    )


def _value_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n".join(_value_text(item) for item in value)
    if isinstance(value, (int, float)):
        return str(value)
    raise TypeError("an object instead of text")


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a string", type(None): "null", bool: "true or false", Number: "a number"}
    return names.get(type(value), "a number")


def table_text(table: pa.Table | pa.RecordBatch, file: InputFile, first_row: int) -> pa.Array:
    """One string per row: the asked fields joined by newlines. Shape (rows,), no nulls.

    Raises MissingField, and BadRecord for rows without text.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = [_pick(table, field, file) for field in file.fields]
    texts = [column_text(column, file, field) for column, field in zip(columns, file.fields, strict=True)]
    empty = texts[0].is_null()
    for text in texts[1:]:
        empty = pc.and_(empty, text.is_null())
    if len(empty) and pc.any(empty).as_py():
        row = first_row + pc.index(empty, pa.scalar(True)).as_py()
        raise BadRecord(f"null in every asked field ({', '.join(file.fields)})", file.label, row + 1, "null")
    if len(texts) == 1:
        return texts[0]
    return pc.binary_join_element_wise(
        *texts, pa.scalar("\n", texts[0].type), null_handling="replace", null_replacement=""
    )


def require_fields(schema: pa.Schema, file: InputFile) -> None:
    """Raise MissingField, or CorpusError where two columns have the name, before anything is read."""
    import pyarrow as pa

    for field in [*file.fields, *([file.id_field] if file.id_field else [])]:
        name, *path = [field] if field in schema.names else field.split(".")
        if schema.names.count(name) > 1:
            raise CorpusError(f"two columns are called {name!r}", file.label)
        kind, known = schema.field(name).type if name in schema.names else None, schema.names
        for key in path:
            inner = [kind.field(i).name for i in range(kind.num_fields)] if kind and pa.types.is_struct(kind) else []
            known = inner or known
            kind = kind.field(inner.index(key)).type if kind and key in inner else None
        if kind is None:
            raise missing_field(file, [field], known, None)


def _pick(table: pa.Table | pa.RecordBatch, field: str, file: InputFile) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    names = table.schema.names
    name, *path = [field] if field in names else field.split(".")
    if name not in names:
        raise missing_field(file, [field], names, None)
    column = table.column(name)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    for key in path:
        known = (
            [column.type.field(i).name for i in range(column.type.num_fields)]
            if pa.types.is_struct(column.type)
            else []
        )
        if key not in known:
            raise missing_field(file, [field], known or names, None)
        column = pc.struct_field(column, key)
    return column


def column_text(column: pa.Array, file: InputFile, field: str) -> pa.Array:
    """A column of any text-like type as large_string; nulls stay null."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        return column_text(column.dictionary_decode(), file, field)
    if pa.types.is_struct(kind) or pa.types.is_map(kind):
        raise BadRecord(f"field {field!r} is an object instead of text; name a field in it: {field}.KEY", file.label)
    try:
        if pa.types.is_fixed_size_list(kind):
            column = column.cast(pa.list_(kind.value_type))
        if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
            return _list_text(column)
        if pa.types.is_floating(kind):  # as Python and JSON write it: 1.0, not 1
            texts = [None if value is None else _float_text(value, kind) for value in column.to_pylist()]
            return pa.array(texts, pa.large_string())
        if pa.types.is_boolean(kind) or pa.types.is_null(kind) or not pa.types.is_large_string(kind):
            return column.cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError) as error:
        why = "invalid UTF-8" if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) else "wrong type"
        raise BadRecord(f"field {field!r} of type {kind} cannot be read as text", file.label, None, why) from error
    return column


def _float_text(value: float, kind: pa.DataType) -> str:
    """The shortest digits that give the value back in its own width."""
    import numpy as np

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
    if pa.types.is_floating(values):
        rows = [row and [None if value is None else _float_text(value, values) for value in row] for row in rows]
    return pa.array([None if items is None else _value_text(items) for items in rows], pa.large_string())
