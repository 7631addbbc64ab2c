"""Compare `overlap` with `wc -w` and with its peers, side by side, and write benchmarks/RESULTS.md.

`make bench` runs this with its defaults: 1 GB of generated text, as text and as JSON lines, 100 MB of it that are
measured against themselves, and the real text under ../shared/data; three rounds. The peers run on plain text, in
the first round, on a prefix of it. What is generated, installed or built stays in benchmarks/work. `--prepare` does all
that is not timed (corpora, environments of the peers, exact counts) and ends; see benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from cases import WORK, Case, generated_cases, generator_command, real_cases, size_label, warm_up_cases
from contenders import Contender, WordCount
from environments import Absent, Environment
from machine import facts
from measurement import Measurements
from ours import Ours, executable
from peer_runs import Peer, exact_counts, peers
from results_page import Page, render
from running import ROOT, ChildFailed, read_once, shown

RESULTS = ROOT / "benchmarks" / "RESULTS.md"
KEPT = ROOT / WORK / "measurements.json"
LARGE = 10**9


def main() -> None:
    """Generate, run, write."""
    options = parse()
    cases = list(choose_cases(options))
    again = options.render or options.more
    absent = {} if options.skip_peers or again else prepare(cases, options)
    if options.prepare:
        return
    measurements = Measurements.load(KEPT) if again else Measurements(absent=absent)
    if options.more:
        run_rounds(cases, options, measurements, range(options.peer_rounds + 1, options.peer_rounds + 1 + options.more))
    elif not options.render:
        run_rounds(cases, options, measurements, range(1, options.rounds + 1))
    RESULTS.write_text(render(page_of(cases, measurements, options)), encoding="utf-8")
    note(f"wrote {RESULTS.relative_to(ROOT)}")


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000, help="of generated text (default 1000)")
    parser.add_argument("--small-megabytes", type=int, default=100, help="measured against itself (default 100)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer-rounds", type=int, default=1, help="in how many rounds the peers run (default 1)")
    parser.add_argument("--prepare", action="store_true", help="only generate, install and count")
    parser.add_argument("--skip-peers", action="store_true", help="only `wc` and ours")
    parser.add_argument("--peers-on-records", action="store_true", help="the peers run on JSON lines, too")
    parser.add_argument("--whole", action="store_true", help="the peers get the whole corpus")
    parser.add_argument("--skip-real", action="store_true", help="only generated text")
    parser.add_argument("--small-memory", default="100MB", help="`--memory` of the bounded build of 1 GB or more")
    parser.add_argument("--more", type=int, metavar="ROUNDS", help="of `wc` and ours, added to the last run")
    parser.add_argument("--render", action="store_true", help="write the page again from the last run")
    return parser.parse_args()


def choose_cases(options: argparse.Namespace) -> Sequence[Case]:
    """Return the cases, generating what is missing."""
    text, records = generated_cases(options.megabytes * 10**6, peers=not options.skip_peers)
    cases = [text, replace(records, peers=records.peers and options.peers_on_records)]
    if options.small_megabytes:
        cases += generated_cases(options.small_megabytes * 10**6, peers=False)
    real = [] if options.skip_real else real_cases()
    return cases + [replace(case, peers=not options.skip_peers) for case in real]


def prepare(cases: Sequence[Case], options: argparse.Namespace) -> dict[str, str]:
    """Install the peers and count exactly; return the peers that cannot be had, with the reason."""
    absent = {}
    chosen = peers(whole=options.whole)
    install({peer.environment for peer in chosen if peer.environment})
    for peer in chosen:
        try:
            for case in cases:
                if case.peers:
                    peer.prepare(case)
        except (Absent, ChildFailed) as error:
            absent[peer.name] = str(error)
            note(f"{peer.name} is left out: {error}")
    return absent


def install(environments: Collection[Environment]) -> None:
    """Install side by side what is missing; a failure comes up again where its peer is prepared."""

    def ready(environment: Environment) -> None:
        with suppress(Absent):
            environment.ready()

    with ThreadPoolExecutor() as pool:
        list(pool.map(ready, environments))


def contenders_of(case: Case, options: argparse.Namespace, number: int, absent: Mapping[str, str]) -> list[Contender]:
    """Return who runs on a case in a round, in the order of the tables."""
    chosen: list[Contender] = [WordCount()]
    if (ROOT / executable()).exists():
        chosen.append(Ours())
        if case.bytes >= LARGE * 0.9:
            memory = options.small_memory
            chosen.append(Ours(name=f"overlap --memory {memory}", memory=memory, measures=False))
    if case.peers and number <= options.peer_rounds:
        chosen += [peer for peer in peers(whole=options.whole) if peer.name not in absent]
    return chosen


def run_rounds(
    cases: Sequence[Case], options: argparse.Namespace, measurements: Measurements, numbers: Iterable[int]
) -> None:
    """Run every contender once a round; one that fails is named and left out of that round. Each is kept at once."""
    if (ROOT / executable()).exists():
        warm_up()
    else:
        note("the overlap command is not there: only the others are measured")
    for number in numbers:
        for case in cases:
            for path in (*case.train, case.test):
                read_once(ROOT / path)
            for contender in contenders_of(case, options, number, measurements.absent):
                take(contender, case, number, measurements)
            measurements.save(KEPT)


def take(contender: Contender, case: Case, number: int, measurements: Measurements) -> None:
    """Run one contender on one case and keep what it yields."""
    try:
        for one in contender.take(case):
            rate = f"{one.seconds:.2f} s, {one.bytes_done / 1e6 / one.seconds:.1f} MB/s"
            note(f"round {number}, {case.name}: {contender.name}, {one.action}: {rate}")
            measurements.add(one)
    except (ChildFailed, KeyError, ValueError) as error:
        note(f"round {number}, {case.name}: {contender.name} FAILED: {error!r}")
        if isinstance(contender, Peer):
            measurements.absent[f"{contender.name} on {case.name}"] = last_line(str(error))


def warm_up() -> None:
    """Have our kernels compiled and cached before anything is timed."""
    for case in warm_up_cases():
        for one in Ours(name="overlap warm-up").take(case):
            note(f"warm-up: {one.action}: {one.seconds:.2f} s")


def page_of(cases: Sequence[Case], measurements: Measurements, options: argparse.Namespace) -> Page:
    """Gather what the page is made from."""
    sizes = [size * 10**6 for size in (options.megabytes, options.small_megabytes) if size]
    commands = [shown(generator_command(size, WORK / f"corpus-{size_label(size)}")) for size in sizes]
    ran = [peer for peer in peers(whole=options.whole) if any(one.contender == peer.name for one in measurements)]
    limits = {(peer.name, case.name): peer.limit_on(case) for peer in ran for case in cases if case.peers}
    counted = [case for case in cases if case.peers]
    parts = {(case, None) for case in counted} | {
        (case, limits[peer.name, case.name]) for peer in ran for case in counted
    }
    exact = {(case.name, limit): exact_counts(case, limit) for case, limit in parts}
    return Page(
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        facts=facts(),
        cases=cases,
        measurements=measurements,
        exact=exact,
        limits=limits,
        preparations=commands,
    )


def last_line(text: str) -> str:
    """Return the last line that says something: of a traceback, the error."""
    return next((line for line in reversed(text.splitlines()) if line.strip()), "no message")


def note(text: str) -> None:
    """Say something on stderr."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
