"""From places to matches and runs: confirm string against string, collect the evidence, name the class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap.corpus import InputFile
from overlap.hashing import HashedSet, UnitHasher
from overlap.locating.asked import AskedNgrams
from overlap.locating.corpus_pass import CorpusFindings
from overlap.locating.stream import Place, excerpt
from overlap.results import ClassRule, Match, Overlap, Run, classify
from overlap.segmenting import Segmenter
from overlap.text import NORMALISER

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Evidence", "collect"]

_MOST_UNITS = 1 << 20  # of examples whose units' places are kept: 16 bytes each


@dataclass(frozen=True)
class Evidence:
    """Runs and matches of one test set, and how many stretches turned out to have other words."""

    runs: tuple[Run, ...]
    matches: tuple[Match, ...]
    refuted: int


class _Texts:
    """The examples of a test set with the places of their units; the latest ones are kept."""

    def __init__(self, tested: HashedSet, segmenter: Segmenter):
        self._batches = tested.batches
        self._ends = np.cumsum([len(batch) for batch in tested.batches])
        self._hasher = UnitHasher(segmenter)
        self._kept: dict[int, tuple[NDArray[np.int64], str, bytes]] = {}
        self._kept_units = 0

    def of(self, example: int) -> tuple[NDArray[np.int64], str]:
        """(character spans of the units, text) of an example."""
        return self._all_of(example)[:2]

    def _all_of(self, example: int) -> tuple[NDArray[np.int64], str, bytes]:
        if example not in self._kept:
            if self._kept_units > _MOST_UNITS:
                self._kept.clear()
                self._kept_units = 0
            number = int(np.searchsorted(self._ends, example, side="right"))
            batch = self._batches[number]
            spans, text = self._hasher.spans(batch, example - int(self._ends[number]) + len(batch))
            self._kept[example] = spans, text, self._hasher.exactly(0, len(spans))
            self._kept_units += len(spans)
        return self._kept[example]

    def is_same(self, example: int, first: int, units: int, place: Place) -> bool:
        """Does a training document really have at this place what an example has, after normalisation?"""
        spans, text, exactly = self._all_of(example)
        if place.units:
            return place.units == exactly[8 * first : 8 * (first + units)]
        here = text[spans[first, 0] : spans[first + units - 1, 1]]
        segmenter = self._hasher.segmenter
        if here == place.text or (segmenter.norm == NORMALISER and _flat(here) == _flat(place.text)):
            return True
        return segmenter.normalise(here) == segmenter.normalise(place.text)


def collect(
    overlap: Overlap,
    tested: HashedSet,
    asked: AskedNgrams,
    first_ngram: int,
    found: CorpusFindings,
    places: Sequence[tuple[InputFile, Place]],
    rule: ClassRule,
) -> Evidence:
    """Runs and matches of one test set, whose n-grams begin at ``first_ngram`` of those in ``asked``.

    ``places`` are those that lie in this test set.
    """
    texts = _Texts(tested, asked.segmenter)
    starts = np.cumsum(overlap.ngrams) - overlap.ngrams + first_ngram  # where each example's n-grams begin
    in_examples = asked.examples_of(first_ngram, first_ngram + tested.hashes.size)
    confirmed: list[tuple[InputFile, Place, int]] = []
    refuted = 0
    for file, place in places:
        example = int(np.searchsorted(starts, place.at, side="right")) - 1
        first = place.at - int(starts[example])
        if not texts.is_same(example, first, place.ngrams + overlap.n - 1, place):
            refuted += 1
            continue
        confirmed.append((file, place, example))
    run_places = np.repeat(starts, overlap.run_counts) + overlap.run_starts
    known = np.array(
        [
            bool((found.frequency[asked.ids[at : at + size]] > 0).any())
            for at, size in zip(run_places, overlap.run_lengths, strict=True)
        ],
        np.bool_,
    )
    longest = np.where(known, overlap.n, 0).astype(np.int64)  # at least one n-gram, even where no place was kept
    for _, place, _ in confirmed:
        run = int(np.searchsorted(run_places, place.at, side="right")) - 1
        longest[run] = max(longest[run], place.ngrams + overlap.n - 1)
    runs = _runs(overlap, texts, asked, found, in_examples, run_places, longest, rule)
    matches = [
        _match(overlap, tested, texts, file, place, example, int(starts[example]), runs, run_places)
        for file, place, example in confirmed
    ]
    matches.sort(key=lambda match: (match.example, match.first, -match.units))
    return Evidence(tuple(runs), tuple(matches), refuted)


def _flat(text: str) -> str:
    """Lower-cased, with single spaces: equal for most stretches that are equal after normalisation, and quick."""
    return " ".join(text.lower().split())


def _runs(
    overlap: Overlap,
    texts: _Texts,
    asked: AskedNgrams,
    found: CorpusFindings,
    in_examples: NDArray[np.int64],
    run_places: NDArray[np.int64],
    longest: NDArray[np.int64],
    rule: ClassRule,
) -> list[Run]:
    runs: list[Run] = []
    owners = np.repeat(np.arange(len(overlap)), overlap.run_counts).tolist()
    for number, example in enumerate(owners):
        first, length = int(overlap.run_starts[number]), int(overlap.run_lengths[number])
        ids = asked.ids[run_places[number] : run_places[number] + length]
        spans, text = texts.of(example)
        evidence = {
            "least_documents": _rarest(found.frequency[ids]),
            "least_examples": int(in_examples[ids].min()),
            "longest": int(longest[number]),
        }
        kind = classify(**evidence, example_units=int(overlap.units[example]), rule=rule)
        stretch = text[spans[first, 0] : spans[first + length + overlap.n - 2, 1]]
        counts = tuple(found.frequency[ids].tolist()), tuple(in_examples[ids].tolist())
        runs.append(
            Run(example, first, length, **evidence, kind=kind, text=stretch, documents=counts[0], examples=counts[1])
        )
    return runs


def _rarest(frequency: NDArray[np.int64]) -> int:
    """Documents that have the rarest n-gram that any has: an error of the filter between true hits does not count."""
    confirmed = frequency[frequency > 0]
    return int(confirmed.min()) if confirmed.size else 0


def _match(
    overlap: Overlap,
    tested: HashedSet,
    texts: _Texts,
    file: InputFile,
    place: Place,
    example: int,
    example_start: int,
    runs: Sequence[Run],
    run_places: NDArray[np.int64],
) -> Match:
    run = runs[int(np.searchsorted(run_places, place.at, side="right")) - 1]
    spans, text = texts.of(example)
    first = place.at - example_start
    units = place.ngrams + overlap.n - 1
    start, stop = int(spans[first, 0]), int(spans[first + units - 1, 1])
    before, shared, after = excerpt(text, start, stop)
    return Match(
        example=example,
        first=first,
        units=units,
        share=units / int(overlap.units[example]),
        kind=run.kind,
        least_documents=run.least_documents,
        least_examples=run.least_examples,
        test_source=overlap.test_sources[int(overlap.sources[example])].path,
        test_row=int(overlap.rows[example]),
        test_id=tested.identity(example),
        test_start=start,
        test_stop=stop,
        test_before=before,
        test_text=shared,
        test_after=after,
        source=file.label,
        row=place.row,
        document=place.document,
        train_start=place.start,
        train_stop=place.stop,
        train_before=place.before,
        train_text=place.text,
        train_after=place.after,
        part=overlap.part_of(example, first, units),
    )
