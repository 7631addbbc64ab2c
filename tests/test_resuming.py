"""Builds that were killed, that ran out of disk, that others are running: what is done stays done, bytes are right."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import COMMAND, only_line, refused, spawn
from samples import OTHER, SENTENCE, flip, kept_bytes, write_corpus

import overlap
from overlap.errors import IncompleteBuild, IndexLocked, OutputError

SUICIDE = [sys.executable, str(Path(__file__).parent / "kill_and_resume.py")]


@pytest.fixture(scope="module")
def undisturbed(large_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What any build of the large corpus must come to, in the end."""
    place = tmp_path_factory.mktemp("undisturbed") / "i"
    overlap.build_index(str(large_corpus), place, by_line=True)
    return kept_bytes(place)


def _command(corpus: Path, place: Path, workers: int = 2) -> list[str]:
    options = ["--by-line", "--workers", str(workers), "--progress", "never"]
    return [*COMMAND, "build", str(corpus), "-o", str(place), *options]


def _start(corpus: Path, place: Path, workers: int = 2) -> subprocess.Popen[str]:
    """Start a build, and wait until it has begun to work."""
    child = subprocess.Popen(
        _command(corpus, place, workers), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while child.poll() is None and not (place / "work").exists():
        time.sleep(0.001)
    return child


def _killed(corpus: Path, place: Path, stage: str, number: int, workers: int = 2) -> bool:
    """A build that is killed at this report of this stage; whether there was such a report."""
    command = [*SUICIDE, str(place), stage, str(number), str(workers), "bloom", str(corpus)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert outcome.returncode in (0, -signal.SIGKILL), outcome.stderr
    return outcome.returncode == -signal.SIGKILL


def _resumed(corpus: Path, place: Path) -> dict[str, bytes]:
    overlap.build_index(str(corpus), place, name="corpus", by_line=True)
    overlap.verify_index(place)
    return kept_bytes(place)


def test_killed_at_ten_random_moments(large_corpus: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """Ten builds, each killed once at a random moment of its work, each resumed."""
    child = _start(large_corpus, tmp_path / "whole")
    begun = time.perf_counter()
    assert child.wait() == 0
    child.communicate()
    duration = time.perf_counter() - begun
    source = random.Random(11)
    killed = 0
    for number in range(10):
        place = tmp_path / str(number)
        child = _start(large_corpus, place)
        time.sleep(source.uniform(0, 0.9) * duration)
        child.kill()
        _, errors = child.communicate()
        if child.returncode == -signal.SIGKILL:
            killed += 1
            assert not (place / "manifest.json").exists() or not errors
        resumed = subprocess.run(_command(large_corpus, place), capture_output=True, text=True, check=False)
        assert (resumed.returncode, resumed.stderr) == (0, "")
        assert kept_bytes(place) == undisturbed, number
    assert killed >= 5


def test_killed_again_and_again(large_corpus: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """One build, killed whenever it has finished one more piece of hashing, then of filling."""
    place = tmp_path / "i"
    pieces = 0
    while _killed(large_corpus, place, "hash", 2, workers=1):  # report 1 says what is done already
        pieces += 1
        if pieces == 5:
            break
    units = 0
    while _killed(large_corpus, place, "fill", units + 1):
        units += 1
        with pytest.raises(IncompleteBuild, match="again to resume"):
            overlap.open_index(place)
        if units == 5:
            break
    assert (pieces, units) == (5, 5)
    assert _resumed(large_corpus, place) == undisturbed


@pytest.mark.parametrize("number", [1, 4, 8])
def test_killed_while_filling(number: int, large_corpus: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    assert _killed(large_corpus, tmp_path / "i", "fill", number, workers=3)
    assert _resumed(large_corpus, tmp_path / "i") == undisturbed


def _spills(place: Path) -> dict[str, int]:
    return {item.name: item.stat().st_mtime_ns for item in (place / "work").glob("*.spill")}


def test_finished_spills_are_taken_up(large_corpus: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """Killed while hashing, and again at the end of hashing: the first attempt's spills are the second one's."""
    assert _killed(large_corpus, tmp_path / "i", "hash", 6, workers=1)
    first = _spills(tmp_path / "i")
    assert 2 <= len(first) < 8
    assert _killed(large_corpus, tmp_path / "i", "fill", 1)
    second = _spills(tmp_path / "i")
    assert len(second) == 8
    assert {name: second[name] for name in first} == first
    assert _resumed(large_corpus, tmp_path / "i") == undisturbed


def test_spills_of_a_changed_file_are_made_again(tmp_path: Path) -> None:
    """One of four files changes between the attempts, in size or only in time: the other three are not read again."""
    corpus = write_corpus(tmp_path / "c", files=4, words=200_000)
    assert _killed(corpus, tmp_path / "i", "fill", 1)
    before = _spills(tmp_path / "i")
    longer = (corpus / "1.txt").read_text() + OTHER
    (corpus / "1.txt").write_text(longer)
    text = (corpus / "2.txt").read_text()
    (corpus / "2.txt").write_text(text.upper().replace("A", "B"))
    assert _killed(corpus, tmp_path / "i", "fill", 1)
    after = _spills(tmp_path / "i")
    assert len(before) == len(after) == 4
    assert len(before.items() & after.items()) == 2
    overlap.build_index(str(corpus), tmp_path / "new", name="corpus", by_line=True)
    assert _resumed(corpus, tmp_path / "i") == kept_bytes(tmp_path / "new")


@pytest.mark.parametrize("damage", ["truncated", "empty", "longer", "shorter inside", "other bytes", "trailer"])
def test_damaged_spill_is_made_again(
    damage: str, large_corpus: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    assert _killed(large_corpus, tmp_path / "i", "fill", 1)
    spill = sorted((tmp_path / "i" / "work").glob("*.spill"))[3]
    content = spill.read_bytes()
    damaged = {
        "truncated": content[: len(content) // 2],
        "empty": b"",
        "longer": content + bytes(64),
        "shorter inside": content[:8000] + content[16000:],
        "other bytes": random.Random(1).randbytes(len(content)),
        "trailer": content[:-1] + bytes([content[-1] ^ 1]),
    }[damage]
    spill.write_bytes(damaged)
    assert _resumed(large_corpus, tmp_path / "i") == undisturbed


@pytest.mark.parametrize("damage", ["flipped", "truncated", "gone", "longer"])
def test_damaged_half_of_a_filter_is_made_again(
    damage: str, large_corpus: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """What an earlier attempt has written is believed by its digest, not by its size."""
    assert _killed(large_corpus, tmp_path / "i", "fill", 6)
    half = tmp_path / "i" / "work" / "filter.bin"
    size = half.stat().st_size
    assert 0 < size < len(undisturbed["filter.bin"])
    if damage == "flipped":
        flip(half, 8 * (size // 2) + 3)
    elif damage == "truncated":
        os.truncate(half, size // 2 + 5)
    elif damage == "longer":
        with open(half, "ab") as stream:
            stream.write(bytes(5000))
    else:
        half.unlink()
    assert _resumed(large_corpus, tmp_path / "i") == undisturbed


def test_other_options_after_a_kill(large_corpus: Path, tmp_path: Path) -> None:
    """The resumed build asks for another n, another rate: nothing of the first attempt gets into it."""
    assert _killed(large_corpus, tmp_path / "i", "fill", 6)
    options = {"name": "corpus", "by_line": True, "n": 5, "fpr": 1e-4}
    overlap.build_index(str(large_corpus), tmp_path / "i", **options)  # type: ignore[arg-type]
    overlap.build_index(str(large_corpus), tmp_path / "new", **options)  # type: ignore[arg-type]
    assert kept_bytes(tmp_path / "i") == kept_bytes(tmp_path / "new")


def test_remains_of_a_build_that_was_killed_while_tidying_up(
    large_corpus: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """The index is complete, but gigabytes of spills lie beside it: the next build of the same removes them."""
    assert _killed(large_corpus, tmp_path / "i", "fill", 1)
    spill = next((tmp_path / "i" / "work").glob("*.spill")).read_bytes()
    _resumed(large_corpus, tmp_path / "i")
    (tmp_path / "i" / "work").mkdir()
    for name in ("lock", "plan.key", "0123.spill"):
        (tmp_path / "i" / "work" / name).write_bytes(spill)
    overlap.build_index(str(large_corpus), tmp_path / "i", name="corpus", by_line=True)
    assert kept_bytes(tmp_path / "i") == undisturbed


@pytest.mark.parametrize("stage", ["hash", "fill"])
def test_second_build_into_the_same_place(stage: str, tmp_path: Path) -> None:
    """Started in the middle of the first: it ends at once, and the first does not notice."""
    (tmp_path / "a.txt").write_text(SENTENCE)
    (tmp_path / "b.txt").write_text(OTHER)
    lines: list[str] = []

    def report(reached: str, done: int, total: int) -> None:
        if reached == stage and not lines:
            lines.append(refused(spawn("build", tmp_path / "a.txt", "-o", tmp_path / "i")))
            lines.append(refused(spawn("build", tmp_path / "b.txt", "-o", tmp_path / "i", "--force")))
            with pytest.raises(IndexLocked):
                overlap.build_index(str(tmp_path / "b.txt"), tmp_path / "i")

    index = overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i", progress=report)
    assert [line for line in lines if "another build is writing here" in line] == lines
    assert len(lines) == 2
    assert index.contains(SENTENCE).all()
    overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "fresh", name=index.manifest.name)
    assert kept_bytes(tmp_path / "i") == kept_bytes(tmp_path / "fresh")


@pytest.mark.parametrize("limit", [1 << 20, 1 << 23], ids=["while hashing", "while filling"])
def test_disk_full(limit: int, large_corpus: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """No file can grow over the limit, as if the disk were full: one line, and then a resume."""

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    outcome = subprocess.run(
        _command(large_corpus, tmp_path / "i"), capture_output=True, text=True, check=False, preexec_fn=little_room
    )
    line = refused(outcome)
    assert line.startswith(f"{tmp_path / 'i'}: cannot be written: File too large")
    assert "resumes" in line
    taken_up = _spills(tmp_path / "i")
    assert len(taken_up) == (0 if limit < 1 << 22 else 8)
    assert _resumed(large_corpus, tmp_path / "i") == undisturbed


def test_disk_full_in_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)

    def full(*arguments: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        patch.setattr(Path, "replace", full)
        with pytest.raises(OutputError, match="No space left on device"):
            overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i")
    assert overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i").contains(SENTENCE).all()


def test_interrupted_by_the_keyboard(large_corpus: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """Ctrl-C in the middle of a build: one line, status 130, and the same command goes on."""
    place = tmp_path / "i"
    child = _start(large_corpus, place, workers=1)
    while child.poll() is None and not list((place / "work").glob("*.spill")):
        time.sleep(0.001)
    child.send_signal(signal.SIGINT)
    output, errors = child.communicate(timeout=60)
    assert (child.returncode, output) == (130, "")
    assert errors.count("\n") == 1
    assert errors.startswith("overlap: ")
    assert not (place / "manifest.json").exists()
    with pytest.raises(IncompleteBuild):
        overlap.open_index(place)
    resumed = subprocess.run(_command(large_corpus, place), capture_output=True, text=True, check=False)
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert kept_bytes(place) == undisturbed


def test_half_built_index_is_refused_by_every_command(large_corpus: Path, tmp_path: Path) -> None:
    assert _killed(large_corpus, tmp_path / "i", "fill", 2)
    (tmp_path / "t.txt").write_text(SENTENCE)
    for command in (["info"], ["verify"], ["measure", tmp_path / "t.txt", "--index"]):
        line = only_line(spawn(*command, tmp_path / "i").stderr)
        assert "has not finished" in line
        assert "again to resume" in line
