"""How a command ends: whatever happens inside, one line that says so and a status of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from commands import COMMAND, call, refused, spawn
from samples import SENTENCE
from test_resuming import _killed

import overlap
from overlap.errors import BadArgument


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a corpus ``a.txt`` that is a test set too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text(SENTENCE)
    return tmp_path


def _failing(error: BaseException) -> Any:
    def build_index(*arguments: object, **named: object) -> None:
        raise error

    return build_index


@pytest.mark.parametrize("error", [ValueError("no such axis"), KeyError("x"), RuntimeError("a\nb"), AssertionError()])
def test_internal_errors_are_a_line_that_asks_for_a_report(
    error: Exception, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ValueError from below is no usage error; the traceback is for -v only."""
    monkeypatch.setattr(overlap, "build_index", _failing(error))
    line = refused(call("build", "a.txt", "-o", "i"))
    assert line.startswith(f"internal error, please report it with what -v shows: {type(error).__name__}")
    loud = call("build", "a.txt", "-o", "i", "-v")
    assert loud.exit_code == 1
    assert "Traceback" in loud.stderr
    assert loud.stderr.splitlines()[-1].startswith("overlap: error: internal error")


def test_bad_arguments_are_usage_errors(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap, "build_index", _failing(BadArgument("n must be from 1 to 64, not 65")))
    outcome = call("build", "a.txt", "-o", "i")
    assert outcome.exit_code == 2
    assert "n must be from 1 to 64" in outcome.stderr


def test_out_of_memory(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap, "build_index", _failing(MemoryError()))
    assert "--memory" in refused(call("build", "a.txt", "-o", "i"))


@pytest.mark.parametrize("limit", ["nan", "NaN", "-1", "101"])
def test_limits_that_nothing_is_ever_above_are_refused(limit: str, place: Path) -> None:
    outcome = call("check", "--train", "a.txt", "--test", "a.txt", "--fail-above", limit)
    assert outcome.exit_code == 2
    assert "--fail-above" in outcome.stderr


@pytest.mark.parametrize("options", [["--fpr", "nan"], ["--n", "0"]], ids=str)
def test_other_numbers_that_are_none(options: list[str], place: Path) -> None:
    assert call("check", "--train", "a.txt", "--test", "a.txt", *options).exit_code == 2


@pytest.mark.parametrize(
    ("number", "status", "word"), [(signal.SIGINT, 130, "stopped"), (signal.SIGTERM, 143, "terminated")], ids=str
)
def test_signals_say_how_to_resume(
    number: signal.Signals, status: int, word: str, large_corpus: Path, tmp_path: Path
) -> None:
    """In the middle of a build: a line with the command that goes on, and that command does."""
    place = tmp_path / "an index"
    command = [*COMMAND, "build", str(large_corpus), "-o", str(place), "--by-line", "--workers", "1"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while child.poll() is None and not list((place / "work").glob("*.spill")):
        time.sleep(0.001)
    child.send_signal(number)
    output, errors = child.communicate(timeout=60)
    assert (child.returncode, output) == (status, "")
    start, _, again = errors.partition("to resume: ")
    assert start == f"overlap: {word}; "
    assert again == f"overlap build {large_corpus} -o '{place}' --by-line --workers 1\n"
    assert list((place / "work").glob("*.spill"))
    assert overlap.build_index(str(large_corpus), place, by_line=True).manifest.ngrams


def test_a_terminated_check_leaves_no_temporary_index(large_corpus: Path, tmp_path: Path) -> None:
    """Its indexes lie in a temporary folder, which goes with it."""
    (tmp_path / "t.txt").write_text(SENTENCE)
    (tmp_path / "tmp").mkdir()
    command = [*COMMAND, "check", "--train", str(large_corpus), "--test", str(tmp_path / "t.txt"), "--workers", "1"]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    while child.poll() is None and not list((tmp_path / "tmp").rglob("*.spill")):
        time.sleep(0.001)
    child.send_signal(signal.SIGTERM)
    output, errors = child.communicate(timeout=60)
    assert (child.returncode, output) == (143, "")
    assert errors == "overlap: terminated; nothing was left half-written; run it again\n"
    assert list((tmp_path / "tmp").iterdir()) == []


def test_verbose_logs_to_stderr_what_is_done(place: Path) -> None:
    outcome = call("build", "a.txt", "-o", "i", "-vv")
    assert outcome.exit_code == 0
    assert "build a: 1 files, 83 bytes, in 1 pieces" in outcome.stderr
    assert "a.txt: text, 83 bytes" in outcome.stderr
    assert "fill: 1 done in" in outcome.stderr
    assert all(line.startswith("overlap: ") for line in outcome.stderr.splitlines())
    quiet = call("build", "a.txt", "-o", "j")
    assert quiet.stderr == ""


def test_resumed_work_is_shown_as_such(large_corpus: Path, tmp_path: Path) -> None:
    """After a kill in the middle of hashing: in the log, and by the bars."""
    assert _killed(large_corpus, tmp_path / "i", "hash", 6, workers=1)
    options = ["--by-line", "--name", "corpus", "--progress", "always", "-v"]
    outcome = spawn("build", large_corpus, "-o", tmp_path / "i", *options)
    assert outcome.returncode == 0
    assert re.search(r"resumed: [\d.]+ MB of [\d.]+ MB done before", outcome.stderr)
    assert re.search(r"hash: resumed, \d+ of \d+ bytes done before", outcome.stderr)
