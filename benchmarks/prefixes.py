"""What the page says of the peers' share of a corpus: who got the whole, and from what the others are extrapolated."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from cases import Case
from contenders import WC
from measurement import Measurements, Rounds
from ours import NAME as OURS
from peer_runs import TRIES
from targets import fastest_peer, read_by

PREFIX_HEAD = ["from a prefix", "MB read", "s", "of these start, s", "runs", "runs on a fifth"]


def peers_of(measurements: Measurements, case: Case) -> Iterator[tuple[str, str, Rounds]]:
    """Yield every peer that built an index of a case or scanned it: its name, which of both, its rounds."""
    for action in ("build", "scan"):
        for name in measurements.contenders(case.name, action):
            rounds = measurements.rounds(name, case.name, action)
            if rounds and name != WC and name.split()[0] != OURS:
                yield name, action, rounds


def shares(measurements: Measurements, case: Case) -> str:
    """Say which peers got the whole corpus and which a prefix, and of which the fastest are; empty where none ran."""
    whole, prefix = [], []
    for name, _, rounds in peers_of(measurements, case):
        (prefix if rounds.one.extrapolated else whole).append(name)
    said = [f"the whole corpus: {_list(whole)}"] * bool(whole) + [f"a prefix: {_list(prefix)}"] * bool(prefix)
    if not said:
        return ""
    fastest = ((action, fastest_peer(measurements, case, action)) for action in ("build", "scan"))
    named = [f"to {action} {read_by(*found)}" for action, found in fastest if found]
    return f"Peers that got {'; '.join(said)}. The fastest: {'; '.join(named)}."


def prefix_rows(measurements: Measurements, case: Case) -> list[list[str]]:
    """Return a row for each peer that got a prefix; what was not kept with the measurements is unknown."""
    return [_row(name, rounds) for name, _, rounds in peers_of(measurements, case) if rounds.one.extrapolated]


def prefix_remark(measurements: Measurements, case: Case) -> str:
    """Say how the runs were chosen, or what it means that something is not known; empty where no peer got a prefix."""
    each = [one for *_, rounds in peers_of(measurements, case) for one in rounds.each if one.extrapolated]
    said = []
    if any(one.shorter_runs for one in each):
        said.append(
            "Where both runs left no start, the longer one was made again; where they left more than half of the time, "
            f"the one on a fifth: {TRIES} times at the most. The fastest of each counts; other columns: the first."
        )
    if not all(one.shorter_runs for one in each):
        said.append("Unknown: not kept with these measurements. A start that is unknown is counted as none.")
    return " ".join(said)


def _row(name: str, rounds: Rounds) -> list[str]:
    each = rounds.each
    start = f"{median(one.start_seconds for one in each):,.2f}" if all(one.start_known for one in each) else "unknown"
    return [
        name,
        f"{rounds.one.bytes_done / 1e6:,.0f}",
        f"{median(one.seconds for one in each):,.2f}",
        start,
        _runs([one.longer_runs for one in each]),
        _runs([one.shorter_runs for one in each]),
    ]


def _runs(each: list[int]) -> str:
    """Return how many runs all rounds had together."""
    return str(sum(each)) if all(each) else "unknown"


def _list(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
