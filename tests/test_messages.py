"""docs/messages.md explains every error that the package can raise."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import overlap.errors

PACKAGE = Path(overlap.errors.__file__).parent
PAGE = (PACKAGE.parent / "docs" / "messages.md").read_text(encoding="utf-8")
FAMILY = set(overlap.errors.__all__)


def _fixed_text(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [part.value for part in node.values if isinstance(part, ast.Constant)]
    return []


def _messages() -> Iterator[tuple[str, list[str]]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FAMILY and node.args:
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", _fixed_text(node.args[0])


@pytest.mark.parametrize(
    ("place", "texts"), [item for item in _messages() if item[1]], ids=lambda value: str(value)[:60]
)
def test_every_message_is_explained(place: str, texts: list[str]) -> None:
    telling = [text.strip(" :;,") for text in texts if len(text.strip(" :;,")) >= 8]
    assert telling, place
    assert any(piece in PAGE for text in telling for piece in _pieces(text)), f"{place}: {telling}"


def _pieces(text: str) -> Iterator[str]:
    """The text, and what stands before its first semicolon, colon or bracket."""
    yield text
    for mark in ("; ", ": ", " ("):
        head = text.split(mark)[0]
        if len(head) >= 8:
            yield head


def test_enough_messages_were_found() -> None:
    assert len(list(_messages())) > 35


@pytest.mark.parametrize("name", sorted(FAMILY - {"OverlapError"}))
def test_every_class_is_named(name: str) -> None:
    assert name in PAGE
