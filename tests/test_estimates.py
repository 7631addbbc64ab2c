"""More n-grams than were expected of files of that size: the filter is the same, and so is the memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from samples import kept_bytes, write_corpus

import overlap
from overlap.building import plan, unit
from overlap.building.spill import Spill, _SpillWriter, open_spill
from overlap.building.unit import FillPlan, fill_units
from overlap.errors import BAD_RECORD_KINDS
from overlap.filters import design_of


@pytest.mark.parametrize("at_once", [200, 700])
@pytest.mark.parametrize("groups", [0, 2])
def test_too_small_an_estimate_gives_the_same_filter(
    groups: int, at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """512 partitions of up to 50 n-grams, of which many lie in one of ``2^groups`` groups of the spill files."""
    monkeypatch.setattr("overlap.bloom.PARTITION_KEYS", 50)
    corpus = write_corpus(tmp_path / "c", files=3, words=7000)
    (corpus / "same.txt").write_text("0 " * 3000)
    index = overlap.build_index(str(corpus), tmp_path / "i", by_line=True)
    assert len(index.manifest.partitions) == 512
    parts: list[int] = []
    part_of = unit._part_of
    monkeypatch.setattr(unit, "_part_of", lambda *given: parts.append(given[2]) or part_of(*given))
    monkeypatch.setattr(plan, "_sizes", lambda *_: plan.Sizes(groups, 1000, at_once, 1 << 17))
    overlap.build_index(str(corpus), tmp_path / "j", by_line=True, name="c", workers=3)
    assert kept_bytes(tmp_path / "i") == kept_bytes(tmp_path / "j")
    assert max(parts) > 1


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
    filling = FillPlan([spill], 0, 4, design_of("bloom", 1e-8), 1 << 18)
    assert filling.unit_bits == 4
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
