"""Score impact in the page, as figures, and from the command to files."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from commands import ROOT, call, refused

import overlap
from overlap.impact import Impact
from overlap.report import Report
from overlap.report.figures import impact_figure
from overlap.report.figures.from_impact import scores_by_overlap, sweep
from overlap.report.notebook import html_of

DEMO = ROOT / "reports" / "demo"


@cache
def _impact() -> Impact:
    """Scores of the demo's trivia set: better where it leaked."""
    report = Report.load(DEMO / "result")
    scores = {"trivia": [overlap.read_scores(DEMO / "scores.jsonl")]}
    rule = overlap.DirtyRule("class")
    return overlap.score_impact(report.overlaps, scores, findings=report.findings, rule=rule, draws=200)


def test_unions_have_no_classes() -> None:
    assert {item.train for item in _impact().models} == {"web", "books"}


def test_scores_by_overlap() -> None:
    figure = scores_by_overlap(_impact())
    assert figure.places[0] == "no hit"
    (name, points) = figure.series[0]
    assert name == "correct, trivia in web"
    main = next(item for item in _impact().models if item.train == "web")
    bins = {contrast.name: contrast for contrast in main.contrasts if contrast.kind == "bin"}
    for point in points[1:]:
        assert (point.y, point.low, point.high) == (
            bins[point.x].dirty.value, bins[point.x].dirty.low, bins[point.x].dirty.high,
        )  # fmt: skip
        assert point.low <= point.y <= point.high
    assert points[-1].y > points[0].y


def test_sweep() -> None:
    figure = sweep(_impact())
    main = next(item for item in _impact().models if item.train == "web")
    by_metric = {curve.name.rpartition(": ")[2]: curve for curve in figure.curves}
    for metric, curve in by_metric.items():
        points = [p for p in main.sweep.points if p.metric == metric and p.estimable]
        assert curve.x == tuple(100 * p.threshold for p in points)
        assert curve.y == tuple(p.z for p in points)
        assert all(map(math.isfinite, curve.y))


def test_the_legend_of_the_sweep_goes_down_as_its_curves_do() -> None:
    item = next(item for item in _impact().models if item.train == "web")
    points = tuple(
        replace(p, z=p.z * {"fraction": 1, "coverage": 3, "longest": 2}[p.metric]) for p in item.sweep.points
    )
    found = replace(_impact(), models=(replace(item, sweep=replace(item.sweep, points=points)),))
    assert [curve.name for curve in sweep(found).curves] == [
        "correct: coverage",
        "correct: longest",
        "correct: fraction",
    ]


def test_one_pair_of_sets_needs_no_name() -> None:
    only = replace(_impact(), models=_impact().models[:1])
    assert [name for name, _ in scores_by_overlap(only).series] == ["correct"]
    with pytest.raises(ValueError, match="nothing for the figure sweep"):
        impact_figure("sweep", replace(_impact(), models=()))
    with pytest.raises(ValueError, match="figure must be one of scores, sweep, not 'pie'"):
        impact_figure("pie", only)


def test_the_page_and_the_report_have_it() -> None:
    report = replace(Report.load(DEMO / "result"), impact=_impact())
    page = report.render("html")
    for text in ("Score by overlap", "Sweep over thresholds", "Scores of clean and dirty examples"):
        assert text in page
        assert text not in Report.load(DEMO / "result").render("html")
    assert "Scores of clean and dirty examples" in report.render("md")
    assert json.loads(report.render("json"))["impact"]["models"][0]["model"] == "correct"
    assert "Scores of clean and dirty examples" in html_of(_impact())
    assert repr(_impact()) == "Impact(2 models on 2 pairs of sets; dirty: a run of class duplicate or passage)"


def test_the_command(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    arguments = ("impact", DEMO / "result", "--scores", f"trivia={DEMO / 'scores.jsonl'}", "--draws", "200")
    page, figure = tmp_path / "a.html", tmp_path / "a.svg"
    outcome = call(*arguments, "-o", page)
    assert (outcome.exit_code, outcome.stdout) == (0, "")
    assert "Score by overlap" in page.read_text(encoding="utf-8")
    assert "a file is here already" in refused(call(*arguments, "-o", page))
    assert call(*arguments, "--figure", "sweep", "-o", figure).exit_code == 0
    assert figure.read_bytes().startswith(b"<?xml")
    assert call(*arguments, "--figure", "sweep").exit_code == 2
    assert call(*arguments, "--format", "md").stdout.startswith("### Scores of clean")
    assert call(*arguments, "-o", tmp_path / "a.csv").exit_code == 0
    assert (tmp_path / "a.csv").read_text().startswith("train,")
