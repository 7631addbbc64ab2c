"""JSON lines.

Blocks of well-formed lines go through pyarrow, which reads only the asked fields (550 MB/s a core in blocks of 1
to 2 MiB). Whatever it does not take plainly (mixed types, numbers, nulls everywhere, broken lines) goes
record by record through Python's json, whose verdict is final.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from overlap.corpus.batches import Documents
from overlap.corpus.columns import table_rows
from overlap.corpus.records import Gathered, NoNumber, Number, has_field, missing_field
from overlap.corpus.skipping import counted, odd_block
from overlap.corpus.sources import InputFile
from overlap.corpus.storage import state_of
from overlap.corpus.streams import Block, blocks, open_bytes
from overlap.errors import BadRecord, MissingField

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BOM", "BROKEN", "json_lines", "looked_for"]

BROKEN = "broken JSON"
BOM = codecs.BOM_UTF8
_HEAD = 1 << 14  # bytes in which a first line is looked for first


def json_lines(pieces: Iterator[Block], file: InputFile, from_start: bool) -> Iterator[Documents]:
    """Documents of blocks of JSON lines; blank lines are passed over.

    Raises BadRecord with the line's number, MissingField where an asked field stands in no record of the whole file.
    """
    row = records = 0
    seen = dict.fromkeys(looked_for(file), False)
    known: list[str] = []
    for number, piece in enumerate(pieces):
        if (odd := odd_block(piece, file, row)) is not None:
            yield odd
            row += odd.row_count
            continue
        start = len(BOM) if from_start and number == 0 and piece.data[:3].tobytes() == BOM and piece.end >= 3 else 0
        raw = piece.data[start : piece.end]
        if not raw.size:
            continue
        if not known:
            known = _first_keys(raw)
        for field in [field for field, found in seen.items() if not found]:
            seen[field] = _stands_in(raw, field)
        documents, lines = _fast(piece, start, file, row) or _slow(raw, file, row)
        row += lines
        records += len(documents)
        yield documents
    absent = [field for field, found in seen.items() if not found]
    if records or (file.skip and known):
        absent = [field for field in absent if not _stands_anywhere(file, state_of(file), field)]
        if absent:
            raise missing_field(file, absent, known, None)


def looked_for(file: InputFile) -> list[str]:
    """The fields that may be absent from a record, but not from a whole file."""
    return [*file.fields, *([file.group_field] if file.group_field else [])]


@lru_cache(maxsize=256)
def _stands_anywhere(file: InputFile, state: tuple[int, int | str], field: str) -> bool:
    """Does any record of the whole file have this field? Asked only where a part of it has none, and once."""
    with open_bytes(file) as stream:
        return any(_stands_in(piece.data[: piece.end], field) for piece in blocks(stream, 1 << 20, None, False))


def _first_keys(raw: Any) -> list[str]:
    line = raw[: 1 << 16].tobytes().split(b"\n", 1)[0]
    try:
        record = json.loads(line, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return []
    return list(record) if isinstance(record, dict) else []


def _stands_in(raw: Any, field: str) -> bool:
    """Does any record of the block have this field? Lines without its last key, plain or escaped, are not parsed."""
    data = raw.tobytes()
    names = {field, field.split(".")[-1]}
    keys = [json.dumps(name, ensure_ascii=False).encode("utf-8", "replace") for name in names]
    keys.append(b"\\u" if field.isascii() and not set(field) & set('/"\\') else b"\\")  # ways to write it otherwise
    if not any(key in data for key in keys):
        return False
    for line in data.split(b"\n"):
        if any(key in line for key in keys):
            try:
                record = json.loads(line, parse_int=str, parse_float=str)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict) and has_field(record, field):
                return True
    return False


def _fast(piece: Block, start: int, file: InputFile, row: int) -> tuple[Documents, int] | None:
    """The block through pyarrow, or None where it is not plain enough."""
    import pyarrow as pa
    import pyarrow.json

    from overlap.kernels.lines import is_utf8, one_object_a_line

    data = piece.data[start:]
    lines = int(one_object_a_line(data, piece.end - start))
    if lines < 1 or not is_utf8(data, piece.end - start):  # pyarrow would look at the asked fields only
        return None
    raw = data[: piece.end - start]
    schema = _schema(raw, file)
    if schema is None or _has_dotted_key(raw, file):
        return None
    try:
        table = pyarrow.json.read_json(
            pa.BufferReader(pa.py_buffer(raw)),
            pyarrow.json.ReadOptions(use_threads=False, block_size=piece.end + 1),
            pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
        rows = table_rows(table, file, row)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError, BadRecord, MissingField):
        return None
    return (rows.documents(row), lines) if len(rows) == lines else None


def _has_dotted_key(raw: Any, file: InputFile) -> bool:
    """May a record have a key with a dot in it that is an asked field? Then nested and plain may be mixed."""
    dotted = [json.dumps(field, ensure_ascii=False).encode() for field in file.fields if "." in field]
    return bool(dotted) and any(key in raw.tobytes() for key in dotted)


def _schema(raw: Any, file: InputFile) -> pa.Schema | None:
    """What the first record says about the types of the asked fields; None where it says nothing usable."""
    import pyarrow as pa

    head = raw[:_HEAD].tobytes()
    newline = head.find(b"\n")
    try:
        record = json.loads(head[:newline] if newline >= 0 else raw.tobytes().partition(b"\n")[0])
    except (ValueError, RecursionError):
        return None
    nested: dict[str, Any] = {}
    for field in file.fields:
        path = [field] if field in record else field.split(".")
        value: Any = record
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None and not isinstance(value, (str, list)):
            return None
        level = nested
        for key in path[:-1]:
            level = level.setdefault(key, {})
            if not isinstance(level, dict):
                return None
        if isinstance(level.get(path[-1]), dict):
            return None
        level[path[-1]] = pa.list_(pa.string()) if isinstance(value, list) else pa.string()
    for label in (file.id_field, file.group_field):
        if label is not None and label not in nested:
            value = record.get(label)  # of a nested id field the slow reader knows
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                return None
            nested[label] = pa.string() if isinstance(value, str) else pa.int64()
    return pa.schema(_arrow_fields(nested))


def _arrow_fields(nested: dict[str, Any]) -> list[pa.Field]:
    import pyarrow as pa

    return [
        pa.field(key, pa.struct(_arrow_fields(value)) if isinstance(value, dict) else value)
        for key, value in nested.items()
    ]


def _slow(raw: Any, file: InputFile, row: int) -> tuple[Documents, int]:
    """Line by line through Python, with exact errors."""
    found = Gathered(file)
    skipped: list[str] = []
    lines = raw.tobytes().split(b"\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        with counted(file, skipped):
            found.add(_parse(line, file, row + number), row + number)
    documents = replace(found.documents(), first_row=row, lines=len(lines), skipped=tuple(skipped))
    return documents, len(lines)


def _parse(line: bytes, file: InputFile, row: int) -> Any:
    try:
        return json.loads(line.decode("utf-8"), parse_int=Number, parse_float=Number, parse_constant=NoNumber)
    except UnicodeDecodeError as error:
        raise BadRecord(
            f"not valid UTF-8 (byte 0x{line[error.start]:02X} at {error.start:,} of the line); "
            "convert the file, or leave it out",
            file.label,
            row + 1,
            "invalid UTF-8",
        ) from error
    except json.JSONDecodeError as error:
        what = f"not valid JSON: {error.msg} at character {error.pos + 1:,}"
        raise BadRecord(what, file.label, row + 1, BROKEN) from error
    except RecursionError as error:
        raise BadRecord("JSON nested too deeply", file.label, row + 1, BROKEN) from error
