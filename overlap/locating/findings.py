"""What scan and locate share: test sets as they are searched for, and the findings made of a pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from overlap.corpus import InputFile, Sources, document_kind, group_training, resolve
from overlap.errors import BadArgument
from overlap.hashing import HashedSet
from overlap.locating.asked import AskedNgrams, ask
from overlap.locating.corpus_pass import CorpusFindings
from overlap.locating.evidence import collect
from overlap.progress import Progress
from overlap.provenance import source_infos
from overlap.results import ClassRule, Findings, Overlap, SourceInfo
from overlap.segmenting import Segmenter, recorded_segmenter
from overlap.test_sets import hash_test_set, refuse_empty

__all__ = [
    "SAMPLE_DOCUMENTS",
    "Progress",
    "TestSet",
    "asked_of_test_sets",
    "at_least_one",
    "findings_of",
    "hashed_test",
    "segmenter_again",
    "training_files",
]

SAMPLE_DOCUMENTS = 5
MOST_SAMPLED = 1_000_000


@dataclass(frozen=True)
class TestSet:
    """A test set, read and hashed, with what is known of its files."""

    name: str
    document: str
    infos: tuple[SourceInfo, ...]
    tested: HashedSet
    distinct: int


def at_least_one(sample_documents: int) -> int:
    """Raise ValueError for a sample of none, or of more than anyone could look at."""
    if not 1 <= sample_documents <= MOST_SAMPLED:
        raise BadArgument(f"sample_documents must be from 1 to {MOST_SAMPLED:,}, not {sample_documents}")
    return sample_documents


def training_files(train: Sources, **reading: Any) -> dict[str, list[InputFile]]:
    """The files of each training set, by name."""
    groups = group_training(train)
    if not groups:
        raise BadArgument("no training set was named")
    return {name: resolve(group, **reading) for name, group in groups.items()}


def segmenter_again(overlaps: Sequence[Overlap], unit: str | None = None) -> Segmenter:
    """What a measurement's units were made with. Raises SignatureMismatch, TokenizerError, BadArgument."""
    first = overlaps[0]
    if {(overlap.n, overlap.unit, overlap.norm) for overlap in overlaps} != {(first.n, first.unit, first.norm)}:
        raise BadArgument("these overlaps were measured with different n-grams")
    return recorded_segmenter(first.unit, first.norm, first.tokenizer, unit)


def asked_of_test_sets(tests: Sequence[Sequence[InputFile]], n: int, segmenter: Segmenter) -> AskedNgrams:
    """The table of all n-grams of some test sets. Raises CorpusError."""
    return ask([hash_test_set(files, n, segmenter) for files in tests], n, segmenter)


def hashed_test(
    name: str, files: list[InputFile], infos: tuple[SourceInfo, ...] | None, n: int, segmenter: Segmenter
) -> TestSet:
    """Read and hash a test set, its texts kept. Raises CorpusError."""
    from overlap.distinct import distinct_hashes

    tested = hash_test_set(files, n, segmenter, keep_texts=True)
    refuse_empty(tested, name, files, n, segmenter)
    infos = infos or source_infos(files, skipped=tested.skipped)
    return TestSet(name, document_kind(files), infos, tested, distinct_hashes(tested.hashes, 0, 0).size)


def findings_of(
    overlap: Overlap,
    tested: HashedSet,
    asked: AskedNgrams,
    first: int,
    found: CorpusFindings,
    sample_documents: int,
    rule: ClassRule | None,
    *,
    exact: bool,
) -> Findings:
    """What the pass found in one test set, whose n-grams begin at ``first`` of those asked for."""
    last = first + tested.hashes.size
    rule = rule or ClassRule.of_unit(overlap.unit, overlap.norm)
    places = [(file, place) for file, place in found.places if first <= place.at < last]
    evidence = collect(overlap, tested, asked, first, found, places, rule)
    present = np.zeros(asked.count, np.bool_)
    present[asked.ids[first:last][asked.ids[first:last] >= 0]] = True
    ids = np.flatnonzero(present)
    return Findings(
        train=overlap.train.name,
        own=overlap.train.own,
        test=overlap.test,
        n=overlap.n,
        examples=len(overlap),
        asked=ids.size,
        confirmed=int(np.count_nonzero(found.frequency[ids])),
        exact=exact,
        tested=overlap.test_distinct,
        bound=overlap.train.bound,
        sampled=sample_documents,
        refuted=evidence.refuted,
        rule=rule,
        runs=evidence.runs,
        matches=evidence.matches,
        unit=overlap.unit,
        repetitive=found.repetitive,
    )
