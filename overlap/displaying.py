"""How values show themselves in a notebook, without knowing who draws them.

Values lie below the reports that draw them, and import nothing of them. The package's own ``__init__`` names the
drawing module once; it is imported when a notebook first asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["Displayed", "Drawing", "drawn_by"]


class Drawing(Protocol):
    """Draws any value of the package."""

    def html_of(self, value: Any) -> str:
        """HTML for a notebook's cell."""

    def text_of(self, value: Any) -> str:
        """Plain text for a terminal."""


_drawing: list[Callable[[], Any]] = []


def drawn_by(load: Callable[[], Any]) -> None:
    """Values are drawn by what ``load`` returns, a ``Drawing``."""
    _drawing[:] = [load]


class Displayed:
    """A value that notebooks show as HTML."""

    def _repr_html_(self) -> str:
        """HTML for a notebook's cell."""
        return str(_drawing[0]().html_of(self))

    def drawn(self) -> str:
        """The value as plain text for a terminal."""
        return str(_drawing[0]().text_of(self))
