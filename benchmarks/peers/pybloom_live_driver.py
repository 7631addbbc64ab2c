"""pybloom-live as its documentation shows it: `add` every n-gram, then ask with `in`.

`add(skip_check=True)` would save a little, but counts repeated n-grams towards the capacity and then raises.
"""

from __future__ import annotations

import plain
from pybloom_live import BloomFilter  # type: ignore[import-untyped]


def main() -> None:
    """Build, measure, print."""
    job = plain.parse(__doc__ or "")
    watch = plain.Stopwatch()
    bloom = BloomFilter(job.capacity, plain.ERROR_RATE)
    train_ngrams = 0
    for text in job.train:
        for ngram in plain.ngrams_of(text):
            bloom.add(ngram)
            train_ngrams += 1
    build_seconds = watch.seconds()

    watch = plain.Stopwatch()
    test_ngrams = hits = 0
    for text in job.test:
        for ngram in plain.ngrams_of(text):
            test_ngrams += 1
            hits += ngram in bloom
    plain.Outcome(
        peer="pybloom-live",
        version=plain.version_of("pybloom-live"),
        build_seconds=build_seconds,
        train_bytes=job.train.bytes_read,
        train_ngrams=train_ngrams,
        measure_seconds=watch.seconds(),
        test_ngrams=test_ngrams,
        hits=hits,
        index_bits_per_ngram=bloom.num_bits / job.capacity,
    ).print()


if __name__ == "__main__":
    main()
