"""reports/ is what the tool says today."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "name",
    ["table6.md", "leak-or-phrase.md", "audit-gsm8k.md", "audit-jungle-book.md", "impact-gsm8k.md",
     "impact-gsm8k-by-length.md"],
)  # fmt: skip
def test_report_is_fresh(name: str, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import make_reports

    assert set(make_reports.PAGES) == {path.name for path in (ROOT / "reports").glob("*.md")} - {"README.md"}
    stored = (ROOT / "reports" / name).read_text(encoding="utf-8")
    assert make_reports.page(*make_reports.PAGES[name]) == stored, "if that is meant: make reports"


DEMO = ROOT / "reports" / "demo"
SVG = "{http://www.w3.org/2000/svg}"


def _texts(svg: bytes) -> list[str]:
    """What is written in a figure; the paths between may differ with matplotlib's version."""
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_demo_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stored result, drawn again, is what is committed."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import make_reports

    files = make_reports.demo_files()
    kept = {path.name for path in DEMO.iterdir() if path.is_file()}
    assert kept == {*files, "scores.jsonl"}
    for name, data in files.items():
        stored = (DEMO / name).read_bytes()
        if name.endswith(".svg"):
            assert _texts(data) == _texts(stored), f"{name}: if that is meant: make reports"
        else:
            assert data == stored, f"{name}: if that is meant: make reports"


def test_demo_names_no_place_of_this_machine() -> None:
    for path in DEMO.glob("*.*"):
        assert str(ROOT).encode() not in path.read_bytes()
