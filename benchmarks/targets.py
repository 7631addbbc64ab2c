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


def judged(value: float, bound: float, *, at_least: bool, digits: int = 2) -> list[str]:
    """Return a value with as many digits as it takes to see on which side of a bound it is, and whether that is right.

    >>> judged(1.796, 1.8, at_least=True)
    ['1.796', '**no**']
    """

    def met(number: float) -> bool:
        return number >= bound if at_least else number <= bound

    while met(round(value, digits)) != met(value):
        digits += 1
    return [f"{value:,.{digits}f}", "yes" if met(value) else "**no**"]


def target_rows(measurements: Measurements, cases: Sequence[Case]) -> Iterator[list[str]]:
    """Yield target, case, measured value and whether it is met, for what was measured."""
    for ratio in RATIOS:
        for case in cases:
            over = measurements.rounds(ratio.over, case.name, ratio.over_action)
            under = measurements.rounds(ratio.under, case.name, ratio.under_action)
            if ratio.large and case.bytes < 9 * 10**8:
                continue
            if over and under and (ratio.text if case.by_line else ratio.records):
                value, met = judged(over.median / under.median, ratio.bound, at_least=ratio.at_least)
                yield [ratio.title, case.name, value + _best(over, under), met]
    for case in cases:
        yield from peer_rows(measurements, case)
        yield from look_up_rows(measurements, case)
        yield from _size_rows(measurements, case)


def _best(over: Rounds, under: Rounds) -> str:
    """Return the ratio of the best rounds, which other work on the machine disturbed least, beside the medians'."""
    if min(len(over.each), len(under.each)) < 2:
        return ""
    return f" (best rounds: {over.best / under.best:.2f})"


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
            yield [title, case.name, *judged(value, PEER_TIMES, at_least=True)]


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
            yield [title, case.name, *judged(value, LOOK_UPS, at_least=True, digits=1)]


def _size_rows(measurements: Measurements, case: Case) -> Iterator[list[str]]:
    """Yield the rows about bits and, where a build had a small `--memory`, about memory."""
    ours = measurements.rounds(OURS, case.name, "build")
    if ours and ours.one.bits_per_ngram:
        bits = ours.one.bits_per_ngram
        yield [f"bits per distinct n-gram: at most {BITS}", case.name, *judged(bits, BITS, at_least=False)]
    scan = measurements.rounds(OURS, case.name, "scan")
    if scan and scan.peak_mb and not case.real:
        title = f"peak MB of `{OURS} scan`, {scan.one.ngrams:,} test n-grams: at most {SCAN_MB}"
        yield [title, case.name, *judged(scan.peak_mb, SCAN_MB, at_least=False, digits=0)]
    for name in measurements.contenders(case.name, "build"):
        rounds = measurements.rounds(name, case.name, "build")
        if name.startswith(f"{OURS} --memory ") and rounds and rounds.peak_mb:
            limit = float(name.split()[-1].removesuffix("MB")) + MEMORY_ALLOWANCE_MB
            title = f"peak MB of `{name}`: at most {limit:.0f}"
            yield [title, case.name, *judged(rounds.peak_mb, limit, at_least=False, digits=0)]
