"""The HTML report in a real headless Chromium: nothing loads, everything works, and no test set gets its way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser import Opened, axe, running_browser
from commands import ROOT
from values import findings_of, match_of, overlap_of, train_of

from overlap.report import Report

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

HOSTILE = '</script><script>window.hacked = 1</script><img src="https://example.org/x.png" onerror="window.hacked = 2">'
NAME = "<b>\"evil\" & 'co'</b> {{ 7 * 7 }}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    with running_browser() as found:
        yield found


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two training sets and two test sets of hostile names and texts; sixty matches."""
    overlaps, findings = [], []
    for train in ("web", "books"):
        for number, test in enumerate(("plain", NAME)):
            runs = [[(0, 10)] if i % 3 else [] for i in range(30)]
            overlaps.append(overlap_of([(40 + i, run) for i, run in enumerate(runs)], train=train_of(train), test=test))
            matches = [
                match_of(
                    i,
                    units=8 + i,
                    kind="duplicate" if i > 20 else "short match",
                    test_text=f"{HOSTILE} needle{i}",
                    train_text=f"a\u202eb \x1b[31m {HOSTILE} line one\nline two",
                    source=f"{train}.jsonl",
                )
                for i in range(15 * (1 + number))
            ]
            findings.append(findings_of(matches, of=overlaps[-1]))
    path = tmp_path_factory.mktemp("page") / "report.html"
    Report(tuple(overlaps), tuple(findings)).write(path)
    return path


@pytest.fixture
def page(browser: Any, page_file: Path) -> Iterator[Any]:
    """The page; that it complained of nothing and asked for nothing is checked after every test."""
    opened = Opened(browser, page_file)
    with opened as found:
        yield found
    assert opened.complaints == []
    assert opened.requests == [page_file.as_uri()]


def _count(page: Any) -> str:
    return str(page.locator("#count").inner_text())


def _counts(page: Any, text: str) -> None:
    """Wait until the line above the matches says this: what is typed is looked for with a short delay."""
    expect(page.locator("#count")).to_contain_text(text)


def _field(page: Any, label: str) -> Any:
    return page.locator("#filters").get_by_label(label)


def test_scripts_in_a_test_set_stay_text(page: Any) -> None:
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    assert page.locator("script:not([type])").count() == 1
    first = page.locator(".match").first
    assert HOSTILE in first.inner_text()
    assert "[U+202E]" in first.inner_text()
    assert "[U+001B]" in first.inner_text()
    assert NAME in page.locator("#sets").inner_text()
    assert "49" not in page.locator("#sets h3").all_inner_texts()


def test_policy_stops_a_script_that_got_in(browser: Any, page_file: Path, tmp_path: Path) -> None:
    """Even if a tag were not escaped, the browser would not run it, nor load anything."""
    broken = tmp_path / "broken.html"
    broken.write_text(page_file.read_text().replace("<main", f"{HOSTILE.removeprefix('</script>')}<main", 1))
    opened = Opened(browser, broken)
    with opened as page:
        page.wait_for_timeout(200)
        assert page.evaluate("window.hacked") is None
    assert opened.loaded == [broken.as_uri()]
    assert any("Content Security Policy" in line for line in opened.complaints)


def test_sorting_by_click_and_by_key(page: Any) -> None:
    table = page.locator("table", has=page.locator("caption", has_text="Per data set"))
    header = table.locator("th", has_text="examples")
    column = [item.strip("↕↑↓ ") for item in table.locator("thead th").all_inner_texts()].index("hits")
    hits = table.locator("thead th").nth(column)
    values = table.locator(f"tbody tr > :nth-child({column + 1})")
    hits.locator("button").click()
    assert hits.get_attribute("aria-sort") == "descending"
    numbers = [int(text) for text in values.all_inner_texts()]
    assert numbers == sorted(numbers, reverse=True)
    hits.locator("button").press("Enter")
    assert hits.get_attribute("aria-sort") == "ascending"
    header.locator("button").first.press(" ")
    assert hits.get_attribute("aria-sort") is None


def test_numbers_are_sorted_by_value(page: Any) -> None:
    """Thousands, what is below a hundredth, exponents, and what is missing."""
    page.evaluate(
        """() => {
        const body = document.querySelector("table[data-sortable] tbody");
        const row = body.rows[0];
        const cells = ["1,234", "9", "–", "<0.01", "5e-09", "0.01"];
        body.replaceChildren(...cells.map((text) => {
            const copy = row.cloneNode(true);
            copy.cells[1].textContent = text;
            return copy;
        }));
    }"""
    )
    table = page.locator("table[data-sortable]").first
    table.locator("th button").nth(1).click()
    shown = table.locator("tbody tr > :nth-child(2)").all_inner_texts()
    assert shown == ["1,234", "9", "0.01", "<0.01", "5e-09", "–"]


def test_filters(page: Any) -> None:
    assert _count(page) == "1 to 20 of 90 matches"
    _field(page, "Test set").select_option("plain")
    _counts(page, "of 30")
    _field(page, "Words at least").fill("20")
    _counts(page, "of 6")
    _field(page, "Test set").select_option("")
    _field(page, "Words at least").fill("")
    _field(page, "Text").fill("NEEDLE29")
    _counts(page, "1 to 2 of 2")
    assert not page.locator("#pager").is_visible()
    _field(page, "Text").fill("not in any")
    _counts(page, "None of the 90 in this page is like that.")
    _field(page, "Text").fill("")
    _field(page, "Class").select_option("duplicate")
    _counts(page, "of 18")
    assert set(page.locator(".match .kind").all_inner_texts()) == {"duplicate"}
    _field(page, "Training set").select_option("books")
    _counts(page, "of 9")


def test_order(page: Any) -> None:
    lengths = [int(text) for text in page.locator('.match [data-field="units"]').all_inner_texts()]
    assert lengths == sorted(lengths, reverse=True)
    _field(page, "Order").select_option("example")
    expect(page.locator('.match [data-field="units"]').first).to_have_text("8")


def test_paging_by_click_and_by_key(page: Any) -> None:
    first = page.locator(".match").first.inner_text()
    assert page.locator("#previous").is_disabled()
    page.locator("#next").click()
    assert _count(page) == "21 to 40 of 90 matches"
    assert page.locator("#page-number").inner_text() == "Page 2 of 5"
    page.locator("#next").press("Enter")
    page.locator("#next").press(" ")
    page.locator("#next").press("Enter")
    assert _count(page) == "81 to 90 of 90 matches"
    assert page.locator("#next").is_disabled()
    for _ in range(4):
        page.locator("#previous").click()
    assert page.locator(".match").first.inner_text() == first


def test_the_first_page_is_the_same_with_and_without_script(browser: Any, page_file: Path, page: Any) -> None:
    with Opened(browser, page_file, java_script_enabled=False) as still:
        plain = still.locator("#list").inner_text()
        assert "JavaScript" in _count(still)
        for place in ("#filters", "#pager", "#theme", ".copy"):
            assert not still.locator(place).first.is_visible()
        assert still.locator("#evidence table").first.is_visible()
    assert page.locator("#list").inner_text() == plain


def test_copying_a_signature(page: Any) -> None:
    signature = page.locator("#signature-1").inner_text()
    page.get_by_role("button", name="Copy the signature of web").press("Enter")
    expect(page.locator("#copied")).to_contain_text("Copied")
    _field(page, "Text").focus()
    page.keyboard.press("Control+V")
    assert _field(page, "Text").input_value() == signature


def test_from_a_card_to_its_matches(page: Any) -> None:
    page.locator(".see-matches", has_text="plain").click()
    assert _count(page) == "1 to 20 of 30 matches"
    assert _field(page, "Test set").input_value() == "plain"


def test_dark_and_light(browser: Any, page_file: Path, page: Any) -> None:
    def brightness(found: Any) -> int:
        colour = found.evaluate("getComputedStyle(document.body).backgroundColor")
        return int(colour.removeprefix("rgb(").split(",")[0])

    assert brightness(page) > 200
    page.locator("#theme").click()
    assert brightness(page) < 60
    page.locator("#theme").press("Enter")
    assert brightness(page) > 200
    with Opened(browser, page_file, color_scheme="dark") as dark:
        assert brightness(dark) < 60
        dark.emulate_media(media="print")
        assert brightness(dark) > 200


def test_a_narrow_screen(browser: Any, page_file: Path) -> None:
    """Nothing is wider than a phone but tables, which scroll in themselves."""
    with Opened(browser, page_file, viewport={"width": 380, "height": 800}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
        _field(page, "Text").fill("needle3")
        assert page.locator(".sides").first.evaluate("e => getComputedStyle(e).gridTemplateColumns").count(" ") == 0


def test_tables_are_reached_by_keyboard(page: Any) -> None:
    regions = page.locator("[role=region]")
    assert regions.count() >= 5
    for region in regions.all():
        region.focus()
        assert region.evaluate("e => e === document.activeElement")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility(browser: Any, page_file: Path, scheme: str) -> None:
    """axe-core finds nothing serious."""
    script = axe()
    with Opened(browser, page_file, color_scheme=scheme) as page:
        page.evaluate(script)
        found = page.evaluate("axe.run().then((result) => result.violations)")
    bad = [(item["id"], [node["html"][:200] for node in item["nodes"]]) for item in found]
    assert bad == []


def test_accessibility_of_a_whole_report(browser: Any) -> None:
    """The committed demo: everything that a page can have, impact too; and nothing wider than a phone."""
    script = axe()
    opened = Opened(browser, ROOT / "reports" / "demo" / "report.html", viewport={"width": 380, "height": 800})
    with opened as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
        page.evaluate(script)
        assert page.evaluate("axe.run().then((result) => result.violations.map((item) => item.id))") == []
    assert opened.complaints == []


def test_a_result_without_matches(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    Report((overlap_of([(27, [(0, 2)])]), overlap_of([(30, [])], test="clean"))).write(path)
    opened = Opened(browser, path)
    with opened as page:
        assert page.locator("#matches").count() == 0
        assert "overlap locate" in page.locator("header").inner_text()
        assert page.locator("#theme").is_visible()
    assert opened.complaints == []


def test_a_comparison(browser: Any, tmp_path: Path) -> None:
    import overlap
    from overlap.report.comparisons import render_comparison

    before = overlap_of([(27, [(0, 2)]), (30, [])])
    after = replace(before, run_lengths=before.run_lengths + 3)
    path = tmp_path / "compared.html"
    path.write_text(render_comparison(overlap.compare([before], [after]), "html"))
    opened = Opened(browser, path)
    with opened as page:
        page.locator("th button").first.click() if page.locator("th button").count() else None
        assert "rose in 1" in page.locator("h1").inner_text()
    assert opened.complaints == []
