"""More n-grams than were expected of files of that size: the filter is the same, and so is the memory."""

from __future__ import annotations

import multiprocessing
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from inputs import stored
from samples import kept_bytes, write_corpus

import overlap
from overlap.building import plan, unit
from overlap.building.spill import Spill, _SpillWriter, open_spill
from overlap.building.unit import FillPlan, fill_units
from overlap.distinct import Pieces
from overlap.errors import BAD_RECORD_KINDS
from overlap.filters import design_of


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """512 partitions of up to 50 n-grams, one of which is said 3,000 times."""
    monkeypatch.setattr("overlap.bloom.PARTITION_KEYS", 50)
    folder = write_corpus(tmp_path / "c", files=3, words=7000)
    (folder / "same.txt").write_text("0 " * 3000)
    return folder


def expect(groups: int, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files look as if they held few n-grams: spill files have ``2^groups`` groups."""
    monkeypatch.setattr(plan, "_sizes", lambda *_: plan.Sizes(groups, 1000, at_once, 1 << 17))


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Which parts of groups were read, by this process."""
    found: set[int] = set()
    part_of = unit._part_of

    def seen(pieces: Pieces, skip: int, bits: int, part: int) -> Pieces:
        found.add(part)
        return part_of(pieces, skip, bits, part)

    monkeypatch.setattr(unit, "_part_of", seen)
    return found


@pytest.mark.parametrize("filter", ["bloom", "fuse"])
@pytest.mark.parametrize("at_once", [200, 700])
@pytest.mark.parametrize("groups", [0, 2])
def test_too_small_an_estimate_gives_the_same_filter(
    groups: int,
    at_once: int,
    filter: str,
    corpus: Path,
    parts: set[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index = overlap.build_index(str(corpus), tmp_path / "i", by_line=True, filter=filter)
    assert len(index.manifest.partitions) == 512
    assert not parts
    expect(groups, at_once, monkeypatch)
    overlap.build_index(str(corpus), tmp_path / "j", by_line=True, name="c", filter=filter, workers=3)
    assert kept_bytes(tmp_path / "i") == kept_bytes(tmp_path / "j")
    assert len(parts) >= 4


def test_in_other_processes(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan travels; a worker needs nothing else."""
    overlap.build_index(str(corpus), tmp_path / "i", by_line=True)
    expect(1, 500, monkeypatch)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        overlap.build_index(str(corpus), tmp_path / "j", by_line=True, name="c", executor=executor)
    assert kept_bytes(tmp_path / "i") == kept_bytes(tmp_path / "j")


def test_resumed_with_another_memory(
    corpus: Path, parts: set[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Units are cut otherwise then: what was filled does not fit, and nothing of it is taken."""
    overlap.build_index(str(corpus), tmp_path / "i", by_line=True)

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "fill" and done == 5:
            raise KeyboardInterrupt

    expect(0, 200, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        overlap.build_index(str(corpus), tmp_path / "j", by_line=True, name="c", progress=stop)
    assert [len(path.read_text().splitlines()) for path in tmp_path.rglob("filled.jsonl")] == [5]
    before = len(parts)
    expect(0, 1000, monkeypatch)
    with caplog.at_level("INFO", "overlap"):
        overlap.build_index(str(corpus), tmp_path / "j", by_line=True, name="c")
    assert "cut otherwise" in caplog.text
    assert before
    assert kept_bytes(tmp_path / "i") == kept_bytes(tmp_path / "j")


def test_what_repeats_itself_is_read_once(tmp_path: Path, parts: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its memory follows the few distinct n-grams anyway: 250 KB of text in 300 bytes."""
    monkeypatch.setattr("overlap.bloom.PARTITION_KEYS", 50)
    path = stored(tmp_path / "c.txt.gz", b"0 " * 20_000 + b"1 2 " * 20_000)
    monkeypatch.setattr(plan, "_SMALLEST_READ", 100)
    monkeypatch.setattr(plan, "_LARGEST_READ", 100)
    index = overlap.build_index(str(path), tmp_path / "i")
    assert (index.manifest.distinct, len(index.manifest.partitions)) == (10, 2048)
    assert not parts


def test_repeated_text_in_front_hides_nothing(tmp_path: Path, parts: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every group has one of its few n-grams, thousands of times, before those that differ."""
    monkeypatch.setattr("overlap.bloom.PARTITION_KEYS", 50)
    corpus = write_corpus(tmp_path / "c", files=2, words=7000)
    text = "".join(path.read_text() for path in sorted(corpus.iterdir()))
    (tmp_path / "c.txt").write_text(" ".join(map(str, range(40))) * 100 + " " + text)
    expect(2, 200, monkeypatch)
    overlap.build_index(str(tmp_path / "c.txt"), tmp_path / "i")
    assert len(parts) >= 4


def _spill(path: Path, hashes: int) -> Spill:
    """A spill file of one group, of hashes that all differ."""
    with open(path, "wb") as stream:
        writer = _SpillWriter(stream, 0, hashes // 4)
        rng = np.random.default_rng(5)
        for _ in range(4):
            writer.hashes[:] = rng.integers(0, 1 << 64, hashes // 4, np.uint64)
            writer.filled = hashes // 4
            writer.flush()
        writer.close([[1] + [0] * len(BAD_RECORD_KINDS)], hashes, hashes)
    found = open_spill(path, 0)
    assert found is not None
    return found


def test_memory_is_that_of_what_is_read_at_once(tmp_path: Path) -> None:
    """Four million hashes, 32 MB, in the place of the 250,000 that were expected: it was 100 MB."""
    spill = _spill(tmp_path / "a.spill", 1 << 22)
    filling = FillPlan.cut([spill], 0, 4, design_of("bloom", 1e-8), 1 << 18, is_large=False)
    assert filling.unit_bits == 4
    next(fill_units(filling, range(1)))  # kernels are compiled, where they are not
    keys = checksum = 0
    tracemalloc.start()
    try:
        for task in filling.tasks(0):
            for filled in fill_units(filling, task):
                keys += sum(part.keys for part in filled.partitions)
                checksum ^= filled.checksum
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (keys, checksum) == (1 << 22, spill.checksum)
    assert peak < 20e6
