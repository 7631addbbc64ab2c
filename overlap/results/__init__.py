"""Results as frozen values, and how they are stored. Reports and metrics read only this."""

from overlap.results.audits import Audit, FuzzyPair, FuzzyRule, Inside, NearDuplicates, PairOfSplits
from overlap.results.by_document import ByDocument
from overlap.results.by_document_storage import has_by_document, load_by_document, save_by_document
from overlap.results.by_hand import by_document_by_hand, findings_by_hand, overlap_by_hand
from overlap.results.comparisons import ComparedExample, ComparedSet, Comparison
from overlap.results.findings_storage import (
    has_findings,
    load_findings,
    load_near_duplicates,
    refuse_findings,
    save_findings,
    save_near_duplicates,
)
from overlap.results.matches import CLASSES, ClassRule, Findings, Match, Matches, Run, classify
from overlap.results.overlaps import ExampleOverlap, Overlap
from overlap.results.sides import MeasuredFile, Skipped, SourceInfo, TrainInfo, TrainSources, skipped_in
from overlap.results.storage import load_result, refuse_what_is_there, save_result

__all__ = [
    "CLASSES",
    "Audit",
    "ByDocument",
    "ClassRule",
    "ComparedExample",
    "ComparedSet",
    "Comparison",
    "ExampleOverlap",
    "Findings",
    "FuzzyPair",
    "FuzzyRule",
    "Inside",
    "Match",
    "Matches",
    "MeasuredFile",
    "NearDuplicates",
    "Overlap",
    "PairOfSplits",
    "Run",
    "Skipped",
    "SourceInfo",
    "TrainInfo",
    "TrainSources",
    "by_document_by_hand",
    "classify",
    "findings_by_hand",
    "has_by_document",
    "has_findings",
    "load_by_document",
    "load_findings",
    "load_near_duplicates",
    "load_result",
    "overlap_by_hand",
    "refuse_findings",
    "refuse_what_is_there",
    "save_by_document",
    "save_findings",
    "save_near_duplicates",
    "save_result",
    "skipped_in",
]
