"""Pages that workers have written as files: what storage may do to them on the way, and what their memory costs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from commands import ROOT
from elsewhere import Elsewhere
from samples import kept_bytes

import overlap
from overlap.building import fill
from overlap.errors import OutputError

_WRITE = fill._fill_to_file
_PAGE = 4096


def _one_bit(pages: bytearray) -> None:
    pages[len(pages) // 2] ^= 1


def _a_page_of_nothing(pages: bytearray) -> None:
    pages[_PAGE : 2 * _PAGE] = bytes(_PAGE)


def _two_pages_the_other_way_round(pages: bytearray) -> None:
    pages[: 2 * _PAGE] = pages[_PAGE : 2 * _PAGE] + pages[:_PAGE]


def _a_page_of_its_neighbour(pages: bytearray) -> None:
    pages[:_PAGE] = pages[_PAGE : 2 * _PAGE]


def _cut_off(pages: bytearray) -> None:
    del pages[-8:]


def _altered_on_the_way(
    units: range, plan: fill.FillPlan, place: Path, alter: Callable[[bytearray], None]
) -> tuple[str, list[fill.FilledUnit], list[str]]:
    answer = _WRITE(units, plan, place)
    pages = bytearray((place / answer[0]).read_bytes())
    alter(pages)
    (place / answer[0]).write_bytes(pages)
    return answer


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Enough words for several pages of 4 KiB in a partition."""
    words = np.random.default_rng(5).integers(0, 9999, 30_000)
    place = tmp_path / "corpus.txt"
    place.write_text(" ".join(f"w{word}" for word in words))
    return place


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    """Workers that are not asked what they have: that takes a cluster's pickle."""
    monkeypatch.setattr("overlap.executors.pool.check_workers", lambda engine: None)
    monkeypatch.setattr("overlap.building.place._PATIENCE", 0.2)
    with Elsewhere() as executor:
        yield executor


@pytest.mark.parametrize("kind", ["bloom", "fuse"])
@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (_one_bit, "these pages arrived altered"),
        (_a_page_of_nothing, "these pages arrived altered"),
        (_two_pages_the_other_way_round, "these pages arrived altered"),
        (_a_page_of_its_neighbour, "these pages arrived altered"),
        (_cut_off, "not here or not whole"),
    ],
)
def test_pages_that_storage_has_altered(
    alter: Callable[[bytearray], None],
    said: str,
    kind: str,
    corpus: Path,
    workers: Elsewhere,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No index comes of them; the same build run again makes the right one."""
    build = partial(overlap.build_index, str(corpus), name="corpus", filter=kind)
    build(tmp_path / "here")
    with monkeypatch.context() as patch:
        patch.setattr(fill, "_fill_to_file", partial(_altered_on_the_way, alter=alter))
        with pytest.raises(OutputError, match=said):
            build(tmp_path / "there", executor=workers)
    assert not (tmp_path / "there" / "manifest.json").exists()
    build(tmp_path / "there", executor=workers)
    assert kept_bytes(tmp_path / "there") == kept_bytes(tmp_path / "here")


def test_words_that_are_no_whole_page() -> None:
    words = np.arange(2 * 512 + 3, dtype=np.uint64)
    check = fill._check(words)
    for changed in (0, 511, 512, 1023, 1024, 1026):
        other = words.copy()
        other[changed] ^= np.uint64(1 << 40)
        assert fill._check(other) != check
    assert fill._check(words[:0]) != fill._check(np.zeros(1, np.uint64))


_FAULTS = """
import resource
import numpy as np
from overlap.executors.tasks import keep_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        np.empty(1 << 20, np.uint8).fill(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

first = faults()
kept = keep_memory()
faults()
print(first, faults(), int(kept))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="another system")
def test_freed_memory_is_kept_where_dask_would_give_it_back() -> None:
    """As in a worker that Dask has started: without it each of 50 arrays of 1 MiB is fresh memory, 256 pages."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MALLOC_TRIM_THRESHOLD_": "65536"}
    command = [sys.executable, "-c", _FAULTS]
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    before, after, kept = map(int, output.split())
    if not kept:
        pytest.skip("another C library")
    assert before > 50 * 200
    assert after < 50
