"""Tasks that are taken back in the middle of a file, whatever they do with it: they end there, and leave nothing."""

from __future__ import annotations

import _thread
import csv
import gzip
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from commands import COMMAND
from inputs import stored

import overlap
from overlap.building import build, fill, pieces
from overlap.building.place import written
from overlap.building.plan import Pack
from overlap.building.spill import hash_pack
from overlap.cleaning import train_side
from overlap.cleaning.rewriting import rewrite
from overlap.cli import main
from overlap.corpus import InputFile, Source, TextWindows, digest_block, plan_shards, resolve
from overlap.errors import BadRecord
from overlap.executors import opened
from overlap.executors.stopping import Stopped, raise_if_stopped, run_until
from overlap.segmenting import segmenter_of

ROWS = 30_000  # more than one block of any format


def _file(path: Path, *, by_line: bool = False) -> InputFile:
    return resolve([Source("a", str(path))], by_line=by_line)[0]


def _stopped_at_once(function: Callable[[], object]) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        run_until(stop, function)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_a_text_that_is_one_document(name: str, tmp_path: Path) -> None:
    (shard,) = plan_shards([_file(stored(tmp_path / name, "some words " * 100_000))], whole_documents=True)
    stop = threading.Event()
    seen: list[int] = []

    def look() -> None:
        for window in TextWindows(shard, 1 << 10):
            seen.append(window.last - window.first)
            if len(seen) == 3:
                stop.set()

    with pytest.raises(Stopped):
        run_until(stop, look)
    assert sum(seen) < 20_000


def _table(path: Path) -> Path:
    table = pa.table({"id": range(ROWS), "text": [f"the text of row {row}" for row in range(ROWS)]})
    if path.suffix == ".parquet":
        pq.write_table(table, path)
        return path
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=1000)
    return path


def _of_rows(path: Path) -> Path:
    """A file of so many records, in the format that its name says."""
    kind = path.name.split(".")[1]
    rows = [{"id": row, "text": f"the text of row {row} " * 3} for row in range(ROWS)]
    if kind in ("parquet", "arrow"):
        return _table(path)
    if kind == "csv":
        with open(path, "w", newline="") as stream:
            writer = csv.DictWriter(stream, ["id", "text"])
            writer.writeheader()
            writer.writerows(rows)
        return path
    if kind == "json":
        return stored(path, json.dumps(rows))
    lines = (json.dumps(row) if kind == "jsonl" else row["text"] for row in rows)
    return stored(path, "".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.jsonl.gz", "a.json", "a.csv", "a.parquet", "a.arrow"])
def test_a_file_that_is_cleaned(name: str, tmp_path: Path) -> None:
    file = _file(_of_rows(tmp_path / name), by_line=True)
    stop = threading.Event()
    asked: list[int] = []

    def keep(row: int, text: str | None) -> None:
        asked.append(row)
        stop.set()

    with pytest.raises(Stopped):
        run_until(stop, rewrite, file, tmp_path / "new" / name, keep)
    assert 0 < len(asked) < ROWS


def test_a_text_that_is_cleaned(tmp_path: Path) -> None:
    file = _file(stored(tmp_path / "a.txt", "some words " * 1000))
    _stopped_at_once(lambda: rewrite(file, tmp_path / "new.txt", lambda row, text: None))
    assert not (tmp_path / "new.txt").exists()


def test_a_file_that_is_digested(tmp_path: Path) -> None:
    file = _file(stored(tmp_path / "a.txt", "some words"))
    _stopped_at_once(lambda: digest_block(file, 0))


def _hash(path: Path, place: Path) -> None:
    pack = Pack(tuple(plan_shards([_file(path)])))
    hash_pack(pack, place / "a.spill", n=3, segmenter=segmenter_of("alnum"), bits=5, chunk=100, block=1 << 12)


def test_nothing_is_left_of_a_piece_that_was_not_finished(tmp_path: Path) -> None:
    """For a large compressed file it would be tens of gigabytes, until the build is run again."""
    place = tmp_path / "work"
    place.mkdir()
    lines = "".join(json.dumps({"text": f"the text of row {row}"}) + "\n" for row in range(1000))
    whole, broken = stored(tmp_path / "a.jsonl.gz", lines), stored(tmp_path / "b.jsonl.gz", lines + "{")
    _stopped_at_once(lambda: _hash(whole, place))
    assert not list(place.iterdir())
    with pytest.raises(BadRecord):
        _hash(broken, place)
    assert not list(place.iterdir())
    _hash(whole, place)
    assert [item.name for item in place.iterdir()] == ["a.spill"]


def test_nothing_is_left_of_pages_that_were_not_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(plan: object, units: range) -> Iterator[object]:
        assert len(list(tmp_path.iterdir())) == 1
        raise MemoryError
        yield

    monkeypatch.setattr(fill, "fill_units", fails)
    with pytest.raises(MemoryError):
        fill._fill_to_file(range(1), None, tmp_path)
    assert not list(tmp_path.iterdir())


def _half_written(path: Path, kind: type[BaseException]) -> None:
    with written(path) as temporary:
        temporary.write_text("half")
        raise kind


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt, Stopped])
def test_a_piece_gets_its_name_when_it_is_whole(kind: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "0123.spill"
    with written(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
    with pytest.raises(kind):
        _half_written(path, kind)
    assert [(item.name, item.read_text()) for item in tmp_path.iterdir()] == [("0123.spill", "whole")]


def _half_made(work: Path) -> int:
    """Bytes of the spill file that is being written."""
    with suppress(FileNotFoundError):
        return max((path.stat().st_size for path in work.glob("*.partial")), default=0)
    return 0


def test_ctrl_c_in_the_middle_of_one_large_compressed_file(tmp_path: Path) -> None:
    """One task of 100 MB of text: it does not come to its end, and leaves nothing half-written."""
    texts = [" ".join(f"w{row}x{word}" for word in range(99)) for row in range(1200)]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
    corpus, work = tmp_path / "a.jsonl.gz", tmp_path / "i" / "work"
    corpus.write_bytes(gzip.compress(lines, 1) * 100)
    command = [*COMMAND, "build", str(corpus), "-o", str(work.parent), "--workers", "1", "--progress", "never"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while child.poll() is None and _half_made(work) < 1 << 20:
        time.sleep(0.001)
    child.send_signal(signal.SIGINT)
    output, errors = child.communicate(timeout=60)
    assert (child.returncode, output) == (130, ""), errors
    assert errors.count("\n") == 1
    assert work.is_dir()
    assert not [path.name for path in work.iterdir() if path.suffix in (".spill", ".partial")]


def _until_stopped(ends: list[str]) -> None:
    """What a task does that takes long; its end is noted."""
    deadline = time.monotonic() + 20
    try:
        while time.monotonic() < deadline:
            raise_if_stopped()
            time.sleep(0.001)
    except Stopped:
        ends.append("stopped")
        raise
    ends.append("at its end")


def test_a_pool_that_is_closed_takes_back_what_a_loop_that_was_left_has_begun() -> None:
    ends: list[str] = []
    begun = threading.Event()

    def task(item: int) -> None:
        if item:
            begun.set()
            _until_stopped(ends)

    with opened("threads:2") as pool:
        loop = pool.in_order(task, range(2))
        assert next(loop) == (0, None)
        assert begun.wait(30)
    assert ends == ["stopped"]
    loop.close()


@pytest.mark.parametrize("way", ["in_order", "as_done"])
def test_an_interrupt_that_comes_on_the_way_into_a_wait(way: str) -> None:
    """Such a signal sets a flag and wakes nobody, as this one does."""
    ends: list[str] = []
    timer = threading.Timer(0.2, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt), opened("threads:2") as pool:
        list(getattr(pool, way)(lambda item: _until_stopped(ends), range(2)))
    assert ends == ["stopped", "stopped"]


def test_an_interrupt_just_after_a_task_was_begun() -> None:
    ends: list[str] = []

    class Interrupted(ThreadPoolExecutor):
        def submit(self, *given: Any, **named: Any) -> Any:
            super().submit(*given, **named)
            raise KeyboardInterrupt

    with Interrupted(1) as executor, pytest.raises(KeyboardInterrupt), opened(executor) as pool:
        list(pool.in_order(lambda item: _until_stopped(ends), range(2)))
    assert ends == ["stopped"]


def test_an_interrupt_while_numpy_is_being_imported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was interrupted in its import cannot be imported again, and the line is written without it."""

    def interrupted(*arguments: Any, **named: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "overlap.corpus.addresses", None)
    for where in ("make_context", "invoke"):
        with monkeypatch.context() as inside:
            inside.setattr(click.Group, where, interrupted)
            for address, shown in (
                ("a.txt", "overlap build a.txt"),
                ("s3://key:secret@b", "run the same command again"),
            ):
                inside.setattr(sys, "argv", ["overlap", "build", address])
                with pytest.raises(SystemExit) as end:
                    main(["info", "x"])
                line = capsys.readouterr().err
                assert end.value.code == 130
                assert line.startswith(f"overlap: stopped; to resume: {shown}")
                assert line.count("\n") == 1


class _Broken(Exception):
    pass


def test_an_error_of_whoever_asked_ends_a_cleaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads stop before the folder that they write into is removed, and nothing is left beside the output."""
    ends: list[str] = []
    begun = threading.Event()

    def slow(file: InputFile, path: Path, *more: Any) -> None:
        rewrite(file, path, *more)
        if path.name == "b.txt":
            begun.set()
            try:
                _until_stopped(ends)
            finally:
                ends.append("in its folder" if path.parent.exists() else "in a folder that is gone")

    def fails(stage: str, done: int, total: int) -> None:
        if stage == "clean" and done:
            assert begun.wait(30)
            raise _Broken

    monkeypatch.setattr(train_side, "rewrite", slow)
    for name in ("a.txt", "b.txt"):
        stored(tmp_path / "c" / name, "some words of a text")
    test = stored(tmp_path / "test.txt", "some words of another text")
    with pytest.raises(_Broken):
        overlap.clean_train(tmp_path / "c", test, tmp_path / "new", n=3, workers=2, progress=fails)
    assert ends == ["stopped", "in its folder"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "test.txt"]


def test_an_error_of_whoever_asked_ends_a_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads stop before the folder is free for another build."""
    ends: list[str] = []
    begun = threading.Event()
    held = build.held

    def slow(task: object) -> None:
        begun.set()
        _until_stopped(ends)

    @contextmanager
    def noted(folder: Path, *, replace: bool) -> Iterator[Path]:
        with held(folder, replace=replace) as work:
            try:
                yield work
            finally:
                ends.append("free")

    def fails(stage: str, done: int, total: int) -> None:
        if stage == "hash" and done:
            assert begun.wait(30)
            raise _Broken

    monkeypatch.setattr(build, "held", noted)
    monkeypatch.setattr(pieces, "digest_block", lambda file, index: slow(file))
    with pytest.raises(_Broken):
        overlap.build_index(stored(tmp_path / "a.txt", "words " * 9), tmp_path / "i", workers=2, progress=fails)
    assert ends == ["stopped", "free"]
