"""Audits of a data set's splits: exact overlap of all pairs, repetition inside each, and near-duplicates."""

from overlap.auditing.audit import audit, find_splits

__all__ = ["audit", "find_splits"]
