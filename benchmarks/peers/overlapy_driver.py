"""overlapy as its documentation shows it: the test set's n-grams in an automaton, training text through it.

There is no index: a pass over the training text answers for one test set only and must be made again for
the next. Timed are the automaton, built in each of two processes, that pass, and listing the matches.
"""

from __future__ import annotations

import plain
from overlapy import Overlapy, OverlapyTestSet  # type: ignore[import-untyped]

PROCESSES = 2


class TokenisedWhenAsked:
    """The training set in the form that overlapy wants: words of document i; made in the worker processes."""

    def __init__(self, corpus: plain.Corpus) -> None:
        self._texts = list(corpus)

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, number: int) -> list[str]:
        return plain.words_of(self._texts[number])


def main() -> None:
    """Run, list the matches, print."""
    job = plain.parse(__doc__ or "", needs_capacity=False)
    watch = plain.Stopwatch()
    examples = [plain.words_of(text) for text in job.test]
    test_set = OverlapyTestSet("test", min_n=plain.N, max_n=plain.N, examples=examples)
    training = TokenisedWhenAsked(job.train)
    matches = Overlapy(testsets=[test_set], dataset=training, n_workers=PROCESSES).run()
    hits = sum(1 for _ in test_set.get_matches(matches))
    seconds = watch.seconds()
    plain.Scanned(
        peer="overlapy",
        version=plain.version_of("overlapy"),
        scan_seconds=seconds,
        train_bytes=job.train.bytes_read,
        test_ngrams=sum(max(0, len(words) - plain.N + 1) for words in examples),
        hits=hits,
        remark="two processes",
    ).print()


if __name__ == "__main__":
    main()
