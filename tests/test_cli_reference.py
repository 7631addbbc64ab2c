"""The command reference in the documentation is what the commands say of themselves."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from overlap.cli import group, options

TOOLS = Path(__file__).parent.parent / "tools"


def test_reference_is_fresh(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))
    import cli_reference

    assert cli_reference.TARGET.read_text(encoding="utf-8") == cli_reference.reference(), (
        f"run: {Path(sys.executable).name} tools/cli_reference.py"
    )


def test_every_exit_status_is_named() -> None:
    page = (TOOLS.parent / "docs" / "cli.md").read_text(encoding="utf-8")
    head = page.partition("```")[0]
    for status in (0, 1, 2, options.ABOVE_LIMIT, options.SKIPPED, group.INTERRUPTED, group.TERMINATED):
        assert re.search(rf"(^|[ ,]){status} \w", head, re.MULTILINE), status
