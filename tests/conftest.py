"""Shared fixtures. Real data lies beside the project, in ../shared/data; tests that need it skip visibly without it."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data."""
    if not SHARED.is_dir():
        pytest.skip("the real data are not here: ../shared/data")
    return SHARED


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files from what came out")
