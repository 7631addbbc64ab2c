"""The documentation says what the program does: commands parse, names exist, keys and messages are all explained."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import pkgutil
import re
import shlex
from pathlib import Path

import pytest
from commands import ROOT
from samples import SENTENCE
from values import overlap_of

import overlap
import overlap.errors
from overlap.cli import main

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
MODULES = sorted(
    item.name for item in pkgutil.walk_packages(overlap.__path__, "overlap.") if not item.name.endswith("__main__")
)


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def _commands(page: Path) -> list[str]:
    """The lines ``$ overlap ...`` of a page, continued lines joined, comments taken off."""
    found = []
    for block in _blocks(page, "console"):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            if match := re.match(r"\$ (?:\S*python3? cli\.py|overlap) (.*)", line):
                found.append(match[1])
    return found


def test_the_readme_shows_commands() -> None:
    assert {shlex.split(line, comments=True)[0] for line in _commands(ROOT / "README.md")} >= {
        "check", "build", "info", "verify", "measure", "report",
    }  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_shown_parse(page: Path) -> None:
    for line in _commands(page):
        name, *arguments = shlex.split(line, comments=True)
        assert name in main.commands, line
        try:
            main.commands[name].make_context(name, [word for word in arguments if word not in ("|", ">")])
        except Exception as error:
            pytest.fail(f"{page.name}: overlap {line}: {error}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_that_is_shown_uses_what_there_is(page: Path) -> None:
    for block in _blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "overlap":
                assert node.attr in overlap.__all__, node.attr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), target


def test_every_command_is_explained() -> None:
    """In the README or a page of its own; docs/cli.md, which is only the commands' help, does not count."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES if page.name not in ("cli.md", "CHANGELOG.md"))
    assert [name for name in main.commands if f"overlap {name}" not in text] == []


def _messages() -> list[tuple[str, list[str]]]:
    """Where each error of the family is raised, and the constant parts of its message."""
    found = []
    for path in sorted((ROOT / "overlap").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            if node.func.id not in overlap.errors.__all__:
                continue
            message = node.args[0]
            values = message.values if isinstance(message, ast.JoinedStr) else [message]
            parts = [str(value.value) for value in values if isinstance(value, ast.Constant)]
            if parts:
                found.append((f"{path.name}:{node.lineno} {''.join(parts)}", parts))
    return found


def test_every_message_has_an_entry() -> None:
    """In docs/messages.md, by at least fifteen characters of one of its constant parts."""
    text = _text("docs/messages.md")
    missing = []
    for place, parts in _messages():
        starts = [part.strip(" :;,(-")[:15] for part in parts]
        if not any(len(start) > 5 and start in text for start in starts):
            missing.append(place)
    assert len(_messages()) > 30
    assert missing == []


def test_every_error_has_an_entry() -> None:
    text = _text("docs/messages.md")
    named = [name for name in overlap.errors.__all__ if re.search(rf"\b{name}\b", text)]
    unused: set[str] = set()
    assert set(overlap.errors.__all__) - set(named) - unused == set()


def test_every_key_of_a_manifest_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    index = overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i")
    text = _text("docs/index-format.md")
    body = json.loads((index.path / "manifest.json").read_text())
    keys = {*body, *(key for source in body["sources"] for key in source)}
    assert [key for key in sorted(keys) if not re.search(rf"(?<!\w){key}(?!\w)", text)] == []


def test_every_key_of_a_result_is_explained() -> None:
    found = overlap_of([(27, [(0, 2)])])
    (result,) = json.loads(overlap.Report((found,)).render("json"))["results"]
    keys = {*result, *found.to_arrow().column_names}
    text = _text("docs/results.md") + _text("docs/method.md")
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []


def test_the_changelog_has_this_version() -> None:
    assert re.search(rf"^## \[?{re.escape(overlap.__version__)}", _text("CHANGELOG.md"), re.MULTILINE)


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_does_and_its_examples_are_true(name: str) -> None:
    module = importlib.import_module(name)
    assert len(module.__doc__ or "") > 10
    found = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert found.failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = [test for name in MODULES for test in finder.find(importlib.import_module(name))]
    assert sum(len(test.examples) for test in tests) >= 10
