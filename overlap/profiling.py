"""scan_profile: a published rule applied to sources, with the n-grams that it asks for."""

from __future__ import annotations

from typing import Any

from overlap.corpus import Sources, make_layout
from overlap.errors import BadArgument
from overlap.locating import by_document, scan
from overlap.metrics import gpt3_n
from overlap.profiles import Measured, Profile, ProfileReport, profile_of, rows_of
from overlap.results import ByDocument, Findings, Overlap
from overlap.segmenting import segmenter_of
from overlap.test_sets import group_tests, hash_test_set, read_test_sets

__all__ = ["profile_unit", "scan_profile"]

_READING = ("text_field", "by_line", "input_format", "on_bad_record")  # options of scan
_BY_DOCUMENT = (*_READING, "parts", "template", "recipes", "workers", "progress")  # those that by_document has, too


def profile_unit(profile: Profile, unit: str | None, n: int | None) -> str:
    """The unit to measure in. Raises ValueError where another unit or n is asked for, or a tokenizer is missing."""
    if n is not None and profile.n != (n,):
        raise BadArgument(f"profile {profile.name} is of {profile.ngrams}, not of {n}-grams: leave --n out")
    if profile.unit != "tokens":
        if unit not in (None, profile.unit):
            raise BadArgument(f"profile {profile.name} is of {profile.ngrams}, not of {unit}: leave --unit out")
        return profile.unit
    if unit is None or not unit.startswith("tokens:"):
        raise BadArgument(f"profile {profile.name} is of tokens: name the tokenizer with --unit tokens:TOKENIZER")
    return unit


def scan_profile(
    name: str,
    train: Sources,
    test: Sources,
    *,
    unit: str | None = None,
    n: int | None = None,
    seed: int = 0,
    **options: Any,
) -> tuple[ProfileReport, tuple[Overlap, ...], tuple[Findings, ...]]:
    """Measure test sets as a profile does: its report, and the overlaps and findings that it was made of.

    ``unit`` is needed where the profile is of tokens (``tokens:TOKENIZER``). ``options`` are those of ``scan``. Raises
    what ``scan`` does, and ValueError for a profile that cannot be applied so.
    """
    profile = profile_of(name)
    chosen = profile_unit(profile, unit, n)
    overlaps: list[Overlap] = []
    findings: list[Findings] = []
    documents: dict[tuple[str, str], ByDocument] = {}
    for size, tests in _plan(profile, chosen, test, options):
        some, located = scan(train, tests, n=size, unit=chosen, **options)
        overlaps += [overlap for overlap in some if not (profile.by_document and overlap.train.members)]
        findings += located
        if profile.by_document:
            given = {key: options[key] for key in _BY_DOCUMENT if key in options}
            for found in by_document(train, tests, n=size, unit=chosen, budget=profile.budget, **given):
                documents[found.train, found.test] = found
    rows = []
    for overlap in overlaps:
        rows += rows_of(profile, Measured(overlap, documents.get((overlap.train.name, overlap.test)), seed))
    signatures = dict.fromkeys(overlap.train.signature for overlap in overlaps if not overlap.train.members)
    found_of = tuple(documents.values())
    return ProfileReport(profile, seed, tuple(signatures), tuple(rows), found_of), tuple(overlaps), tuple(findings)


def _plan(profile: Profile, unit: str, test: Sources, options: dict[str, Any]) -> list[tuple[int, Any]]:
    """(n, test sources) of every pass: one for each n; GPT-3's n is that of each test set."""
    groups = group_tests(test, options.get("recipes"))
    everything = [source for group in groups.values() for source in group]
    if profile.n:
        return [(size, everything) for size in profile.n]
    sizes: dict[int, list[Any]] = {}
    reading: dict[str, Any] = {"text_field": "text", "by_line": False, "input_format": None}
    reading.update({key: options[key] for key in _READING if key in options})
    layout = make_layout(options.get("parts", ()), options.get("template"), None, None)
    files = read_test_sets(everything, layout=layout, recipes=options.get("recipes"), **reading)
    for name, group in files.items():
        units = hash_test_set(group, 1, segmenter_of(unit)).units
        sizes.setdefault(gpt3_n(units), []).extend(groups[name])
    return sorted(sizes.items())
