"""Overlaps written by hand, for everything that works on values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from overlap.results import ClassRule, Findings, Match, MeasuredFile, Overlap, Run, TrainInfo

Example = tuple[int, list[tuple[int, int]]]  # units, and runs of hits as (first n-gram, length)


def train_of(name: str = "web", **changed: object) -> TrainInfo:
    """A training set of a thousand documents."""
    signature = f"n:8|unit:word|norm:alnum-1|docs:record|fpr:1e-08|train:{name}#0123456789ab|v:0.1.0"
    values = {"documents": 1_000, "ngrams": 150_000, "distinct": 123_456, "bound": 9e-9, **changed}
    return TrainInfo(name, signature, **values)  # type: ignore[arg-type]


def overlap_of(
    examples: Sequence[Example],
    *,
    train: TrainInfo | None = None,
    test: str = "gsm8k",
    n: int = 8,
    distinct: tuple[int, int] | None = None,
    files: Sequence[str] = ("test.jsonl",),
    document: str = "record",
) -> Overlap:
    """One training set against one test set. ``distinct`` are distinct n-grams and hits: by default, all are."""
    units = np.array([units for units, _ in examples], np.int64)
    ngrams = np.maximum(0, units - n + 1)
    runs = [run for _, some in examples for run in some]
    hits = sum(length for _, length in runs)
    numbers = np.arange(len(examples)) * len(files) // max(1, len(examples))
    return Overlap(
        train=train or train_of(),
        test=test,
        n=n,
        document=document,
        engine="index",
        test_sources=tuple(
            MeasuredFile(path, "jsonl", ("question",), document, 1234, f"sha256:{number:064x}")
            for number, path in enumerate(files)
        ),
        test_distinct=distinct[0] if distinct else int(ngrams.sum()),
        distinct_hits=distinct[1] if distinct else hits,
        sources=numbers.astype(np.int32),
        rows=np.arange(len(examples), dtype=np.int64) * 2,
        units=units,
        ngrams=ngrams,
        run_counts=np.array([len(some) for _, some in examples], np.int64),
        run_starts=np.array([start for start, _ in runs], np.int64),
        run_lengths=np.array([length for _, length in runs], np.int64),
    )


def percent_of(percent: float, *, train: TrainInfo, test: str) -> Overlap:
    """An overlap of so many percent, to two decimals."""
    hits = round(percent * 100)
    return overlap_of([(10_007, [(0, hits)] if hits else [])], train=train, test=test)


# Radford et al. 2019, Table 6.
PAPER_TESTS = ("PTB", "WikiText-2", "enwik8", "text8", "Wikitext-103", "1BW")
PAPER_ROWS = {
    "Dataset train": (2.67, 0.66, 7.50, 2.34, 9.09, 13.19),
    "WebText train": (0.88, 1.63, 6.31, 3.94, 2.42, 3.75),
}


def paper() -> tuple[Overlap, ...]:
    """Overlaps with the percentages of the paper's Table 6."""
    found = []
    for column, test in enumerate(PAPER_TESTS):
        for name, row in PAPER_ROWS.items():
            own = name == "Dataset train"
            train = train_of(test if own else name, own=own)
            found.append(percent_of(row[column], train=train, test=test))
    return tuple(found)


def match_of(example: int = 0, **changed: object) -> Match:
    """A match of eight words in the first document of a file."""
    values: dict[str, object] = {
        "example": example, "first": 0, "units": 8, "share": 0.25, "kind": "short match", "least_documents": 1,
        "least_examples": 1, "test_source": "test.jsonl", "test_row": example, "test_id": f"q{example}",
        "test_start": 7, "test_stop": 20, "test_before": "before ", "test_text": "shared words", "test_after": " after",
        "source": "web.jsonl", "row": 0, "document": "", "train_start": 7, "train_stop": 20, "train_before": "left ",
        "train_text": "Shared, words", "train_after": " right",
    }  # fmt: skip
    return Match(**{**values, **changed})  # type: ignore[arg-type]


def findings_of(
    matches: Sequence[Match] = (),
    runs: Sequence[Run] = (),
    *,
    train: str = "web",
    test: str = "gsm8k",
    of: Overlap | None = None,
    **changed: object,
) -> Findings:
    """What an exact pass found; ``of`` an overlap, with its names and counts."""
    if of is not None:
        train, test = of.train.name, of.test
        known = {"own": of.train.own, "n": of.n, "unit": of.unit, "bound": of.train.bound}
        changed = {**known, "examples": len(of), "tested": of.test_distinct, **changed}
    values: dict[str, object] = {
        "own": False, "n": 8, "examples": 30, "asked": 100, "confirmed": 90, "exact": False, "tested": 1_000,
        "bound": 9e-9, "sampled": 5, "refuted": 0, "rule": ClassRule(),
    }  # fmt: skip
    return Findings(train=train, test=test, runs=tuple(runs), matches=tuple(matches), **{**values, **changed})  # type: ignore[arg-type]
