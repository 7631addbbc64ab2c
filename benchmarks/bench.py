"""Compare `overlap` with `wc -w` and with its peers, side by side, and write benchmarks/RESULTS.md.

`make bench` runs this with its defaults: 300 MB of generated text, as text and as JSON lines, and the real
text under ../shared/data, three rounds; the peers run on plain text. `--large` adds 1 GB, for `wc` and
`overlap` only. What is generated or built stays in benchmarks/work.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from cases import WORK, Case, generated_cases, generator_command, real_cases, size_label, warm_up_cases
from contenders import Contender, WordCount, exact_counts, peers
from machine import facts
from measurement import Measurements
from ours import Ours, executable
from results_page import Page, render
from running import ROOT, ChildFailed, read_once, shown

RESULTS = ROOT / "benchmarks" / "RESULTS.md"
KEPT = ROOT / WORK / "measurements.json"
LARGE = 10**9
SLOW = {"pybloom-live": 20_000_000}
"""Peers that take minutes for the whole corpus, and the prefix that they get instead."""


def main() -> None:
    """Generate, run, write."""
    options = parse()
    cases = list(choose_cases(options))
    if options.render:
        measurements = Measurements.load(KEPT)
    else:
        measurements = run_rounds(cases, options)
        measurements.save(KEPT)
    RESULTS.write_text(render(page_of(cases, measurements, options)), encoding="utf-8")
    note(f"wrote {RESULTS.relative_to(ROOT)}")


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300, help="of generated text (default 300)")
    parser.add_argument("--large", action="store_true", help="also 1 GB, without the peers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip-peers", action="store_true", help="only `wc` and ours")
    parser.add_argument("--peers-on-records", action="store_true", help="the peers run on JSON lines, too")
    parser.add_argument("--whole", action="store_true", help="slow peers, too, get the whole corpus")
    parser.add_argument("--skip-real", action="store_true", help="only generated text")
    parser.add_argument("--small-memory", default="100MB", help="`--memory` of the bounded build of --large")
    parser.add_argument("--render", action="store_true", help="write the page again from the last run")
    return parser.parse_args()


def choose_cases(options: argparse.Namespace) -> Sequence[Case]:
    """Return the cases, generating what is missing."""
    text, records = generated_cases(options.megabytes * 10**6, peers=not options.skip_peers)
    cases = [text, records if options.peers_on_records else replace(records, peers=False)]
    if options.large:
        cases += generated_cases(LARGE, peers=False)
    return cases if options.skip_real else cases + real_cases()


def contenders_of(case: Case, options: argparse.Namespace) -> list[Contender]:
    """Return who runs on a case, in the order of the tables."""
    chosen: list[Contender] = [WordCount()]
    if (ROOT / executable()).exists():
        chosen.append(Ours())
        if case.bytes >= LARGE * 0.9:
            memory = options.small_memory
            chosen.append(Ours(name=f"overlap --memory {memory}", memory=memory, measures=False))
    if case.peers and not options.skip_peers:
        chosen += peers({} if options.whole else SLOW)
    return chosen


def run_rounds(cases: Sequence[Case], options: argparse.Namespace) -> Measurements:
    """Run every contender once a round; one that fails is named and left out of that round."""
    if (ROOT / executable()).exists():
        warm_up()
    else:
        note("the overlap command is not there: only the others are measured")
    measurements = Measurements()
    for number in range(1, options.rounds + 1):
        for case in cases:
            for path in (*case.train, case.test):
                read_once(ROOT / path)
            for contender in contenders_of(case, options):
                take(contender, case, number, measurements)
            measurements.save(KEPT)
    return measurements


def take(contender: Contender, case: Case, number: int, measurements: Measurements) -> None:
    """Run one contender on one case and keep what it yields."""
    try:
        for one in contender.take(case):
            rate = f"{one.seconds:.2f} s, {one.bytes_done / 1e6 / one.seconds:.1f} MB/s"
            note(f"round {number}, {case.name}: {contender.name}, {one.action}: {rate}")
            measurements.add(one)
    except (ChildFailed, KeyError, ValueError) as error:
        note(f"round {number}, {case.name}: {contender.name} FAILED: {error!r}")


def warm_up() -> None:
    """Have our kernels compiled and cached before anything is timed."""
    for case in warm_up_cases():
        for one in Ours(name="overlap warm-up").take(case):
            note(f"warm-up: {one.action}: {one.seconds:.2f} s")


def page_of(cases: Sequence[Case], measurements: Measurements, options: argparse.Namespace) -> Page:
    """Gather what the page is made from."""
    sizes = [options.megabytes * 10**6] + ([LARGE] if options.large else [])
    commands = [shown(generator_command(size, WORK / f"corpus-{size_label(size)}")) for size in sizes]
    return Page(
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        facts=facts(),
        cases=cases,
        measurements=measurements,
        exact={case.name: exact_counts(case) for case in cases if case.real or case.peers},
        preparations=commands,
    )


def note(text: str) -> None:
    """Say something on stderr."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
