"""A thread that reads ahead and a faster gzip decoder change nothing: no byte, no error, no word of it."""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inputs import one_file, stored, texts_of, whole

# Collected here a second time, to be run as ``always_ahead`` says.
from test_readers import (  # noqa: F401
    test_altered_compressed_data_is_refused,
    test_joined_compressed_files_are_read_to_the_end,
)
from test_skipping import (  # noqa: F401
    test_every_record_before_a_damage_is_read,
    test_the_rest_of_a_compressed_file_that_was_cut_off,
)

from overlap.corpus import ahead, read_shard, streams
from overlap.corpus.ahead import DEPTH, StreamAhead
from overlap.corpus.damaged import CutShort
from overlap.corpus.gunzip import _Gunzipped, open_gzip
from overlap.errors import CorpusError

WORDS = random.Random(7)
LINES = [json.dumps({"text": f"{WORDS.random()} {'x' * WORDS.randrange(60)}"}) + "\n" for _ in range(300)]
BODIES = {
    "a.jsonl": "".join(LINES),
    "a.txt": "".join(LINES).replace("{", " "),
    "a.json": "[" + ",".join(LINES) + "]",
    "a.csv": "text\n" + "".join(f"{WORDS.random()}\n" for _ in LINES),
}


@pytest.fixture(autouse=True)
def always_ahead(monkeypatch: pytest.MonkeyPatch) -> Generator[None, None, None]:
    """Every compressed file is read ahead; and nothing of that is left afterwards."""
    monkeypatch.setattr(ahead, "LARGE", 0)
    yield
    assert not _readers()


def _readers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("overlap-ahead")]


def _counting(made: list[int], closed: list[bool], until: int = 50) -> Generator[int, None, None]:
    try:
        for number in range(until):
            made.append(number)
            yield number
        raise CorpusError("the end is missing", "a")
    finally:
        closed.append(True)


def test_the_same_items_then_the_same_error_and_no_more_than_a_few_early() -> None:
    made: list[int] = []
    closed: list[bool] = []
    items = ahead.ahead(_counting(made, closed))
    for number in range(50):
        assert next(items) == number
        assert len(made) <= number + 1 + DEPTH
    with pytest.raises(CorpusError, match="the end is missing"):
        next(items)
    assert closed


@pytest.mark.parametrize("taken", [0, 1, 7])
def test_who_stops_early_leaves_no_thread(taken: int) -> None:
    closed: list[bool] = []
    items = ahead.ahead(_counting([], closed))
    assert [next(items) for _ in range(taken)] == list(range(taken))
    assert bool(_readers()) == (taken > 0)
    items.close()
    assert not _readers()
    assert closed or not taken


class _Breaking(io.BytesIO):
    """A stream that fails with the first byte behind its end; ``lost``, as that of a damaged file."""

    lost = True

    def readinto(self, view: Any) -> int:
        count = super().readinto(view)
        if not count:
            raise EOFError("it ends here")
        return count


@given(st.binary(max_size=300), st.integers(1, 50), st.lists(st.integers(1, 70)))
def test_a_stream_in_steps_is_the_stream(data: bytes, step: int, asked: list[int]) -> None:
    with StreamAhead(io.BytesIO(data), step) as stream:
        pieces = [stream.read(size) for size in asked]
        starts = [sum(asked[:number]) for number in range(len(asked))]
        assert pieces == [data[start : start + size] for start, size in zip(starts, asked, strict=True)]
        assert stream.read() == data[sum(asked) :]
        assert not stream.lost
    with StreamAhead(_Breaking(data), step) as stream:
        assert b"".join(stream.read(1) for _ in data) == data
        assert not stream.lost
        for _ in range(2):
            with pytest.raises(EOFError, match="it ends here"):
                stream.readinto(bytearray(step))


def _outcome(path: Path, block: int, mode: str) -> tuple[list[str], Any, str]:
    """(texts, what was skipped, error) of reading a file."""
    file = one_file(path, by_line=True, on_bad_record=mode)
    batches = []
    error = ""
    try:
        for batch in read_shard(whole(file), block):
            batches.append(batch)
    except CorpusError as caught:
        error = str(caught)
    return texts_of(batches), [kind for batch in batches for kind in batch.skipped], error


def _zlib(source: Callable[[], Any]) -> Any:
    return gzip.open(source(), "rb")


def _damaged(raw: bytes, other: bytes) -> list[bytes]:
    middle = len(raw) // 2
    return [
        raw,
        raw + other,  # several members or frames
        raw + b"\0" * 40,
        raw + b"garbage behind",
        raw[:middle],
        raw[:-5],
        raw[:middle] + bytes([raw[middle] ^ 0x21]) + raw[middle + 1 :],
        raw[:-6] + bytes([raw[-6] ^ 1]) + raw[-5:],  # a checksum
        raw[:20] + b"\xff" * 9 + raw[29:],
        other,
        b"",
    ]


@pytest.mark.parametrize("mode", ["stop", "skip"])
@pytest.mark.parametrize("compression", [".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("name", list(BODIES))
def test_hostile_files_are_the_same_by_every_way(
    name: str, compression: str, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = BODIES[name]
    bad = body[: len(body) // 3] + "{broken\n" + body[len(body) // 3 :]
    empty = stored(tmp_path / f"empty{compression}", b"").read_bytes()
    raw = stored(tmp_path / f"raw{compression}", body).read_bytes()
    cases = [*_damaged(raw, empty), stored(tmp_path / f"bad{compression}", bad).read_bytes()]
    path, gz = tmp_path / (name + compression), compression == ".gz"
    errors = 0
    for number, case in enumerate(cases):
        path.write_bytes(case)
        ways = []
        for large, gunzip in [(1 << 40, _zlib), (0, open_gzip), (1 << 40, open_gzip), (0, _zlib)][: 4 if gz else 2]:
            monkeypatch.setattr(ahead, "LARGE", large)
            monkeypatch.setattr(streams, "open_gzip", gunzip)
            ways.append(_outcome(path, 1 << 12, mode))
        assert all(way == ways[0] for way in ways), number
        errors += bool(ways[0][2])
    assert errors >= 5 or mode == "skip"  # bzip2 passes over what stands behind, text has no bad lines


def _read(source: Callable[[], Any], step: int) -> tuple[bytes, str]:
    found = bytearray()
    view = bytearray(step)
    stream = open_gzip(source)
    with stream:
        try:
            while count := stream.readinto(view):
                found += view[:count]
        except Exception as error:
            return bytes(found), f"{type(error).__name__}: {error}"
    return bytes(found), ""


def test_zlib_has_the_last_word_on_altered_gzip_data(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("isal")
    alter = random.Random(3)
    body = bytes(alter.choices(b"abcdefgh \n", k=60_000))
    whole = gzip.compress(body) + gzip.compress(b"") + gzip.compress(b"a second member\n" * 1000)
    refused = 0
    for number in range(300):
        data = bytearray(whole)
        place = alter.randrange(len(data)) if number % 3 else alter.choice([0, 2, 3, 9, len(data) - 3, len(data) - 7])
        if number % 4 == 0:
            del data[place:]
        elif number % 4 == 1:
            data[place:place] = alter.randbytes(3)
        else:
            data[place] ^= 1 << alter.randrange(8)
        raw, step = bytes(data), alter.choice([100, 4096, 1 << 20])
        fast = _read(lambda raw=raw: io.BytesIO(raw), step)
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, "isal", None)
            assert fast == _read(lambda raw=raw: io.BytesIO(raw), step), number
        refused += bool(fast[1])
    assert refused > 200


def test_gzip_that_only_zlib_reads_is_read_on_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that gives up somewhere costs time, and changes nothing."""
    igzip = pytest.importorskip("isal.igzip")

    class GivesUp(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 5000:
                raise EOFError("it cannot go on")
            return super().read(size)

    monkeypatch.setattr(igzip, "open", lambda stored, mode: GivesUp(BODIES["a.jsonl"].encode()))
    path = stored(tmp_path / "a.jsonl.gz", BODIES["a.jsonl"])
    assert _outcome(path, 1 << 11, "stop") == ([json.loads(line)["text"] for line in LINES], [], "")


def _nothing_to_open(*given: object) -> Any:
    raise FileNotFoundError("nothing is there")


def _half_made(kind: type[Any], *given: Any) -> Any:
    """What an error in its making leaves for the interpreter to close."""
    stream = kind.__new__(kind)
    with pytest.raises(FileNotFoundError):
        stream.__init__(*given)
    return stream


@pytest.mark.parametrize(
    "make",
    [
        lambda raw: _half_made(_Gunzipped, lambda: raw, _nothing_to_open, ()),
        lambda raw: _half_made(CutShort, lambda: raw, _nothing_to_open),
    ],
    ids=["gunzip", "cut short"],
)
def test_a_stream_whose_decoder_cannot_begin_is_closed(make: Callable[[io.BytesIO], Any]) -> None:
    raw = io.BytesIO(b"nothing of it is read")
    stream = make(raw)
    stream.close()
    assert stream.closed
    assert raw.closed


@pytest.mark.parametrize(
    "given", [(_Gunzipped, _nothing_to_open, gzip.open, ()), (CutShort, _nothing_to_open, gzip.open)]
)
def test_a_stream_of_nothing_is_closed(given: tuple[Any, ...]) -> None:
    stream = _half_made(*given)
    stream.close()
    assert stream.closed
