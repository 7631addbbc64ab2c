"""Tables as values: what stands in which cell. How they are drawn is ``overlap.report.rendering``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from overlap.metrics import findings_for, macro_mean, overlap_percent, summarise, summarise_findings
from overlap.report.left_out import skipped_notes
from overlap.report.naming import (
    OWN_TRAIN,
    RowIdentity,
    named_apart,
    row_identity,
    row_name,
    row_names,
    row_names_by_identity,
)
from overlap.results import Findings, NearDuplicates, Overlap
from overlap.signature import noun_of

__all__ = [
    "COLUMNS",
    "OWN_TRAIN",
    "Table",
    "cell",
    "class_table",
    "dataset_table",
    "fuzzy_table",
    "percent",
    "row_name",
    "row_names",
    "signatures",
    "skipped_notes",
    "tables6",
    "whole_percent",
]


@dataclass(frozen=True)
class Table:
    """A table of text cells; ``header`` and each row have one cell per column, the first ``labels`` being names.

    The last ``total_columns`` and ``total_rows`` sum the others up; ``turned_header``: what the columns' names are, for
    the first cell once the table is turned (the header's own first cell where it is empty).
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    labels: int = 1
    turned_header: str = ""
    total_columns: int = 0
    total_rows: int = 0

    def with_columns(self, columns: Sequence[int]) -> Table:
        """Some of the columns."""
        rows = tuple(tuple(row[i] for i in columns) for row in self.rows)
        return replace(self, header=tuple(self.header[i] for i in columns), rows=rows)

    def transposed(self) -> Table:
        """Rows for columns, for many test sets on a narrow screen."""
        columns = list(zip(self.header, *self.rows, strict=True))
        corner = self.turned_header or self.header[0]
        return replace(
            self,
            header=(corner, *columns[0][1:]),
            rows=tuple(columns[1:]),
            labels=1,
            turned_header=self.header[0],
            total_columns=self.total_rows,
            total_rows=self.total_columns,
        )


def tables6(overlaps: Sequence[Overlap]) -> tuple[Table, ...]:
    """The view of the paper's Table 6, one table for each n: a row per training set, a column per test set.

    The macro mean is last. Training sets of one name that are not the same have a row each, with their digests; test
    sets of one name that are not the same have a column each, with what differs.
    """
    groups: dict[int, list[Overlap]] = {}
    for overlap in overlaps:
        groups.setdefault(overlap.n, []).append(overlap)
    return tuple(_table6(named_apart(group)[0]) for group in groups.values())


def _table6(overlaps: Sequence[Overlap]) -> Table:
    tests = list(dict.fromkeys(overlap.test for overlap in overlaps))
    names = row_names_by_identity(overlaps)
    rows: dict[RowIdentity, dict[str, float]] = {}
    for overlap in sorted(overlaps, key=lambda item: not item.train.own):  # the paper's first row comes first
        rows.setdefault(row_identity(overlap), {})[overlap.test] = overlap_percent(overlap)
    cells = []
    for identity, percents in rows.items():
        name = names[identity]
        mean = percent(macro_mean(list(percents.values()))) if len(percents) == len(tests) else "–"
        cells.append((name, *(percent(percents[test]) if test in percents else "–" for test in tests), mean))
    return Table(
        f"Percentage of test set {overlaps[0].n}-grams overlapping with training sets",
        ("Training set", *tests, "mean"),
        tuple(cells),
        _notes(overlaps),
        turned_header="Test set",
        total_columns=1,
    )


def signatures(overlaps: Sequence[Overlap]) -> list[tuple[str, str]]:
    """(name of the training set, signature) of all training sets; a union has none of its own."""
    rows = row_names(overlaps)
    pairs = [
        (f"{row} ({item.test})" if item.train.own else row, item.train.signature)
        for row, item in zip(rows, overlaps, strict=True)
        if not item.train.members
    ]
    return list(dict.fromkeys(pairs))


COLUMNS = {
    "documents": "train_documents",
    "examples": "examples",
    "n-grams": "test_ngrams",
    "distinct": "test_distinct",
    "hits": "hits",
    "%": "overlap_percent",
    "distinct %": "distinct_overlap_percent",
    "mean %": "mean_overlap_percent",
    "any hit": "examples_hit",
    "> 15 %": "examples_over_15_percent",
    "all hit": "examples_all_hit",
    "too short": "too_short",
    "longest run": "longest_run",
    "false hits": "expected_false_hits",
}


def dataset_table(overlaps: Sequence[Overlap]) -> Table:
    """Everything about every test set: a row for each of its training sets."""
    rows = []
    columns = {**({"n": "n"} if len({overlap.n for overlap in overlaps}) > 1 else {}), **COLUMNS}
    names = row_names(overlaps)
    for test in dict.fromkeys(overlap.test for overlap in overlaps):
        for name, overlap in zip(names, overlaps, strict=True):
            if overlap.test == test:
                values = summarise(overlap)
                cells = (cell(key, values[key]) for key in columns.values())
                rows.append((test, name, *cells))
    return Table(
        "Per data set",
        ("Test set", "Training set", *columns),
        tuple(rows),
        (
            "documents: of the training set; any hit, > 15 %, all hit, too short: test examples; longest run: "
            "in n-grams; false hits: distinct n-grams expected to be hits by the filter's error alone, at most",
        ),
        labels=2,
    )


def cell(key: str, value: int | float) -> str:
    """A number of the report, as its column shows it."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.1g}" if key == "expected_false_hits" else percent(value)


def class_table(overlaps: Sequence[Overlap], findings: Sequence[Findings]) -> Table:
    """Leak or phrase: examples by the class of what they share, and the overlap with common phrases set aside."""
    rows = []
    for name, overlap in zip(row_names(overlaps), overlaps, strict=True):
        located = findings_for(overlap, findings)
        if located is None:
            continue
        values = summarise_findings(overlap, located)
        by_class = values["examples_by_class"]
        rows.append(
            (
                overlap.test,
                name,
                *(f"{by_class[kind]:,}" for kind in _SHOWN),
                percent(overlap_percent(overlap)),
                percent(values["overlap_percent_without_phrases"]),
                f"{values['longest_match']:,}",
                f"{values['confirmed']:,}",
                f"{values['false_positives']:,}",
                f"{values['expected_false_positives']:.1g}",
            )
        )
    header = ("duplicate", "passage", "short", "phrase only", "%", "without phrases %", "longest", "confirmed")
    return Table(
        "Leak or phrase: test examples by what they share with training",
        ("Test set", "Training set", *header, "refuted", "refuted: expected"),
        tuple(rows),
        (*dict.fromkeys(_rule_note(item) for item in findings), *_partial_notes(findings)),
        labels=2,
    )


def _partial_notes(findings: Sequence[Findings]) -> list[str]:
    notes = []
    if names := [f"{item.test} in {item.train}" for item in findings if item.partial]:
        notes.append(
            f"searched in a part of the training text only, hits not found there are not judged: {', '.join(names)}"
        )
    if most := max((item.repetitive for item in findings), default=0):
        notes.append(
            f"{most:,} training documents repeat themselves so much that not all places were compared: "
            "the longest may be longer than is said"
        )
    return notes


_FUZZY_SHOWN = 20
_SHOWN = ("duplicate", "passage", "short match", "common phrase")


def _rule_note(findings: Findings) -> str:
    rule, noun = findings.rule, noun_of(findings.unit)
    return (
        f"duplicate: {rule.duplicate_units} {noun} in a row in one training document, or {rule.duplicate_share:.0%} of "
        f"the example; passage: {rule.passage_units} {noun}; phrase: every {findings.n}-gram in more than "
        f"{rule.phrase_documents} training documents or {rule.phrase_examples} test examples; "
        f"longest: {noun} in a row; confirmed: distinct hits found in the text; refuted: filter errors"
    )


def fuzzy_table(found: NearDuplicates) -> Table:
    """The near-duplicates that are most alike."""
    rule = found.rule
    best = sorted(found.pairs, key=lambda pair: -max(pair.jaccard, pair.containment))
    rows = tuple(
        (
            f"{pair.test} {pair.test_row}",
            f"{pair.train} {pair.train_row}",
            f"{pair.jaccard:.2f}",
            f"{pair.containment:.2f}",
        )
        for pair in best[:_FUZZY_SHOWN]
    )
    return Table(
        f"Near-duplicates: {len(best):,} pairs" + (f", the best {_FUZZY_SHOWN}" if len(best) > _FUZZY_SHOWN else ""),
        ("Document", "like", "Jaccard", "containment"),
        rows,
        (
            f"shingles of {rule.shingle} words; Jaccard at least {rule.jaccard:g} or containment at least "
            f"{rule.containment:g}; candidates by MinHash with {rule.permutations} permutations, values exact; "
            "paraphrase, translation and renamed code stay invisible",
        ),
        labels=2,
    )


def _notes(overlaps: Sequence[Overlap]) -> tuple[str, ...]:
    notes = [
        f"{row_name(overlap)} ({overlap.test}): {overlap.train.signature}"
        if overlap.train.own
        else f"{overlap.train.name}: {overlap.train.signature}"
        for overlap in overlaps
        if not overlap.train.members
    ]
    kinds = {overlap.document for overlap in overlaps}
    documents = ", ".join(f"one {kind}" for kind in sorted(kinds))
    return (
        *dict.fromkeys(notes),
        *skipped_notes(overlaps),
        f"A test example is {documents}; hits are counted by occurrence; mean is unweighted.",
    )


def percent(value: float) -> str:
    """Two decimals, as the paper prints them; what is there but rounds to nothing, or to all, says so.

    >>> percent(2.666), percent(0.001), percent(0.0), percent(99.999)
    ('2.67', '<0.01', '0.00', '>99.99')
    """
    if 99.995 <= value < 100:
        return ">99.99"
    return "<0.01" if 0 < value < 0.005 else f"{value:.2f}"


def whole_percent(share: float) -> str:
    """A share without decimals; only all of it is 100, and only nothing 0.

    >>> whole_percent(0.9966), whole_percent(1.0), whole_percent(0.002), whole_percent(0.0), whole_percent(0.666)
    ('99', '100', '1', '0', '67')
    """
    return f"{100 * share:.0f}" if share in (0.0, 1.0) else f"{min(99.0, max(1.0, 100 * share)):.0f}"
