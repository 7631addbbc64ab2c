"""What very large corpora cost, by arithmetic from measured costs: writes the tables of docs/scale.md.

The costs come from benchmarks/large.jsonl (`make bench-large`). Nothing here is measured; the assumptions are the
constants.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "scale.md"
MARKS = ("<!-- written by benchmarks/scale.py -->\n", "<!-- end -->")

NGRAM_BYTES = 5.9
"""Bytes of English-like text for one n-gram, as generated; the 1 GB of the benchmarks has 169 million.

Every n-gram is taken to be distinct: an assumption, and the upper limit, since distinct n-grams cannot grow faster than
with an exponent of 1 (docs/scale.md has those of real text). A corpus that repeats itself has a smaller index.
"""
SPILL_BYTES, FILTER_BYTES = 8, 40.8 / 8
"""Of an n-gram. 40.0 bits in a small index; at most 40.8, where the hashes' floor takes a part of the bound."""
FLOOR = 0.5 * 1e-8 * 2**64
"""Distinct hashes in an index at 1e-8: a build sets half of the bound aside for them (``building/build.py``)."""
CORES = 64
CORPORA = (
    ("WebText", 40e9),
    ("C4", 750e9),
    ("The Pile", 825 * 2**30),
    ("FineWeb", 44e12),
)


@dataclass(frozen=True)
class Costs:
    """Processor seconds for a gigabyte of plain text."""

    build: float
    scan: float
    source: str


def costs(path: Path) -> Costs:
    """Return the median processor seconds of 1 GB of text, over all runs without a cluster, whatever their workers."""
    found: dict[str, list[float]] = {"build": [], "scan": []}
    for line in path.read_text().splitlines() if path.exists() else []:
        one = json.loads(line)["measurement"]
        if one["case"] == "1GB .txt" and one["contender"].startswith("overlap") and " on " not in one["contender"]:
            found[one["action"]].append(one["cpu_seconds"])
    if not all(found.values()):
        raise SystemExit(f"{path}: no build or no scan of 1 GB of text; run `make bench-large`")
    return Costs(median(found["build"]), median(found["scan"]), "benchmarks/large.jsonl, 1 GB of text")


def rows(cost: Costs) -> list[list[str]]:
    """Return a row of the table for each corpus."""
    return [_row(name, size, cost) for name, size in CORPORA]


def _row(name: str, size: float, cost: Costs) -> list[str]:
    ngrams = size / NGRAM_BYTES
    indexes = max(1, -(-ngrams // FLOOR))
    return [
        name,
        _amount(size),
        f"{ngrams / 1e9:,.0f}",
        f"{size / 1e9 * cost.build / 3600:,.1f}",
        f"{size / 1e9 * cost.build / 60 / CORES:,.1f}",
        _amount(ngrams * SPILL_BYTES),
        _amount(ngrams * FILTER_BYTES),
        f"{size / 1e9 * cost.scan / 3600:,.1f}",
        f"{indexes:.0f}",
    ]


HEAD = [
    "corpus",
    "text",
    "n-grams, 10^9",
    "build, core hours",
    f"on {CORES} cores, minutes",
    "spill files",
    "index at most",
    "scan, core hours",
    "indexes at 1e-8, at most",
]


def moved(cost: Costs) -> float:
    """Return the bytes a second of a build on all cores: text read, spill files written and read, pages written."""
    return CORES / cost.build * 1e9 * (1 + (2 * SPILL_BYTES + FILTER_BYTES) / NGRAM_BYTES)


def table(cost: Costs) -> str:
    """Return the tables as Markdown."""
    lines = [HEAD, ["---", *["---:"] * (len(HEAD) - 1)], *rows(cost)]
    each = f"Costs: {cost.source}: {cost.build:.1f} core seconds a GB to build, {cost.scan:.1f} to scan."
    each += f" One build costs as much as {cost.build / cost.scan:.1f} scans."
    each += f" Building on {CORES} cores would read and write {moved(cost) / 1e9:,.0f} GB a second together."
    return each + "\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _amount(size: float) -> str:
    return f"{size / 1e12:,.1f} TB" if size >= 1e12 else f"{size / 1e9:,.0f} GB"


def written(page: str, cost: Costs) -> str:
    """Return the page with the tables between the marks."""
    before, rest = page.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    return before + MARKS[0] + "\n" + table(cost) + "\n" + MARKS[1] + after


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(), costs(ROOT / "benchmarks" / "large.jsonl")))
    print(f"wrote {PAGE.relative_to(ROOT)}", file=sys.stderr)
