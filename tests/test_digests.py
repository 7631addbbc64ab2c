"""Digests that are made ahead, or in step with a pass: the same as those made alone, whatever else happens."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

import overlap
from overlap.corpus import InputFile, Shard, Source, resolve
from overlap.digests import Block, DigestsAhead, blocks_of, in_step
from overlap.errors import CorpusError


def _files(folder: Path, count: int) -> list[InputFile]:
    for number in range(count):
        (folder / f"{number}.txt").write_text(f"text {number} " * 100)
    return resolve([Source("web", str(folder / f"{number}.txt")) for number in range(count)])


def test_what_was_made_ahead_is_not_made_again(tmp_path: Path) -> None:
    files = _files(tmp_path, 12)
    blocks = blocks_of(files)
    with DigestsAhead(files, idle=True) as ahead:
        next(iter(ahead._begun.values())).result()
        ahead.stop()
        left, made = ahead.left(blocks), ahead.digests()
    assert sorted([block.index, block.file.label] for block in [*left, *made]) == sorted(
        [block.index, block.file.label] for block in blocks
    )
    assert made
    for block, digest in made.items():
        assert digest == hashlib.sha256(Path(block.file.path).read_bytes()).hexdigest()


def test_with_no_idle_core_nothing_is_made_ahead(tmp_path: Path) -> None:
    files = _files(tmp_path, 3)
    before = threading.active_count()
    with DigestsAhead(files, idle=False) as ahead:
        ahead.stop()
        assert (ahead.digests(), ahead.left(blocks_of(files))) == ({}, blocks_of(files))
        assert threading.active_count() == before


def test_an_error_ahead_is_raised_where_the_digest_is_wanted(tmp_path: Path) -> None:
    files = _files(tmp_path, 1)
    Path(files[0].path).unlink()
    with DigestsAhead(files, idle=True) as ahead:
        while not all(future.done() for future in ahead._begun.values()):
            pass
        ahead.stop()
        with pytest.raises(CorpusError, match=r"0\.txt"):
            ahead.digests()


def test_a_block_comes_just_before_what_reads_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overlap.digests.DIGEST_BLOCK", 100)
    first, second = _files(tmp_path, 2)
    blocks = [Block(first, 0), Block(first, 1), Block(second, 0)]
    tasks = [[Shard(first, 0, 90)], [Shard(first, 90, 180)], [Shard(first, 180, 250), Shard(second, 0, 50)]]
    order = list(in_step(iter(tasks), [first, second], blocks))
    assert order == [blocks[0], tasks[0], tasks[1], blocks[1], tasks[2], blocks[2]]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_scan_tells_the_digests_of_its_files(tmp_path: Path, workers: int) -> None:
    files = _files(tmp_path, 12)
    test = tmp_path / "test.txt"
    test.write_text("text 3 " * 10)
    train = [f"web={file.path}" for file in [*files, files[0]]]
    overlaps, _ = overlap.scan(train, str(test), workers=workers)
    found = overlaps[0].train.sources
    assert found is not None
    expected = ["sha256:" + hashlib.sha256(Path(file.path).read_bytes()).hexdigest() for file in [*files, files[0]]]
    assert [info.digest for info in found.first] == expected
