"""The HTML report as text: complete in itself, bounded, escaped; and the other ways into a file."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from commands import call, refused
from test_report import REPORTS
from values import findings_of, match_of, overlap_of, train_of

from overlap.report import Report
from overlap.report.page.embedded import MOST_BYTES, MOST_MATCHES, embedded_matches
from overlap.report.rendering import visible
from overlap.report.side_by_side import facts
from overlap.report.verdict import verdict_of

VOID = {"meta", "input", "br", "link", "img", "path", "rect", "line", "circle"}


class _Reader(HTMLParser):
    """Tags, their balance, ids, and everything that could load something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.loads: list[tuple[str, str]] = []
        self.headings: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "action", "data", "srcset", "xlink:href") and not (value or "").startswith("#"):
                self.loads.append((tag, value or ""))
            assert not name.startswith("on"), (tag, name)
            assert name != "style", tag
            if name == "id":
                self.ids.append(value or "")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:  # <path><title>..</title></path>
            return
        assert self.open.pop() == tag


def _with_matches() -> Report:
    matches = [match_of(i, units=8 + i) for i in range(30)]
    overlap = overlap_of([(27, [(0, 2)])] * 30)
    return Report((overlap,), (findings_of(matches, of=overlap),))


@pytest.mark.parametrize("name", [*REPORTS, "matches", "nothing"])
def test_a_page_is_complete_and_sound(name: str) -> None:
    report = {"matches": _with_matches, "nothing": lambda: Report(())}.get(name, REPORTS.get(name))
    assert report is not None
    text = report().render("html")
    page = _Reader()
    page.feed(text)
    page.close()
    assert page.open == []
    assert page.loads == []
    assert len(page.ids) == len(set(page.ids))
    assert page.headings[0] == 1
    assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False))
    assert "url(" not in text.partition("<body>")[0]
    assert "@import" not in text


def test_the_policy_names_the_script_and_style_that_are_there() -> None:
    text = REPORTS["realistic"]().render("html")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    for kind in ("style", "script"):
        (body,) = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{kind}-src &#39;sha256-{digest}&#39;" in policy[1].replace("&#43;", "+").replace("&#x2F;", "/")
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe" not in policy[1]


def test_the_same_result_gives_the_same_page() -> None:
    assert _with_matches().render("html") == _with_matches().render("html")


def test_the_page_is_bounded() -> None:
    """Twenty thousand matches of two pairs of sets: five thousand in the page, the longest of each; it says so."""
    few = findings_of([match_of(i, units=8) for i in range(50)], test="short ones")
    many = findings_of([match_of(i % 30, units=9 + i) for i in range(20_000)])
    chosen = embedded_matches([few, many])
    assert (chosen.shown, chosen.total) == (MOST_MATCHES, 20_050)
    tests = [row["test"] for row in chosen.dicts(MOST_MATCHES)]
    assert tests.count("short ones") == 50
    units = [row["units"] for row in chosen.dicts(MOST_MATCHES)]
    assert units == sorted(units, reverse=True)
    report = Report((overlap_of([(27, [(0, 2)])] * 30),), (few, many))
    text = report.render("html")
    assert "This page holds 5,000 of 20,050 matches: the longest of each pair" in text
    assert len(text) < 6_000_000


def test_long_texts_are_bounded() -> None:
    """Long matches in letters of three bytes: the size bounds, not only the number."""
    long = [match_of(i, units=8, test_text="試" * 900, train_text="験" * 900) for i in range(4_000)]
    chosen = embedded_matches([findings_of(long)])
    assert 0 < chosen.shown < 4_000
    assert len(chosen.json().encode()) < MOST_BYTES + 1_000_000
    (row,) = embedded_matches([findings_of([match_of(test_text="a" * 1_000 + "b" * 1_000)])]).dicts(1)
    assert row["test_text"] == "a" * 600 + " […] " + "b" * 600
    words = " ".join(f"word{i}" for i in range(1_000))
    (row,) = embedded_matches([findings_of([match_of(test_text=words)])]).dicts(1)
    start, end = row["test_text"].split(" […] ")
    assert set(start.split()) | set(end.split()) <= set(words.split())
    assert words.startswith(start + " ")
    assert words.endswith(" " + end)
    assert 1_100 < len(start) + len(end) <= 1_200


def test_text_full_of_markup_is_bounded_too() -> None:
    """A hundred thousand examples, and matches whose every other letter takes six bytes in the page."""
    text = "<a><b>&</b>" * 110
    matches = [match_of(i, units=8 + i % 90, test_text=text, train_text=text) for i in range(20_000)]
    report = Report((overlap_of([(27, [(0, 2)])] * 100_000),), (findings_of(matches),))
    chosen = embedded_matches(report.findings)
    assert 0 < chosen.shown < MOST_MATCHES
    assert MOST_BYTES - 100_000 < len(chosen.json().encode()) < MOST_BYTES + 1_000
    page = report.render("html")
    assert f"This page holds {chosen.shown:,} of 20,000 matches" in page
    assert len(page.encode()) < MOST_BYTES + 1_000_000


@pytest.mark.parametrize(("unit", "noun"), [("word", "Words"), ("char", "Characters"), ("token", "Tokens")])
def test_the_filter_for_lengths_names_the_unit(unit: str, noun: str) -> None:
    found = findings_of([match_of()], unit=unit)
    assert f"<label>{noun} at least" in Report((overlap_of([(27, [(0, 2)])]),), (found,)).render("html")


def test_long_tables_are_folded() -> None:
    """A hundred groups are one line until they are wanted; a few, and Table 6, stand open."""
    overlaps = [
        replace(overlap_of([(27, [(0, 2)])] * count), groups=[f"g{i}" for i in range(count)]) for count in (100, 10)
    ]
    many, few = (Report((item,)).render("html") for item in overlaps)
    assert "<summary>Per group of examples: 100 rows</summary>" in many
    assert many.count("<details") == many.count("</details>") == 1
    assert "<details" not in few
    assert "details.folded::details-content" in many.partition("@media print")[2]


def test_headers_stand_over_their_columns() -> None:
    """Columns of words are to the left, head and cells; those of numbers to the right."""
    (table,) = re.findall(
        r'<caption id="evidence-\d-caption"><span>Test files.*?</table>', _with_matches().render("html"), re.S
    )
    heads = {name: kind for kind, name in re.findall(r'<th scope="col"(?: class="(\w+)[ \w]*")?>([^<]*)<', table)}
    assert heads["bytes"] == "number"
    assert {heads[name] for name in ("File", "format", "fields", "a document is one", "digest")} == {""}
    assert '<td class="number">1,234</td>' in table
    assert "<td>jsonl</td>" in table


def test_context_is_cut_at_words() -> None:
    (row,) = embedded_matches([findings_of([match_of(test_before="xxx " + "y" * 116, test_after=" a" * 60)])]).dicts(1)
    assert row["test_before"] == "… " + "y" * 116
    assert row["test_after"].endswith("a …")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("plain", "plain"), ("a\u202eb", "a[U+202E]b"), ("\x00", "[U+0000]"), ("a\r\nb\rc", "a\nb\nc"),
     ("\u200b\ufeff", "[U+200B][U+FEFF]"), ("\ud800", "[U+D800]"), ("👩\u200d💻 में", "👩\u200d💻 में"),
     ("\u2028", "[U+2028]"), ("tab\there", "tab\there"), ("\u0600", "\u0600")],
)  # fmt: skip
def test_visible(text: str, expected: str) -> None:
    assert visible(text) == expected


def test_verdicts() -> None:
    low, high = overlap_of([(107, [])], test="low"), overlap_of([(107, [(0, 50)]), (3, [])], test="high")
    assert verdict_of([low, high]).line == "1 of 2 test sets has more than 1\u00a0% of its 8-grams in training."
    assert verdict_of([low, high], limit=60).line.startswith("None of 2 test sets has more than 60\u00a0%")
    assert verdict_of([high]).line == "high has more than 1\u00a0% of its 8-grams in training."
    assert verdict_of([low]).line == "low has no more than 1\u00a0% of its 8-grams in training."
    both = [high, overlap_of([(107, [(0, 50)])], test="too", n=13)]
    assert verdict_of(both).line == "All 2 test sets have more than 1\u00a0% of their n-grams in training."
    assert verdict_of([]).line == "Nothing was measured."
    more = " ".join(verdict_of([low, high]).more)
    assert "The highest is 50.00 %, of high in web." in more
    assert "1 of 3 examples are too short" in more
    union = overlap_of([(107, [(0, 60)])], test="low", train=train_of("union", members=("web", "b")))
    assert verdict_of([low, union]).over == ("low",)


def test_many_test_sets_are_rows() -> None:
    overlaps = [overlap_of([(107, [(0, i)])], test=f"set {i}") for i in range(1, 41)]
    text = Report(tuple(overlaps)).render("html")
    assert text.count('<article class="card') == 40
    assert '<th scope="row">set 40</th>' in text
    assert "32 more, lower ones" in text


@pytest.mark.parametrize("name", REPORTS)
def test_golden_card(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}.card.md", REPORTS[name]().render("card"))


@pytest.mark.parametrize("name", [*REPORTS, "matches", "nothing"])
def test_a_card_is_one_of_the_hub(name: str) -> None:
    """The hub's own library reads its metadata; names come out as they went in."""
    hub = pytest.importorskip("huggingface_hub")
    report = {"matches": _with_matches, "nothing": lambda: Report(())}.get(name, REPORTS.get(name))
    assert report is not None
    card = hub.DatasetCard(report().render("card"), ignore_metadata_errors=False)
    data = card.data.to_dict()["train_test_overlap"]
    assert [row["test"] for row in data["results"]] == [item.test for item in report().overlaps]
    for row, item in zip(data["results"], report().overlaps, strict=True):
        assert row["overlap_percent"] == pytest.approx(100 * item.hits.sum() / item.ngrams.sum(), abs=1e-4)
        assert row["signature"] == item.train.signature
        assert row["false_positive_bound"] == item.train.bound
    assert card.text.lstrip().startswith("## Overlap with training data")


def test_csv_and_json_round_trip() -> None:
    report = _with_matches()
    body = json.loads(report.render("json"))
    assert json.dumps(body, indent=1, ensure_ascii=False) + "\n" == report.render("json")
    (row,) = csv.DictReader(io.StringIO(report.render("csv"), newline=""))
    again = io.StringIO()
    writer = csv.DictWriter(again, list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    assert again.getvalue() == report.render("csv")


LATEX = r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs}\begin{document}%s\end{document}"


@pytest.mark.parametrize("name", [*REPORTS, "matches"])
def test_latex_compiles(name: str, tmp_path: Path) -> None:
    if not shutil.which("pdflatex"):
        pytest.skip("pdflatex is not installed (make browser)")
    report = _with_matches() if name == "matches" else REPORTS[name]()
    (tmp_path / "a.tex").write_text(LATEX % report.render("latex"), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "a.tex"]
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=120)
    assert outcome.returncode == 0, outcome.stdout[-2000:].decode(errors="replace")
    assert (tmp_path / "a.pdf").stat().st_size > 1_000


@pytest.mark.parametrize(
    ("file", "start"),
    [("a.html", "<!DOCTYPE html>"), ("a.md", "### Percent"), ("a.csv", "train,test"), ("a.json", "{"),
     ("a.tex", "\\begin"), ("a.txt", "Percentage of test set")],
)  # fmt: skip
def test_output_to_a_file(file: str, start: str, tmp_path: Path) -> None:
    _with_matches().save(tmp_path / "r")
    target = tmp_path / "new" / file
    outcome = call("report", tmp_path / "r", "-o", target)
    assert (outcome.exit_code, outcome.stdout) == (0, "")
    assert target.read_text(encoding="utf-8").startswith(start)
    assert list(target.parent.iterdir()) == [target]
    target.write_text("mine")
    assert "a file is here already" in refused(call("report", tmp_path / "r", "-o", target))
    assert target.read_text() == "mine"
    assert call("report", tmp_path / "r", "-o", target, "--force").exit_code == 0
    assert target.read_text(encoding="utf-8").startswith(start)


def test_the_format_is_stronger_than_the_name(tmp_path: Path) -> None:
    _with_matches().save(tmp_path / "r")
    assert call("report", tmp_path / "r", "-o", tmp_path / "a.md", "--format", "card").exit_code == 0
    assert (tmp_path / "a.md").read_text().startswith("---\ntrain_test_overlap:")
    assert call("report", tmp_path / "r", "--format", "html").stdout.startswith("<!DOCTYPE html>")
    assert "a folder is here" in refused(call("report", tmp_path / "r", "-o", tmp_path))
    with pytest.raises(ValueError, match=r"a report's name must end in \.html"):
        _with_matches().write(tmp_path / "a.docx")


def test_the_limit_of_a_command_is_that_of_its_page(tmp_path: Path) -> None:
    _with_matches().save(tmp_path / "r")
    outcome = call("report", tmp_path / "r", "-o", tmp_path / "a.html", "--fail-above", "5")
    assert outcome.exit_code == 3
    assert "more than 5\u00a0% of its 8-grams" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_skipped_records_are_said(tmp_path: Path) -> None:
    """In the first lines, under Table 6, and by file and kind."""
    words = " ".join(f"w{i}" for i in range(30))
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": words}) + "\n{broken\n" + json.dumps({"text": words}) + "\n")
    arguments = ("scan", "--train", tmp_path / "a.jsonl", "--test", tmp_path / "a.jsonl", "--on-bad-record", "skip")
    assert call(*arguments, "-o", tmp_path / "r").exit_code == 4
    outcome = call("report", tmp_path / "r", "-o", tmp_path / "a.html")
    assert outcome.exit_code == 4
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "2 bad records were skipped; the numbers are without them." in text.partition("<main")[0]
    assert text.count("NOT COUNTED") == 2
    assert "Skipped records" in text
    assert "2 bad records were skipped" in Report.load(tmp_path / "r").render("card")
    assert "Skipped records" not in _with_matches().render("html")


@pytest.mark.parametrize(
    ("share", "percent"), [(0.9966, "99"), (0.99999, "99"), (1.0, "100"), (0.00001, "1"), (0.5, "50")]
)
def test_only_all_is_100_percent(share: float, percent: str) -> None:
    """On the page as it is drawn first, in its rows, and in one line."""
    overlap = overlap_of([(27, [(0, 2)])])
    item = findings_of([match_of(share=share)], of=overlap)
    page = Report((overlap,), (item,)).render("html")
    assert f'<span data-field="share">{percent}</span> % of the example' in page
    (row,) = embedded_matches([item]).dicts(1)
    assert (row["share"] in (0, 1)) == (share == 1.0)
    assert f" {percent}% of the example" in facts(item, item.matches[0])
