"""A real browser for the tests: Debian's Chromium driven by Playwright, and axe-core from npm; see ``make browser``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from commands import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
AXE = ROOT / ".browser" / "node_modules" / "axe-core" / "axe.min.js"


def chromium() -> str:
    """Where the browser is, or a visible skip."""
    named = os.environ.get("OVERLAP_CHROMIUM")
    found = named or next((path for name in NAMES if (path := shutil.which(name))), None)
    if not found:
        pytest.skip("no Chromium is installed (make browser, or OVERLAP_CHROMIUM=PATH)")
    return found


def axe() -> str:
    """axe-core's script, or a visible skip."""
    if not AXE.is_file():
        pytest.skip("axe-core is not here: make browser")
    return AXE.read_text(encoding="utf-8")


@contextmanager
def running_browser() -> Iterator[Any]:
    """A browser for a session of tests."""
    path = chromium()
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Opened:
    """A page that was opened from disk, with everything that it said, asked for and did wrong."""

    def __init__(self, browser: Any, path: Path, **options: Any):
        self.context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options}
        )
        self.context.set_default_timeout(10_000)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.loaded: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("response", lambda response: self.loaded.append(response.url))
        self.page.goto(path.as_uri())

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, *_: object) -> None:
        self.context.close()
