"""Compressed files that are damaged, where that may be passed over: every byte before the damage."""

from __future__ import annotations

import io
import lzma
import zlib
from collections.abc import Callable
from typing import Any

__all__ = ["CutShort"]

_STEP = 1 << 16
_READ_AHEAD = 1 << 13  # stored bytes that a decoder gets at once, and so may hold without having used them
_HEADER = 16  # reads of so few bytes are those of gzip's headers, which must come whole
_DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError)


class CutShort(io.RawIOBase):
    """A decompressed stream that ends where it can be read no further, and then says so (``lost``).

    It reads in steps of one size. A decoder that fails drops what it had decoded in that step, so the end is decoded
    anew from single stored bytes: every byte before the damage comes, whoever reads, and in whatever sizes.
    """

    def __init__(self, stored: Callable[[], Any], decoded: Callable[[Any], Any]):
        super().__init__()
        self._stored, self._decoded = stored, decoded
        self._steps = self._used = 0
        self._ahead = memoryview(b"")
        self.lost = False
        self._raw: Any = None  # what cannot be opened is closed all the same
        self._stream: Any = None
        self._open(None)

    def _open(self, drip_from: int | None) -> None:
        self._raw = _Dripping(self._stored(), drip_from)
        try:
            self._stream = self._decoded(self._raw)
        except BaseException:
            self._raw.close()
            raise

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            for opened in (self._stream, self._raw):
                if opened is not None:
                    opened.close()
        super().close()

    def read(self, size: int = -1) -> bytes:
        pieces: list[bytes] = []
        left = size
        while left and (piece := self._next(left)):
            pieces.append(bytes(piece))
            left -= len(piece)
        return b"".join(pieces)

    def readinto(self, view: Any) -> int:
        piece = self._next(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def _next(self, most: int) -> memoryview:
        if not self._ahead and not self.lost:
            try:
                self._ahead = memoryview(self._stream.read(_STEP))
                self._steps += 1
                self._used = self._raw.at
            except _DAMAGE:
                self.lost = True
                self._ahead = memoryview(self._before_the_damage())
        piece = self._ahead if most < 0 else self._ahead[:most]
        self._ahead = self._ahead[len(piece) :]
        return piece

    def _before_the_damage(self) -> bytes:
        """What can be decoded behind the steps that were made."""
        self._stream.close()
        self._raw.close()
        self._open(self._used - _READ_AHEAD)
        found = bytearray()
        try:
            for _ in range(self._steps):
                self._stream.read(_STEP)
            one: Callable[[int], bytes] = getattr(self._stream, "read1", self._stream.read)
            while piece := one(1):
                found += piece
        except _DAMAGE:
            pass
        return bytes(found)


class _Dripping(io.RawIOBase):
    """Stored bytes in short pieces; from one place on (if any) one at a time, however many are asked for."""

    def __init__(self, raw: Any, drip_from: int | None):
        super().__init__()
        self._raw, self._from = raw, drip_from
        self._held = b""
        self.at = 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._raw.close()
        super().close()

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > _HEADER:
            one = self._from is not None and self.at >= self._from
            size = 1 if one else _READ_AHEAD if size < 0 else min(size, _READ_AHEAD)
        if len(self._held) < size:
            self._held += self._raw.read(_READ_AHEAD)
        piece, self._held = self._held[:size], self._held[size:]
        self.at += len(piece)
        return piece
