"""One string of a JSON object replaced, the rest of it left character for character as it stands.

Reading an object and writing it again would change numbers (1e999), spacing, escapes and keys that stand twice.
"""

from __future__ import annotations

import json
import re

from overlap.corpus import InputFile
from overlap.errors import CorpusError

__all__ = ["with_text"]

_WHITE = re.compile(r"[ \t\r\n]*")


def with_text(record: str, file: InputFile, piece: str) -> str:
    """The object as it is written, with another text in the file's one text field. Raises CorpusError.

    >>> with_text('{"n": 1e999, "text" : "a b"}', InputFile("", "", "jsonl", "", ("text",), False, 0), "c")
    '{"n": 1e999, "text" : "c"}'
    """
    field = file.fields[0]
    span = _span(record, 0, [field]) or _span(record, 0, field.split("."))
    if span is None or record[span[0]] != '"':
        raise CorpusError(
            f"field {field!r} of a record is no string and cannot be cut; drop documents instead", file.label
        )
    return record[: span[0]] + json.dumps(piece, ensure_ascii=False) + record[span[1] :]


def _span(record: str, start: int, path: list[str]) -> tuple[int, int] | None:
    """Where the value at a path stands in the object that begins at ``start``; of equal keys the last one counts."""
    at = _after_white(record, start)
    if record[at] != "{":
        return None
    at, found = _after_white(record, at + 1), None
    while record[at] == '"':
        key, at = _DECODER.raw_decode(record, at)
        value = _after_white(record, _after_white(record, at) + 1)  # behind the colon
        _, end = _DECODER.raw_decode(record, value)
        if key == path[0]:
            found = (value, end) if len(path) == 1 else _span(record, value, path[1:])
        at = _after_white(record, end)
        if record[at] == ",":
            at = _after_white(record, at + 1)
    return found


def _after_white(record: str, at: int) -> int:
    match = _WHITE.match(record, at)
    return match.end() if match else at


_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
