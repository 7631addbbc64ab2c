"""Write RESULTS.md from measurements: what was run, on what, how fast, and whether the counts are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cases import Case
from contenders import WC
from measurement import Measurements, Rounds
from ours import NAME as OURS
from peer_runs import Exact
from prefixes import PREFIX_HEAD, prefix_remark, prefix_rows, shares
from targets import target_rows

NOTES = """\
How to read the tables:

- MB are millions of bytes of the input files, JSON syntax included. Seconds, rates and ratios are medians
  over the rounds; contenders take turns within a round, the peers in the first only, as a rule. Everyone finds the
  input in the page cache.
- `overlap` and `wc` are timed as whole processes, start-up included; numba's compiled kernels are in their
  cache. The peers are timed inside their process, without the start of Python and without imports.
- `overlap` uses every core; `wc` and the peers, as plain drivers do, use one, where nothing else is said. The
  column of processor seconds is for the whole process: with start, imports and, for peers, measuring.
- The Bloom filter libraries are given the exact number of distinct n-grams, counted beforehand and not
  timed; `overlap` has to find it itself. Peers get 1e-8 as their rate, as `overlap` does.
- `~` marks an extrapolation from a prefix of the corpus, put into a filter of the full size. What a peer takes for its
  start (a command, a cleared filter, an index of the test set) is found by a run on a fifth of the prefix and counted
  once, not multiplied; only the rest is taken in proportion. Under the tables of a case stands who got the whole corpus
  and who a prefix, with the start that was found and how often both were run.
- Peak memory is the kernel's figure for the process; of several processes, for the largest.
- Bits per distinct n-gram: for `overlap` all files of the index, for others the bit array.
- Peers that keep no index of the corpus (overlapy, janitor, datatrove, corpus-assay, dolma with the test set first)
  are compared with `scan`: a pass over the corpus answers for one test set. Their tables have the training documents
  that share an n-gram with the test set, where they tell those. datatrove, corpus-assay and dolma run as two processes.
- Peers that are commands (dolma, corpus-assay, infini-gram's indexing, datatrove's executor) are timed whole; their
  input is brought into their format before. dolma, janitor and datatrove cut text into words by rules of their own, so
  that what they find may differ from the exact counts. All look for 8-grams; the drivers say what else was set.
- The test set is small: `overlap`'s time to measure it is mostly start-up, which the peers' leave out.
  "Measure itself" takes the corpus as the test set, and every n-gram has to be found.
- Exact hits come from an untimed exact count, of the prefix where a peer got one. A Bloom filter may find more (its
  false positives), never fewer. The exact count and the peers find words by one regular expression, `[^\\W_]+`: on text
  with combining marks or scripts without spaces (some of WikiText-2) they see slightly other n-grams than we."""

BUILD_HEAD = [
    "build",
    "s",
    "MB/s",
    "best MB/s",
    "x time of `wc`",
    "x our time",
    "bits/n-gram",
    "peak MB",
    "CPU s",
    "rounds",
]
MEASURE_HEAD = ["measure", "s", "MB/s", "n-grams", "million n-grams/s", "hits", "exact hits", "examples found", "exact"]
SCAN_HEAD = [
    "scan",
    "s",
    "MB/s",
    "x time of `wc`",
    "x our time",
    "hits",
    "exact hits",
    "documents found",
    "exact",
    "peak MB",
]
LOOK_UPS = ("look up, present", "look up, absent")


@dataclass(frozen=True)
class Page:
    """All that the page is made from."""

    date: str
    facts: dict[str, str]
    cases: Sequence[Case]
    measurements: Measurements
    exact: Mapping[tuple[str, int | None], Exact] = field(default_factory=dict)
    """By the name of the case, and the prefix in bytes, None for the whole."""
    limits: Mapping[tuple[str, str], int | None] = field(default_factory=dict)
    """The prefix that a contender got of a case, by both names."""

    def exact_for(self, case: Case, name: str) -> Exact | None:
        """Return the exact counts of what a contender was given."""
        limit = self.limits.get((name, case.name))
        counts = self.exact.get((case.name, limit))
        if counts or limit is not None:
            return counts  # as many bytes of the same documents in another format are other documents
        return self.exact.get((case.documents_of, None))

    preparations: Sequence[str] = ()
    """Commands that were run before, not timed."""


def render(page: Page) -> str:
    """Return the page in Markdown."""
    generated = [case for case in page.cases if not case.real]
    real = [case for case in page.cases if case.real]
    parts = [
        "# Benchmarks",
        f"Made on {page.date} by `make bench` (`benchmarks/bench.py`); do not edit by hand.",
        _table(["machine", ""], [[name, value] for name, value in page.facts.items()]),
    ]
    targets = list(target_rows(page.measurements, generated))
    if targets:
        parts += ["## Targets", _table(["target", "case", "measured", "met"], targets)]
    parts += ["## Peers", _table(["peer", "version", "what it does here", "notes"], _peers(page))]
    parts += [f"- **{name}** could not be run: {reason}." for name, reason in page.measurements.absent.items()]
    parts += ["## Reading the tables", NOTES]
    parts += [part for case in generated for part in _case(page, case)]
    if real:
        parts += ["## Real text", "Small files: our time is mostly start-up, and the hits are what matters."]
        parts += [part for case in real for part in _case(page, case)]
    parts += ["## Commands", _commands(page)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _case(page: Page, case: Case) -> list[str]:
    """Return a case's heading, what it is, and its tables."""
    exact = page.exact.get((case.name, None))
    sizes = f"{case.bytes / 1e6:,.1f} MB in {', '.join(f'`{path}`' for path in case.train)}"
    if exact:
        sizes += f": {exact.train_ngrams:,} 8-grams, {exact.train_distinct:,} distinct"
    builds = _table(BUILD_HEAD, [_build_row(page, case, name) for name in _names(page, case, "build")])
    measures = [
        _measure_row(page, case, name, action)
        for action in ("measure", "measure itself", "verify", *LOOK_UPS)
        for name in _names(page, case, action)
    ]
    scans = [_scan_row(page, case, name) for name in _names(page, case, "scan")]
    return [
        f"{'###' if case.real else '##'} {case.name}",
        f"{sizes}.",
        builds,
        _table(SCAN_HEAD, scans),
        _table(MEASURE_HEAD, measures),
        *([] if case.real else _shares(page.measurements, case)),
    ]


def _shares(measurements: Measurements, case: Case) -> list[str]:
    """Return what the peers got of a corpus; real text is small, and all get the whole."""
    table = _table(PREFIX_HEAD, prefix_rows(measurements, case))
    return [shares(measurements, case), table, prefix_remark(measurements, case)]


def _build_row(page: Page, case: Case, name: str) -> list[str]:
    rounds = _rounds(page, case, name, "build")
    mark = "~" if rounds.one.extrapolated else ""
    return [
        name,
        f"{mark}{rounds.median:,.2f}",
        f"{mark}{rounds.rate:,.1f}",
        f"{mark}{rounds.best_rate:,.1f}",
        _times(rounds.median, _seconds(page, case, WC, "build")),
        _times(rounds.median, _seconds(page, case, OURS, "build")),
        _number(rounds.one.bits_per_ngram, ".2f"),
        _number(rounds.peak_mb, ",.0f"),
        _number(rounds.cpu_seconds, ",.2f"),
        str(len(rounds.each)),
    ]


def _scan_row(page: Page, case: Case, name: str) -> list[str]:
    rounds, exact = _rounds(page, case, name, "scan"), page.exact_for(case, name)
    one, mark = rounds.one, "~" if rounds.one.extrapolated else ""
    return [
        name,
        f"{mark}{rounds.median:,.2f}",
        f"{mark}{rounds.rate:,.1f}",
        _times(rounds.median, _seconds(page, case, WC, "build")),
        _times(rounds.median, _seconds(page, case, OURS, "scan")),
        _number(one.hits, ",d"),
        _number(exact.hits if exact and one.hits is not None else None, ",d"),
        _number(one.documents_found, ",d"),
        _number(exact.documents_found if exact and one.documents_found is not None else None, ",d"),
        _number(rounds.peak_mb, ",.0f"),
    ]


def _measure_row(page: Page, case: Case, name: str, action: str) -> list[str]:
    """Return a row; measured against itself, every n-gram of a corpus is due to be found."""
    rounds, exact = _rounds(page, case, name, action), page.exact_for(case, name)
    one = rounds.one
    due = exact.hits if exact and action == "measure" and one.hits is not None else None
    return [
        name if action == "measure" else f"{name}, {action}",
        f"{rounds.median:,.2f}",
        "" if action in LOOK_UPS else f"{rounds.rate:,.1f}",
        _number(one.ngrams, ",d"),
        _number(one.ngrams / rounds.median / 1e6 if one.ngrams else None, ",.2f"),
        _number(one.hits, ",d"),
        _number(one.ngrams if action == "measure itself" else due, ",d"),
        _number(one.examples_found, ",d"),
        _number(exact.examples_found if exact and one.examples_found is not None else None, ",d"),
    ]


def _peers(page: Page) -> list[list[str]]:
    """Return a row for each contender that is neither ours nor `wc`."""
    rows = {}
    for one in page.measurements:
        if one.version and one.contender.split()[0] != OURS and one.action in ("build", "scan"):
            does = "builds an index of the corpus" if one.action == "build" else "scans the corpus for a test set"
            rows[one.contender] = [one.contender, one.version, does, one.remark]
    return list(rows.values())


def _commands(page: Page) -> str:
    """List every command once, as typed at the project's root."""
    typed = dict.fromkeys([*page.preparations, *(one.command for one in page.measurements)])
    return "```\n" + "\n".join(typed) + "\n```"


def _names(page: Page, case: Case, action: str) -> list[str]:
    return page.measurements.contenders(case.name, action)


def _rounds(page: Page, case: Case, name: str, action: str) -> Rounds:
    rounds = page.measurements.rounds(name, case.name, action)
    if rounds is None:
        raise LookupError(f"{name} did not {action} {case.name}")
    return rounds


def _seconds(page: Page, case: Case, name: str, action: str) -> float | None:
    rounds = page.measurements.rounds(name, case.name, action)
    return rounds.median if rounds else None


def _times(seconds: float, base: float | None) -> str:
    return f"{seconds / base:,.2f}" if base else ""


def _number(value: float | None, form: str) -> str:
    return format(value, form) if value is not None else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, or nothing for no rows."""
    ruler = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ruler, *rows)) if rows else ""
