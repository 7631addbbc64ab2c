"""Small files are put together into tasks: always the same ones, at a cost that follows the number of files."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import SENTENCE

import overlap
from overlap import packing
from overlap.building import pieces
from overlap.corpus import InputFile, Shard
from overlap.locating.together import small_together

MEGABYTE = 1 << 20


def _file(number: int, size: int) -> InputFile:
    return InputFile(f"{number}.txt", f"{number}.txt", "text", "", (), False, size)


def _naive(shards: list[Shard]) -> list[list[Shard]]:
    tasks: list[list[Shard]] = []
    for shard in shards:
        last = tasks[-1] if tasks else []
        fits = shard.is_whole and bool(last) and last[0].is_whole
        if fits and sum(one.weight for one in last) + shard.weight <= 8 * MEGABYTE and len(last) < 4096:
            last.append(shard)
        else:
            tasks.append([shard])
    return tasks


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 1, MEGABYTE, 4 * MEGABYTE, 9 * MEGABYTE]), st.integers(1, 3))))
def test_the_tasks_of_a_pass(sizes: list[tuple[int, int]]) -> None:
    shards = []
    for number, (size, parts) in enumerate(sizes):
        edges = [size * part // parts for part in range(parts + 1)] if size else [0, 0]
        file = _file(number, size)
        shards += [Shard(file, start, stop, stop - start) for start, stop in pairwise(edges)]
    assert list(small_together(shards)) == _naive(shards)


class _Weighed(Shard):
    """Counts how often it is asked for its weight."""

    asked = 0

    def __getattribute__(self, name: str) -> Any:
        if name == "weight":
            _Weighed.asked += 1
        return super().__getattribute__(name)


def test_no_task_is_without_end_and_none_is_weighed_again_and_again() -> None:
    shards: list[Shard] = [_Weighed(_file(number, 0), 0, 0) for number in range(10_000)]
    _Weighed.asked = 0
    assert [len(task) for task in small_together(shards)] == [4096, 4096, 1808]
    assert _Weighed.asked <= 3 * len(shards)


class _NeverWalked(Counter[InputFile]):
    def items(self) -> Any:
        raise AssertionError("all that are waiting are gone through")


@pytest.mark.parametrize("workers", [1, 3])
def test_a_piece_costs_what_is_in_it(workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are told as done one by one, and those that still wait are let be."""
    monkeypatch.setattr(packing, "_MOST_IN_A_PACK", 2)
    monkeypatch.setattr(pieces, "Counter", _NeverWalked)
    folder = tmp_path / "c"
    folder.mkdir()
    for number in range(9):
        (folder / f"{number}.txt").write_text(f"{SENTENCE} {number}")
    seen: list[int] = []

    def note(stage: Any, done: int, total: int) -> None:
        if stage == "hash":
            seen.append(stage.files[0])

    overlap.build_index(folder, tmp_path / "i", workers=workers, progress=note)
    assert (seen[0], seen[-1]) == (0, 9)
    assert seen == sorted(seen)
    assert set(seen) <= {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
    assert len(set(seen)) == 6
