"""The command inspect: matches side by side, and phrases looked up."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

import click

from overlap.cli.group import main
from overlap.cli.options import CLASSES, bad_record_option, progress_option, reading_options, refuse_idle

__all__ = ["inspect"]

OF_MATCHES = ("test", "kind", "min_length", "example")  # options of inspect that choose among stored matches
OF_PHRASES = ("index", "unit", "text_field", "by_line", "input_format", "on_bad_record", "id_field")


@main.command()
@click.argument("result", required=False)
@click.option("--test", multiple=True, metavar="NAME", help="Matches of this test set only.")
@click.option("--class", "kind", multiple=True, type=click.Choice(CLASSES), help="Matches of this class only.")
@click.option(
    "--min-length",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Matches of so many units in a row at least.",
)
@click.option(
    "--example", multiple=True, metavar="ID", help="Matches of this example: its id; without ids its number from 0."
)
@click.option("--sort", type=click.Choice(("length", "coverage", "example")), default="length", show_default=True)
@click.option("--limit", type=click.IntRange(0), default=0, show_default="all", help="Show so many at most.")
@click.option("--phrase", metavar="WORDS", help="Look these words up instead, in --index or in --train.")
@click.option("--index", multiple=True, metavar="INDEX", help="For --phrase: ask these indexes.")
@click.option("--unit", metavar="UNIT", help="For --phrase: its units in --train, as for scan.  [default: alnum]")
@click.option(
    "--train", multiple=True, metavar="SOURCE", help="For --phrase: search this text; else: matches in it only."
)
@reading_options
@bad_record_option
@click.option("--id-field", help="For --phrase: field that identifies a training document.")
@click.option(
    "--format", "format", type=click.Choice(("terminal", "md", "json")), default="terminal", show_default=True
)
@progress_option
def inspect(result: str | None, phrase: str | None, format: str, limit: int, progress: str, **options: Any) -> None:
    """Page through the matches: test text and training text side by side, the shared words marked.

    \b
    Examples:
      overlap inspect result --class duplicate
      overlap inspect --phrase "it was the best of times it was the worst" --index web.index
    """
    import overlap
    from overlap.report.side_by_side import chosen_matches

    refuse_idle(OF_MATCHES if phrase is not None else OF_PHRASES, "--phrase" if phrase is not None else "a RESULT")
    if phrase is not None and result is not None:
        raise click.UsageError("name a RESULT, or a --phrase, not both")
    if phrase is not None:
        findings = _look_up(phrase, format, progress, options)
        pairs = chosen_matches(findings)
    elif result is None:
        raise click.UsageError("name a RESULT, or a --phrase")
    else:
        filters = ("test", "train", "kind", "min_length", "example", "sort")
        pairs = chosen_matches(overlap.load_findings(result), **{name: options[name] for name in filters})
    _show(pairs[: limit or None], len(pairs), format)


def _look_up(phrase: str, format: str, progress: str, options: dict[str, Any]) -> Any:
    """Ask indexes and corpora for a phrase; says what they answer, and returns the findings in text."""
    import overlap
    from overlap.console import progress_bars

    index, train = options["index"], options["train"]
    if not index and not train:
        raise click.UsageError("--phrase needs an --index, or text to search with --train")
    if options["unit"] and not train:
        raise click.UsageError("--unit goes with --train: an index has its own")
    answers = sys.stderr if format == "json" else sys.stdout
    for path in index:
        opened = overlap.open_index(path)
        known = opened.contains(phrase)
        n = opened.manifest.n
        if not known.size and not train:
            units = opened.segmenter
            raise click.UsageError(f"{path} knows {n}-grams; this phrase has {len(units.units(phrase))} {units.noun}")
        print(f"{path}: {int(known.sum()):,} of {known.size:,} {n}-grams known", file=answers)
    if not train:
        return ()
    names = ("text_field", "by_line", "input_format", "on_bad_record", "id_field")
    with progress_bars(progress) as report:
        reading = {name: options[name] for name in names}
        findings = overlap.find_phrase(phrase, list(train), unit=options["unit"] or "alnum", **reading, progress=report)
    for item in findings:
        documents = min((run.least_documents for run in item.runs), default=0)
        shown = f", the first {item.sampled} shown" if documents > item.sampled else ""
        what = f", the rarest {item.n} {item.unit}s in a row" if len(item.runs[:1]) and item.runs[0].ngrams > 1 else ""
        print(f"{item.train}: in {documents:,} document{'' if documents == 1 else 's'}{shown}{what}", file=answers)
    return findings


def _show(pairs: list[Any], total: int, format: str) -> None:
    from overlap.console import page_rich
    from overlap.report.side_by_side import matches_markdown, matches_rich

    if format == "json":
        print(
            json.dumps([{"train": item.train, "test": item.test, **asdict(match)} for item, match in pairs], indent=1)
        )
        return
    if format == "md":
        print(matches_markdown(pairs), end="")
    elif pairs:
        page_rich(matches_rich(pairs))
    if len(pairs) < total:
        print(f"{len(pairs):,} of {total:,} matches shown", file=sys.stderr)
    if not total:
        print("no matches", file=sys.stderr)
