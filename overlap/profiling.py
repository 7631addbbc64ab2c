"""scan_profile: a published rule applied to sources, with the n-grams that it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.corpus import Sources, make_layout
from overlap.errors import BadArgument
from overlap.locating import by_document, scan
from overlap.metrics import contained_whole, gpt3_n
from overlap.profiles import Measured, Profile, ProfileReport, profile_of, rows_of
from overlap.results import ByDocument, Findings, Overlap
from overlap.segmenting import segmenter_of
from overlap.test_sets import group_tests, hash_test_set, read_test_sets

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["profile_unit", "scan_profile"]

_READING = ("text_field", "by_line", "input_format", "on_bad_record")  # options of scan
_Documents = dict[tuple[str, str], ByDocument]  # by training set and test set
_BY_DOCUMENT = (*_READING, "parts", "template", "recipes", "workers", "executor", "progress")  # by_document has them


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
    documents: _Documents = {}
    for size, tests in _plan(profile, chosen, test, options):
        some, located = scan(train, tests, n=size, unit=chosen, **options)
        overlaps += [overlap for overlap in some if not (profile.by_document and overlap.train.members)]
        findings += located
        if n_alone := _n_by_document(profile, size, some):
            given = {key: options[key] for key in _BY_DOCUMENT if key in options}
            for found in by_document(train, tests, n=n_alone, unit=chosen, budget=profile.budget, **given):
                documents[found.train, found.test] = found
    rows = []
    for overlap in overlaps:
        alone = documents.get((overlap.train.name, overlap.test))
        rows += rows_of(profile, Measured(overlap, alone, seed, _whole(profile, overlap, documents)))
    signatures = dict.fromkeys(overlap.train.signature for overlap in overlaps if not overlap.train.members)
    report = ProfileReport(profile, seed, tuple(signatures), tuple(rows), tuple(documents.values()))
    return report, tuple(overlaps), tuple(findings)


def _n_by_document(profile: Profile, n: int, overlaps: Sequence[Overlap]) -> int:
    """The n with which documents are compared one by one; 0 where the profile does not need it of these overlaps."""
    if profile.by_document:
        return n
    least = profile.whole_from
    return least if least and any(((o.units >= least) & (o.units < n)).any() for o in overlaps) else 0


def _whole(profile: Profile, overlap: Overlap, documents: _Documents) -> NDArray[np.bool_] | None:
    """Which examples stand whole in one document of the training set, or of any in a union of them."""
    names = overlap.train.members or (overlap.train.name,)
    found = [documents[name, overlap.test] for name in names if (name, overlap.test) in documents]
    if not profile.whole_from or not found:
        return None
    flags: NDArray[np.bool_] = np.logical_or.reduce([contained_whole(one) == 1.0 for one in found])
    return flags


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
