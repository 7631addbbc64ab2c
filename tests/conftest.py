"""Shared fixtures. Real data lies beside the project, in ../shared/data; tests that need it skip visibly without it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from samples import write_corpus

signal.signal(
    signal.SIGINT, signal.default_int_handler
)  # children must obey Ctrl-C, even where this process was told not to
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data."""
    if not SHARED.is_dir():
        pytest.skip("the real data are not here: ../shared/data")
    return SHARED


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files from what came out")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with tests/golden/NAME; what came out instead is kept in tests/actual/NAME."""
    folder = Path(__file__).parent

    def compare(name: str, text: str) -> None:
        expected = folder / "golden" / name
        if request.config.getoption("--update-golden"):
            expected.write_text(text, encoding="utf-8", newline="")
        wanted = expected.read_bytes().decode() if expected.exists() else None
        if text != wanted:
            (folder / "actual").mkdir(exist_ok=True)
            (folder / "actual" / name).write_text(text, encoding="utf-8", newline="")
        assert text == wanted, f"differs from {expected}; if that is meant: pytest --update-golden"

    return compare


@pytest.fixture(scope="session")
def large_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """27 MB in eight text files: several spills, several partitions, hundreds of milliseconds to build."""
    return write_corpus(tmp_path_factory.mktemp("large") / "corpus", files=8, words=520_000)
