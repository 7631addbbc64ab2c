"""Looking one phrase up in a corpus: the exact pass with a test set of one example."""

from __future__ import annotations

from typing import Any

import numpy as np

from overlap.corpus import Sources
from overlap.corpus.batches import from_texts
from overlap.errors import BadArgument
from overlap.executors import opened
from overlap.hashing import HashedSet
from overlap.locating.asked import ask
from overlap.locating.corpus_pass import search_corpus
from overlap.locating.findings import SAMPLE_DOCUMENTS, Progress, at_least_one, findings_of, training_files
from overlap.measuring import assemble
from overlap.results import Findings, SourceInfo, TrainInfo
from overlap.segmenting import DEFAULT, segmenter_of
from overlap.text import MAX_N, hashes_of_units

__all__ = ["find_phrase"]


def find_phrase(
    phrase: str,
    train: Sources,
    *,
    unit: str = DEFAULT,
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    on_bad_record: str = "stop",
    id_field: str | None = None,
    sample_documents: int = SAMPLE_DOCUMENTS,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[Findings, ...]:
    """Where does a phrase stand in each training set, after normalisation, and in how many documents?

    A phrase of up to 64 units is found whole; of a longer one, every stretch of 64 units or more. Raises CorpusError
    and its kin; ValueError for a phrase without words.
    """
    segmenter = segmenter_of(unit)
    hashes = segmenter.hashes(phrase)
    words = int(hashes.size)
    if not words:
        raise BadArgument(f"no word in this phrase: {phrase!r}")
    n = min(words, MAX_N)
    hashes = hashes_of_units(hashes, n)
    place = np.zeros(1, np.int64)
    batch = from_texts([phrase.encode("utf-8", "replace")], [0])
    tested = HashedSet(place.astype(np.int32), place, np.array([words]), hashes, None, [batch])
    asked = ask([tested], n, segmenter)
    reading: dict[str, Any] = {
        "text_field": text_field,
        "by_line": by_line,
        "input_format": input_format,
        "on_bad_record": on_bad_record,
    }
    info = SourceInfo("phrase", "text", (), "file", len(phrase.encode("utf-8", "replace")), "")
    found_in = []
    for name, files in training_files(train, id_field=id_field, **reading).items():
        with opened(None, workers) as pool:
            found = search_corpus(files, asked, at_least_one(sample_documents), pool, progress)
        side = TrainInfo(name, "", found.documents, found.ngrams, None, 0.0)
        flags = found.frequency[asked.ids] > 0
        overlap = assemble(side, "phrase", n, "file", "scan", (info,), tested, asked.count, flags, segmenter)
        found_in.append(findings_of(overlap, tested, asked, 0, found, sample_documents, None, exact=True))
    return tuple(found_in)
