"""reports/ is what the tool says today."""

from __future__ import annotations

from pathlib import Path

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
