"""Corpora and test sets: sources -> files -> shards -> batches of documents.

``sources`` understands what the user names, ``readers`` opens it; everything after sees only ``Documents``.
"""

from overlap.corpus.batches import Documents
from overlap.corpus.readers import (
    LARGEST_SHARD,
    SHARDS_ASKED,
    Shard,
    invalid_utf8,
    plan_shards,
    read_file,
    read_shard,
    read_whole,
    row_of,
    start_of,
    text_before,
)
from overlap.corpus.skipping import refuse_all_bad
from overlap.corpus.sources import InputFile, Source, document_kind, group_sources, parse_source, reopened, resolve
from overlap.corpus.streams import DIGEST_BLOCK, combined_digest, digest_block

__all__ = [
    "DIGEST_BLOCK",
    "LARGEST_SHARD",
    "SHARDS_ASKED",
    "Documents",
    "InputFile",
    "Shard",
    "Source",
    "combined_digest",
    "digest_block",
    "document_kind",
    "group_sources",
    "invalid_utf8",
    "parse_source",
    "plan_shards",
    "read_file",
    "read_shard",
    "read_whole",
    "refuse_all_bad",
    "reopened",
    "resolve",
    "row_of",
    "start_of",
    "text_before",
]
