"""The example notebooks run from top to bottom, and what is stored with them is what they say today."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from commands import ROOT

NAMES = ("audit_a_corpus", "inspect_matches", "impact")


def _stable(output: Any) -> Any:
    """Of an output what does not depend on the versions of other libraries: not pictures, nor pandas' tables."""
    if output.output_type == "stream":
        return output.name, output.text
    shown = {kind: text for kind, text in output.get("data", {}).items() if kind != "image/png"}
    if "dataframe" in shown.get("text/html", ""):
        return sorted(shown)
    return output.output_type, sorted(output.get("data", {})), shown


@pytest.mark.parametrize("name", NAMES)
def test_notebook_is_fresh(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("nbclient")
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    import make_notebooks

    assert {path.stem for path in make_notebooks.NOTEBOOKS} == set(NAMES)
    path = ROOT / "examples" / f"{name}.ipynb"
    stored, fresh = nbformat.read(path, as_version=4), make_notebooks.executed(path)
    assert [cell.source for cell in stored.cells] == [cell.source for cell in fresh.cells]
    for old, new in zip(stored.cells, fresh.cells, strict=True):
        if new.cell_type == "code":
            assert [_stable(item) for item in old.outputs] == [_stable(item) for item in new.outputs], new.source
            assert all(item.output_type != "error" for item in new.outputs)


def test_notebooks_show_something_and_name_no_place_of_this_machine() -> None:
    for name in NAMES:
        text = Path(ROOT / "examples" / f"{name}.ipynb").read_text(encoding="utf-8")
        assert text.count("image/png") + text.count("text/html") >= 2
        assert "/home/" not in text
        assert str(ROOT) not in text
