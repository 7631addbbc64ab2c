"""The filter's sizing mathematics, against published points, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from overlap.bloom import (
    PAGE_BITS,
    BloomFilter,
    blocked_false_positive_rate,
    check_fpr,
    design_filter,
    fill_partition,
    filter_bound,
    hash_floor,
    partition_bits,
)
from overlap.errors import SizingError

RATES = [1e-12, 1e-10, 1e-8, 3e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.1]


def random_hashes(count: int, seed: int = 1) -> NDArray[np.uint64]:
    return np.random.default_rng(seed).integers(0, 2**64, count, np.uint64)


def bits_for(rate: float, k: int, block_bits: int) -> float:
    """Bits per key at which a blocked filter reaches the rate."""
    low, high = 2.0, 5_000.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if blocked_false_positive_rate(middle, k, block_bits) > rate else (low, middle)
    return high


@pytest.mark.parametrize(
    ("block_bits", "k", "published"),
    [(64, 15, 649), (256, 18, 92.7), (512, 20, 62.7), (1024, 22, 50.2), (4096, 25, 41.3), (32768, 26, 38.7)],
)
def test_bits_per_key_at_1e_8_are_the_published_ones(block_bits: int, k: int, published: float) -> None:
    digits = 0 if published > 100 else 1
    assert round(bits_for(1e-8, k, block_bits), digits) == published


@pytest.mark.parametrize(
    ("block_bits", "published"),
    [(64, "2.0e-03"), (256, "2.8e-05"), (512, "3.0e-06"), (4096, "3.5e-08"), (32768, "1.2e-08")],
)
def test_rates_of_naive_sizing_are_the_published_ones(block_bits: int, published: str) -> None:
    assert f"{blocked_false_positive_rate(38.4, 27, block_bits):.1e}" == published


@pytest.mark.parametrize("bits_per_key", [8, 16, 24, 32])
def test_huge_blocks_are_a_classical_filter(bits_per_key: int) -> None:
    k = round(bits_per_key * math.log(2))
    classical = (1 - math.exp(-k / bits_per_key)) ** k
    assert blocked_false_positive_rate(bits_per_key, k, 1 << 26) == pytest.approx(classical, rel=1e-3)


def test_rate_is_the_sum_over_loads() -> None:
    bits_per_key, k, block_bits = 12.0, 8, 512
    mean = block_bits / bits_per_key
    poisson = [math.exp(load * math.log(mean) - mean - math.lgamma(load + 1)) for load in range(200)]
    exact = sum(p * (1 - (1 - 1 / block_bits) ** (load * k)) ** k for load, p in enumerate(poisson))
    assert blocked_false_positive_rate(bits_per_key, k, block_bits) == pytest.approx(exact, rel=1e-9)


@settings(max_examples=60)
@given(st.floats(-12, -1).map(lambda exponent: 10**exponent))
def test_every_rate_has_a_design_that_keeps_it_cheaply(fpr: float) -> None:
    design = design_filter(fpr)
    assert design.k % 4 == 0
    assert 4 <= design.k <= 40
    assert blocked_false_positive_rate(design.bits_per_key, design.k) <= fpr
    assert design.bits_per_key < 1.08 * -math.log2(fpr) / math.log(2) + 0.2


def test_design_at_1e_8() -> None:
    design = design_filter(1e-8)
    assert (design.fpr, design.k) == (1e-8, 20)
    assert 39.7 <= design.bits_per_key <= 41
    assert design.pages(0) == 0
    assert design.pages(1) == 1
    assert design.pages(10**6) == math.ceil(10**6 * design.bits_per_key / PAGE_BITS)


@pytest.mark.parametrize("fpr", [0.0, -1e-8, 9.9e-13, 0.11, 1.0, 2.0, math.inf, -math.inf, math.nan])
def test_rates_out_of_range_are_refused(fpr: float) -> None:
    with pytest.raises(ValueError, match=r"fpr must be from 1e-12 to 0\.1, not "):
        check_fpr(fpr)
    with pytest.raises(ValueError, match=r"fpr must be from 1e-12 to 0\.1, not "):
        design_filter(fpr * 0.3 if 0 < fpr < 1e-12 else fpr)  # the hash floor may take some of a bound


def test_rates_at_the_ends_of_the_range_are_taken() -> None:
    for fpr in (1e-12, 0.1):
        check_fpr(fpr)
        assert design_filter(fpr).fpr == fpr


def test_hash_floor_is_the_share_of_hashes_taken() -> None:
    assert hash_floor(0) == 0
    assert hash_floor(2**64) == 1
    assert hash_floor(10**11) == pytest.approx(5.42e-9, rel=1e-3)


def test_filter_gets_what_the_hash_floor_leaves() -> None:
    assert filter_bound(1e-8, 0) == 1e-8
    assert filter_bound(1e-8, 10**11) == pytest.approx(4.58e-9, rel=1e-3)
    for keys in (1, 10**6, 10**11, 184_000_000_000):
        assert filter_bound(1e-8, keys) + hash_floor(keys) <= 1e-8 * (1 + 1e-12)


@pytest.mark.parametrize(("fpr", "keys"), [(1e-8, 184_467_440_738), (1e-8, 10**13), (1e-12, 18_446_745)])
def test_a_bound_under_the_hash_floor_is_refused(fpr: float, keys: int) -> None:
    with pytest.raises(SizingError, match=f"{keys:,} distinct n-grams .* more than the asked {fpr:g}"):
        filter_bound(fpr, keys)


@pytest.mark.parametrize(
    ("ngrams", "bits"),
    [
        (0, 0),
        (1, 0),
        (2**19, 0),
        (2**19 + 1, 1),
        (2**20, 1),
        (2**20 + 1, 2),
        (2**33, 14),
        (2**33 + 1, 14),
        (10**12, 14),
    ],
)
def test_partitions_are_a_rule_of_the_format(ngrams: int, bits: int) -> None:
    assert partition_bits(ngrams) == bits


@pytest.mark.parametrize("fpr", RATES)
@pytest.mark.parametrize("keys", [0, 1, 2, 10, 500, 820, 5_000])
def test_realised_rate_is_the_mean_of_fills_and_keeps_the_bound(fpr: float, keys: int) -> None:
    design = design_filter(fpr)
    part = fill_partition(random_hashes(keys), 0, design)
    fills = np.bitwise_count(part.words).reshape(part.pages, 512).sum(axis=1, dtype=np.int64) / PAGE_BITS
    assert part.keys == keys
    assert part.pages == 0 if keys == 0 else part.pages >= design.pages(keys)
    assert part.realised_fpr == pytest.approx(np.mean(fills**design.k) if keys else 0.0, rel=1e-12)
    assert part.realised_fpr <= fpr


@pytest.mark.parametrize(("fpr", "seed"), [(1e-12, 85), (1e-8, 146)])
def test_unevenly_loaded_pages_get_company(fpr: float, seed: int) -> None:
    design, keys = design_filter(fpr), random_hashes(1_600, seed)  # seeds that crowd one of two or three pages
    part = fill_partition(keys, 0, design)
    assert part.pages > design.pages(keys.size)
    assert part.realised_fpr <= fpr
    assert BloomFilter(part.words, np.array([part.pages], np.int64), design.k).contains(keys).all()


def test_partition_does_not_depend_on_the_order_of_its_keys() -> None:
    keys, design = random_hashes(5_000), design_filter(1e-8)
    assert np.array_equal(fill_partition(keys, 0, design).words, fill_partition(np.sort(keys), 0, design).words)


@pytest.mark.parametrize("fpr", RATES)
def test_empty_filter_knows_nothing(fpr: float) -> None:
    empty = BloomFilter.from_hashes(np.empty(0, np.uint64), fpr)
    assert empty.words.size == 0
    assert not empty.contains(random_hashes(1_000)).any()
    assert empty.contains(np.empty(0, np.uint64)).size == 0
    assert empty.probe(0, 1_000, 8) == 0


@pytest.mark.parametrize("fpr", RATES)
@pytest.mark.parametrize("key", [0, 1, 2**63, 2**64 - 1])
def test_filter_of_one_key_knows_it_alone(key: int, fpr: float) -> None:
    tiny = BloomFilter.from_hashes(np.array([key, key], np.uint64), fpr)
    assert tiny.words.size == 512
    assert 1 <= int(np.bitwise_count(tiny.words).sum()) <= tiny.k
    assert tiny.contains(np.array([key], np.uint64)).tolist() == [True]
    assert not tiny.contains(random_hashes(1_000)).any()


@pytest.mark.parametrize(
    ("words", "pages", "k"),
    [
        (512, [1], 5),
        (512, [1], 0),
        (512, [1], 44),
        (511, [1], 20),
        (1024, [1], 20),
        (0, [], 20),
        (1536, [1, 1, 1], 20),
    ],
)
def test_tables_that_fit_no_filter_are_refused(words: int, pages: list[int], k: int) -> None:
    with pytest.raises(ValueError, match="no such filter"):
        BloomFilter(np.zeros(words, np.uint64), np.array(pages, np.int64), k)


def test_filter_cannot_be_written_through() -> None:
    known = BloomFilter.from_hashes(random_hashes(10))
    with pytest.raises(ValueError, match="read-only"):
        known.words[0] = 0
