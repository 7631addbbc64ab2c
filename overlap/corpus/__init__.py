"""Corpora and test sets: sources -> files -> shards -> batches of documents.

``sources`` understands what the user names, ``readers`` opens it; everything after sees only ``Documents``.
"""

from overlap.corpus.addresses import is_hub
from overlap.corpus.batches import Documents
from overlap.corpus.layout import NO_LAYOUT, Layout, Part, Template, make_layout
from overlap.corpus.objects import is_data_set, splits_of
from overlap.corpus.readers import (
    LARGEST_SHARD,
    SHARDS_ASKED,
    Shard,
    forget,
    invalid_utf8,
    plan_shards,
    read_file,
    read_shard,
    read_whole,
    row_of,
    start_of,
    text_before,
    text_to_skip,
)
from overlap.corpus.resolving import document_kind, hub_splits, reopened, resolve
from overlap.corpus.saved import without_bookkeeping
from overlap.corpus.sharing import check_shared
from overlap.corpus.skipping import refuse_all_bad
from overlap.corpus.sources import InputFile, Source, Sources, group_sources, group_training, parse_source
from overlap.corpus.storage import identity_of, state_of
from overlap.corpus.streams import DIGEST_BLOCK, combined_digest, digest_block, digest_count
from overlap.corpus.windows import TextWindows, Window

__all__ = [
    "DIGEST_BLOCK",
    "LARGEST_SHARD",
    "NO_LAYOUT",
    "SHARDS_ASKED",
    "Documents",
    "InputFile",
    "Layout",
    "Part",
    "Shard",
    "Source",
    "Sources",
    "Template",
    "TextWindows",
    "Window",
    "check_shared",
    "combined_digest",
    "digest_block",
    "digest_count",
    "document_kind",
    "forget",
    "group_sources",
    "group_training",
    "hub_splits",
    "identity_of",
    "invalid_utf8",
    "is_data_set",
    "is_hub",
    "make_layout",
    "parse_source",
    "plan_shards",
    "read_file",
    "read_shard",
    "read_whole",
    "refuse_all_bad",
    "reopened",
    "resolve",
    "row_of",
    "splits_of",
    "start_of",
    "state_of",
    "text_before",
    "text_to_skip",
    "without_bookkeeping",
]
