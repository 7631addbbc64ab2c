"""Figures for papers, drawn with matplotlib (the extra ``plots``): SVG, PDF or PNG, the same bytes every time.

Colours are those of Okabe and Ito (2008), which colour-blind readers tell apart; every curve has a line style too, so
that forty of them differ, and print in grey.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from overlap.errors import BadArgument
from overlap.report.figures.axes import axis_of, tick_text
from overlap.report.figures.names import figure_name
from overlap.report.figures.svg import SHOWN
from overlap.report.figures.values import Bars, Figure, Intervals, Lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FILE_TYPES", "draw"]

_log = logging.getLogger("overlap")

FILE_TYPES = ("svg", "pdf", "png")
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F")
_STYLES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (6, 1, 1, 1, 1, 1)))
_REST = "#9aa0a8"  # curves beyond those that have a colour of their own, as on the page
_FALLBACKS = (  # for letters that DejaVu Sans, which matplotlib brings, does not have
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans SC", "Noto Sans JP", "Noto Sans KR",
    "Source Han Sans", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "PingFang SC", "Hiragino Sans", "Microsoft YaHei",
    "Yu Gothic", "Malgun Gothic", "IPAGothic", "Noto Sans Devanagari", "Noto Sans Bengali", "Noto Sans Thai",
    "Noto Sans Tamil", "Arial Unicode MS", "Unifont",
)  # fmt: skip
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
_STEPS = {"": "default", "before": "steps-pre", "after": "steps-post"}
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
    settings: Any = {**dict(matplotlib.rcParamsDefault), **_SETTINGS, "font.family": _families(file_type)}
    with matplotlib.rc_context(settings), _complaints(file_type):
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


def _families(file_type: str) -> list[str]:
    """The font, and those that are installed for letters that it has not. SVG leaves that to whoever shows it."""
    from matplotlib.font_manager import fontManager

    known = {entry.name for entry in fontManager.ttflist} if file_type != "svg" else set()
    return ["DejaVu Sans", *(name for name in _FALLBACKS if name in known)]


@contextmanager
def _complaints(file_type: str) -> Iterator[None]:
    """One line of ours instead of matplotlib's warnings, a kind each."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield
    texts = [str(warning.message) for warning in found]
    if file_type != "svg" and any(text.startswith("Glyph ") for text in texts):
        _log.warning("no installed font has all letters of the names: write a .svg, or install Noto Sans CJK")
    if any("constrained_layout not applied" in text for text in texts):
        _log.warning("the names leave no room for the figure: make it wider")


def _height(figure: Figure, width: float) -> float:
    """Bars grow with their number; a long legend below curves takes its place."""
    if isinstance(figure, Bars):
        return 1.2 + 0.16 * max(4, len(figure.names) * (len(figure.series) + 0.6))
    curves = min(len(figure.curves), SHOWN + 1) if isinstance(figure, Lines) else len(figure.series)
    return 0.62 * width + (0.17 * -(-curves // 2) if curves > 1 else 0.0)


def _draw_lines(axes: Axes, figure: Lines) -> None:
    names, handles = [], []
    for number, curve in enumerate(figure.curves):
        look: dict[str, Any] = {"color": _REST, "linewidth": 0.8, "zorder": 1.5}
        if number < SHOWN:
            look = {"color": _COLOURS[number], "linestyle": _STYLES[number % len(_STYLES)]}
        marker = "o" if len(curve.x) == 1 else None
        (line,) = axes.plot(curve.x, curve.y, drawstyle=_STEPS[figure.steps], marker=marker, **look)
        if number <= SHOWN:
            names.append(curve.name if number < SHOWN else f"{len(figure.curves) - SHOWN:,} more")
            handles.append(line)
    for value, label in figure.marks:
        axes.axvline(value, color="#555555", linewidth=0.8, linestyle=":")
        axes.annotate(
            label, (value, 1), xycoords=("data", "axes fraction"), xytext=(3, -2), textcoords="offset points",
            ha="left", va="top", fontsize=8, color="#555555",
        )  # fmt: skip
    if figure.log_x:
        _make_log(axes, "x", figure.x_values)
    if figure.log_y:
        _make_log(axes, "y", [v for curve in figure.curves for v in curve.y])
    if figure.x_range:
        axes.set_xlim(*figure.x_range)
    if figure.y_range:
        low, high = figure.y_range
        axes.set_ylim(low, high + 0.02 * (high - low))
    elif not figure.log_y:
        axes.set_ylim(bottom=min([0.0, *(value for curve in figure.curves for value in curve.y)]))
    _label(axes, figure.x_label, figure.y_label, names, handles)


def _make_log(axes: Axes, which: Literal["x", "y"], values: Sequence[float]) -> None:
    """A logarithmic axis with plain numbers at its ticks."""
    axis = axis_of(values, is_log=True)
    axes.set(**{f"{which}scale": "log", f"{which}lim": (axis.low / 1.05, axis.high * 1.05)})
    drawn = axes.xaxis if which == "x" else axes.yaxis
    drawn.set_ticks(axis.ticks, [tick_text(tick) for tick in axis.ticks])
    drawn.set_ticks([], minor=True)


def _draw_bars(axes: Axes, figure: Bars) -> None:
    rows, handles = len(figure.series), []
    for number, values in enumerate(figure.values):
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
        )
        handles.append(bars)
        axes.bar_label(bars, [f"{value:.2f}" for value in known], padding=2, fontsize=7)
    middles = [i * (rows + 0.6) + (rows - 1) / 2 for i in range(len(figure.names))]
    axes.set_yticks(middles, map(figure_name, figure.names))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.12)
    axes.set_xlim(left=0)
    _label(axes, figure.x_label, "", figure.series, handles)


def _draw_intervals(axes: Axes, figure: Intervals) -> None:
    handles = []
    for number, (_, points) in enumerate(figure.series):
        shift = (number + 1) / (len(figure.series) + 1) - 0.5
        drawn = axes.errorbar(
            [figure.places.index(point.x) + shift for point in points],
            [point.y for point in points],
            yerr=[[point.y - point.low for point in points], [point.high - point.y for point in points]],
            fmt="osD^vP*X"[number % 8],
            color=_COLOURS[number % len(_COLOURS)],
            capsize=3,
        )
        handles.append(drawn)
    axes.set_xticks(range(len(figure.places)), map(figure_name, figure.places))
    _label(axes, figure.x_label, figure.y_label, [name for name, _ in figure.series], handles)


def _label(axes: Axes, x_label: str, y_label: str, names: Sequence[str], handles: Sequence[Any]) -> None:
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    if len(names) > 1 and axes.figure is not None:
        places: dict[str, Any] = {"loc": "outside lower center", "ncols": 2 if len(names) < 60 else 3, "fontsize": 8}
        legend = axes.figure.legend(handles, list(map(str, range(len(names)))), **places)
        for text, name in zip(legend.get_texts(), names, strict=True):  # as a label, matplotlib hides a name with _
            text.set_text(figure_name(name))
