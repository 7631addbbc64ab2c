"""Audits of a data set's splits: exact overlap of all pairs, repetition inside each, and near-duplicates."""

from overlap.auditing.audit import audit, files_left_out, find_splits
from overlap.auditing.fuzzy import check_fuzzy, find_similar

__all__ = ["audit", "check_fuzzy", "files_left_out", "find_similar", "find_splits"]
