"""Records -> texts: which fields, how they are joined, and what a bad record is.

The rule, for one parsed JSON object; ``overlap.corpus.columns`` is the same rule for whole Arrow columns. A dotted
name goes into objects; at a list it goes into each item, so that ``choices.text`` is the same of a list of objects
and of an object of lists. The items of a list are joined by newlines; a null is empty; numbers and booleans are their
JSON text; an object is no text. A record without any text field present and non-null is bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from overlap.corpus.batches import Documents, from_texts
from overlap.corpus.layout import field_ranges, part_edges
from overlap.corpus.sources import InputFile
from overlap.errors import BadRecord, MissingField

__all__ = [
    "Gathered",
    "NoNumber",
    "Number",
    "find_field",
    "has_field",
    "missing_field",
    "no_label",
    "record_group",
    "record_id",
    "record_text",
    "value_text",
]

_ABSENT = object()


class Number(str):
    """A JSON number as it is written: its text is what counts, but it is no string."""

    __slots__ = ()


class NoNumber(str):
    """NaN, Infinity or -Infinity: Python writes them, JSON does not know them."""

    __slots__ = ()


def has_field(record: dict[str, Any], field: str) -> bool:
    """Does the record have this field, be it null? A list has it where any item does, or where it is empty."""
    if field in record:
        return True
    return _leads_on(record, field.split("."))


def _leads_on(value: Any, path: Sequence[str]) -> bool:
    if not path:
        return True
    if isinstance(value, list):
        return not value or any(_leads_on(item, path) for item in value)
    return isinstance(value, dict) and path[0] in value and _leads_on(value[path[0]], path[1:])


def find_field(record: dict[str, Any], field: str) -> Any:
    """The value at a dotted path, a key with that very name first; a private marker where there is none."""
    if field in record:
        return record[field]
    return _follow(record, field.split("."))


def _follow(value: Any, path: Sequence[str]) -> Any:
    for at, key in enumerate(path):
        if isinstance(value, list):  # the rest of the path in each item; nothing where an item has no such key
            found = [_follow(item, path[at:]) for item in value]
            return [None if item is _ABSENT else item for item in found]
        if not isinstance(value, dict) or key not in value:
            return _ABSENT
        value = value[key]
    return value


def record_text(record: Any, file: InputFile, row: int) -> str:
    """The text of one parsed JSON record. ``row`` counts from 0.

    Raises MissingField, or BadRecord for a record that is no object or whose fields hold no text.
    """
    return _joined(_field_texts(record, file, row), file)


def _joined(texts: Sequence[str], file: InputFile) -> str:
    literals = file.literals
    return literals[0] + "".join(text + literal for text, literal in zip(texts, literals[1:], strict=True))


def _field_texts(record: Any, file: InputFile, row: int) -> list[str]:
    """The text of each asked field of a record."""
    if not isinstance(record, dict):
        raise BadRecord(f"a JSON object was expected, not {_kind(record)}", file.label, row + 1)
    values = [find_field(record, field) for field in file.fields]
    if all(value is _ABSENT for value in values):
        raise missing_field(file, file.fields, list(record), row)
    if all(value is _ABSENT or value is None for value in values):
        raise BadRecord(f"null in every asked field ({', '.join(file.fields)})", file.label, row + 1, "null")
    try:
        return ["" if value is _ABSENT else value_text(value) for value in values]
    except ValueError as error:
        what = f"not valid JSON: {error} in the asked fields ({', '.join(file.fields)})"
        raise BadRecord(what, file.label, row + 1, "broken JSON") from error
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
    if value is None or isinstance(value, (dict, list, NoNumber)):
        raise no_label("id", file.id_field, file, row)
    if not (text := value_text(value)):  # as null is: an example without an id cannot be told from another
        raise no_label("id", file.id_field, file, row)
    return text


def record_group(record: dict[str, Any], file: InputFile, row: int) -> str:
    """What the file's group field says of a record; empty for null and nothing. Raises BadRecord."""
    assert file.group_field is not None
    value = find_field(record, file.group_field)
    if value is _ABSENT or value is None:
        return ""
    if isinstance(value, (dict, list, NoNumber)):
        raise no_label("group", file.group_field, file, row)
    return value_text(value)


def no_label(what: str, field: str, file: InputFile, row: int) -> BadRecord:
    """The error for an id or a group that is no single value."""
    kind = "no id" if what == "id" else "wrong type"
    return BadRecord(f"the {what} field {field!r} holds no text or number", file.label, row + 1, kind)


def missing_field(file: InputFile, fields: Sequence[str], known: Sequence[str], row: int | None) -> MissingField:
    """The error for fields that are not there, with what is."""
    listed = ", ".join(sorted(known)[:12]) or "none"
    return MissingField(
        f"no field {' or '.join(map(repr, fields))}; it has: {listed} (name fields with PATH::FIELD,FIELD)",
        file.label,
        None if row is None else row + 1,
    )


def value_text(value: Any) -> str:
    """The text of a field's value. Raises TypeError for an object, ValueError for NaN and infinities of JSON."""
    if isinstance(value, NoNumber):
        raise ValueError(value)
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n".join(value_text(item) for item in value)
    if isinstance(value, (int, float)):
        return str(value)
    raise TypeError("an object instead of text")


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a string", type(None): "null", bool: "true or false", Number: "a number"}
    return names.get(type(value), "a number")


class Gathered:
    """Records that are read one by one, until they make a batch."""

    def __init__(self, file: InputFile):
        self._file = file
        self._ranges = field_ranges(file.parts, file.fields, file.template)
        self._texts: list[bytes] = []
        self._rows: list[int] = []
        self._ids: list[str] = []
        self._groups: list[str] = []
        self._lengths: list[list[int]] = []
        self.bytes = 0

    def add(self, record: Any, row: int) -> None:
        """Take a parsed record in. Raises MissingField, BadRecord; then nothing of it is kept."""
        file = self._file
        fields = [_encode(text) for text in _field_texts(record, file, row)]
        identity = None if file.id_field is None else record_id(record, file, row)
        group = None if file.group_field is None else record_group(record, file, row)
        literals = [_encode(literal) for literal in file.literals]
        text = literals[0] + b"".join(text + after for text, after in zip(fields, literals[1:], strict=True))
        self._texts.append(text)
        self._rows.append(row)
        self.bytes += len(text)
        if identity is not None:
            self._ids.append(identity)
        if group is not None:
            self._groups.append(group)
        if file.parts:
            self._lengths.append([len(field) for field in fields])

    def documents(self) -> Documents:
        """The batch of what was taken in."""
        file = self._file
        documents = from_texts(self._texts, self._rows, None if file.id_field is None else self._ids)
        if file.group_field is not None:
            documents = replace(documents, groups=self._groups)
        if file.parts:
            lengths = np.array(self._lengths, np.int64).reshape(len(self._rows), len(file.fields))
            documents = replace(documents, part_edges=part_edges(lengths, file.literals, self._ranges))
        return documents


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # a lone surrogate escape becomes '?': a separator either way
