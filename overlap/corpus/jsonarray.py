"""JSON arrays, read through a window that slides over the file."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Any

from overlap.corpus import streams
from overlap.corpus.batches import Documents
from overlap.corpus.jsonlines import BOM, BROKEN, json_lines, looked_for
from overlap.corpus.records import Gathered, NoNumber, Number, has_field, missing_field
from overlap.corpus.skipping import LOST_REST, counted
from overlap.corpus.sources import InputFile
from overlap.corpus.streams import blocks, open_bytes
from overlap.errors import BadRecord

__all__ = ["array_texts", "is_json_array", "json_array"]

_WHITE = " \t\r\n"
_NEAR_THE_END = 32  # characters: an error closer to the end of the window may be the window's


def json_array(file: InputFile, block: int) -> Iterator[Documents]:
    """The objects of a JSON array, read through a window that grows with the largest of them.

    A ``.json`` file that begins with ``{`` holds JSON lines under another name, and is read as such.
    """
    if not is_json_array(file):
        with open_bytes(file, block) as stream:
            yield from json_lines(blocks(stream, block, None, False), file, True)
        return
    absent = looked_for(file)
    known: list[str] = []
    found = Gathered(file)
    skipped: list[str] = []
    row = 0
    for record in _sound_items(file, block, skipped):
        if absent and isinstance(record, dict):
            absent = [field for field in absent if not has_field(record, field)]
            known = known or list(record)
        with counted(file, skipped):
            found.add(record, row)
        row += 1
        if found.bytes >= block:
            yield found.documents()
            found = Gathered(file)
    yield replace(found.documents(), skipped=tuple(skipped))
    if absent and (known or (row and not file.skip)):
        raise missing_field(file, absent, known, None)


def _sound_items(file: InputFile, block: int, skipped: list[str]) -> Iterator[Any]:
    """The objects of a JSON array; where bad records are skipped, as far as it is an array of JSON values."""
    try:
        for record, _ in _array_items(file, block):
            yield record
    except BadRecord as error:
        if not file.skip:
            raise
        skipped.append("too large" if error.kind == "too large" else LOST_REST)


def is_json_array(file: InputFile) -> bool:
    """Does a ``.json`` file hold an array (or something broken), rather than JSON lines?"""
    with open_bytes(file) as stream:
        head: bytes = stream.read(1 << 12)
    return head.removeprefix(BOM).lstrip()[:1] != b"{"


def array_texts(file: InputFile, block: int = 1 << 20) -> Iterator[str]:
    """The objects of a JSON array as they are written in the file."""
    return (text for _, text in _array_items(file, block))


def _array_items(file: InputFile, block: int) -> Iterator[tuple[Any, str]]:
    """(object, how it is written) for each object of a JSON array."""
    decoder = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=NoNumber)
    with open_bytes(file, block) as stream:
        window = _Window(stream, block, file)
        window.expect("[", "a JSON array of objects was expected")
        if window.peek() == "]":
            window.end()
            return
        row = 0
        while True:
            yield window.value(decoder, row)
            row += 1
            if window.peek() == "]":
                window.end()
                return
            window.expect(",", f"a comma or ] was expected behind object {row}")


class _Window:
    """A sliding view of a text stream, from which JSON values are taken one by one."""

    def __init__(self, stream: IO[bytes], block: int, file: InputFile):
        self._stream, self._block, self._file = stream, block, file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._ended = "", 0, False

    def _more(self, size: int) -> None:
        raw = self._stream.read(size)
        self._ended = not raw
        try:
            text = self._decoder.decode(raw, final=self._ended)
        except UnicodeDecodeError as error:
            what = f"not valid UTF-8 ({error.reason}); convert the file"
            raise BadRecord(what, self._file.label, None, "invalid UTF-8") from error
        self._text = self._text[self._at :] + text
        self._at = 0

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _WHITE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._more(self._block)

    def expect(self, character: str, complaint: str) -> None:
        found = self.peek()
        if found != character:
            end = "the file ends" if not found else f"found {found!r}"
            raise BadRecord(f"not valid JSON: {complaint}, but {end}", self._file.label, None, BROKEN)
        self._at += 1

    def end(self) -> None:
        """Step over the array's last bracket; nothing may follow it."""
        self._at += 1
        if found := self.peek():
            what = f"not valid JSON: the array has ended, but {found!r} follows"
            raise BadRecord(what, self._file.label, None, BROKEN)

    def value(self, decoder: json.JSONDecoder, row: int) -> tuple[Any, str]:
        self.peek()
        wanted = self._block
        while True:
            try:
                record, stop = decoder.raw_decode(self._text, self._at)
                if stop < len(self._text) or self._ended:
                    start, self._at = self._at, stop
                    return record, self._text[start:stop]
            except json.JSONDecodeError as error:
                if self._ended:
                    raise BadRecord(f"not valid JSON: {error.msg}", self._file.label, row + 1, BROKEN) from error
                if error.pos < len(self._text) - _NEAR_THE_END and not error.msg.startswith("Unterminated"):
                    raise BadRecord(f"not valid JSON: {error.msg}", self._file.label, row + 1, BROKEN) from error
            except RecursionError as error:
                raise BadRecord("JSON nested too deeply", self._file.label, row + 1, BROKEN) from error
            if len(self._text) - self._at > streams.LARGEST_RECORD:
                raise streams.too_large(self._file, row)
            self._more(wanted)
            wanted *= 2
