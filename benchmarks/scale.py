"""What very large corpora cost, by arithmetic from measured costs: writes the tables of docs/scale.md.

The costs come from benchmarks/large.jsonl (`make bench-large`) where it is there, and from the published 1 GB of
benchmarks/RESULTS.md (2026-11-21) where it is not. Nothing here is measured; the assumptions are the constants.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "scale.md"
MARKS = ("<!-- written by benchmarks/scale.py -->\n", "<!-- end -->")

NGRAM_BYTES = 5.9
"""Bytes of English-like text for one n-gram, as generated; the 1 GB of the benchmarks has 169 million."""
SPILL_BYTES, FILTER_BYTES = 8, 40 / 8
HEAPS = 0.98
"""Distinct n-grams are taken to grow as N^0.98 beyond 1 GB: an assumption. Generated text grows faster."""
BASE = 10**9 / NGRAM_BYTES
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


PUBLISHED = Costs(build=10.78, scan=2 * 2.84, source="benchmarks/RESULTS.md of 2026-11-21, 1 GB of text")


def costs(path: Path) -> Costs:
    """Read the median processor seconds of 1 GB of text, all rounds of one contender."""
    found: dict[str, list[float]] = {"build": [], "scan": []}
    for line in path.read_text().splitlines() if path.exists() else []:
        one = json.loads(line)["measurement"]
        if one["case"] == "1GB .txt" and one["contender"].startswith("overlap"):
            found[one["action"]].append(one["cpu_seconds"])
    if not all(found.values()):
        return PUBLISHED
    middle = {action: sorted(values)[len(values) // 2] for action, values in found.items()}
    return Costs(middle["build"], middle["scan"], "benchmarks/large.jsonl, 1 GB of text")


def distinct(ngrams: float) -> float:
    """Return the distinct n-grams that are assumed for so many."""
    return BASE * (ngrams / BASE) ** HEAPS


def rows(cost: Costs) -> list[list[str]]:
    """Return a row of the table for each corpus."""
    return [_row(name, size, cost) for name, size in CORPORA]


def _row(name: str, size: float, cost: Costs) -> list[str]:
    ngrams = size / NGRAM_BYTES
    keys = distinct(ngrams)
    indexes = max(1, -(-keys // FLOOR))
    return [
        name,
        _amount(size),
        f"{ngrams / 1e9:,.0f}",
        f"{keys / 1e9:,.0f}",
        f"{size / 1e9 * cost.build / 3600:,.1f}",
        f"{size / 1e9 * cost.build / 60 / CORES:,.1f}",
        _amount(ngrams * SPILL_BYTES),
        _amount(keys * FILTER_BYTES),
        f"{size / 1e9 * cost.scan / 3600:,.1f}",
        f"{indexes:.0f}",
    ]


HEAD = [
    "corpus",
    "text",
    "n-grams, 10^9",
    "distinct, 10^9",
    "build, core hours",
    f"on {CORES} cores, minutes",
    "spill files",
    "index",
    "scan, core hours",
    "indexes at 1e-8",
]


def table(cost: Costs) -> str:
    """Return the tables as Markdown."""
    lines = [HEAD, ["---", *["---:"] * (len(HEAD) - 1)], *rows(cost)]
    each = f"Costs: {cost.source}: {cost.build:.1f} core seconds a GB to build, {cost.scan:.1f} to scan."
    each += f" One build costs as much as {cost.build / cost.scan:.1f} scans."
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
