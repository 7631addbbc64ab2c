"""Reports: golden files of every format, and what no name of a test set may do to them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable
from html.parser import HTMLParser

import pytest
from rich.console import Console
from values import overlap_of, paper, train_of

from overlap.report import Report
from overlap.results import Overlap

NASTY = r"a|b_c%$<script>&amp;`x`#*{}\^~"
A, B = train_of("web"), train_of("books", documents=7, ngrams=1_234_567, distinct=1_000_001, bound=1e-9)
UNION = train_of("union", distinct=None, members=("web", "books"), documents=1_007, ngrams=1_384_567, bound=1e-8)


def report_of(overlaps: Iterable[Overlap]) -> Report:
    """A report on these overlaps."""
    return Report(tuple(overlaps))


def _realistic() -> Report:
    """Two training sets and their union; the first of two test sets has an own training split too."""
    own = train_of("gsm8k", own=True, documents=7_473)
    return report_of(
        [
            overlap_of([(27, [(0, 2), (9, 1)]), (27, [(5, 4)]), (8, [(0, 1)]), (17, []), (7, [])], train=own),
            overlap_of([(27, [(0, 2)]), (27, []), (8, []), (17, []), (7, [])], train=A, distinct=(40, 2)),
            overlap_of([(27, []), (27, []), (8, []), (17, []), (7, [])], train=B),
            overlap_of([(27, [(0, 2)]), (27, []), (8, []), (17, []), (7, [])], train=UNION, distinct=(40, 2)),
            overlap_of([(100_000, [(5, 3)])], train=A, test="humaneval"),
            overlap_of([(100_000, [])], train=B, test="humaneval"),
            overlap_of([(100_000, [(5, 3)])], train=UNION, test="humaneval"),
        ]
    )


def _nasty() -> Report:
    return report_of([overlap_of([(27, [(0, 2)])], train=train_of(f"{NASTY} train"), test=NASTY)])


REPORTS: dict[str, Callable[[], Report]] = {
    "realistic": _realistic,
    "paper": lambda: report_of(paper()),
    "nasty": _nasty,
}
EXTENSIONS = {"md": "md", "csv": "csv", "json": "json", "latex": "tex"}


@pytest.mark.parametrize("format", EXTENSIONS)
@pytest.mark.parametrize("name", REPORTS)
def test_golden(name: str, format: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}.{EXTENSIONS[format]}", REPORTS[name]().render(format))


def _on_terminal(report: Report, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False, color_system=None, legacy_windows=False).print(
        report.to_rich(width)
    )
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("name", REPORTS)
def test_golden_on_a_terminal(name: str, width: int, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}-{width}.txt", _on_terminal(REPORTS[name](), width))


NAMES = [
    "plain",
    NASTY,
    "[x]",
    "*",
    "1,234",
    "=1+1",
    " spaced  out ",
    "two\nlines",
    "試験",
    "a\tb",
    '"quoted"',
    "-",
    "%",
]


def _of_name(name: str) -> Report:
    return report_of([overlap_of([(27, [(0, 2)])], train=train_of(name), test=name)])


class _Text(HTMLParser):
    """Would a browser see a tag in this?"""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)


def _markdown_cells(line: str) -> list[str]:
    """The cells of a row of a table, unescaped as GitHub does."""
    cells = re.split(r"(?<!\\)(?:\\\\)*\|", line)[1:-1]
    return [re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", cell.strip()) for cell in cells]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_in_markdown(name: str) -> None:
    """Every row has as many cells as the header, and the name comes out of its cell as it went in."""
    text = _of_name(name).render("md")
    shown = " ".join(name.split())
    tables = [block for block in text.split("### ") if "|" in block]
    assert len(tables) == 2
    for table in tables:
        rows = [_markdown_cells(line) for line in table.splitlines() if line.startswith("|")]
        assert len({len(row) for row in rows}) == 1
        assert shown in rows[0] + rows[2]
        prose = re.sub(r"`[^`\n]*`", "", re.sub(r"\\.", "", table))
        found = _Text()
        found.feed(prose)
        assert found.tags == []
        assert "&" not in prose  # an entity would be shown as another character
        assert "$" not in prose  # GitHub would typeset what is between two of them


@pytest.mark.parametrize("name", NAMES)
def test_any_name_in_csv(name: str) -> None:
    rows = list(csv.DictReader(io.StringIO(_of_name(name).render("csv"), newline="")))
    (row,) = rows
    assert row["test"] == name
    assert row["train"] == name
    assert None not in row
    assert None not in row.values()


def _balanced(text: str) -> bool:
    depth = 0
    for mark in re.findall(r"\\.|[{}]", text, re.DOTALL):
        depth += (mark == "{") - (mark == "}")
        if depth < 0:
            return False
    return depth == 0


def _latex_text(cell: str) -> str:
    """What LaTeX sets for a cell."""
    named = {"textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textless": "<",
             "textgreater": ">", "textbar": "|", "textquotedbl": '"', "textasciigrave": "`"}  # fmt: skip
    cell = re.sub(r"\\([a-z]+)\{\}", lambda match: "\0" + named[match[1]], cell)
    cell = re.sub(r"(?<!\0)\\([&%$#_{}])", r"\1", cell.replace("{}", "").replace("{[}", "["))
    return cell.replace("\0", "").strip()


@pytest.mark.parametrize("name", NAMES)
def test_any_name_in_latex(name: str) -> None:
    """Balanced braces and environments, as many cells in every row, no optional argument after a row's end."""
    text = _of_name(name).render("latex")
    shown = " ".join(name.split())
    assert _balanced(text)
    assert re.findall(r"\\(begin|end)\{(\w+)\}", text) == [
        (verb, kind) for _ in range(2) for verb, kind in
        [("begin", "table"), ("begin", "tabular"), ("end", "tabular"), ("end", "table")]
    ]  # fmt: skip
    assert re.search(r"(\\\\|\\(?:top|mid|bottom)rule)\s*[\[*]", text) is None
    for columns, body in re.findall(r"\\begin\{tabular\}\{([lr]+)\}(.*?)\\end\{tabular\}", text, re.DOTALL):
        rows = [line.removesuffix(r" \\") for line in body.splitlines() if line.endswith(r" \\")]
        cells = [re.split(r"(?<!\\)&", row) for row in rows]
        assert {len(row) for row in cells} == {len(columns)}
        assert shown in [_latex_text(cell) for row in cells for cell in row]
    without_commands = re.sub(r"\\[^a-zA-Z]|\\[a-zA-Z]+", "", text)
    assert not set("#$%^~<>|_") & set(without_commands)


@pytest.mark.parametrize("name", [*NAMES, "[bold]x[/bold]", ":smile:", "\x1b[31mred"])
@pytest.mark.parametrize("width", [40, 200])
def test_any_name_on_a_terminal(name: str, width: int) -> None:
    """No markup, no emoji, no control codes; and no line is wider than the terminal."""
    text = _on_terminal(_of_name(name), width)
    assert "\x1b" not in text
    if width == 200:
        assert " ".join(name.split()).replace("\x1b", "") in text.replace("\x1b", "")
        console = Console(width=width)
        assert max(console.measure(line).maximum for line in text.splitlines()) <= width


def test_many_test_sets_on_a_narrow_terminal() -> None:
    """Forty columns do not fit into 60 characters: the table is turned, and no number is folded or lost."""
    overlaps = [
        overlap_of([(10_007, [(0, 100 * number + 1)])], train=train, test=f"benchmark-{number}")
        for number in range(40)
        for train in (A, B)
    ]
    text = _on_terminal(report_of(overlaps), 60)
    lines = [line.split() for line in text.splitlines()]
    for number in range(40):
        assert [f"benchmark-{number}", f"{number}.01", f"{number}.01"] in lines
    assert ["mean", "19.51", "19.51"] in lines
    assert max(map(len, text.splitlines())) <= 60


def test_no_name_or_number_is_folded() -> None:
    """The paper's own Table 6 on terminals of any width: turned where it does not fit, never broken."""
    folded = set()
    for width in range(40, 161):
        table6, _, datasets = _on_terminal(Report(paper()), width).partition("Per data set")
        table6 = table6.partition("(PTB):")[0]  # notes below the table are prose, and may be folded
        for cell in ("Dataset train", "WebText train", "Wikitext-103", "13.19"):
            if cell not in table6 or cell not in datasets:
                folded.add(width)
    assert folded == set()


def test_wide_letters_count_twice() -> None:
    """A table of Chinese names that fits by its characters but not by its width is turned as well."""
    overlaps = [overlap_of([(10_007, [(0, 1234)])], train=A, test=f"試験試験試験試験{number}") for number in range(4)]
    text = _on_terminal(report_of(overlaps), 80)
    for number in range(4):
        assert re.search(rf"試験試験試験試験{number} +12\.34", text)


def test_csv_is_one_table_of_unrounded_values() -> None:
    report = _realistic()
    rows = list(csv.DictReader(io.StringIO(report.render("csv"), newline="")))
    results = json.loads(report.render("json"))["results"]
    assert len(rows) == len(results) == 7
    for row, result in zip(rows, results, strict=True):
        for key, text in row.items():
            value = result[key]
            if isinstance(value, (bool, str)):
                assert text == str(value)
            elif value is None:
                assert text == ""
            else:
                assert float(text) == value


def test_json_has_the_documented_keys() -> None:
    body = json.loads(_realistic().render("json"))
    assert set(body) == {"signature", "results"}
    documented = {
        "train", "test", "n", "train_documents", "train_ngrams", "train_distinct", "examples", "too_short",
        "examples_hit", "examples_all_hit", "test_ngrams", "hits", "test_distinct", "distinct_hits",
        "overlap_percent", "longest_run",
    }  # fmt: skip
    for result in body["results"]:
        assert documented <= set(result)
    assert body["signature"].count("n:8|unit:word|") == 3  # own split, web, books; not their union


def test_json_of_a_union_has_no_distinct_count() -> None:
    results = json.loads(_realistic().render("json"))["results"]
    assert [result["train_distinct"] for result in results if result["train"] == "union"] == [None, None]


def test_every_signature_is_below_the_table() -> None:
    for format in ("md", "latex"):
        text = _realistic().render(format).replace(r"\textbar{}", "|").replace(r"\#", "#")
        for name in ("gsm8k", "web", "books"):
            assert f"train:{name}#0123456789ab|v:0.1.0" in text


def test_rows_and_columns_that_are_not_there() -> None:
    """A test set without an own training split has a dash in that row, and the row has no mean."""
    table = _realistic().tables[0]
    assert table.header == ("Training set", "gsm8k", "humaneval", "mean")
    assert table.rows[0][0] == "Dataset train"
    assert table.rows[0][2:] == ("–", "–")
    assert table.rows[1] == ("web", "3.92", "<0.01", "1.96")


def test_highest_percent() -> None:
    assert _realistic().highest_percent == 100 * 8 / 51
    assert Report(()).highest_percent == 0.0


def test_unknown_format() -> None:
    with pytest.raises(ValueError, match=r"format must be .*json.*, not 'xml'"):
        _realistic().render("xml")


def test_text_of_a_report_is_markdown() -> None:
    assert str(_realistic()) == _realistic().render("md")


@pytest.mark.parametrize("format", [*EXTENSIONS, "terminal"])
def test_report_on_nothing(format: str) -> None:
    report = Report(())
    text = _on_terminal(report, 80) if format == "terminal" else report.render(format)
    assert isinstance(text, str)
    if format == "json":
        assert json.loads(text)["results"] == []


def _two_of_one_name(**changed: object) -> list[Overlap]:
    first = overlap_of([(107, [(0, 10)])], train=A, test="t")
    second = overlap_of([(107, [(0, 90)])], train=train_of("web", **changed), test="t")
    return [first, second]


def test_two_results_of_one_name_are_both_shown() -> None:
    """Two corpora that are both called ``web``, from two stored results: no number disappears from Table 6."""
    overlaps = _two_of_one_name(documents=5)
    try:
        text = report_of(overlaps).render("md")
    except ValueError:
        return
    table6 = text.split("###")[1]
    assert "10.00" in table6
    assert "90.00" in table6


def test_numbers_of_different_n_are_not_mixed() -> None:
    """The title says 8-grams: a 13-gram number may not stand below it."""
    first = overlap_of([(107, [(0, 10)])], train=A, test="x", n=8)
    second = overlap_of([(112, [(0, 90)])], train=B, test="y", n=13)
    try:
        text = report_of([first, second]).render("md")
    except ValueError:
        return
    titles = re.findall(r"test set (\d+)-grams", text)
    assert set(titles) == {"8", "13"}
