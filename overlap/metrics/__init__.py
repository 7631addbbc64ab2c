"""Numbers from overlaps: pure functions of values, each named for what it is and where it comes from."""

from overlap.metrics.breakdown import group_counts, hit_in_one_part, part_counts
from overlap.metrics.classes import example_classes, examples_by_class, overlap_percent_without_phrases
from overlap.metrics.coverage import (
    LLAMA2_LENGTHS,
    LLAMA2_SUBSETS,
    by_limits,
    contamination,
    covered_units,
    llama2_subsets,
    longest_match,
    longest_match_in_one_document,
    longest_units,
    token_coverage,
)
from overlap.metrics.distribution import CDF_POINTS, cdf, largest_distance
from overlap.metrics.documents import (
    contained_whole,
    contaminated_tokens,
    covered_by_one_document,
    longest_span,
    parts_in_one_document,
)
from overlap.metrics.ngrams import (
    SIGNIFICANT_SHARE,
    any_collision,
    distinct_overlap_percent,
    examples_over,
    expected_false_hits,
    gpt3_n,
    macro_mean,
    mean_overlap_percent,
    ngram_fraction,
    overlap_percent,
)
from overlap.metrics.substrings import sampled_windows, word_window_share
from overlap.metrics.summary import findings_for, located, summarise, summarise_findings, summary

__all__ = [
    "CDF_POINTS",
    "LLAMA2_LENGTHS",
    "LLAMA2_SUBSETS",
    "SIGNIFICANT_SHARE",
    "any_collision",
    "by_limits",
    "cdf",
    "contained_whole",
    "contaminated_tokens",
    "contamination",
    "covered_by_one_document",
    "covered_units",
    "distinct_overlap_percent",
    "example_classes",
    "examples_by_class",
    "examples_over",
    "expected_false_hits",
    "findings_for",
    "gpt3_n",
    "group_counts",
    "hit_in_one_part",
    "largest_distance",
    "llama2_subsets",
    "located",
    "longest_match",
    "longest_match_in_one_document",
    "longest_span",
    "longest_units",
    "macro_mean",
    "mean_overlap_percent",
    "ngram_fraction",
    "overlap_percent",
    "overlap_percent_without_phrases",
    "part_counts",
    "parts_in_one_document",
    "sampled_windows",
    "summarise",
    "summarise_findings",
    "summary",
    "token_coverage",
    "word_window_share",
]
