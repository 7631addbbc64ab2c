"""Tables do not come into memory whole; those compressed as a whole are decompressed into a temporary file."""

from __future__ import annotations

import resource
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import call, refused
from inputs import read, stored, tabular
from samples import SENTENCE

from overlap.corpus import InputFile, Shard, Source, read_shard, resolve, unpacked
from overlap.corpus.tables import row_groups

KINDS = ["parquet", "arrow", "arrow-stream"]
SIZE = 16 << 20


@pytest.fixture(params=[".gz", ".zst", ".bz2", ".xz"])
def compression(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _large(folder: Path, kind: str, compression: str) -> tuple[Path, int]:
    """A table of 16 MiB and more in many pieces, and its rows."""
    text = SENTENCE * 12
    rows = SIZE // len(text) + 1
    table = pa.table({"text": [text] * rows})
    sink = pa.BufferOutputStream()
    if kind == "parquet":
        pq.write_table(table, sink, row_group_size=500, compression="none", use_dictionary=False)
    else:
        new = pa.ipc.new_file if kind == "arrow" else pa.ipc.new_stream
        with new(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=500)
    raw = sink.getvalue().to_pybytes()
    assert len(raw) > SIZE
    return stored(folder / f"a.{kind.partition('-')[0]}{compression}", raw), rows


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("most", [0, 1 << 20], ids=["in a file", "in memory"])
def test_rows_are_the_same(
    kind: str, most: int, compression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacked, "_IN_MEMORY", most or -1)
    texts = [f"{SENTENCE} {number}" for number in range(50)]
    raw = tabular(pa.table({"text": texts}), kind)
    assert read(stored(tmp_path / f"a.{kind.partition('-')[0]}{compression}", raw)) == texts


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("compression", ["", ".gz", ".zst"])
def test_memory_does_not_follow_the_file(
    kind: str, compression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacked, "_IN_MEMORY", 1 << 20)
    monkeypatch.setattr(unpacked, "PIECE", 1 << 20)
    path, rows = _large(tmp_path, kind, compression)
    (file,) = resolve([Source("a", str(path))])
    tracemalloc.start()
    try:
        found = most = 0
        for batch in read_shard(_whole(file)):
            found += len(batch)
            most = max(most, pa.total_allocated_bytes())
        assert tracemalloc.get_traced_memory()[1] < SIZE // 2
    finally:
        tracemalloc.stop()
    assert found == rows
    assert most < SIZE // 2


def _whole(file: InputFile) -> Shard:
    in_groups = file.format == "parquet" and not file.compression
    return Shard(file, 0, row_groups(file) if in_groups else file.size, file.size)


@contextmanager
def _full_disk(room: int) -> Iterator[None]:
    """No file can grow over ``room`` bytes, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("kind", KINDS)
def test_compressed_data_that_are_cut_off(kind: str, compression: str, tmp_path: Path) -> None:
    """What is wrong is the compression: said as of any compressed file, not as of a table."""
    raw = tabular(pa.table({"text": [f"{SENTENCE} {number}" for number in range(5000)]}), kind)
    path = stored(tmp_path / f"a.{kind.partition('-')[0]}{compression}", raw)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    line = refused(call("build", path, "-o", tmp_path / "i"))
    assert line.startswith(f"{path}: this {compression[1:]} data cannot be read to its end: ")


@pytest.mark.parametrize("on_bad_record", ["stop", "skip"])
@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_no_room_in_the_temporary_folder(
    kind: str, on_bad_record: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is no damage of the file: nothing of it is skipped."""
    monkeypatch.setattr(unpacked, "_IN_MEMORY", 1 << 20)
    path, _ = _large(tmp_path, kind, ".gz")
    with _full_disk(2 << 20):
        outcome = call("build", path, "-o", tmp_path / "i", "--on-bad-record", on_bad_record)
    line = refused(outcome)
    assert line.startswith(f"{path}: cannot be decompressed into the temporary folder ({tempfile.gettempdir()}): ")
    assert "File too large" in line
    assert "TMPDIR" in line


def test_no_temporary_folder_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked, "_IN_MEMORY", 1 << 20)
    path, _ = _large(tmp_path, "parquet", ".gz")
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", _none_of(tmp_path / "gone"))
    line = refused(call("build", path, "-o", tmp_path / "i"))
    assert line.startswith(f"{path}: cannot be decompressed into the temporary folder (there is none): No usable")


def _none_of(path: Path) -> Callable[[], list[str]]:
    return lambda: [str(path)]
