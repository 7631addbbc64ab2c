"""Small things packed into tasks: by sizes alone, so that the packs of an input are always the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

__all__ = ["packed"]

T = TypeVar("T")

_MOST_IN_A_PACK = 4096  # files, so that a pack is done in seconds; empty ones never fill it


def packed(items: Sequence[T], weight: Callable[[T], int], largest: int) -> Iterator[list[T]]:
    """Neighbours together, up to so many bytes; what is larger comes alone."""
    pack: list[T] = []
    held = 0
    for item in items:
        size = weight(item)
        if pack and (held + size > largest or len(pack) == _MOST_IN_A_PACK):
            yield pack
            pack, held = [], 0
        pack.append(item)
        held += size
    if pack:
        yield pack
