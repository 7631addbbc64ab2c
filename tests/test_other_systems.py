"""What not every system and file system has: fdatasync, locks, a disk that keeps what it took."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from pathlib import Path

import pytest
from commands import call, refused
from samples import SENTENCE, kept_bytes

import overlap
from overlap.errors import IndexLocked, OutputError
from overlap.executors import tasks


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text(SENTENCE)
    return path


def test_a_build_without_fdatasync(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS; a small filter is brought to the disk as a large one is, in between."""
    overlap.build_index(str(corpus), tmp_path / "usual")
    synced: list[int] = []
    monkeypatch.delattr(os, "fdatasync", raising=False)
    monkeypatch.setattr(os, "fsync", synced.append)
    monkeypatch.setattr("overlap.building.fill._SYNC_EVERY", 1)
    overlap.build_index(str(corpus), tmp_path / "i")
    assert len(synced) >= 2  # in between and at the end
    assert kept_bytes(tmp_path / "i") == kept_bytes(tmp_path / "usual")


@pytest.mark.parametrize("call_of_the_system", ["fdatasync", "fsync"])
def test_what_the_disk_has_lost_is_filled_again(
    call_of_the_system: str, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system says it once; read back from its cache, all looks well."""
    overlap.build_index(str(corpus), tmp_path / "usual")
    monkeypatch.setattr("overlap.building.fill._SYNC_EVERY", 1)

    def fails(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as disk:
        disk.setattr(os, call_of_the_system, fails, raising=False)
        with pytest.raises(OutputError, match="Input/output error"):
            overlap.build_index(str(corpus), tmp_path / "i")
    assert list(tmp_path.rglob("*.spill"))  # hashing is not done again
    assert not list(tmp_path.rglob("filled.jsonl"))
    overlap.build_index(str(corpus), tmp_path / "i")
    assert kept_bytes(tmp_path / "i") == kept_bytes(tmp_path / "usual")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_build_where_there_are_no_locks(
    number: int, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    outcome = call("build", corpus, "-o", tmp_path / "i")
    assert outcome.exit_code == 0
    (line,) = (line for line in outcome.stderr.splitlines() if "no locks" in line)
    assert f"{tmp_path / 'i'}: this file system has no locks ({os.strerror(number)})" in line
    assert overlap.open_index(tmp_path / "i").contains(SENTENCE).all()


def test_a_lock_that_another_build_holds(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def held(*_: object) -> None:
        raise BlockingIOError(errno.EWOULDBLOCK, "Resource temporarily unavailable")

    monkeypatch.setattr(fcntl, "flock", held)
    with pytest.raises(IndexLocked, match="another build is writing here"):
        overlap.build_index(str(corpus), tmp_path / "i")


def test_a_system_without_file_locks(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows, which has no fcntl."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    line = refused(call("build", corpus, "-o", tmp_path / "i"))
    assert "cannot be built on this system, which has no file locks: use Linux or macOS" in line


def test_a_temporary_folder_without_locks_or_room_is_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_compiled_list", lambda: tmp_path / "list")
    monkeypatch.setattr(tasks, "_compiled", set())
    events: list[str] = []

    def no_locks(*_: object) -> None:
        events.append("asked for the lock")
        raise OSError(errno.ENOLCK, "No locks available")

    def no_room(*_: object) -> None:
        events.append("asked for room")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", no_locks)
        patch.setattr(os, "write", no_room)
        with tasks._compiling_alone("hash text"):
            events.append("worked")
    assert events == ["asked for the lock", "worked", "asked for room"]
    assert tasks._compiled == {"hash text"}
