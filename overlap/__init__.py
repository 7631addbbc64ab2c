"""How much of this test set was in the training data, and what did that do to the score?"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from overlap.displaying import drawn_by
from overlap.version import __version__

if TYPE_CHECKING:
    from overlap.auditing import audit, find_similar
    from overlap.bloom import BloomFilter
    from overlap.building import build_index
    from overlap.checking import check
    from overlap.cleaning import clean_test, clean_train
    from overlap.comparing import compare
    from overlap.corpus import Source
    from overlap.errors import OverlapError
    from overlap.impact import DirtyRule, Impact, distributions, read_scores, score_impact, train_heldout
    from overlap.index import Index, Verification, open_index, verify_index
    from overlap.locating import by_document, find_phrase, locate, scan
    from overlap.measuring import measure
    from overlap.profiles import report_of_result
    from overlap.profiling import scan_profile
    from overlap.report import Report
    from overlap.results import (
        Audit,
        ByDocument,
        ClassRule,
        Comparison,
        ExampleOverlap,
        Findings,
        FuzzyRule,
        Match,
        Matches,
        NearDuplicates,
        Overlap,
        Run,
        load_by_document,
        load_findings,
        load_result,
        save_findings,
    )
    from overlap.signature import Signature
    from overlap.text import ngram_hashes, normalise, units

__all__ = [
    "Audit",
    "BloomFilter",
    "ByDocument",
    "ClassRule",
    "Comparison",
    "DirtyRule",
    "ExampleOverlap",
    "Findings",
    "FuzzyRule",
    "Impact",
    "Index",
    "Match",
    "Matches",
    "NearDuplicates",
    "Overlap",
    "OverlapError",
    "Report",
    "Run",
    "Signature",
    "Source",
    "Verification",
    "__version__",
    "audit",
    "build_index",
    "by_document",
    "check",
    "clean_test",
    "clean_train",
    "compare",
    "distributions",
    "find_phrase",
    "find_similar",
    "load_by_document",
    "load_findings",
    "load_result",
    "locate",
    "measure",
    "ngram_hashes",
    "normalise",
    "open_index",
    "read_scores",
    "report_of_result",
    "save_findings",
    "scan",
    "scan_profile",
    "score_impact",
    "train_heldout",
    "units",
    "verify_index",
]

_HOMES = {
    "Audit": "results",
    "BloomFilter": "bloom",
    "ByDocument": "results",
    "ClassRule": "results",
    "Comparison": "results",
    "DirtyRule": "impact",
    "ExampleOverlap": "results",
    "Findings": "results",
    "FuzzyRule": "results",
    "Impact": "impact",
    "Index": "index",
    "Match": "results",
    "Matches": "results",
    "NearDuplicates": "results",
    "Overlap": "results",
    "OverlapError": "errors",
    "Report": "report",
    "Run": "results",
    "Signature": "signature",
    "Source": "corpus",
    "Verification": "index",
    "audit": "auditing",
    "build_index": "building",
    "by_document": "locating",
    "check": "checking",
    "clean_test": "cleaning",
    "clean_train": "cleaning",
    "compare": "comparing",
    "distributions": "impact",
    "find_phrase": "locating",
    "find_similar": "auditing",
    "load_by_document": "results",
    "load_findings": "results",
    "load_result": "results",
    "locate": "locating",
    "measure": "measuring",
    "ngram_hashes": "text",
    "normalise": "text",
    "open_index": "index",
    "read_scores": "impact",
    "report_of_result": "profiles",
    "save_findings": "results",
    "scan": "locating",
    "scan_profile": "profiling",
    "score_impact": "impact",
    "train_heldout": "impact",
    "units": "text",
    "verify_index": "index",
}


drawn_by(lambda: import_module("overlap.report.notebook"))


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: ``overlap --help`` must not wait for numba."""
    if name not in _HOMES:
        raise AttributeError(f"module 'overlap' has no attribute {name!r}")
    return getattr(import_module(f"overlap.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
