"""Cleaning: test sets split into clean and dirty, training files without what they share with test sets."""

from overlap.cleaning.clean import clean_test, clean_train
from overlap.cleaning.test_side import Split, SplitRule
from overlap.cleaning.train_side import Cleaned, CleanRule

__all__ = ["CleanRule", "Cleaned", "Split", "SplitRule", "clean_test", "clean_train"]
