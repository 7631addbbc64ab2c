"""fastbloom-rs with the bulk calls of its documentation: `add_str_batch` and `contains_str_batch`."""

from __future__ import annotations

import plain
from fastbloom_rs import BloomFilter  # type: ignore[import-untyped]


def main() -> None:
    """Build, measure, print; a batch is a document's n-grams."""
    job = plain.parse(__doc__ or "")
    watch = plain.Stopwatch()
    bloom = BloomFilter(job.capacity, plain.ERROR_RATE)
    train_ngrams = 0
    for text in job.train:
        ngrams = plain.ngrams_of(text)
        bloom.add_str_batch(ngrams)
        train_ngrams += len(ngrams)
    build_seconds = watch.seconds()

    watch = plain.Stopwatch()
    test_ngrams = hits = 0
    for text in job.test:
        ngrams = plain.ngrams_of(text)
        test_ngrams += len(ngrams)
        hits += sum(bloom.contains_str_batch(ngrams))
    measure_seconds = watch.seconds()
    plain.Outcome(
        peer="fastbloom-rs",
        version=plain.version_of("fastbloom-rs"),
        build_seconds=build_seconds,
        train_bytes=job.train.bytes_read,
        train_ngrams=train_ngrams,
        measure_seconds=measure_seconds,
        test_ngrams=test_ngrams,
        hits=hits,
        index_bits_per_ngram=bloom.config().size() / job.capacity,
    ).print()


if __name__ == "__main__":
    main()
