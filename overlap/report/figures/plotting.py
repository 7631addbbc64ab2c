"""Figures for papers, drawn with matplotlib (the extra ``plots``): SVG, PDF or PNG, the same bytes every time.

Colours are those of Okabe and Ito (2008), which colour-blind readers tell apart; every curve has a line style too, so
that forty of them differ, and print in grey.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from overlap.errors import BadArgument
from overlap.report.figures.axes import axis_of, tick_text
from overlap.report.figures.values import Bars, Figure, Intervals, Lines
from overlap.report.rendering import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FILE_TYPES", "draw"]

FILE_TYPES = ("svg", "pdf", "png")
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F")
_STYLES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (6, 1, 1, 1, 1, 1)))
_HATCHES = ("", "///", "\\\\\\", "xxx", "---", "|||", "+++", "...")
_SETTINGS = {
    "svg.hashsalt": "overlap",
    "svg.fonttype": "none",  # text stays text
    "pdf.fonttype": 42,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e8eb",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "text.parse_math": False,  # a dollar in a name is a dollar
}
_NO_DATES: dict[str, dict[str, str | None]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
    "png": {"Software": None},
}


def draw(figure: Figure, file_type: str = "svg", width: float = 6.5) -> bytes:
    """The figure as the bytes of a file, ``width`` inches wide.

    Raises ValueError for another type of file, or where matplotlib is not installed.
    """
    if file_type not in FILE_TYPES:
        raise BadArgument(f"a figure can be written as {', '.join(FILE_TYPES)}, not {file_type!r}")
    if not 1 <= width <= 50:
        raise BadArgument(f"width must be 1 to 50 inches, not {width:g}")
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as Canvas
    except ImportError as error:
        raise BadArgument("figures need matplotlib: pip install 'trainset-overlap[plots]'") from error
    settings: Any = {**dict(matplotlib.rcParamsDefault), **_SETTINGS}
    with matplotlib.rc_context(settings):
        canvas = Canvas(figsize=(width, _height(figure, width)), layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.add_subplot()
        if isinstance(figure, Bars):
            _draw_bars(axes, figure)
        elif isinstance(figure, Lines):
            _draw_lines(axes, figure)
        else:
            _draw_intervals(axes, figure)
        out = io.BytesIO()
        canvas.savefig(out, format=file_type, dpi=200, metadata=_NO_DATES[file_type])
    return out.getvalue()


def _height(figure: Figure, width: float) -> float:
    """Bars grow with their number; a long legend below curves takes its place."""
    if isinstance(figure, Bars):
        return 1.2 + 0.16 * max(4, len(figure.names) * (len(figure.series) + 0.6))
    curves = len(figure.curves) if isinstance(figure, Lines) else len(figure.series)
    return 0.62 * width + (0.17 * -(-curves // 2) if curves > 1 else 0.0)


def _draw_lines(axes: Axes, figure: Lines) -> None:
    for number, curve in enumerate(figure.curves):
        axes.plot(
            curve.x,
            curve.y,
            color=_COLOURS[number % len(_COLOURS)],
            linestyle=_STYLES[number % len(_STYLES)],  # with eight colours: forty that differ
            drawstyle="steps-post" if figure.steps else "default",
            marker="o" if len(curve.x) == 1 else None,
            label=one_line(curve.name),
        )
    for value, label in figure.marks:
        axes.axvline(value, color="#555555", linewidth=0.8, linestyle=":")
        axes.annotate(
            label, (value, 1), xycoords=("data", "axes fraction"), xytext=(-3, -2), textcoords="offset points",
            ha="right", va="top", fontsize=8, color="#555555",
        )  # fmt: skip
    if figure.log_x:
        _make_log(axes, "x", [v for curve in figure.curves for v in curve.x] + [v for v, _ in figure.marks])
    if figure.log_y:
        _make_log(axes, "y", [v for curve in figure.curves for v in curve.y])
    if figure.x_range:
        axes.set_xlim(*figure.x_range)
    if figure.y_range:
        low, high = figure.y_range
        axes.set_ylim(low, high + 0.02 * (high - low))
    elif not figure.log_y:
        axes.set_ylim(bottom=min([0.0, *(value for curve in figure.curves for value in curve.y)]))
    _label(axes, figure.x_label, figure.y_label, len(figure.curves))


def _make_log(axes: Axes, which: Literal["x", "y"], values: Sequence[float]) -> None:
    """A logarithmic axis with plain numbers at its ticks."""
    axis = axis_of(values, is_log=True)
    axes.set(**{f"{which}scale": "log", f"{which}lim": (axis.low / 1.05, axis.high * 1.05)})
    drawn = axes.xaxis if which == "x" else axes.yaxis
    drawn.set_ticks(axis.ticks, [tick_text(tick) for tick in axis.ticks])
    drawn.set_ticks([], minor=True)


def _draw_bars(axes: Axes, figure: Bars) -> None:
    rows = len(figure.series)
    for number, (name, values) in enumerate(zip(figure.series, figure.values, strict=True)):
        places = [i * (rows + 0.6) + number for i, value in enumerate(values) if value is not None]
        known = [value for value in values if value is not None]
        bars = axes.barh(
            places,
            known,
            height=0.85,
            color=_COLOURS[number % len(_COLOURS)],
            hatch=_HATCHES[number % len(_HATCHES)],
            edgecolor="white",
            linewidth=0,
            label=one_line(name),
        )
        axes.bar_label(bars, [f"{value:.2f}" for value in known], padding=2, fontsize=7)
    axes.set_yticks([i * (rows + 0.6) + (rows - 1) / 2 for i in range(len(figure.names))], map(one_line, figure.names))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.12)
    axes.set_xlim(left=0)
    _label(axes, figure.x_label, "", rows)


def _draw_intervals(axes: Axes, figure: Intervals) -> None:
    for number, (name, points) in enumerate(figure.series):
        shift = (number + 1) / (len(figure.series) + 1) - 0.5
        axes.errorbar(
            [figure.places.index(point.x) + shift for point in points],
            [point.y for point in points],
            yerr=[[point.y - point.low for point in points], [point.high - point.y for point in points]],
            fmt="osD^vP*X"[number % 8],
            color=_COLOURS[number % len(_COLOURS)],
            capsize=3,
            label=one_line(name),
        )
    axes.set_xticks(range(len(figure.places)), map(one_line, figure.places))
    _label(axes, figure.x_label, figure.y_label, len(figure.series))


def _label(axes: Axes, x_label: str, y_label: str, names: int) -> None:
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    if names > 1 and axes.figure is not None:
        axes.figure.legend(loc="outside lower center", ncols=2 if names < 60 else 3, fontsize=8)
