"""The ratios that this project promised before it was written, beside what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cases import Case
from contenders import WC
from measurement import Measurements, Rounds
from ours import NAME as OURS

BITS = 41
MEMORY_ALLOWANCE_MB = 400
SCAN_MB = 400
PEER_TIMES = 10
LOOK_UPS = 20
"""Million n-grams a second and core."""


@dataclass(frozen=True)
class Ratio:
    """Contender `over`'s median time over `under`'s, and the side of `bound` that it has to be on."""

    title: str
    over: str
    under: str
    bound: float
    at_least: bool
    text: bool = True
    records: bool = True
    large: bool = False
    """Promised for 1 GB only: of less, starting Python and numba is a large part."""
    over_action: str = "build"
    under_action: str = "build"

    def met_by(self, value: float) -> bool:
        """Whether the promise is kept."""
        return value >= self.bound if self.at_least else value <= self.bound


RATIOS = (
    Ratio("build, times as fast as pybloom-live: at least 150", "pybloom-live", OURS, 150, at_least=True),
    Ratio("build, times as fast as rbloom: at least 25", "rbloom", OURS, 25, at_least=True),
    Ratio("build of text, times of `wc -w`: at most 1", OURS, WC, 1, at_least=False, records=False, large=True),
    Ratio("build of JSON lines, times of `wc -w`: at most 2", OURS, WC, 2, at_least=False, text=False, large=True),
    Ratio(
        "scan of text, times of `wc -w`: at most 0.6",
        OURS,
        WC,
        0.6,
        at_least=False,
        records=False,
        large=True,
        over_action="scan",
    ),
    Ratio(
        "scan of JSON lines, times of `wc -w`: at most 1.3",
        OURS,
        WC,
        1.3,
        at_least=False,
        text=False,
        large=True,
        over_action="scan",
    ),
)


def target_rows(measurements: Measurements, cases: Sequence[Case]) -> Iterator[list[str]]:
    """Yield target, case, measured value and whether it is met, for what was measured."""
    for ratio in RATIOS:
        for case in cases:
            over = measurements.rounds(ratio.over, case.name, ratio.over_action)
            under = measurements.rounds(ratio.under, case.name, ratio.under_action)
            if ratio.large and case.bytes < 9 * 10**8:
                continue
            if over and under and (ratio.text if case.by_line else ratio.records):
                value = over.median / under.median
                yield [ratio.title, case.name, f"{value:,.2f}", _yes(ratio.met_by(value))]
    for case in cases:
        yield from peer_rows(measurements, case)
        yield from look_up_rows(measurements, case)
        yield from _size_rows(measurements, case)


def fastest_peer(measurements: Measurements, case: Case, action: str) -> tuple[str, Rounds] | None:
    """Return the peer with the least median seconds for the whole input, and its rounds; None where none ran."""
    found = (
        (name, measurements.rounds(name, case.name, action))
        for name in measurements.contenders(case.name, action)
        if name != WC and not name.startswith(OURS + " ") and name != OURS
    )
    return min(((name, one) for name, one in found if one), key=lambda item: item[1].median, default=None)


def peer_rows(measurements: Measurements, case: Case) -> Iterator[list[str]]:
    """Yield how many times as fast as the fastest peer ours builds and scans. Not for real text: it is small."""
    for action in ("build", "scan"):
        fastest = fastest_peer(measurements, case, action)
        ours = measurements.rounds(OURS, case.name, action)
        if fastest and ours and not case.real:
            value = fastest[1].median / ours.median
            title = f"{action}, times as fast as the fastest peer ({read_by(*fastest)}): at least {PEER_TIMES}"
            yield [title, case.name, f"{value:,.2f}", _yes(value >= PEER_TIMES)]


def read_by(name: str, rounds: Rounds) -> str:
    """Name a peer, and what it read: where that is a prefix, its time for the whole is an extrapolation."""
    if not rounds.one.extrapolated:
        return f"{name}, on the whole corpus"
    return f"{name}, extrapolated from {rounds.one.bytes_done / 1e6:,.0f} MB"


def look_up_rows(measurements: Measurements, case: Case) -> Iterator[list[str]]:
    """Yield millions of n-grams a second and core that were asked of an index larger than the caches."""
    for kind in ("present", "absent"):
        rounds = measurements.rounds(OURS, case.name, f"look up, {kind}")
        if rounds and rounds.one.ngrams:
            value = rounds.one.ngrams / rounds.median / 1e6
            title = f"look-ups, mostly {kind}, {rounds.one.remark}, million n-grams a second: at least {LOOK_UPS}"
            yield [title, case.name, f"{value:,.1f}", _yes(value >= LOOK_UPS)]


def _size_rows(measurements: Measurements, case: Case) -> Iterator[list[str]]:
    """Yield the rows about bits and, where a build had a small `--memory`, about memory."""
    ours = measurements.rounds(OURS, case.name, "build")
    if ours and ours.one.bits_per_ngram:
        bits = ours.one.bits_per_ngram
        yield [f"bits per distinct n-gram: at most {BITS}", case.name, f"{bits:.2f}", _yes(bits <= BITS)]
    scan = measurements.rounds(OURS, case.name, "scan")
    if scan and scan.peak_mb and not case.real:
        title = f"peak MB of `{OURS} scan`, {scan.one.ngrams:,} test n-grams: at most {SCAN_MB}"
        yield [title, case.name, f"{scan.peak_mb:,.0f}", _yes(scan.peak_mb <= SCAN_MB)]
    for name in measurements.contenders(case.name, "build"):
        rounds = measurements.rounds(name, case.name, "build")
        if name.startswith(f"{OURS} --memory ") and rounds and rounds.peak_mb:
            limit = float(name.split()[-1].removesuffix("MB")) + MEMORY_ALLOWANCE_MB
            title = f"peak MB of `{name}`: at most {limit:.0f}"
            yield [title, case.name, f"{rounds.peak_mb:,.0f}", _yes(rounds.peak_mb <= limit)]


def _yes(met: bool) -> str:
    return "yes" if met else "**no**"
