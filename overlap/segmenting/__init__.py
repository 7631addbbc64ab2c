"""What n-grams are made of: words, characters or tokens, each by a rule that has a name and a version.

``rules`` holds the rules of words and characters (kernels), ``tokens`` a tokenizer's; ``choice`` finds a rule by what a
user names or a signature says. They all give the same: 64-bit hashes of units, and their places in the text.
"""

from overlap.segmenting.choice import DEFAULT, default_n, is_known, recorded_segmenter, segmenter_of
from overlap.segmenting.rules import Segmenter, Unit

__all__ = [
    "DEFAULT",
    "Segmenter",
    "Unit",
    "default_n",
    "is_known",
    "recorded_segmenter",
    "segmenter_of",
]
