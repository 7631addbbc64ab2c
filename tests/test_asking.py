"""Many hashes are asked in an order that is kind to memory: the answers are those of one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from overlap import bloom
from overlap.bloom import BloomFilter, group_bits
from overlap.fuse import FuseFilter
from overlap.kernels.pages import MANY_A_PAGE, PAGE_WORDS

FILTERS: list[Any] = [BloomFilter, FuseFilter]


@pytest.fixture(scope="module")
def members() -> NDArray[np.uint64]:
    return np.random.default_rng(1).integers(0, 2**64, 150_000, np.uint64)


def one_by_one(known: Any, hashes: NDArray[np.uint64], monkeypatch: pytest.MonkeyPatch) -> NDArray[np.bool_]:
    with monkeypatch.context() as patch:
        patch.setattr(bloom, "_MANY", hashes.size + 1)
        return known.contains(hashes)


@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize("outer", [1, 5, 9])
@pytest.mark.parametrize("inner", [0, 3, 9])
@pytest.mark.parametrize("block", [1, 5_000, 1 << 24])
def test_grouped_answers_are_those_of_each_hash(
    kind: Any,
    outer: int,
    inner: int,
    block: int,
    members: NDArray[np.uint64],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = np.random.default_rng(2)
    known = kind.from_hashes(members, 1e-3)
    asked = source.permutation(np.concatenate([members[:9_000], source.integers(0, 2**64, 9_000, np.uint64)]))
    asked = asked[:40] if block == 1 else asked
    expected = one_by_one(known, asked, monkeypatch)
    for module in ("overlap.bloom", "overlap.fuse"):
        monkeypatch.setattr(f"{module}.group_bits", lambda size, asked: (outer, inner))
        monkeypatch.setattr(f"{module}.BLOCK", block)
    found = known.contains(asked)
    assert np.array_equal(found, expected)
    assert found.sum() >= np.isin(asked, members).sum()


@pytest.mark.parametrize("kind", FILTERS)
def test_pages_of_empty_partitions_are_passed_over(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All members share their leading bits, so that the last partitions have no page to read ahead."""
    low = np.random.default_rng(3).integers(0, 2**60, 1_200_000, np.uint64)
    known = kind.from_hashes(low, 0.1)
    asked = np.concatenate([low[:200_000], ~low[:200_000]])
    expected = one_by_one(known, asked, monkeypatch)
    assert known.bits
    assert group_bits(known.words.nbytes, asked.size)[0]
    assert np.array_equal(known.contains(asked), expected)
    assert expected[:200_000].all()
    assert not expected[200_000:].any()


@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize(("asked_in_each", "ahead"), [(10, False), (3_000, True)], ids=["few", "many"])
def test_empty_partitions_between_others_and_at_the_end(
    kind: Any, asked_in_each: int, ahead: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of eight partitions the third, the sixth and the last have no key, and are asked for some all the same."""
    monkeypatch.setattr(bloom, "PARTITION_KEYS", 1 << 13)
    source = np.random.default_rng(4)
    hashes = source.integers(0, 2**64, 64_000, np.uint64)
    parts = [hashes[hashes >> np.uint64(61) == np.uint64(part)] for part in range(8)]
    known = kind.from_hashes(np.concatenate([parts[part] for part in (0, 1, 3, 4, 6)]), 1e-3)
    assert known.bits == 3
    asked = source.permutation(np.concatenate([part[:asked_in_each] for part in parts]))
    is_member = ~np.isin(asked >> np.uint64(61), np.array([2, 5, 7], np.uint64))
    assert (asked.size * PAGE_WORDS >= MANY_A_PAGE * known.words.size) == ahead
    expected = one_by_one(known, asked, monkeypatch)
    for module in ("overlap.bloom", "overlap.fuse"):
        monkeypatch.setattr(f"{module}.group_bits", lambda size, asked: (5, 2))
    assert np.array_equal(known.contains(asked), expected)
    assert np.array_equal(expected, is_member)


@pytest.mark.parametrize(
    ("size", "asked", "bits"),
    [
        (1 << 30, 100, (0, 0)),
        (1 << 10, 10**7, (0, 0)),
        (1 << 20, 10**7, (9, 0)),
        (1 << 30, 20_000, (9, 4)),
        (1 << 30, 10**7, (9, 9)),
        (1 << 40, 10**8, (9, 9)),
    ],
)
def test_groups_follow_what_is_asked_and_of_what(size: int, asked: int, bits: tuple[int, int]) -> None:
    assert group_bits(size, asked) == bits
