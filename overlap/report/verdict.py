"""The first line of a report that people read: how many test sets are over a limit, and what else to know at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overlap.metrics import examples_by_class, findings_for, overlap_percent
from overlap.report.left_out import skipped_records, skipped_sentence
from overlap.report.naming import named_apart, row_names
from overlap.report.tables import percent
from overlap.results import Findings, Overlap

__all__ = ["LIMIT", "Verdict", "verdict_of"]

LIMIT = 1.0  # percent; a convention, and said to be one


@dataclass(frozen=True)
class Verdict:
    """``line`` says it in a sentence, ``more`` what belongs to it, ``rule`` how; ``over`` are test sets."""

    line: str
    more: tuple[str, ...]
    rule: str
    over: tuple[str, ...]


def verdict_of(overlaps: Sequence[Overlap], findings: Sequence[Findings] = (), limit: float = LIMIT) -> Verdict:
    """How many test sets have more than ``limit`` percent of their n-grams in one of their training sets."""
    overlaps, findings = named_apart(overlaps, findings)
    highest: dict[str, float] = {}
    for overlap in overlaps:
        highest[overlap.test] = max(highest.get(overlap.test, 0.0), overlap_percent(overlap))
    over = tuple(test for test, value in highest.items() if value > limit)
    sizes = {overlap.n for overlap in overlaps}
    ngrams = f"{sizes.pop()}-grams" if len(sizes) == 1 else "n-grams"
    rule = (
        f"The share of a test set's {ngrams}, by occurrence, that a training set (or several together) has, taken "
        f"where it is highest, against {limit:g} %. The limit is a convention: --fail-above sets another."
    )
    if not highest:
        return Verdict("Nothing was measured.", (), rule, ())
    return Verdict(
        _line(len(over), list(highest), limit, ngrams),
        tuple(_more(overlaps, findings, limit)),
        rule,
        over,
    )


def _line(over: int, tests: list[str], limit: float, ngrams: str) -> str:
    if len(tests) == 1:
        amount = "more" if over else "no more"
        return f"{tests[0]} has {amount} than {limit:g}\u00a0% of its {ngrams} in training."
    if not over:
        return f"None of {len(tests)} test sets has more than {limit:g}\u00a0% of its {ngrams} in training."
    if over == len(tests):
        return f"All {over} test sets have more than {limit:g}\u00a0% of their {ngrams} in training."
    have, their = ("has", "its") if over == 1 else ("have", "their")
    return f"{over} of {len(tests)} test sets {have} more than {limit:g}\u00a0% of {their} {ngrams} in training."


def _more(overlaps: Sequence[Overlap], findings: Sequence[Findings], limit: float) -> list[str]:
    worst = max(overlaps, key=overlap_percent)
    name = "its own training split" if worst.train.own else row_names(overlaps)[list(overlaps).index(worst)]
    lines = [f"The highest is {_beside(overlap_percent(worst), limit)} %, of {worst.test} in {name}."]
    located = [item for overlap in overlaps if (item := findings_for(overlap, findings)) is not None]
    if located:
        counts = [examples_by_class(item) for item in located]
        by_class = {kind: sum(count[kind] for count in counts) for kind in ("duplicate", "passage")}
        more = "more " if by_class["duplicate"] else ""
        lines.append(
            f"{_examples(by_class['duplicate'])} a duplicate of training text, "
            f"{by_class['passage']:,} {more}a passage, summed over test and training sets."
        )
    else:
        lines.append("Whether the hits are leaks or common phrases was not looked at (overlap locate does).")
    short = {overlap.test: int((overlap.ngrams == 0).sum()) for overlap in overlaps}
    if any(short.values()):
        all_examples = sum({overlap.test: len(overlap) for overlap in overlaps}.values())
        lines.append(
            f"{sum(short.values()):,} of {all_examples:,} examples are too short to be judged; they are not clean, "
            "they are unmeasured."
        )
    if skipped := skipped_records(overlaps):
        lines.append(f"{skipped_sentence(skipped)}.")
    return lines


def _beside(value: float, limit: float) -> str:
    """A percentage with as many decimals as it takes to stand on its own side of the limit: two, if they do."""
    texts = (percent(value), *(f"{value:.{digits}f}" for digits in range(3, 16)), repr(value))
    return next((text for text in texts if "<" in text or (float(text) > limit) == (value > limit)), texts[-1])


def _examples(count: int) -> str:
    if not count:
        return "No test example holds"
    return f"{count:,} test example holds" if count == 1 else f"{count:,} test examples hold"
