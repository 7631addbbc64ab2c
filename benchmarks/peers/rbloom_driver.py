"""rbloom as its documentation shows it: `update` with a document's n-grams, then ask with `in`.

The filter uses Python's own `hash`, its default and its fastest: such a filter cannot be saved and loaded.
"""

from __future__ import annotations

import plain
from rbloom import Bloom


def main() -> None:
    """Build, measure, print."""
    job = plain.parse(__doc__ or "")
    watch = plain.Stopwatch()
    bloom = Bloom(job.capacity, plain.ERROR_RATE)
    train_ngrams = 0
    for text in job.train:
        ngrams = plain.ngrams_of(text)
        bloom.update(ngrams)
        train_ngrams += len(ngrams)
    build_seconds = watch.seconds()

    watch = plain.Stopwatch()
    test_ngrams = hits = 0
    for text in job.test:
        for ngram in plain.ngrams_of(text):
            test_ngrams += 1
            hits += ngram in bloom
    plain.Outcome(
        peer="rbloom",
        version=plain.version_of("rbloom"),
        build_seconds=build_seconds,
        train_bytes=job.train.bytes_read,
        train_ngrams=train_ngrams,
        measure_seconds=watch.seconds(),
        test_ngrams=test_ngrams,
        hits=hits,
        index_bits_per_ngram=bloom.size_in_bits / job.capacity,
    ).print()


if __name__ == "__main__":
    main()
