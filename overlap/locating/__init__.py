"""The exact second pass: where, how often, and is it real?

``asked`` holds the n-grams looked for, ``stream`` goes through a shard, ``corpus_pass`` through a corpus, ``evidence``
turns places into matches; ``locate`` and ``scan`` are the two ways in.
"""

from overlap.locating.asked import AskedNgrams
from overlap.locating.corpus_pass import document_frequency
from overlap.locating.document_pass import by_document
from overlap.locating.findings import asked_of_test_sets, segmenter_again
from overlap.locating.locate import locate, rows_to_locate
from overlap.locating.phrase import find_phrase
from overlap.locating.scan import scan

__all__ = [
    "AskedNgrams",
    "asked_of_test_sets",
    "by_document",
    "document_frequency",
    "find_phrase",
    "locate",
    "rows_to_locate",
    "scan",
    "segmenter_again",
]
