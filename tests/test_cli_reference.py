"""The command reference in the documentation is what the commands say of themselves."""

from __future__ import annotations

import sys
from pathlib import Path

TOOLS = Path(__file__).parent.parent / "tools"


def test_reference_is_fresh(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))
    import cli_reference

    assert cli_reference.TARGET.read_text(encoding="utf-8") == cli_reference.reference(), (
        f"run: {Path(sys.executable).name} tools/cli_reference.py"
    )
