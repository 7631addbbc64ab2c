"""A corpus that says one thing millions of times: all its hashes are one group, which may not be held at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from samples import kept_bytes, write_corpus

import overlap
from overlap.building import plan

MEASURED = """
import resource, sys
import overlap
overlap.build_index(sys.argv[1], sys.argv[1] + ".warm", memory="100MB")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
index = overlap.build_index(sys.argv[2], sys.argv[2] + ".index", memory="100MB", workers=2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, index.manifest.ngrams, index.manifest.distinct)
"""


def test_peak_memory_where_all_ngrams_are_the_same(tmp_path: Path) -> None:
    """30 million n-grams, 240 MB of hashes, one distinct: held as a whole with its table that was 1.2 GB."""
    (tmp_path / "small.txt").write_text("one two three four five six seven eight nine ten")
    (tmp_path / "a.txt").write_text("0 " * 30_000_000)
    command = [sys.executable, "-c", MEASURED, str(tmp_path / "small.txt"), str(tmp_path / "a.txt")]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    kilobytes, ngrams, distinct = map(int, outcome.stdout.split())
    assert (ngrams, distinct) == (30_000_000 - 7, 1)
    assert kilobytes < 200_000


@pytest.mark.parametrize("at_once", [1, 100, 5000])
def test_groups_in_pieces_give_the_same_filter(at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = write_corpus(tmp_path / "c", files=3, words=3000)
    (corpus / "same.txt").write_text("0 " * 3000 + "1 2 " * 3000)
    overlap.build_index(str(corpus), tmp_path / "i", by_line=True)
    monkeypatch.setattr(plan, "_LARGEST_READ", at_once)
    overlap.build_index(str(corpus), tmp_path / "j", by_line=True, name="c")
    assert kept_bytes(tmp_path / "i") == kept_bytes(tmp_path / "j")


@pytest.mark.parametrize("at_once", [1, 100, 2000])
def test_groups_that_are_read_together_give_the_same_filter(
    at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """512 partitions of up to 50 n-grams: 1, 2 or 16 of them together."""
    monkeypatch.setattr("overlap.bloom.PARTITION_KEYS", 50)
    corpus = write_corpus(tmp_path / "c", files=3, words=7000)
    index = overlap.build_index(str(corpus), tmp_path / "i", by_line=True)
    assert len(index.manifest.partitions) == 512
    monkeypatch.setattr(plan, "_LARGEST_READ", at_once)
    overlap.build_index(str(corpus), tmp_path / "j", by_line=True, name="c", workers=3)
    assert kept_bytes(tmp_path / "i") == kept_bytes(tmp_path / "j")
