"""What notebooks show of our values: HTML that no text can break, plain reprs, and tables for pandas."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from values import findings_of, match_of, overlap_of, train_of

import overlap
from overlap.report import Report
from overlap.report.notebook import html_of
from overlap.report.rendering import one_line
from overlap.results import Comparison, Run

EVIL = "<script>alert(1)</script><img src=x onerror=1>\"'&amp; \u202e"
_VOID = {"br"}


class _Checker(HTMLParser):
    """Which tags are there, and is each closed?"""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(value: Any) -> str:
    """The text that a notebook shows; its tags are ours, and closed."""
    checker = _Checker()
    checker.feed(value._repr_html_())
    assert checker.open == []
    assert checker.tags <= {
        "table",
        "caption",
        "thead",
        "div",
        "tbody",
        "tr",
        "th",
        "td",
        "p",
        "b",
        "br",
        "small",
        "mark",
    }
    return checker.text


def _overlap() -> overlap.Overlap:
    return overlap_of([(27, [(0, 2)]), (30, [])], test=EVIL, train=train_of(f"train {EVIL}"))


def _findings() -> overlap.Findings:
    matches = [match_of(i, units=8 + i, test_id=f"q{i}", test_text=f"{EVIL} number{i}") for i in range(12)]
    runs = [Run(0, 0, 2, 1, 1, 9, "passage", "x")]
    return findings_of(matches, runs, of=_overlap(), examples=30)


def test_values_are_shown() -> None:
    assert "4.65" in shown(_overlap())
    found = _findings()
    text = shown(found)
    assert "1 of 30 examples" in text
    assert "number11" in text
    assert "number3" not in text
    assert "[U+202E]" in text
    assert "number3" in shown(found.show("q3"))
    assert "number3" in shown(found.matches[3])
    assert "More than" not in shown(Report((_overlap(),), (found,)))
    assert "has more than 1\u00a0% of its 8-grams in training" in shown(Report((_overlap(),), (found,)))
    assert "Before and after" in shown(overlap.compare([_overlap()], [_overlap()]))


def test_an_index_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(" ".join(f"w{i}" for i in range(40)))
    index = overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i")
    text = shown(index)
    assert "33" in text
    assert index.manifest.corpus_digest[:12] in text
    assert repr(index).startswith("Index(")
    assert "33 distinct 8-grams" in repr(index)


def test_what_is_not_known_is_shown_as_text() -> None:
    assert html_of("<b>") == "<pre>&#x27;&lt;b&gt;&#x27;</pre>"


def test_plain_reprs_are_short() -> None:
    found = _findings()
    for value in (_overlap(), found, found.matches[0], Report((_overlap(),), (found,))):
        assert len(repr(value)) < 500
        assert repr(value).startswith(type(value).__name__ + "(")
    assert repr(overlap_of([(27, [(0, 2)])])) == "Overlap('gsm8k' in 'web': 2 of 20 8-grams, 10.00 %)"
    assert repr(overlap_of([(2, [])])) == "Overlap('gsm8k' in 'web': 0 of 0 8-grams)"


def test_matches_of_an_example() -> None:
    found = _findings()
    assert [match.test_id for match in found.show("q3")] == ["q3"]
    assert found.show(3).matches == found.show("q3").matches
    assert [match.units for match in found.show()][:3] == [19, 18, 17]
    assert len(found.show()) == 12
    assert found.show()[0].units == 19
    assert "number3" in repr(found.show("q3"))
    assert repr(found.show("no such")) == f"no match of {one_line(EVIL)} in train {one_line(EVIL)}"
    assert "No match" in shown(found.show("no such"))
    with pytest.raises(ValueError, match="example must be 0 to 29, not 30"):
        found.show(30)


def test_tables_for_pandas() -> None:
    report = Report((_overlap(), overlap_of([(40, [(1, 3)])])), (_findings(),))
    frame = report.to_pandas()
    assert frame["overlap_percent"].round(4).tolist() == [4.6512, 9.0909]
    assert frame["test"].tolist() == [EVIL, "gsm8k"]
    assert report.overlaps[0].to_pandas()["hits"].tolist() == [2, 0]
    assert _findings().to_pandas()["units"].tolist() == list(range(8, 20))
    assert _findings().show("q1").to_pandas()["test_id"].tolist() == ["q1"]
    assert Report(()).to_arrow().num_rows == 0


def test_a_comparison_of_nothing_that_changed() -> None:
    assert isinstance(overlap.compare([_overlap()], [_overlap()]), Comparison)


def test_tables_are_bounded() -> None:
    """Thirty rows, with the number of the others; a name of any length is one of three hundred letters."""
    groups = [f"g{i}" for i in range(99)] + ["x" * 10_000]
    report = Report((replace(overlap_of([(27, [(0, 2)])] * 100), groups=groups),))
    text = html_of(report)
    assert "g29<" in text
    assert "g30<" not in text
    assert "… and 70 more rows, in the report" in text
    assert "x" * 300 in report.render("md")
    assert "x" * 301 not in report.render("md")
    assert "overflow-wrap: anywhere" in text
