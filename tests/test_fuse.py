"""The fuse filter: no member is ever unknown, others are known at the rate 2^-r, and the bytes follow from the set."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from format_two import difference, slots
from hypothesis import given, settings
from hypothesis import strategies as st

from overlap.binomial import lower_limit, upper_limit
from overlap.errors import SizingError
from overlap.fuse import FuseFilter, FusePartition, FuseRow, design_fuse, fuse_partition, segments_for, slots_for

ONE_IN_A_MILLION = 1e-6
LARGE = 300_000
WORDS = st.integers(0, 2**64 - 1)
PLAIN_SEEDS = 8  # from here on the leading bits are not trusted
CHI_SQUARE_63 = 140  # of 64 cells, exceeded once in ten million


def hashes(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64)


def distinct(count: int, seed: int = 1) -> np.ndarray:
    """Hashes without order, each once: among so few of 64 bits no two are the same."""
    keys = hashes(count, seed)
    assert np.unique(keys).size == count
    return keys


def filter_of(part: FusePartition, fingerprint_bits: int) -> FuseFilter:
    return FuseFilter(part.words, [part.row("")], fingerprint_bits)


def agrees(hits: int, trials: int, rate: float) -> bool:
    certain = 1 - ONE_IN_A_MILLION / 2
    return lower_limit(hits, trials, certain) <= rate <= upper_limit(hits, trials, certain)


@pytest.mark.parametrize(
    ("fpr", "bits"), [(1e-8, 27), (2.0**-12, 12), (2.0**-12 * 0.999, 13), (0.1, 4), (1e-12, 40), (0.5e-12, 41)]
)
def test_fingerprints_are_the_shortest_that_keep_the_bound(fpr: float, bits: int) -> None:
    design = design_fuse(fpr)
    assert (design.fingerprint_bits, design.fpr) == (bits, fpr)
    assert 2.0**-bits <= fpr < 2.0 ** -(bits - 1)


@pytest.mark.parametrize("fpr", [0.0, -1e-8, 1e-13, 0.11, 1.0, float("nan"), float("inf")])
def test_impossible_rates_are_refused(fpr: float) -> None:
    with pytest.raises(ValueError, match=r"fpr must be from 1e-12 to 0\.1"):
        design_fuse(fpr)


@pytest.mark.parametrize("count", range(70))
def test_every_small_size_knows_its_keys(count: int) -> None:
    keys = distinct(count, count)
    part = fuse_partition(keys, 0, 27)
    assert part.keys == count
    assert (part.words.size == 0) == (count == 0)
    assert filter_of(part, 27).contains(keys).all()
    assert not filter_of(part, 27).contains(hashes(1000, 999)).any()


@pytest.mark.parametrize("count", [99, 1000, 4_097, 33_333, 131_073, 262_145, 400_000])
def test_every_size_knows_its_keys_at_the_first_attempt_or_the_next(count: int) -> None:
    keys = distinct(count, count)
    part = fuse_partition(keys, 0, 27)
    assert filter_of(part, 27).contains(keys).all()
    assert part.seed <= 1


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.lists(WORDS, max_size=60, unique=True), st.sampled_from([4, 7, 8, 13, 27, 32, 40, 42, 57]), st.data())
def test_any_keys_are_members_and_the_answers_are_those_of_the_description(
    numbers: list[int], bits: int, data: st.DataObject
) -> None:
    part = fuse_partition(np.array(numbers, np.uint64), 0, bits)
    made = filter_of(part, bits)
    asked = data.draw(st.lists(WORDS, max_size=20)) + numbers
    answers = made.contains(np.array(asked, np.uint64)).tolist()
    assert all(answers[len(asked) - len(numbers) :])
    row, raw = list(astuple(part.row(""))), part.words.tobytes()
    expected = [bool(numbers) and difference(key, row, raw, 0, bits) == 0 for key in asked]
    assert answers == expected


def _progression(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.uint64)


ALIKE = {
    "counted up from zero": _progression(10_000),
    "counted in the leading bits": _progression(10_000) << np.uint64(49),
    "counted in the middle": (_progression(10_000) << np.uint64(24)) + np.uint64(5),
    "one bit each, and pairs of bits": np.unique(
        (np.uint64(1) << _progression(64))[:, None] | (np.uint64(1) << _progression(64))[None, :]
    ),
    "all but few bits": ~_progression(10_000),
    "a multiple of the remix": _progression(10_000) * np.uint64(0x9E3779B97F4A7C15),
    "two heaps": np.concatenate([_progression(5_000), ~_progression(5_000)]),
}


@pytest.mark.parametrize("name", ALIKE)
def test_keys_that_are_alike_are_members_too(name: str) -> None:
    keys = ALIKE[name]
    part = fuse_partition(keys, 0, 12)
    made = filter_of(part, 12)
    assert made.contains(keys).all()
    absent = np.setdiff1d(hashes(1 << 19, 5), keys)
    assert agrees(int(made.contains(absent).sum()), absent.size, 2.0**-12)
    neighbours = np.setdiff1d((keys[:, None] ^ (np.uint64(1) << _progression(64))).ravel(), keys)
    assert agrees(int(made.contains(neighbours).sum()), neighbours.size, 2.0**-12)


def test_heaps_are_placed_by_seeds_that_do_not_trust_the_leading_bits() -> None:
    part = fuse_partition(ALIKE["counted up from zero"], 0, 27)
    assert part.seed >= PLAIN_SEEDS
    row = list(astuple(part.row("")))
    assert all(difference(key, row, part.words.tobytes(), 0, 27) == 0 for key in range(0, 10_000, 97))


def test_keys_that_are_there_twice_are_refused_and_not_tried_for_ever() -> None:
    with pytest.raises(SizingError, match="5 hashes cannot be placed in a fuse filter"):
        fuse_partition(np.array([1, 2, 3, 4, 1], np.uint64), 0, 27)


def test_bytes_follow_from_the_set_of_keys_not_from_their_order() -> None:
    keys = distinct(50_000)
    first = fuse_partition(keys, 0, 27)
    for again in (np.sort(keys), np.sort(keys)[::-1].copy(), np.random.default_rng(8).permutation(keys)):
        part = fuse_partition(again, 0, 27)
        assert part.words.tobytes() == first.words.tobytes()
        assert part.row("") == first.row("")


@pytest.mark.parametrize("count", [1 << 17, 200_000, (1 << 18) + 1, 350_000, 1 << 19])
def test_a_partition_takes_about_thirty_bits_a_key_at_1e_8(count: int) -> None:
    segments, segment_bits = segments_for(count)
    assert slots_for(segments, segment_bits) * 27 / count < 30.3
    if count <= LARGE:
        part = fuse_partition(distinct(count), 0, 27)
        assert part.words.size * 64 / count < 30.8  # a second attempt included


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.integers(1, 2 * 10**7))
def test_there_is_room_for_all_keys_and_not_much_more(keys: int) -> None:
    segments, segment_bits = segments_for(keys)
    assert 1 <= segment_bits <= 15
    assert segments >= 1
    slots_there = slots_for(segments, segment_bits)
    assert slots_there > 1.03 * keys
    if keys >= 100_000:
        assert slots_there < 1.13 * keys
    assert slots_there <= 16 + 8 * keys


def test_a_hundred_million_probes_find_the_rate_of_the_fingerprints() -> None:
    keys = distinct(LARGE)
    part = fuse_partition(keys, 0, 10)
    made = filter_of(part, 10)
    hits = trials = 0
    for seed in range(24):
        absent = hashes(1 << 22, 100 + seed)
        hits += int(made.contains(absent).sum())
        trials += absent.size
    assert trials > 10**8
    assert agrees(hits, trials, 2.0**-10 + LARGE / 2**64)
    assert agrees(made.probe(0, 1 << 22, 8), 1 << 22, 2.0**-10)
    assert part.realised_fpr == made.realised_fpr(part.words) == 2.0**-10


@pytest.mark.parametrize("fpr", [0.1, 1e-3])
def test_rate_of_coarse_filters(fpr: float) -> None:
    keys = distinct(20_000)
    made = FuseFilter.from_hashes(keys, fpr)
    absent = hashes(1 << 22, 77)
    rate = 2.0**-made.fingerprint_bits
    assert rate <= fpr
    assert agrees(int(made.contains(absent).sum()), absent.size, rate)


def test_every_bit_of_a_strict_fingerprint_takes_part_wherever_the_slots_lie() -> None:
    """What the slots of absent keys give, xor their fingerprints, is spread evenly over all values, at every place."""
    part = fuse_partition(distinct(40_000), 0, 27)
    row, raw = list(astuple(part.row(""))), part.words.tobytes()
    absent = [int(key) for key in hashes(30_000, 55)]
    found = np.array([difference(key, row, raw, 0, 27) for key in absent])
    first = np.array([slots(key, 0, part.segments, part.segment_bits, part.seed)[0] for key in absent])
    even = len(absent) / 64
    for shift in (0, 5, 10, 15, 21):
        counts = np.bincount(found >> shift & 63, minlength=64)
        assert ((counts - even) ** 2 / even).sum() < CHI_SQUARE_63
    for places in (first * 8 // (first.max() + 1), first % 8):
        table = np.bincount((found & 7) * 8 + places, minlength=64).reshape(8, 8)
        even_at = table.sum(axis=0) / 8
        assert ((table - even_at) ** 2 / even_at).sum() < CHI_SQUARE_63


def test_asking_in_groups_gives_the_same_answers() -> None:
    keys = distinct(LARGE)
    made = FuseFilter.from_hashes(keys, 1e-3)
    asked = np.concatenate([keys[:40_000], distinct(40_000, 9)])
    together = made.contains(asked)
    one_by_one = np.concatenate([made.contains(asked[at : at + 1000]) for at in range(0, asked.size, 1000)])
    assert (together == one_by_one).all()
    assert together[:40_000].all()


def test_filter_of_many_partitions() -> None:
    keys = distinct((1 << 20) + 5)
    made = FuseFilter.from_hashes(np.concatenate([keys, keys[:1000]]))
    assert made.bits == 2
    assert made.contains(keys).all()
    assert not made.contains(hashes(1 << 20, 3)).any()
    assert made.words.size * 64 / keys.size < 30.5


def test_a_filter_of_nothing_knows_nothing() -> None:
    made = FuseFilter.from_hashes(np.empty(0, np.uint64))
    assert not made.contains(distinct(1000)).any()
    assert made.probe(0, 1000, 8) == 0
    assert made.realised_fpr(made.words) == 0.0


ROW = fuse_partition(distinct(1000), 0, 27).row("")


@pytest.mark.parametrize(
    "change",
    [{"words": ROW.words + 1}, {"words": ROW.words - 1}, {"segments": 0}, {"segments": ROW.segments + 1},
     {"segment_bits": 0}, {"segment_bits": 16}, {"seed": 64}, {"seed": -1}, {"keys": 0}, {"segments": -1},
     {"words": float(ROW.words)}, {"seed": 0.0}, {"segments": str(ROW.segments)}, {"keys": None}],
    ids=str,
)  # fmt: skip
def test_rows_that_do_not_fit_are_refused(change: dict[str, int]) -> None:
    part = fuse_partition(distinct(1000), 0, 27)
    FuseFilter(part.words, [ROW], 27)
    with pytest.raises(ValueError, match="no such filter"):
        FuseFilter(part.words, [FuseRow(**{**ROW.__dict__, **change})], 27)


@pytest.mark.parametrize("bits", [0, 26, 28, 58, -27])
def test_fingerprints_that_do_not_fit_are_refused(bits: int) -> None:
    with pytest.raises(ValueError, match="no such filter"):
        FuseFilter(fuse_partition(distinct(1000), 0, 27).words, [ROW], bits)
    with pytest.raises(ValueError, match="no such filter"):
        FuseFilter(fuse_partition(distinct(1000), 0, 27).words, [ROW] * 3, 27)
