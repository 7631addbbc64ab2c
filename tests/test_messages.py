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


def _fixed_texts(node: ast.expr, assigned: dict[str, list[ast.expr]]) -> list[list[str]]:
    """The fixed pieces of every message that a call can have: written in it, or assigned to a name before."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [[node.value]]
    if isinstance(node, ast.JoinedStr):
        return [[part.value for part in node.values if isinstance(part, ast.Constant)]]
    if isinstance(node, ast.BinOp):
        left, right = _fixed_texts(node.left, assigned), _fixed_texts(node.right, assigned)
        return [first + second for first in left or [[]] for second in right or [[]]]
    if isinstance(node, ast.IfExp):
        return _fixed_texts(node.body, assigned) + _fixed_texts(node.orelse, assigned)
    if isinstance(node, ast.Name):
        others = {name: values for name, values in assigned.items() if name != node.id}
        return [texts for value in assigned.get(node.id, []) for texts in _fixed_texts(value, others)]
    return []


def _assigned(function: ast.AST) -> dict[str, list[ast.expr]]:
    """What a function assigns to each name."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.NamedExpr):
            found.setdefault(node.target.id, []).append(node.value)
    return found


def _raised(tree: ast.AST) -> Iterator[tuple[int, list[str]]]:
    """Line and fixed text of every error that is made in a module."""
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    inner = {id(node): function for function in functions for node in ast.walk(function)}  # the innermost comes last
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "id", getattr(node.func, "attr", None))  # CorpusError(), errors.CorpusError()
            if name in FAMILY:
                function = inner.get(id(node))
                for texts in _fixed_texts(node.args[0], _assigned(function) if function else {}) or [[]]:
                    yield node.lineno, texts


def _messages() -> Iterator[tuple[str, list[str]]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for line, texts in _raised(ast.parse(path.read_text(encoding="utf-8"))):
            yield f"{path.relative_to(PACKAGE)}:{line}", texts


def test_a_message_that_is_built_first_is_seen() -> None:
    source = """
def f(a):
    message = f"its first bytes are {a}"
    raise UnsupportedFormat(message + " indeed", a)
def g(a):
    raise errors.CorpusError("one thing" if a else "another thing")
def h(a):
    raise CorpusError(str(a))
"""
    seen = list(_raised(ast.parse(source)))
    assert seen == [(4, ["its first bytes are ", " indeed"]), (6, ["one thing"]), (6, ["another thing"]), (8, [])]


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
