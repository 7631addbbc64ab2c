"""Sizes as people write them, and what the machine has."""

from __future__ import annotations

import os

import pytest

from overlap.resources import SMALLEST_MEMORY, default_memory, default_workers, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1234", 1234),
        ("100_000", 100_000),
        ("512B", 512),
        ("2K", 2_000),
        ("2kb", 2_000),
        ("2KiB", 2_048),
        ("300m", 300_000_000),
        ("300 MB", 300_000_000),
        ("512MiB", 512 << 20),
        (" 1.5 GiB ", 3 << 29),
        ("0.5g", 500_000_000),
        ("2TB", 2 * 10**12),
        ("1Ti", 1 << 40),
        (4096, 4096),
    ],
)
def test_sizes_by_example(text: str | int, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "big", "GB", "-1GB", "1e9", "1.GB", ".5GB", "1 P", "1iB", "2GBB", "1,000", "2 G i B"]
)
def test_other_texts_are_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a size: .*write 500MB, 2GB or 1GiB"):
        parse_size(text)


needs_affinity = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity")


@needs_affinity
def test_workers_are_the_cores_of_this_process() -> None:
    assert default_workers() == len(os.sched_getaffinity(0))


@needs_affinity
def test_fewer_cores_are_fewer_workers() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert default_workers() == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_without_affinity_all_cores_are_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert default_workers() == os.cpu_count()


def test_memory_is_half_of_what_is_free_at_most() -> None:
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert SMALLEST_MEMORY <= default_memory() <= max(SMALLEST_MEMORY, physical // 2)
