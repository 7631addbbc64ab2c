"""Every metric says its paper, section and formula, has an example that is run, and a place in docs/metrics.md."""

from __future__ import annotations

import doctest
import inspect
import re

import pytest
from commands import ROOT

from overlap import metrics

# Values by the names of reports, and which findings belong to which overlap: they define no number of their own.
OF_REPORTS = {"contamination", "examples_by_class", "findings_for", "group_counts", "located", "part_counts",
              "summarise", "summarise_findings", "summary"}  # fmt: skip
NAMES = [name for name in metrics.__all__ if callable(getattr(metrics, name)) and name not in OF_REPORTS]
PAPER = re.compile(r"\d{4} \([^)]+\), (section|appendix|table|figure) [A-Z\d]")
QUOTED = re.compile(r"\d{4} \([^)]+\), [^.;]*quotations\s+only")
OURS = re.compile(r"of this tool \((docs/\w+\.md)\)")


def _said(name: str, head: str) -> str:
    """What the docstring says behind a head, up to the next empty line."""
    text = inspect.getdoc(getattr(metrics, name)) or ""
    found = re.search(rf"^{head}: (.+?)(\n\n|\n[A-Z]\w+: |\Z)", text, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def test_there_are_metrics() -> None:
    assert len(NAMES) > 20
    assert set(metrics.__all__) >= OF_REPORTS


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_names_paper_section_and_formula(name: str) -> None:
    source = _said(name, "Source")
    assert PAPER.search(source) or QUOTED.search(source) or OURS.search(source), source
    if ours := OURS.search(source):
        assert (ROOT / ours[1]).is_file()
    assert len(_said(name, "Formula")) > 10


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_has_an_example_that_is_right(name: str) -> None:
    function = getattr(metrics, name)
    space = vars(inspect.getmodule(function))
    (test,) = doctest.DocTestFinder(recurse=False).find(function, name, globs=dict(space))
    assert any(example.want for example in test.examples)
    assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_is_in_the_documentation(name: str) -> None:
    """In the heading of a section that says what it answers and when it misleads."""
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    sections = [part for part in re.split(r"^##? ", text, flags=re.MULTILINE) if f"`{name}`" in part.split("\n")[0]]
    assert len(sections) == 1
    assert "*Answers:*" in sections[0]
    assert "*Misleads:*" in sections[0]
