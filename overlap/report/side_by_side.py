"""Matches for the eye: test text and training text beside each other, the shared words marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from overlap.errors import BadArgument
from overlap.report.rendering import one_line
from overlap.report.tables import whole_percent
from overlap.results import Findings, Match, Matches
from overlap.signature import noun_of

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["chosen_matches", "facts", "matches_markdown", "matches_rich", "title"]

SORTS = ("length", "coverage", "example")
_COLOURS = {"duplicate": "red", "passage": "yellow", "common phrase": "cyan", "short match": "green"}
_CONTEXT = 120  # characters of context that a match keeps: one that is so long was cut, perhaps inside a word
_LONGEST_TEXT = 1200  # characters of a shared stretch that are shown; the middle of a longer one is left out


def chosen_matches(
    findings: Sequence[Findings],
    *,
    test: Sequence[str] = (),
    train: Sequence[str] = (),
    kind: Sequence[str] = (),
    min_length: int = 0,
    example: Sequence[str] = (),
    sort: str = "length",
) -> list[tuple[Findings, Match]]:
    """The matches that pass the filters, in the asked order; empty filters let all through.

    ``example`` are ids, or numbers from 0 where examples have no ids. Raises ValueError for an unknown ``sort``, and
    for the name of a set that has no findings.
    """
    if sort not in SORTS:
        raise BadArgument(f"sort must be one of {', '.join(SORTS)}, not {sort!r}")
    for names, known in ((test, [item.test for item in findings]), (train, [item.train for item in findings])):
        if unknown := [name for name in names if name not in known]:
            raise BadArgument(f"no matches of {', '.join(unknown)}; there are: {', '.join(dict.fromkeys(known))}")
    has_ids = any(match.test_id for item in findings for match in item.matches)
    numbers = set() if has_ids else set(example)
    chosen = [
        (item, match)
        for item in findings
        if (not test or item.test in test) and (not train or item.train in train)
        for match in item.matches
        if (not kind or match.kind in kind)
        and match.units >= min_length
        and (not example or match.test_id in example or str(match.example) in numbers)
    ]
    keys = {
        "length": lambda pair: (-pair[1].units, pair[1].example, pair[1].first),
        "coverage": lambda pair: (-pair[1].share, -pair[1].units, pair[1].example),
        "example": lambda pair: (pair[1].example, pair[1].first, -pair[1].units),
    }
    return sorted(chosen, key=keys[sort])


def title(item: Findings | Matches, match: Match) -> str:
    """What is shared with what, in one line."""
    identity = match.test_id or f"example {match.example}"
    place = f"{match.source}, record {match.row + 1}" + (f" ({match.document})" if match.document else "")
    return one_line(f"{item.test} {identity} — {place}")


def facts(item: Findings | Matches, match: Match) -> str:
    """The evidence in one line."""
    return (
        f"{match.kind}: {match.units} {noun_of(item.unit)} in a row, {whole_percent(match.share)}% of the example"
        f"{f' (in {one_line(match.part)})' if match.part else ''}; "
        f"its rarest n-gram is in {_times(match.least_documents, 'training document')} "
        f"and {_times(match.least_examples, 'test example')}"
    )


def _times(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _shortened(text: str) -> str:
    text = one_line(text)
    if len(text) <= _LONGEST_TEXT:
        return text
    half = _LONGEST_TEXT // 2
    return f"{text[:half]} […] {text[-half:]}"


def matches_rich(pairs: Iterable[tuple[Findings, Match]]) -> RenderableType:
    """Matches for a terminal, one under the other, each with its two texts side by side."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = []
    for number, (item, match) in enumerate(pairs, 1):
        colour = _COLOURS.get(match.kind, "white")
        grid = Table(box=None, expand=True, pad_edge=False, padding=(0, 2, 0, 0))
        grid.add_column(Text("test", style="dim"), ratio=1, overflow="fold")
        grid.add_column(Text("training", style="dim"), ratio=1, overflow="fold")
        grid.add_row(
            _marked(match.test_before, match.test_text, match.test_after, colour),
            _marked(match.train_before, match.train_text, match.train_after, colour),
        )
        parts += [
            Text(f"{number}. {title(item, match)}", style="bold"),
            Text(facts(item, match), style=colour),
            grid,
            Text(""),
        ]
    return Group(*parts)


def _marked(before: str, shared: str, after: str, colour: str) -> RenderableType:
    from rich.text import Text

    text = Text()
    text.append(_context(before, at_end=True), style="dim")
    text.append(_shortened(shared), style=f"bold {colour} underline")
    text.append(_context(after, at_end=False), style="dim")
    return text


def _context(text: str, *, at_end: bool) -> str:
    """Context on one line, with the space towards the match kept where there is one."""
    flat = one_line(text)
    if not flat:
        return " " if text else ""
    is_cut = len(text) >= _CONTEXT and " " in flat
    if at_end:
        shown = f"… {flat.split(' ', 1)[1]}" if is_cut else flat
        return shown + (" " if text[-1].isspace() else "")
    shown = f"{flat.rsplit(' ', 1)[0]} …" if is_cut else flat
    return (" " if text[0].isspace() else "") + shown


def matches_markdown(pairs: Iterable[tuple[Findings | Matches, Match]]) -> str:
    """Matches as Markdown, the shared words in bold."""
    parts = []
    for number, (item, match) in enumerate(pairs, 1):
        texts = [
            ("test", match.test_before, match.test_text, match.test_after),
            ("training", match.train_before, match.train_text, match.train_after),
        ]
        lines = [f"### {number}. {_escaped(title(item, match))}", "", _escaped(facts(item, match)), ""]
        for name, before, shared, after in texts:
            body = (
                _escaped(_context(before, at_end=True))
                + f"**{_escaped(_shortened(shared))}**"
                + _escaped(_context(after, at_end=False))
            )
            lines += [f"- *{name}:* {body}"]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _escaped(text: str) -> str:
    for mark in "\\`*_[]<>|#":
        text = text.replace(mark, "\\" + mark)
    return text
