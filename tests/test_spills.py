"""Spill files: written once, read by groups, and never believed where they were altered."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from samples import kept_bytes, write_corpus

import overlap
from overlap.building.groups import GroupReader
from overlap.building.plan import BuildPlan, Settings, make_plan
from overlap.building.spill import Spill, hash_pack, open_spill
from overlap.corpus import group_training, resolve
from overlap.errors import OutputError
from overlap.segmenting import segmenter_of

BITS = 5


def planned(path: Path, memory: int = 1 << 30, workers: int = 1) -> BuildPlan:
    return make_plan(resolve(group_training([str(path)])[path.stem]), Settings("c", 3, 1e-8), memory, workers)


@pytest.fixture
def spill(tmp_path: Path) -> Spill:
    """900 words and more in chunks of 100 hashes."""
    (tmp_path / "c.txt").write_text("".join(f"{'word ' * (i % 3)}w{i}\n" for i in range(900)))
    (pack,) = planned(tmp_path / "c.txt").packs
    hash_pack(pack, tmp_path / "s", n=3, segmenter=segmenter_of("alnum"), bits=BITS, chunk=100, block=700)
    opened = open_spill(tmp_path / "s", BITS)
    assert opened is not None
    assert opened.begins.size > 5
    return opened


def hashes_in(spill: Spill) -> np.ndarray:
    return np.fromfile(spill.path, "<u8", spill.ngrams)


@pytest.mark.parametrize("most", [1, 7, 150, 10**6])
def test_groups_are_read_as_they_were_written(spill: Spill, most: int) -> None:
    """Every group has the hashes with its leading bits, all of them, in whatever batches they are read."""
    hashes = hashes_in(spill)
    edges = [0, 1, 2, 5, 5, 30, 1 << BITS]
    found = []
    for batches in GroupReader().units([spill, spill], edges, most):
        pieces = [part.hashes[a:b].copy() for part in batches for a, b in zip(part.starts, part.stops, strict=True)]
        found.append(np.sort(np.concatenate([np.empty(0, np.uint64), *pieces])))
    groups = hashes >> np.uint64(64 - BITS)
    for unit, got in enumerate(found):
        wanted = hashes[(groups >= edges[unit]) & (groups < edges[unit + 1])]
        assert np.array_equal(got, np.sort(np.concatenate([wanted, wanted])))


def test_a_spill_file_without_hashes(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("two words")
    (pack,) = planned(tmp_path / "c.txt").packs
    hash_pack(pack, tmp_path / "s", n=3, segmenter=segmenter_of("alnum"), bits=BITS, chunk=100, block=700)
    opened = open_spill(tmp_path / "s", BITS)
    assert opened is not None
    assert opened.ngrams == 0
    assert opened.bounds(3, 8).shape == (6, 0)


@pytest.mark.parametrize("word", [0, 40, 200])
def test_altered_bounds_are_not_believed(spill: Spill, word: int) -> None:
    """They would lead outside of what was read."""
    content = bytearray(spill.path.read_bytes())
    content[8 * spill.ngrams + 4 * word + 2] ^= 0xFF
    spill.path.write_bytes(content)
    assert open_spill(spill.path, BITS) is None
    with pytest.raises(OutputError, match="altered while it was read"):
        spill.bounds(0, 1 << BITS)


def test_a_file_that_is_cut_off_after_it_was_opened(spill: Spill) -> None:
    with pytest.raises(OutputError, match="altered while it was read"):
        replace(spill, ngrams=spill.ngrams + 10**6).bounds(0, 3)
    os.truncate(spill.path, 8 * spill.ngrams // 2)
    with pytest.raises(OutputError, match="altered while it was read"):
        spill.bounds(0, 3)


def test_a_file_system_that_gives_less_than_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = write_corpus(tmp_path / "c", files=3, words=3000)
    overlap.build_index(str(corpus), tmp_path / "i", by_line=True)
    whole = os.preadv

    def little(handle: int, buffers: list[memoryview], offset: int) -> int:
        return whole(handle, [buffers[0][:1001]], offset)

    monkeypatch.setattr(os, "preadv", little)
    overlap.build_index(str(corpus), tmp_path / "j", by_line=True, name="c")
    assert kept_bytes(tmp_path / "i") == kept_bytes(tmp_path / "j")


@pytest.mark.parametrize("workers", [1, 2, 16, 64])
def test_what_is_held_at_once_follows_memory_and_workers(tmp_path: Path, workers: int) -> None:
    """Two buffers for the hashes of a chunk; reading again takes up to 60 bytes a hash."""
    (tmp_path / "c.txt").write_text("a b c")
    plan = planned(tmp_path / "c.txt", 2 << 30, workers).sizes
    huge = tmp_path / "huge.txt"
    huge.touch()
    os.truncate(huge, 10**12)
    of_huge = planned(huge, 2 << 30, workers).sizes
    assert plan.chunk <= of_huge.chunk
    for one in (plan, of_huge):
        assert workers * one.at_once * 60 <= 2 << 30
        assert workers * one.chunk * 16 <= 2 << 30
    assert of_huge.chunk >> of_huge.spill_bits >= (256 if workers < 16 else 32)


def test_a_corpus_larger_than_the_memory_for_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has been read need not stay in the system's cache: said of every part of every file, and of the filter."""
    corpus = write_corpus(tmp_path / "c", files=3, words=20_000)
    overlap.build_index(str(corpus), tmp_path / "i", by_line=True)
    monkeypatch.setattr("overlap.building.plan.free_memory", lambda: 0)
    monkeypatch.setattr("overlap.building.fill._SYNC_EVERY", 1)
    advised: list[tuple[int, int, int]] = []
    monkeypatch.setattr(os, "posix_fadvise", lambda handle, *advice: advised.append(advice))
    overlap.build_index(str(corpus), tmp_path / "j", by_line=True, name="c", workers=2)
    assert kept_bytes(tmp_path / "i") == kept_bytes(tmp_path / "j")
    sizes = [file.stat().st_size for file in sorted(corpus.iterdir())]
    assert sum(size for _, size, _ in advised) == sum(sizes)
    assert {advice for _, _, advice in advised} == {os.POSIX_FADV_DONTNEED}
    assert (0, 0, os.POSIX_FADV_DONTNEED) in advised  # the filter
