"""Audits of a data set's splits: exact overlap of all pairs, repetition inside each, and near-duplicates."""

from overlap.auditing.audit import audit, find_splits
from overlap.auditing.fuzzy import find_similar

__all__ = ["audit", "find_similar", "find_splits"]
