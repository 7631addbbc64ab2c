"""Training files that go, or can no longer be read, between the moment they are cut into shards and their reading."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samples import SENTENCE

import overlap
from overlap.corpus import InputFile, Shard, TextWindows, readers, resolve, start_of, text_to_skip
from overlap.corpus.sources import parse_source
from overlap.corpus.streams import boundary
from overlap.errors import CorpusError
from overlap.hashing import NgramHasher


def _vanishes(path: Path) -> None:
    path.unlink(missing_ok=True)


def _cannot_be_opened(path: Path) -> None:
    """A folder: like a file without permission it has a size and a date, and cannot be opened, even by root."""
    path.unlink(missing_ok=True)
    path.mkdir(exist_ok=True)


either = pytest.mark.parametrize("lose", [_vanishes, _cannot_be_opened])


@pytest.fixture
def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A text that is one document in several shards."""
    monkeypatch.setattr(readers, "SMALLEST_SHARD", 300)
    path = tmp_path / "corpus.txt"
    path.write_text(f"{SENTENCE}\n" * 20)
    return path


def _file(path: Path, **options: Any) -> InputFile:
    return resolve([parse_source(str(path))], **options)[0]


def _refused(path: Path, call: Callable[[], object]) -> None:
    with pytest.raises(CorpusError, match=r"cannot be read") as caught:
        call()
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@either
def test_wherever_a_shard_begins(lose: Callable[[Path], None], text: Path) -> None:
    file = _file(text)
    shard = Shard(file, 300, 600)
    lose(text)
    _refused(text, lambda: boundary(file, 300, True))
    _refused(text, lambda: start_of(shard))
    _refused(text, lambda: NgramHasher(8).start(shard))
    _refused(text, lambda: TextWindows(shard, 64))


@either
def test_a_text_that_may_be_skipped(lose: Callable[[Path], None], text: Path) -> None:
    """It is no bad record: nobody can say what is in it."""
    file = _file(text, on_bad_record="skip")
    lose(text)
    _refused(text, lambda: text_to_skip(Shard(file, 0, file.size)))


def _losing(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, lose: Callable[[Path], None], path: Path) -> None:
    """The file is lost when the second shard of it is begun."""
    usual = getattr(owner, name)

    def losing(self: object, shard: Shard, *others: object) -> None:
        if shard.start > 0:
            lose(path)
        usual(self, shard, *others)

    monkeypatch.setattr(owner, name, losing)


@either
def test_lost_in_a_build(
    lose: Callable[[Path], None], text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _losing(monkeypatch, NgramHasher, "start", lose, text)
    _refused(text, lambda: overlap.build_index(str(text), tmp_path / "i", workers=1))


@either
@pytest.mark.parametrize("on_bad_record", ["stop", "skip"])
def test_lost_in_a_scan(
    on_bad_record: str, lose: Callable[[Path], None], text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = tmp_path / "test.jsonl"
    test.write_text(json.dumps({"text": SENTENCE}) + "\n")
    if on_bad_record == "skip":
        monkeypatch.setattr("overlap.locating.corpus_pass.check_shared", lambda *_: lose(text))
    else:
        _losing(monkeypatch, TextWindows, "__init__", lose, text)
    _refused(text, lambda: overlap.scan(str(text), str(test), workers=1, on_bad_record=on_bad_record))
