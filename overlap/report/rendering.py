"""Drawing tables: Markdown, CSV, LaTeX, and rich for the terminal."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from overlap.report.tables import Table

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["one_line", "short_name", "to_csv", "to_latex", "to_markdown", "to_rich", "visible"]

_LONGEST_NAME = 300
_DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_ARABIC_SIGNS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2"  # of category Cf, and with a shape
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "–": "--",
}


def one_line(text: str) -> str:
    """Without line breaks, and without characters that a terminal would obey: controls and changes of direction."""
    return "".join("\ufffd" if _is_obeyed(letter) else letter for letter in " ".join(text.split()))


def _is_obeyed(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs") or letter in _DIRECTIONS


def visible(text: str) -> str:
    r"""With a sign for every character that is obeyed instead of shown: controls, changes of direction, surrogates.

    Line ends, tabs and the joiners that scripts and emoji are written with stay as they are.

    >>> visible("a\u202eb\x1b c")
    'a[U+202E]b[U+001B] c'
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(f"[U+{ord(letter):04X}]" if _is_unseen(letter) else letter for letter in text)


def short_name(text: str) -> str:
    """A name or place on one line, of bounded length."""
    return visible(" ".join(text.split())[:_LONGEST_NAME])


def _is_unseen(letter: str) -> bool:
    if letter in "\n\t\u200c\u200d" or letter in _ARABIC_SIGNS:
        return False
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def to_markdown(tables: Sequence[Table]) -> str:
    """GitHub's tables, numbers to the right, notes as small print below."""
    parts = []
    for table in tables:
        lines = [f"### {_markdown_cell(table.title)}", ""]
        lines.append("| " + " | ".join(map(_markdown_cell, table.header)) + " |")
        lines.append("|" + "|".join([":---"] * table.labels + ["---:"] * (len(table.header) - table.labels)) + "|")
        lines += ["| " + " | ".join(map(_markdown_cell, row)) + " |" for row in table.rows]
        lines += [f"\n`{one_line(note).replace('`', chr(39))}`" for note in table.notes]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _markdown_cell(cell: str) -> str:
    for mark in "\\`*_[]<>|#&$":
        cell = cell.replace(mark, "\\" + mark)
    return one_line(cell)


def to_csv(results: Sequence[dict[str, Any]]) -> str:
    """One line per training set and test set, for programs: the names and values of the JSON report, unrounded."""
    out = io.StringIO()
    names = [name for name, value in results[0].items() if not isinstance(value, (dict, list))] if results else []
    writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(results)
    return out.getvalue()


def to_latex(tables: Sequence[Table]) -> str:
    """Tables for a paper, with booktabs rules; needs ``\\usepackage{booktabs}``."""
    parts = []
    for table in tables:
        rows = ["{}" + " & ".join(map(_latex_cell, row)) + r" \\" for row in table.rows]
        notes = [rf"\par\noindent{{\tiny\texttt{{{_latex_cell(note)}}}}}" for note in table.notes]
        parts.append(
            "\n".join(
                [
                    r"\begin{table}",
                    r"\centering",
                    rf"\caption{{{_latex_cell(table.title)}}}",
                    rf"\begin{{tabular}}{{{'l' * table.labels}{'r' * (len(table.header) - table.labels)}}}",
                    r"\toprule",
                    " & ".join(map(_latex_cell, table.header)) + r" \\",
                    r"\midrule",
                    *rows,
                    r"\bottomrule",
                    r"\end{tabular}",
                    *notes,
                    r"\end{table}",
                    "",
                ]
            )
        )
    return "\n".join(parts)


def _latex_cell(cell: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in one_line(cell))


def to_rich(tables: Sequence[Table], width: int) -> RenderableType:
    """For a terminal of ``width`` columns: a table too wide for it is turned, and cut into pieces if need be."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = []
    for table in tables:
        parts.append(Text(one_line(table.title), style="bold"))
        parts += [_rich_table(piece) for piece in _fitting(table, width)]
        parts += [Text(one_line(note), style="dim") for note in table.notes]
        parts.append(Text(""))
    return Group(*parts[:-1])


def _fitting(table: Table, width: int) -> list[Table]:
    """The table as it is, or turned, or turned and in pieces of as many columns as fit."""
    if not table.rows or sum(_widths(table)) <= width:
        return [table]
    turned = table.transposed()
    label, *others = _widths(turned)
    pieces: list[list[int]] = [[]]
    for number, needed in enumerate(others, 1):
        if pieces[-1] and label + sum(others[i - 1] for i in pieces[-1]) + needed > width:
            pieces.append([])
        pieces[-1].append(number)
    return [turned.with_columns([0, *columns]) for columns in pieces]


def _widths(table: Table) -> list[int]:
    """What each column takes on the screen, with its padding and its share of the frame."""
    from rich.cells import cell_len

    cells = (table.header, *table.rows)
    return [max(cell_len(one_line(row[i])) for row in cells) + 3 for i in range(len(table.header))]


def _rich_table(table: Table) -> RenderableType:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(table.header):
        justify: Literal["left", "right"] = "left" if number < table.labels else "right"
        drawn.add_column(Text(one_line(name)), justify=justify, overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(one_line(cell)) for cell in row))
    return drawn
