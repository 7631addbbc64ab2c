"""A text file that is one document, searched in windows: the same as if it were held whole."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inputs import stored

import overlap
from overlap.corpus import InputFile, Shard, TextWindows, plan_shards, readers, resolve, windows
from overlap.corpus.sources import parse_source
from overlap.errors import BadRecord
from overlap.locating import long_text
from overlap.results import Findings, Overlap


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of about 64 bytes, shards of about 300, little read ahead at first."""
    monkeypatch.setattr(long_text, "PIECE", 64)
    monkeypatch.setattr(readers, "SMALLEST_SHARD", 300)
    monkeypatch.setattr(windows, "_LOOK_AHEAD", 500)
    monkeypatch.setattr(windows, "_LOOK_BACK", 500)


def _file(path: Path) -> InputFile:
    return resolve([parse_source(str(path))])[0]


def _both(folder: Path, text: str, tests: list[str], n: int, workers: int = 2) -> list[tuple[Overlap, Findings]]:
    """What scan finds in a text as a file, and in the same text as one JSON record (which is always held whole)."""
    test = stored(folder / "test.jsonl", "".join(json.dumps({"text": item}) + "\n" for item in tests))
    record = json.dumps({"text": text}, ensure_ascii=False)
    sources = [f"a={stored(folder / 'a.txt', text)}", f"a={stored(folder / 'a.jsonl', record)}"]
    sources.append(f"a={stored(folder / 'a.txt.gz', text)}")
    found = [overlap.scan(source, str(test), n=n, workers=workers, sample_documents=3) for source in sources]
    return [(overlaps[0], findings[0]) for overlaps, findings in found]


def _same(outcomes: list[tuple[Overlap, Findings]]) -> None:
    (first, whole), *others = outcomes
    for other, findings in others:
        assert (other.train.documents, other.train.ngrams) == (first.train.documents, first.train.ngrams)
        assert other.run_starts.tolist() == first.run_starts.tolist()
        assert other.run_lengths.tolist() == first.run_lengths.tolist()
        assert findings.runs == whole.runs
        assert [replace(match, source="") for match in findings.matches] == [
            replace(match, source="") for match in whole.matches
        ]


letters = st.lists(
    st.sampled_from(["a", "b", "c", "é", "漢", " ", "  ", "\n", " a b ", "x" * 90, " " * 700, " a b c a b c a b c "]),
    max_size=120,
).map("".join)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])  # constants, never changed
@given(letters, st.lists(letters, min_size=1, max_size=3), st.integers(1, 5))
def test_any_text_in_windows(
    small_pieces: None, tmp_path_factory: pytest.TempPathFactory, text: str, tests: list[str], n: int
) -> None:
    if len(overlap.units(text)) < n or all(len(overlap.units(item)) < n for item in tests):
        return
    _same(_both(tmp_path_factory.mktemp("any"), text, tests, n))


@pytest.mark.usefixtures("small_pieces")
def test_stretches_over_pieces_and_shards(tmp_path: Path) -> None:
    """Long stretches that begin in one shard and end in another: whole, once, with spans of the whole file."""
    rng = random.Random(7)
    shared = [" ".join(rng.choices("abcdefgh", k=400)) for _ in range(3)]
    foreign = [" ".join(f"é{rng.randrange(99)}" for _ in range(150)) for _ in range(4)]
    text = "\n".join(part for pair in zip(foreign, [*shared, ""], strict=True) for part in pair)
    outcomes = _both(tmp_path, text, [f"x {part} y" for part in shared], 8)
    _same(outcomes)
    overlaps, findings = outcomes[0]
    assert len(plan_shards([_file(tmp_path / "a.txt")])) > 5
    assert overlaps.train.documents == 1
    assert {(match.units, match.row) for match in findings.matches} >= {(400, 0)}
    for match in findings.matches:
        assert text[match.train_start : match.train_stop] == match.train_text
        assert text[: match.train_start].endswith(match.train_before)
        assert text[match.train_stop :].startswith(match.train_after)


@pytest.mark.usefixtures("small_pieces")
def test_the_cut_does_not_depend_on_workers(tmp_path: Path) -> None:
    rng = random.Random(8)
    text = " ".join(rng.choices(["a", "b", "c", "d"], k=2000))
    outcomes = [_both(tmp_path, text, [text[100:300], text[700:900]], 6, workers)[0][1] for workers in (1, 2, 5)]
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert outcomes[0].runs[0].least_documents == 1


@pytest.mark.usefixtures("small_pieces")
def test_pieces_cover_a_file_once(tmp_path: Path) -> None:
    rng = random.Random(9)
    text = "".join(rng.choices(["a", "é ", "bb\n", " ", "c" * 200, "漢"], k=900)).encode()
    file = _file(stored(tmp_path / "a.txt", text))
    shards = plan_shards([file])
    assert len(shards) > 3
    pieces = []
    for shard in shards:
        for window in TextWindows(shard, 64):
            data = window.data.tobytes()
            assert data[: window.stop] == text[window.position : window.position + window.stop]
            pieces.append(data[window.first : window.last])
    assert b"".join(pieces) == text


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("place", [5, 350, 1999])
def test_bytes_that_are_no_text(tmp_path: Path, place: int) -> None:
    """The place is that in the file, in whichever shard and window it is met."""
    raw = bytearray(b"word " * 400)
    raw[place] = 0xFF
    test = stored(tmp_path / "t.jsonl", json.dumps({"text": "word " * 20}))
    with pytest.raises(BadRecord, match=rf"byte 0xFF at {place:,} of the text"):
        overlap.scan(str(stored(tmp_path / "a.txt", bytes(raw))), str(test))


def test_a_run_as_long_as_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but hits: a window grows to its limit, and counts stay exact."""
    monkeypatch.setattr(long_text, "PIECE", 1000)
    monkeypatch.setattr(long_text, "_LONGEST_WINDOW", 20_000)
    train = stored(tmp_path / "a.txt", "1 " * 50_000)
    test = stored(tmp_path / "t.jsonl", json.dumps({"text": "1 " * 30}))
    (scanned,), (found,) = overlap.scan(str(train), str(test))
    assert scanned.train.ngrams == 50_000 - 7
    assert int(scanned.hits.sum()) == 23
    assert (found.runs[0].longest, found.runs[0].least_documents) == (30, 1)


def test_many_small_files_are_searched_together(tmp_path: Path) -> None:
    """Rows and documents stay those of their files."""
    words = [f"w{i}" for i in range(60)]
    for number in range(40):
        stored(tmp_path / "in" / f"{number:02}.txt", " ".join(words[number % 7 :]))
    stored(tmp_path / "in" / "z.jsonl", "\n".join(json.dumps({"text": " ".join(words[3:])}) for _ in range(4)))
    test = stored(tmp_path / "t.jsonl", json.dumps({"text": " ".join(words[20:])}))
    (scanned,), (found,) = overlap.scan(str(tmp_path / "in"), str(test), sample_documents=44)
    assert scanned.train.documents == 44
    assert found.runs[0].least_documents == 44
    places = [(Path(match.source).name, match.row) for match in found.matches]
    assert sorted(places) == [
        *((f"{number:02}.txt", 0) for number in range(40)),
        *(("z.jsonl", row) for row in range(4)),
    ]


def test_shard_that_is_whole(tmp_path: Path) -> None:
    file = _file(stored(tmp_path / "a.txt", "a b c"))
    assert [shard.is_whole for shard in plan_shards([file])] == [True]
    assert not Shard(file, 0, 3, 3).is_whole
