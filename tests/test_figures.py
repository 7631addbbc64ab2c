"""Figures: the numbers in them, their axes, and drawing that is the same every time, for one set and for forty."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from commands import call, refused
from hypothesis import given
from hypothesis import strategies as st
from values import findings_of, overlap_of, train_of

from overlap.report import Report
from overlap.report.figures import FIGURES, Bars, Intervals, Lines, Point, figure_of
from overlap.report.figures.axes import axis_of, tick_text
from overlap.report.figures.from_results import bars, cdf, growth, spectrum
from overlap.report.figures.svg import intervals_svg, lines_svg
from overlap.results import Run

EXAMPLES = [(27, [(0, 20)]), (27, [(0, 2)]), (27, [(3, 1), (9, 4)]), (27, []), (7, [])]


def _many(count: int) -> Report:
    overlaps = [
        overlap_of([(107, [(0, i + 1)]), (107, [(5, 3)]), (107, [])], test=f"set {i}", train=train_of(train))
        for i in range(count)
        for train in ("web", "books")
    ]
    runs = [Run(0, 0, i + 1, 1 + i, 1, 8 + i, "passage", "x") for i in range(3)]
    found = [findings_of(runs=runs, of=item) for item in overlaps]
    return Report(tuple(overlaps), tuple(found))


def test_cdf() -> None:
    """Four examples have n-grams: 0, 10, 25 and 100 % of theirs are hits."""
    (curve,) = cdf([overlap_of(EXAMPLES)]).curves
    assert curve.x == (0.0, 0.0, 10.0, 25.0, 100.0, 100.0)
    assert curve.y == (0.0, 25.0, 50.0, 75.0, 100.0, 100.0)


@given(st.lists(st.integers(0, 93), min_size=1, max_size=60))
def test_cdf_is_never_too_high(sizes: list[int]) -> None:
    """At every x the share of examples with so much or less, but for rounding up to a tenth."""
    found = overlap_of([(100, [(0, size)] if size else []) for size in sizes])
    (curve,) = cdf([found]).curves
    shares = 100 * found.hits / found.ngrams
    assert list(curve.x) == sorted(curve.x)
    assert list(curve.y) == sorted(curve.y)
    assert curve.y[-1] == 100
    for x, y in list(zip(curve.x, curve.y, strict=True))[1:]:
        assert y == pytest.approx(100 * np.mean(shares <= x + 1e-9))


def test_spectrum() -> None:
    """Runs of 20, 2, 1 and 4 n-grams are 27, 9, 8 and 11 words long."""
    figure = spectrum([overlap_of(EXAMPLES)], [findings_of()])
    assert [(curve.x, curve.y) for curve in figure.curves] == [((8.0, 8.0, 9.0, 11.0, 27.0), (4.0, 4.0, 3.0, 2.0, 1.0))]
    assert figure.marks == ((13, "passage"), (50, "duplicate"))
    assert spectrum([overlap_of([(27, [])])]).curves == ()


def test_the_spectrum_is_drawn_as_steps_from_n_on() -> None:
    """One stretch of 27 words: one of 8 words or more, of 9, .. of 27: a level line, no slope, no lone point."""
    figure = spectrum([overlap_of([(107, [(0, 20)]), (107, [(0, 50)])])], [findings_of()])
    assert [(curve.x, curve.y) for curve in figure.curves] == [((8.0, 27.0, 57.0), (2.0, 2.0, 1.0))]
    path = re.search(r'class="line s0" d="([^"]*)"', lines_svg(figure, "f"))
    assert path is not None
    assert re.fullmatch(r"M52[.0]* [\d.]+V[\d.]+H[\d.]+V[\d.]+H[\d.]+", path[1])
    levels = re.findall(r"V([\d.]+)", path[1])
    assert float(levels[0]) < float(levels[1])


def test_a_mark_is_named_on_the_right_of_its_line() -> None:
    """There what is named begins; on the left the last name would stand over the region of the one before."""
    text = lines_svg(spectrum([overlap_of(EXAMPLES)], [findings_of()]), "f")
    lines = re.findall(r'<line class="mark" x1="([\d.]+)"', text)
    names = re.findall(r'<text class="mark" x="([\d.]+)" dx="(-?\d+)" y="\d+"( text-anchor="end")?>(\w+)<', text)
    assert [(x, name) for x, _, _, name in names] == list(zip(lines, ("passage", "duplicate"), strict=True))
    assert all(int(dx) > 0 and not anchor for _, dx, anchor, _ in names)


def test_spectrum_of_very_many_lengths_is_thinned() -> None:
    found = overlap_of([(100_000, [(0, size)]) for size in range(1, 3000)])
    (curve,) = spectrum([found]).curves
    assert len(curve.x) < 600
    assert (curve.x[-1], curve.y[-1], curve.y[0]) == (3006.0, 1.0, 2999.0)


def test_bars() -> None:
    one = overlap_of([(107, [(0, 10)])])
    figure = bars([one, overlap_of([(107, [(0, 50)])], test="other", train=train_of("books"))])
    assert figure.names == ("gsm8k", "other")
    assert figure.values == ((10.0, None), (None, 50.0))


def test_growth() -> None:
    """A run in one document is found with probability p, one in three with 1 - (1 - p)^3."""
    runs = [Run(0, 0, 10, 1, 1, 17, "passage", "x"), Run(1, 0, 30, 3, 1, 37, "passage", "x")]
    overlap = overlap_of([(107, [(0, 10)]), (107, [(0, 30)])])
    (curve,) = growth([overlap], [findings_of(runs=runs, of=overlap)]).curves
    expected = {x: 100 * (10 * x / 100 + 30 * (1 - (1 - x / 100) ** 3)) / 200 for x in curve.x}
    assert curve.y == pytest.approx(tuple(expected.values()))
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0.0, 0.0, 100.0, pytest.approx(20.0))
    partial = replace(findings_of(runs=runs, of=overlap), partial=True)
    assert growth([overlap], [partial]).curves == ()


def test_names_say_what_differs() -> None:
    web, books = (overlap_of(EXAMPLES, train=train_of(name)) for name in ("web", "books"))
    union = overlap_of(EXAMPLES, train=train_of("union", members=("web", "books")))
    assert [curve.name for curve in cdf([web]).curves] == ["gsm8k"]
    assert {curve.name for curve in cdf([web, books, union]).curves} == {"gsm8k in web", "gsm8k in books"}
    assert [curve.name for curve in cdf([union]).curves] == ["gsm8k"]
    mixed = cdf([web, overlap_of(EXAMPLES, n=13)])
    assert {curve.name for curve in mixed.curves} == {"gsm8k, 8-grams", "gsm8k, 13-grams"}


@given(st.floats(1e-6, 1e9), st.floats(0, 1e9), st.booleans())
def test_axes_hold_their_values(low: float, more: float, is_log: bool) -> None:
    axis = axis_of([low, low + more], is_log)
    assert axis.low <= low * (1 + 1e-9)
    assert axis.high >= (low + more) * (1 - 1e-9)
    assert 0 <= axis.place(low) <= axis.place(low + more) <= 1
    assert 1 <= len(axis.ticks) <= 10
    assert list(axis.ticks) == sorted(axis.ticks)
    assert all(tick_text(tick) for tick in axis.ticks)


@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("file_type", ["svg", "pdf", "png"])
def test_drawing_is_the_same_every_time(name: str, count: int, file_type: str) -> None:
    pytest.importorskip("matplotlib")
    if file_type != "svg" and name != "bars":
        return
    report = _many(count)
    first = report.plot(name, file_type)
    assert first == report.plot(name, file_type)
    assert first[:4] in (b"<?xm", b"%PDF", b"\x89PNG")
    if file_type == "svg":
        root = ElementTree.fromstring(first)
        texts = ["".join(item.itertext()) for item in root.iter("{http://www.w3.org/2000/svg}text")]
        named = 0 if name == "bars" or count <= 8 else count - 4  # curves: eight have names, those that are highest
        for i in range(named, count):
            assert sum(text.startswith(f"set {i}") and text[len(f"set {i}") :][:1] in ("", " ") for text in texts) >= 1
        assert any("%" in text or "words" in text for text in texts)
        assert b"Date" not in first


def test_of_forty_curves_eight_have_names() -> None:
    """As on the page: the highest in colour, the others grey, with one line for all of them in the legend."""
    pytest.importorskip("matplotlib")
    texts = _texts(_many(20).plot("cdf"))
    assert sum(text.startswith("set ") for text in texts) == 8
    assert "32 more" in texts


def _texts(svg: bytes) -> list[str]:
    root = ElementTree.fromstring(svg)
    return ["".join(item.itertext()) for item in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("name", ["bars", "cdf"])
def test_names_that_begin_with_an_underscore_are_in_the_legend(name: str) -> None:
    pytest.importorskip("matplotlib")
    overlaps = tuple(overlap_of(EXAMPLES, train=train_of(train)) for train in ("_raw", "__web"))
    texts = _texts(Report(overlaps).plot(name))
    assert {"_raw", "__web"} <= {text.removeprefix("gsm8k in ") for text in texts}


@pytest.mark.parametrize("name", ["bars", "cdf"])
def test_long_names_leave_room_for_the_figure(name: str, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("matplotlib")
    names = ["a" * 200, "a" * 199 + "b", "大" * 200]
    report = Report(tuple(overlap_of(EXAMPLES, test=test) for test in names))
    texts = _texts(report.plot(name))
    assert {"a" * 21 + "…" + "a" * 22, "a" * 21 + "…" + "a" * 21 + "b", "大" * 10 + "…" + "大" * 11} <= set(texts)
    assert not caplog.records


def test_letters_without_a_font_are_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No warning of matplotlib's, and none at all for an SVG, whose letters are drawn where it is shown."""
    pytest.importorskip("matplotlib")
    from overlap.report.figures import plotting

    monkeypatch.setattr(plotting, "_FALLBACKS", ())
    Report((overlap_of(EXAMPLES, test="数学 問題"), overlap_of(EXAMPLES, test="b"))).save(tmp_path / "r")
    outcome = call("plot", tmp_path / "r", "--figure", "bars", "-o", tmp_path / "a.png")
    assert outcome.exit_code == 0
    (line,) = outcome.stderr.splitlines()
    assert "no installed font has all letters of the names: write a .svg" in line
    assert call("plot", tmp_path / "r", "--figure", "bars", "-o", tmp_path / "a.svg").stderr == ""


def test_a_font_that_is_installed_helps_out(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    from overlap.report.figures import plotting

    monkeypatch.setattr(plotting, "_FALLBACKS", ("No Such Font", "DejaVu Serif"))
    assert plotting._families("pdf") == ["DejaVu Sans", "DejaVu Serif"]
    assert plotting._families("svg")[0] == "DejaVu Sans"


def test_sets_without_a_hit_are_one_curve() -> None:
    """They would all be the same line; one alone keeps its name."""
    hit, *none = (overlap_of([(27, runs)], test=f"t{i}") for i, runs in enumerate(([(0, 2)], [], [])))
    assert [curve.name for curve in cdf([hit, *none]).curves] == ["t0", "2 without any hit"]
    assert [curve.name for curve in cdf([none[0], hit]).curves] == ["t0", "t1"]
    assert cdf([hit, *none]).curves[1].y == (0.0, 100.0, 100.0)


def test_names_are_no_mathematics() -> None:
    pytest.importorskip("matplotlib")
    report = Report((overlap_of(EXAMPLES, test=r"$\frac{1}{2}$ \x <b>"), overlap_of(EXAMPLES, test="b")))
    assert rb"$\frac{1}{2}$ \x &lt;b&gt;" in report.plot("bars")


def test_figures_of_the_page_are_sound() -> None:
    """Well-formed, named, and without style attributes, which the page's policy forbids."""
    figures: list[Lines | Intervals] = [
        make(_many(12).overlaps, _many(12).findings) for make in (cdf, spectrum, growth)
    ]
    points = (Point("a<b", 1.0, -0.5, 2.0), Point("c", 3.0, 2.5, 4.0))
    figures.append(Intervals("t", "x", "y", ("a<b", "c"), (("m & n", points),), "note"))
    for figure in figures:
        text = lines_svg(figure, "f") if isinstance(figure, Lines) else intervals_svg(figure, "f")
        root = ElementTree.fromstring(text)
        assert root.get("role") == "img"
        ids = {element.get("id") for element in root.iter()}
        assert set((root.get("aria-labelledby") or "").split()) <= ids
        assert "style=" not in text
        numbers = [float(n) for n in re.findall(r'(?:x|y|x1|x2|y1|y2|cx|cy)="(-?[\d.]+)"', text)]
        assert all(-300 <= n <= 480 for n in numbers)
        assert "nan" not in text


def test_figures_that_show_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="figure must be one of bars, cdf, spectrum, growth, not 'pie'"):
        figure_of("pie", [overlap_of(EXAMPLES)])
    with pytest.raises(ValueError, match="nothing for the figure growth: run overlap locate first"):
        figure_of("growth", [overlap_of(EXAMPLES)])
    with pytest.raises(ValueError, match="it has no hit"):
        figure_of("spectrum", [overlap_of([(27, [])])])
    with pytest.raises(ValueError, match="too short"):
        figure_of("cdf", [overlap_of([(2, [])])])
    with pytest.raises(ValueError, match="nothing for the figure bars"):
        figure_of("bars", [])
    assert isinstance(figure_of("bars", [overlap_of(EXAMPLES)]), Bars)


def test_the_command(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    _many(2).save(tmp_path / "r")
    target = tmp_path / "cdf.svg"
    assert call("plot", tmp_path / "r", "--figure", "cdf", "-o", target).stdout == ""
    assert target.read_bytes().startswith(b"<?xml")
    assert "a file is here already" in refused(call("plot", tmp_path / "r", "--figure", "cdf", "-o", target))
    assert call("plot", tmp_path / "r", "--figure", "cdf", "-o", target, "--force").exit_code == 0
    assert (
        "a figure can be written as svg, pdf, png"
        in call("plot", tmp_path / "r", "--figure", "cdf", "-o", tmp_path / "x.gif").stderr
    )
    assert call("plot", tmp_path / "r", "--figure", "cdf", "-o", tmp_path / "a.svg", "--width", "0").exit_code == 2
    assert not (tmp_path / "x.gif").exists()


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ValueError, match="figures need matplotlib: pip install"):
        _many(1).plot("cdf")
    assert "<svg" in _many(1).render("html")
