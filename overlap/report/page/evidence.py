"""What the page's numbers rest on: sources with digests, certification, and the examples that overlap most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from overlap.binomial import upper_limit
from overlap.metrics import expected_false_hits, findings_for
from overlap.report.tables import Table, percent, row_names
from overlap.results import Findings, Overlap, SourceInfo
from overlap.signature import Signature, common_noun

__all__ = [
    "BLIND_SPOTS",
    "certification_table",
    "examples_table",
    "skipped_tables",
    "sources_table",
    "training_files_table",
    "training_table",
]

BLIND_SPOTS = (
    "Paraphrase, translation, renamed code and other rewording share no n-gram: this method does not see them. No "
    "exact match is not the same as clean.",
    "Examples with fewer than n words (or other units) have no n-gram. They are counted as too short, never as clean.",
    "An n-gram in common is no proof of a leak: quotations, boilerplate, option lists and number ladders are shared "
    "by texts that never met. Length and document frequency tell them apart, by a stated rule.",
    "Only the training text that was named was read. What a model saw besides is not in these numbers.",
    "That an example was in training is not that the model remembers it, nor that its score gained by it.",
)
_MOST_EXAMPLES = 200
_MOST_OF_PAIR = 5


def sources_table(overlaps: Sequence[Overlap]) -> Table:
    """The test files, as they were read."""
    rows = dict.fromkeys(
        (overlap.test, *_file_cells(source)) for overlap in overlaps for source in overlap.test_sources
    )
    return Table("Test files", ("Test set", *_FILE_HEADER), tuple(rows), labels=2)


_FILE_HEADER = ("File", "format", "fields", "a document is one", "bytes", "digest")


def _file_cells(source: SourceInfo) -> tuple[str, ...]:
    fields = ", ".join(source.fields) or "–"
    return (source.path, source.format, fields, source.document, f"{source.bytes:,}", source.digest)


def training_table(overlaps: Sequence[Overlap]) -> Table:
    """The training sets; a signature holds the first digits of the digest of all that was read."""
    rows = {}
    for name, overlap in zip(row_names(overlaps), overlaps, strict=True):
        train = overlap.train
        made_of = f"union of {', '.join(train.members)}" if train.members else train.signature
        distinct = "–" if train.distinct is None else f"{train.distinct:,}"
        label = f"{name} ({overlap.test})" if train.own else name
        rows[label, made_of] = (label, f"{train.documents:,}", f"{train.ngrams:,}", distinct, made_of)
    header = ("Training set", "documents", "n-grams", "distinct", "signature")
    return Table(
        "Training sets",
        header,
        tuple(rows.values()),
        ("distinct: – where it was not counted (a union, or an exact scan, which keeps only what is asked for)",),
    )


def training_files_table(overlaps: Sequence[Overlap]) -> Table:
    """The training files, the first fifty of each set."""
    rows: dict[tuple[str, ...], None] = {}
    notes = []
    for name, overlap in zip(row_names(overlaps), overlaps, strict=True):
        label = f"{name} ({overlap.test})" if overlap.train.own else name
        found = overlap.train.sources
        if overlap.train.members:
            continue
        if found is None:
            notes.append(f"{label}: the result does not name its files (overlap info INDEX does)")
            continue
        rows |= dict.fromkeys((label, *_file_cells(source)) for source in found.first)
        more = f", of which the first {len(found.first):,} are shown" if found.files > len(found.first) else ""
        notes.append(
            f"{label}: {found.files:,} file{'' if found.files == 1 else 's'}{more}, together sha256:{found.digest}"
        )
    return Table("Training files", ("Training set", *_FILE_HEADER), tuple(rows), tuple(dict.fromkeys(notes)), labels=2)


def skipped_tables(overlaps: Sequence[Overlap]) -> list[Table]:
    """The bad records that were passed over, by set, file and kind; no table where there were none."""
    rows = dict.fromkeys(
        (name, item.path, item.kind, f"{item.records:,}")
        for overlap in overlaps
        for name, items in (
            (f"training set {overlap.train.name}", () if overlap.train.members else overlap.train.skipped),
            (f"test set {overlap.test}", overlap.test_skipped),
        )
        for item in items
    )
    note = "the numbers are those of the other records"
    return (
        [Table("Skipped records", ("Set", "File", "Kind", "records"), tuple(rows), (note,), labels=3)] if rows else []
    )


def certification_table(overlaps: Sequence[Overlap], findings: Sequence[Findings]) -> Table:
    """The false-positive rate as designed, as realised, and as measured where the exact pass read the text again."""
    rows = []
    for name, overlap in zip(row_names(overlaps), overlaps, strict=True):
        found = findings_for(overlap, findings)
        rows.append(
            (
                overlap.test,
                name,
                overlap.engine,
                _designed(overlap.train.signature),
                f"{overlap.train.bound:.3g}",
                f"{expected_false_hits(overlap):.1g}",
                *(("exact", "exact") if overlap.engine == "scan" else _measured(found)),
            )
        )
    header = ("Test set", "Training set", "engine", "designed rate", "realised bound")
    more = ("expected false hits", "refuted", "measured rate")
    return Table(
        "False positives",
        (*header, *more),
        tuple(rows),
        (
            "designed: the rate that was asked for; realised: computed from the filled filter, with the share of "
            "64-bit hashes; expected: distinct n-grams, at most; refuted: hits that no training text confirms, of "
            "those looked up; measured: upper 95 % limit (Clopper-Pearson) from the refuted ones. Exact: compared "
            "string against string.",
        ),
        labels=2,
    )


def _designed(signature: str) -> str:
    rates = set()
    for part in signature.split(" + "):
        try:
            rates.add(f"{Signature.parse(part).fpr:g}")
        except ValueError:
            continue
    return ", ".join(sorted(rates)) or "–"


def _measured(found: Findings | None) -> tuple[str, str]:
    if found is None:
        return "not looked up", "–"
    if found.exact:
        return "exact", "exact"
    if found.partial:
        return "read in part", "–"
    absent = found.tested - found.confirmed
    rate = f"≤ {upper_limit(found.false_positives, absent):.2g}" if absent > 0 else "–"
    return f"{found.false_positives:,} of {found.asked:,}", rate


def examples_table(overlaps: Sequence[Overlap]) -> Table:
    """The examples with the highest overlap, some of each pair of sets: for results whose text was not looked at."""
    rows: list[tuple[int, float, tuple[str, ...]]] = []
    for name, overlap in zip(row_names(overlaps), overlaps, strict=True):
        share = overlap.hits / np.maximum(1, overlap.ngrams)
        for rank, i in enumerate(np.lexsort((np.arange(len(overlap)), -overlap.hits, -share))[:_MOST_OF_PAIR].tolist()):
            example = overlap.example(i)
            if example.hits:
                longest = max(length for _, length in example.runs) + overlap.n - 1
                place = f"{example.source}, record {example.row + 1}"
                counts = (f"{example.units:,}", f"{example.hits:,}", percent(100 * float(share[i])), f"{longest:,}")
                rows.append((rank, -float(share[i]), (overlap.test, name, place, *counts)))
    shown = sorted(rows, key=lambda row: row[:2])[:_MOST_EXAMPLES]
    noun = common_noun(overlap.unit for overlap in overlaps)
    return Table(
        "Examples that overlap most",
        ("Test set", "Training set", "Example", noun, "hits", "%", "longest stretch"),
        tuple(cells for _, _, cells in sorted(shown, key=lambda row: row[1])),
        (f"the highest {_MOST_OF_PAIR} of each pair of sets; longest stretch: in {noun}; all are in examples.parquet",),
        labels=3,
    )
