"""Tables as values: what stands in which cell. How they are drawn is ``overlap.report.rendering``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overlap.metrics import macro_mean, overlap_percent, summarise
from overlap.results import Overlap

__all__ = ["Table", "dataset_table", "table6"]

OWN_TRAIN = "Dataset train"  # the paper's name for its first row


@dataclass(frozen=True)
class Table:
    """A table of text cells; ``header`` and each row have one cell per column, the first being the label."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def transposed(self) -> Table:
        """Rows for columns, for many test sets on a narrow screen."""
        columns = list(zip(self.header, *self.rows, strict=True))
        return Table(self.title, columns[0], tuple(columns[1:]), self.notes)


def table6(overlaps: Sequence[Overlap]) -> Table:
    """The view of the paper's Table 6: a row per training set, a column per test set, the macro mean last."""
    tests = list(dict.fromkeys(overlap.test for overlap in overlaps))
    rows: dict[str, dict[str, float]] = {}
    for overlap in overlaps:
        rows.setdefault(_row_name(overlap), {})[overlap.test] = overlap_percent(overlap)
    n = overlaps[0].n if overlaps else 8
    cells = []
    for name, percents in rows.items():
        mean = percent(macro_mean(list(percents.values()))) if len(percents) == len(tests) else "–"
        cells.append((name, *(percent(percents[test]) if test in percents else "–" for test in tests), mean))
    return Table(
        f"Percentage of test set {n}-grams overlapping with training sets",
        ("Training set", *tests, "mean"),
        tuple(cells),
        _notes(overlaps),
    )


def _row_name(overlap: Overlap) -> str:
    return OWN_TRAIN if overlap.train.own else overlap.train.name


def dataset_table(overlaps: Sequence[Overlap], test: str) -> Table:
    """Everything about one test set, a row per training set."""
    header = (
        "Training set",
        "examples",
        "n-grams",
        "distinct",
        "hits",
        "%",
        "distinct %",
        "mean %",
        "any hit",
        "> 15 %",
        "all hit",
        "too short",
        "longest run",
        "expected false hits",
    )
    rows = []
    for overlap in overlaps:
        if overlap.test != test:
            continue
        values = summarise(overlap)
        counts = ("examples", "test_ngrams", "test_distinct", "hits")
        percents = ("overlap_percent", "distinct_overlap_percent", "mean_overlap_percent")
        flags = ("examples_hit", "examples_over_15_percent", "examples_all_hit", "too_short", "longest_run")
        rows.append(
            (
                _row_name(overlap),
                *(f"{values[key]:,}" for key in counts),
                *(percent(values[key]) for key in percents),
                *(f"{values[key]:,}" for key in flags),
                f"{values['expected_false_hits']:.1g}",
            )
        )
    return Table(f"Test set {test}", header, tuple(rows))


def _notes(overlaps: Sequence[Overlap]) -> tuple[str, ...]:
    notes = [
        f"{_row_name(overlap)} ({overlap.test}): {overlap.train.signature}"
        if overlap.train.own
        else f"{overlap.train.name}: {overlap.train.signature}"
        for overlap in overlaps
        if not overlap.train.members
    ]
    kinds = {overlap.document for overlap in overlaps}
    documents = ", ".join(f"one {kind}" for kind in sorted(kinds))
    return (
        *dict.fromkeys(notes),
        f"A test example is {documents}; hits are counted by occurrence; mean is unweighted.",
    )


def percent(value: float) -> str:
    """Two decimals, as the paper prints them; what is there but rounds to nothing is ``<0.01``.

    >>> percent(2.666), percent(0.001), percent(0.0)
    ('2.67', '<0.01', '0.00')
    """
    return "<0.01" if 0 < value < 0.005 else f"{value:.2f}"
