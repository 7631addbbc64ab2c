"""Digests that are made ahead, or in step with a pass: the same as those made alone, whatever else happens."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path

import datasets
import pytest

import overlap
from overlap.corpus import InputFile, Shard, Source, resolve
from overlap.digests import Block, DigestsAhead, blocks_of, in_step
from overlap.errors import CorpusError
from overlap.executors.stopping import Stopped, raise_if_stopped


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
        left, made = ahead.left(blocks), ahead.digests(blocks)
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
        assert (ahead.digests(blocks_of(files)), ahead.left(blocks_of(files))) == ({}, blocks_of(files))
        assert threading.active_count() == before


def test_an_error_ahead_is_raised_where_the_digest_is_wanted(tmp_path: Path) -> None:
    files = _files(tmp_path, 1)
    Path(files[0].path).unlink()
    with DigestsAhead(files, idle=True) as ahead:
        wait(list(ahead._begun.values()), timeout=30)
        ahead.stop()
        with pytest.raises(CorpusError, match=r"0\.txt"):
            ahead.digests(blocks_of(files))


def test_a_block_comes_just_before_what_reads_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overlap.digests.DIGEST_BLOCK", 100)
    first, second = _files(tmp_path, 2)
    blocks = [Block(first, 0), Block(first, 1), Block(second, 0)]
    tasks = [[Shard(first, 0, 9, 90)], [Shard(first, 9, 18, 90)], [Shard(first, 18, 25, 70)], [Shard(second, 0, 5, 50)]]
    order = list(in_step(iter(tasks), [first, second], blocks))
    assert order == [blocks[0], tasks[0], tasks[1], blocks[1], tasks[2], blocks[2], tasks[3]]


class _OnlyOnce:
    """Rows that can be read again, but not by two at once."""

    def __init__(self, rows: int) -> None:
        self.rows, self.reading, self.begun = rows, 0, 0

    def __call__(self) -> Iterator[dict[str, str]]:
        assert self.reading == 0, "read twice at once"
        self.reading, self.begun = self.reading + 1, self.begun + 1
        try:
            for number in range(self.rows):
                time.sleep(0.0002)
                yield {"text": f"one two three four five six seven {number}"}
        finally:
            self.reading -= 1


@pytest.mark.parametrize("command", ["scan", "build"])
def test_a_stream_of_rows_is_never_read_twice_at_once(tmp_path: Path, command: str) -> None:
    rows = _OnlyOnce(1500)
    stream = datasets.IterableDataset.from_generator(rows)
    (tmp_path / "test.txt").write_text("one two three four five six seven 3")
    if command == "scan":
        overlaps, _ = overlap.scan({"web": stream}, str(tmp_path / "test.txt"), workers=2)
        assert overlaps[0].train.documents == 1500
    else:
        assert overlap.build_index(stream, tmp_path / "i", workers=2).manifest.documents == 1500
    assert rows.begun >= 2  # once for the n-grams, once for the digest


def test_what_is_made_ahead_ends_with_an_error_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow disk must not hold up the error message of a broken test set."""
    (file,) = _files(tmp_path, 1)
    begun, stopped = threading.Event(), threading.Event()

    def endless(block: Block) -> str:
        begun.set()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                raise_if_stopped()
            except Stopped:
                stopped.set()
                raise
        return ""

    monkeypatch.setattr(Block, "digest", endless)

    def read_a_broken_test_set() -> None:
        with DigestsAhead([file], idle=True):
            begun.wait()
            raise CorpusError("broken", "test.txt")

    with pytest.raises(CorpusError):
        read_a_broken_test_set()
    assert stopped.is_set()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("digests")]


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
