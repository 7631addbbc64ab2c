"""The public names: sorted, complete, importable, and light until they are used."""

from __future__ import annotations

import inspect
import subprocess
import sys
import types

import pytest
from commands import ROOT

import overlap
import overlap.errors

HEAVY = {"numba", "llvmlite", "pyarrow", "rich", "datasets", "matplotlib", "jinja2", "pybloom_live", "numpy"}


def _modules_after(statement: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after this statement."""
    code = f"{statement}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(outcome.stdout.split())


def test_names_are_sorted_and_each_once() -> None:
    assert overlap.__all__ == sorted(set(overlap.__all__))


@pytest.mark.parametrize("name", overlap.__all__)
def test_name_is_there_and_explained(name: str) -> None:
    value = getattr(overlap, name)
    if name == "__version__":
        assert value.count(".") == 2
        return
    assert not isinstance(value, types.ModuleType)
    assert value.__name__ == name
    assert value.__module__.startswith("overlap")
    assert len(inspect.getdoc(value) or "") > 20


@pytest.mark.parametrize(
    "name",
    ["BloomFilter", "ExampleOverlap", "Index", "Overlap", "OverlapError", "Report", "Signature", "Verification",
     "build_index", "check", "load_result", "measure", "ngram_hashes", "normalise", "open_index", "units",
     "verify_index"],
)  # fmt: skip
def test_promised_name_stays(name: str) -> None:
    """More may be added; none of these may go."""
    assert name in overlap.__all__


def test_dir_and_star() -> None:
    assert set(overlap.__all__) <= set(dir(overlap))
    space: dict[str, object] = {}
    exec("from overlap import *", space)
    assert set(overlap.__all__) - {"__version__"} <= set(space)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'overlap' has no attribute 'measures'"):
        _ = overlap.measures  # type: ignore[attr-defined]


def test_import_is_light() -> None:
    assert _modules_after("import overlap").isdisjoint(HEAVY)


def test_command_line_is_light() -> None:
    assert _modules_after("import overlap.cli").isdisjoint(HEAVY)


def test_values_and_reports_need_no_machinery() -> None:
    """Reports are drawn where neither numba nor a corpus reader is installed."""
    loaded = _modules_after("import overlap.metrics, overlap.report, overlap.results")
    assert loaded.isdisjoint({"numba", "llvmlite", "datasets", "click", "pybloom_live", "matplotlib"})


@pytest.mark.parametrize("name", overlap.errors.__all__)
def test_every_error_is_of_the_family(name: str) -> None:
    kind = getattr(overlap.errors, name)
    assert issubclass(kind, overlap.OverlapError)
    assert not issubclass(kind, ValueError | OSError)
    assert (inspect.getdoc(kind) or "").partition("\n")[0].endswith((".", ":"))


def test_errors_are_drawn_as_they_are() -> None:
    """The tree at the top of ``errors.py`` is the class hierarchy."""
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (overlap.errors.__doc__ or "").splitlines():
        place = next((i for i, letter in enumerate(line) if letter.isalpha()), 0)
        mark = line[:place]
        if mark.strip(" │├└─") or not line.strip() or not (line[place:].startswith("OverlapError") or "─" in mark):
            continue
        depth = (place - 4) // 4
        name = line[place:].split()[0]
        drawn[name] = above[depth - 1] if depth else ""
        above[depth:] = [name]
    assert set(drawn) == set(overlap.errors.__all__)
    for name, parent in drawn.items():
        kind = getattr(overlap.errors, name)
        bases = [base for base in kind.__mro__[1:] if base.__name__ in drawn]
        assert (bases[0].__name__ if bases else "") == parent, name


def test_errors_carry_their_values() -> None:
    error = overlap.errors.BadRecord("broken", "a.jsonl", 7)
    assert (error.path, error.row, str(error)) == ("a.jsonl", 7, "a.jsonl, record 7: broken")
    assert overlap.errors.CorpusError("nothing found").path is None
    assert overlap.errors.NotAnIndex("not one", "x").path == "x"
    mismatch = overlap.errors.SignatureMismatch("not alike", "n:8", "n:5")
    assert (mismatch.expected, mismatch.found) == ("n:8", "n:5")
