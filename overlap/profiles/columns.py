"""The columns of each profile's report, from an overlap and, where the rule needs it, from single documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap import metrics
from overlap.profiles.profile import Profile
from overlap.results import ByDocument, Overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Measured", "rows_of"]

TULU3_EXAMPLE, TULU3_SET_PERCENT = 0.5, 2
PALM_FRACTION = 0.7
INFINIGRAM_LIMITS = (0.2, 0.8)
GPT3_LEAST = 8
Row = dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """One overlap, the same from single documents (where the profile needs it), and the seed of random windows.

    ``whole``: which examples stand whole in one training document, where some are shorter than n and looked for so.
    """

    overlap: Overlap
    documents: ByDocument | None
    seed: int
    whole: NDArray[np.bool_] | None = None

    @property
    def by_document(self) -> ByDocument:
        """What single documents have."""
        assert self.documents is not None
        return self.documents


def rows_of(profile: Profile, measured: Measured) -> list[Row]:
    """The rows of one overlap, with the names of its sets, and what was measured of them."""
    overlap = measured.overlap
    head = {"test": overlap.test, "train": overlap.train.name, "own_train": overlap.train.own}
    head.update({"n": overlap.n, "examples": len(overlap), "too_short": int((overlap.ngrams == 0).sum())})
    return [{**head, **row} for row in _COLUMNS[profile.name](measured)]


def _percent(part: float, whole: float) -> float:
    return 100 * float(part) / float(whole) if whole else 0.0


def _mean_percent(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return 100 * float(known.mean()) if known.size else 0.0


def _flagged(values: NDArray[np.float64], flags: NDArray[np.bool_], name: str) -> Row:
    """How many of the measured examples are flagged."""
    measured = int((~np.isnan(values)).sum())
    return {name: int(flags.sum()), f"{name}_percent": _percent(int(flags.sum()), measured)}


def _at_least(values: NDArray[np.float64], limit: float) -> NDArray[np.bool_]:
    return np.nan_to_num(values, nan=-1.0) >= limit


def _over(values: NDArray[np.float64], limit: float) -> NDArray[np.bool_]:
    return np.nan_to_num(values, nan=-1.0) > limit


def _gpt2(measured: Measured) -> list[Row]:
    overlap = measured.overlap
    return [
        {
            "overlap_percent": metrics.overlap_percent(overlap),
            "distinct_overlap_percent": metrics.distinct_overlap_percent(overlap),
            "mean_overlap_percent": metrics.mean_overlap_percent(overlap),
            "any_hit": metrics.examples_over(overlap, 0),
            "over_15_percent": metrics.examples_over(overlap, metrics.SIGNIFICANT_SHARE),
        }
    ]


def _gpt3(measured: Measured) -> list[Row]:
    overlap = measured.overlap
    counted = overlap.units >= GPT3_LEAST
    whole = np.zeros(len(overlap), np.bool_) if measured.whole is None else measured.whole
    flags = counted & ((overlap.hits > 0) | ((overlap.ngrams == 0) & whole))
    dirty, total = int(flags.sum()), int(counted.sum())
    return [
        {"ignored_under_8": len(overlap) - total, "total": total, "dirty": dirty, "clean": total - dirty,
         "clean_percent": _percent(total - dirty, total)}
    ]  # fmt: skip


def _palm(measured: Measured) -> list[Row]:
    values = metrics.ngram_fraction(measured.overlap)
    return [_flagged(values, _at_least(values, PALM_FRACTION), "contaminated")]


def _llama2(measured: Measured) -> list[Row]:
    rows = []
    for least in metrics.LLAMA2_LENGTHS:
        values = metrics.contaminated_tokens(measured.by_document, least)
        subsets = {name.replace(" ", "_"): int(mask.sum()) for name, mask in metrics.llama2_subsets(values).items()}
        rows.append({"least_length": least, "contamination_percent": _mean_percent(values), **subsets})
    return rows


def _shares(values: NDArray[np.float64]) -> Row:
    limits = {"over_0": 0.0, "over_20_percent": 0.2, "over_50_percent": 0.5, "over_80_percent": 0.8}
    return {
        "mean_percent": _mean_percent(values),
        **{n: int(_over(values, limit).sum()) for n, limit in limits.items()},
    }


def _llama3(measured: Measured) -> list[Row]:
    return [_shares(metrics.token_coverage(measured.overlap))]


def _contam_ngram(measured: Measured) -> list[Row]:
    return [_shares(metrics.ngram_fraction(measured.overlap))]


def _contam_extend(measured: Measured) -> list[Row]:
    return [_shares(metrics.contaminated_tokens(measured.by_document))]


def _contam_longest(measured: Measured) -> list[Row]:
    return [_shares(metrics.longest_span(measured.by_document))]


def _tulu3(measured: Measured) -> list[Row]:
    """Percent and flag are of all examples, as in open-instruct's search.py: one under 8 words has a score of 0."""
    found = measured.by_document
    overlapping = int(_over(metrics.covered_by_one_document(found), TULU3_EXAMPLE).sum())
    return [
        {
            "overlapping": overlapping,
            "overlapping_percent": _percent(overlapping, len(found)),
            "is_contaminated": 100 * overlapping > TULU3_SET_PERCENT * len(found),
            "training_documents": found.documents,
            "overlapping_documents": found.documents_half,
            "overlapping_documents_percent": _percent(found.documents_half, found.documents),
        }
    ]


def _gpt4(measured: Measured) -> list[Row]:
    drawn = metrics.sampled_windows(measured.overlap, seed=measured.seed)
    every = metrics.any_collision(measured.overlap)
    return [{**_flagged(drawn, _over(drawn, 0), "contaminated"), **_flagged(every, _over(every, 0), "any_window")}]


def _infinigram(measured: Measured) -> list[Row]:
    values = metrics.word_window_share(measured.overlap)
    classes = metrics.by_limits(values, INFINIGRAM_LIMITS)
    names = ("clean", "suspicious", "dirty")
    found: Row = {}
    for number, name in enumerate(names):
        found.update(_flagged(values, classes == number, name))
    return [found]


def _c4(measured: Measured) -> list[Row]:
    values = metrics.contained_whole(measured.by_document)
    return [_flagged(values, _over(values, 0), "contained_whole")]


def _helm(measured: Measured) -> list[Row]:
    """A row for the whole example, and one for each part; coverage of a part: its units in hits that lie within it."""
    overlap = measured.overlap
    rows: list[Row] = []
    for number, name in [(-1, "all"), *enumerate(overlap.parts)]:
        hits = overlap.hits if number < 0 else overlap.part_hits[:, number]
        ngrams = overlap.ngrams if number < 0 else overlap.part_ngrams[:, number]
        values = np.where(ngrams > 0, hits / np.maximum(1, ngrams), np.nan)
        row = {
            "part": name,
            **_flagged(values, _over(values, 0), "any_overlap"),
            "mean_ngram_percent": _mean_percent(values),
        }
        coverage = metrics.token_coverage(overlap) if number < 0 else _part_coverage(overlap, number)
        rows.append({**row, "mean_token_percent": _mean_percent(coverage)})
    return rows


def _part_coverage(overlap: Overlap, part: int) -> NDArray[np.float64]:
    """The share of a part's units that stand in hits within it."""
    owners = np.repeat(np.arange(len(overlap)), overlap.run_counts)
    first = np.maximum(overlap.run_starts, overlap.part_starts[owners, part])
    lengths = overlap.part_runs(part)
    inside = lengths > 0
    stops = first + lengths + overlap.n - 1
    covered = np.zeros(len(overlap), np.int64)
    before = np.full(len(overlap), -1, np.int64)
    for owner, start, stop in zip(owners[inside].tolist(), first[inside].tolist(), stops[inside].tolist(), strict=True):
        covered[owner] += stop - max(start, int(before[owner]))
        before[owner] = stop
    return np.where(overlap.part_ngrams[:, part] > 0, covered / np.maximum(1, overlap.part_units[:, part]), np.nan)


def _removal(measured: Measured) -> list[Row]:
    found, values = measured.by_document, metrics.any_collision(measured.overlap)
    return [
        {**_flagged(values, _over(values, 0), "hit"), "training_documents": found.documents,
         "removed": found.documents_hit, "removed_percent": _percent(found.documents_hit, found.documents)}
    ]  # fmt: skip


_COLUMNS: dict[str, Callable[[Measured], list[Row]]] = {
    "gpt2": _gpt2,
    "gpt3": _gpt3,
    "palm": _palm,
    "llama2": _llama2,
    "llama3": _llama3,
    "tulu3": _tulu3,
    "gpt4": _gpt4,
    "infinigram-mini": _infinigram,
    "contam-token": _llama3,
    "contam-ngram": _contam_ngram,
    "contam-extend": _contam_extend,
    "contam-longest": _contam_longest,
    "c4-exact": _c4,
    "helm": _helm,
    "s1": _removal,
    "open-r1": _removal,
}
