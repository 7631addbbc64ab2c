"""The pages of the filter: the frozen places of bits, no false negatives, and false positives at the promised rate."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest
from format_one import PAGE_BITS, page_of, positions
from hypothesis import given, settings
from numpy.typing import NDArray
from strategies import hashes

from overlap.binomial import lower_limit, upper_limit
from overlap.bloom import BloomFilter, design_filter, fill_partition
from overlap.index import Verification

ONE_IN_A_MILLION = 1e-6


def random_hashes(count: int, seed: int = 1) -> NDArray[np.uint64]:
    return np.random.default_rng(seed).integers(0, 2**64, count, np.uint64)


def bits_of(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """One byte a bit, shape (pages, 32768)."""
    return np.unpackbits(words.astype("<u8").view(np.uint8), bitorder="little").reshape(-1, PAGE_BITS)


@pytest.mark.parametrize("fpr", [1e-12, 1e-8, 1e-5, 1e-2])
@pytest.mark.parametrize("partition_bits", [0, 3])
def test_bits_are_where_format_1_puts_them(fpr: float, partition_bits: int) -> None:
    keys = random_hashes(3_000) >> np.uint64(partition_bits)
    part = fill_partition(keys, partition_bits, design_filter(fpr))
    expected = np.zeros((part.pages, PAGE_BITS), np.uint8)
    for key in keys.tolist():
        expected[page_of(key, partition_bits, part.pages), positions(key, design_filter(fpr).k)] = 1
    assert np.array_equal(bits_of(part.words), expected)


def test_bytes_of_format_1_are_frozen() -> None:
    part = fill_partition(np.arange(1, 2**64, 2**53 + 1, dtype=np.uint64), 0, design_filter(1e-8))
    assert (part.keys, part.pages) == (2048, 3)
    digest = hashlib.sha256(part.words.astype("<u8").tobytes()).hexdigest()
    assert digest == "4380abda71b5a6cc8c117b4579c67fbfe09bb69afd6ff2a917646110469cd6a6"
    assert positions(1, 8) == [4769, 31419, 27318, 11978, 11904, 19890, 15207, 29106]


@settings(max_examples=100)
@given(hashes())
def test_no_false_negatives(keys: NDArray[np.uint64]) -> None:
    for fpr in (1e-12, 1e-8, 1e-4, 0.1):
        assert BloomFilter.from_hashes(keys, fpr).contains(keys).all()


@pytest.mark.parametrize("fpr", [1e-8, 1e-2])
def test_no_false_negatives_in_many_partitions(fpr: float) -> None:
    keys = random_hashes(1_300_000)
    known = BloomFilter.from_hashes(keys, fpr)
    assert known.pages.size == 4
    assert known.contains(keys).all()
    assert known.contains(np.repeat(keys, 2)[::-1]).all()  # a view is as good as an array


def test_every_bit_of_a_page_is_reached_equally_often() -> None:
    design = design_filter(1e-8)
    pages = 400
    counts = np.zeros(PAGE_BITS)
    for seed in range(pages):
        part = fill_partition(random_hashes(700, seed), 0, design)
        assert part.pages == 1
        counts += bits_of(part.words)[0]
    assert counts.min() > 0
    mean = counts.mean()
    chi_square = float(np.sum((counts - mean) ** 2) / (mean * (1 - mean / pages)))
    assert abs(chi_square - PAGE_BITS) < 5 * (2 * PAGE_BITS) ** 0.5


def test_positions_of_a_key_are_independent() -> None:
    """The pairs of positions of one key, each cut to 5 bits, fill a 32 x 32 table evenly."""
    places = np.array([positions(key, 40) for key in random_hashes(20_000).tolist()]) >> 10
    for first in range(40):
        for second in range(first):
            table = np.bincount(places[:, first] * 32 + places[:, second], minlength=1024)
            chi_square = float(np.sum((table - 20_000 / 1024) ** 2) / (20_000 / 1024))
            assert abs(chi_square - 1023) < 6 * (2 * 1023) ** 0.5, (first, second)


@pytest.mark.parametrize("fpr", [0.1, 1e-2, 1e-3, 1e-4, 1e-5])
def test_measured_rate_is_the_realised_rate(fpr: float) -> None:
    part = fill_partition(random_hashes(200_000), 0, design_filter(fpr))
    known = BloomFilter(part.words, np.array([part.pages], np.int64), design_filter(fpr).k)
    trials = 8_000_000
    for hits in (int(known.contains(random_hashes(trials, 2)).sum()), known.probe(0, trials, 8)):
        assert lower_limit(hits, trials, 1 - ONE_IN_A_MILLION / 2) <= part.realised_fpr
        assert upper_limit(hits, trials, 1 - ONE_IN_A_MILLION / 2) >= part.realised_fpr


def test_measured_rate_of_a_strict_filter_is_its_realised_rate() -> None:
    part = fill_partition(random_hashes(300_000), 0, design_filter(1e-6))
    known = BloomFilter(part.words, np.array([part.pages], np.int64), design_filter(1e-6).k)
    trials = 40_000_000
    hits = known.probe(0, trials, 8)
    assert hits > 10
    assert lower_limit(hits, trials, 0.9999) <= part.realised_fpr <= upper_limit(hits, trials, 0.9999)


@pytest.mark.parametrize("n", [1, 2, 8, 64])
def test_probes_go_on_where_others_ended(n: int) -> None:
    known = BloomFilter.from_hashes(random_hashes(5_000), 0.05)
    parts = [known.probe(first, 1_000, n) for first in range(0, 10_000, 1_000)]
    assert known.probe(0, 10_000, n) == sum(parts)
    assert len(set(parts)) > 3


# A filter as many are built: the same pages, the same k, but positions a, a + b, a + 2b, ... of two 15-bit numbers.


def double_hashed(
    keys: NDArray[np.uint64], pages: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(page, a, b) of each key."""
    mixed = keys * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    mixed *= np.uint64(0xD6E8FEB86659FD93)
    mixed ^= mixed >> np.uint64(32)
    page = ((keys >> np.uint64(32)) * np.uint64(pages)) >> np.uint64(32)
    first, step = mixed >> np.uint64(49), ((mixed >> np.uint64(34)) & np.uint64(PAGE_BITS - 1)) | np.uint64(1)
    return page.astype(np.int64), first.astype(np.int64), step.astype(np.int64)


def fill_double_hashed(keys: NDArray[np.uint64], pages: int, k: int) -> NDArray[np.bool_]:
    bits = np.zeros(pages * PAGE_BITS, np.bool_)
    page, first, step = double_hashed(keys, pages)
    for i in range(k):
        bits[page * PAGE_BITS + ((first + i * step) & (PAGE_BITS - 1))] = True
    return bits


def hits_of_double_hashed(bits: NDArray[np.bool_], keys: NDArray[np.uint64], pages: int, k: int) -> int:
    page, first, step = double_hashed(keys, pages)
    for i in range(k):
        hit = bits[page * PAGE_BITS + ((first + i * step) & (PAGE_BITS - 1))]
        page, first, step = page[hit], first[hit], step[hit]
    return page.size


def blocks_of_probes(count: int) -> Iterator[NDArray[np.uint64]]:
    source = np.random.default_rng(99)
    return (source.integers(0, 2**64, 1_000_000, np.uint64) for _ in range(count))


def test_probing_catches_the_floor_of_double_hashing() -> None:
    design, keys = design_filter(1e-8), random_hashes(200_000)
    pages = design.pages(keys.size)
    bits = fill_double_hashed(keys, pages, design.k)
    assert hits_of_double_hashed(bits, keys, pages, design.k) == keys.size
    ours = BloomFilter.from_hashes(keys, design.fpr)
    assert ours.words.size == pages * 512
    theirs_hits = ours_hits = 0
    for probes in blocks_of_probes(12):
        theirs_hits += hits_of_double_hashed(bits, probes, pages, design.k)
        ours_hits += int(ours.contains(probes).sum())
    fill = float(np.mean(bits.reshape(pages, PAGE_BITS).mean(axis=1) ** design.k))
    assert fill <= 1e-8  # its fill alone says that all is well
    assert not verified(theirs_hits, 12_000_000).consistent
    assert theirs_hits / 12_000_000 > 5e-7
    assert verified(ours_hits, 12_000_000).consistent
    assert verified(ours.probe(0, 50_000_000, 8), 50_000_000).consistent


def verified(hits: int, probes: int) -> Verification:
    return Verification(partitions=1, bound=1e-8, probes=probes, hits=hits, lower=None, limit=None)


@pytest.mark.parametrize(
    ("hits", "probes", "consistent"),
    [(0, 0, True), (0, 10**9, True), (10, 10**9, True), (20, 10**9, True), (40, 10**9, False), (3, 10**6, False)],
)
def test_verification_judges_hits_by_the_bound(hits: int, probes: int, consistent: bool) -> None:
    assert verified(hits, probes).consistent == consistent
