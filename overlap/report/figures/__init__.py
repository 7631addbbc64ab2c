"""Figures as values, and who draws them: ``svg`` for the HTML page, ``plotting`` (matplotlib) for papers."""

from overlap.report.figures.from_impact import IMPACT_FIGURES, impact_figure
from overlap.report.figures.from_results import FIGURES, figure_of
from overlap.report.figures.values import Bars, Curve, Intervals, Lines, Point

__all__ = ["FIGURES", "IMPACT_FIGURES", "Bars", "Curve", "Intervals", "Lines", "Point", "figure_of", "impact_figure"]
