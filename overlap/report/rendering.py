"""Drawing tables: Markdown, CSV, LaTeX, and rich for the terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from overlap.report.tables import Table

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["to_csv", "to_latex", "to_markdown", "to_rich"]

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


def _one_line(cell: str) -> str:
    return " ".join(cell.split())


def to_markdown(tables: Sequence[Table]) -> str:
    """GitHub's tables, numbers to the right, notes as small print below."""
    parts = []
    for table in tables:
        lines = [f"### {_markdown_cell(table.title)}", ""]
        lines.append("| " + " | ".join(map(_markdown_cell, table.header)) + " |")
        lines.append("|" + "|".join([":---"] + ["---:"] * (len(table.header) - 1)) + "|")
        lines += ["| " + " | ".join(map(_markdown_cell, row)) + " |" for row in table.rows]
        lines += [f"\n`{_one_line(note).replace('`', chr(39))}`" for note in table.notes]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _markdown_cell(cell: str) -> str:
    for mark in "\\`*_[]<>|#":
        cell = cell.replace(mark, "\\" + mark)
    return _one_line(cell)


def to_csv(tables: Sequence[Table]) -> str:
    """One header and the rows, a blank line between tables; the title goes into a first column."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for number, table in enumerate(tables):
        if number:
            out.write("\n")
        writer.writerow(["table", *table.header])
        writer.writerows(
            [
                [table.title, *(cell.replace(",", "") if _is_number(cell) else cell for cell in row)]
                for row in table.rows
            ]
        )
    return out.getvalue()


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "", 1).isdigit()


def to_latex(tables: Sequence[Table]) -> str:
    """Tables for a paper, with booktabs rules; needs ``\\usepackage{booktabs}``."""
    parts = []
    for table in tables:
        rows = [" & ".join(map(_latex_cell, row)) + r" \\" for row in table.rows]
        notes = [rf"\par\noindent{{\tiny\texttt{{{_latex_cell(note)}}}}}" for note in table.notes]
        parts.append(
            "\n".join(
                [
                    r"\begin{table}",
                    r"\centering",
                    rf"\caption{{{_latex_cell(table.title)}}}",
                    rf"\begin{{tabular}}{{l{'r' * (len(table.header) - 1)}}}",
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
    return "".join(_LATEX.get(letter, letter) for letter in _one_line(cell))


def to_rich(tables: Sequence[Table], width: int) -> RenderableType:
    """For the terminal; a table too wide for it is turned."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = []
    for table in tables:
        needed = sum(max(len(row[i]) for row in (table.header, *table.rows)) + 2 for i in range(len(table.header)))
        shown = table.transposed() if needed > width and table.rows else table
        parts.append(_rich_table(shown))
        parts += [Text(_one_line(note), style="dim") for note in table.notes]
        parts.append(Text(""))
    return Group(*parts[:-1])


def _rich_table(table: Table) -> RenderableType:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(title=Text(table.title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(table.header):
        drawn.add_column(Text(_one_line(name)), justify="right" if number else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(_one_line(cell)) for cell in row))
    return drawn
