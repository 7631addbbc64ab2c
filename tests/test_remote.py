"""Remote files: read like local ones, through every fault that a server may have."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from inputs import COMPRESSIONS, FORMATS, encoded, one_file, read, stored, texts_of
from webserver import Web, serving

from overlap.corpus import Source, parse_source, plan_shards, read_shard, remote, resolve, storage, text_before
from overlap.corpus.addresses import address_name, shown
from overlap.errors import CorpusError

ROWS = [{"text": f"record {i} says hello number {i * 7} to all who read it"} for i in range(60)]
LINES = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_PAUSE", 0.0)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving({"a.jsonl": LINES}) as server:
        yield server


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_reads_as_it_does_from_the_disk(
    tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch, kind: str, compression: str
) -> None:
    monkeypatch.setattr(storage, "PIECE", 1000)
    monkeypatch.setattr(storage, "_RANDOM_PIECE", 300)
    extension = {"text": "txt", "arrow-stream": "arrow"}.get(kind, kind) + compression
    local = stored(tmp_path / f"data.{extension}", encoded(ROWS, kind))
    web.files[f"data.{extension}"] = local.read_bytes()
    assert read(web.url(f"data.{extension}")) == read(local)


@pytest.mark.parametrize("kind", ["text", "jsonl", "parquet"])
def test_shards_of_a_remote_file_are_ranges(web: Web, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr("overlap.corpus.readers.SMALLEST_SHARD", 500)
    name = f"data.{'txt' if kind == 'text' else kind}"
    web.files[name] = encoded(ROWS, kind)
    file = one_file(web.url(name), by_line=True)
    shards = plan_shards([file])
    assert len(shards) > 3
    values = [text.rstrip("\n") for shard in shards for text in texts_of(list(read_shard(shard)))]
    assert values == [row["text"] for row in ROWS]
    assert all(wanted for method, _, wanted in web.asked if method == "GET")


def test_a_column_of_a_remote_table_comes_without_the_others(web: Web) -> None:
    table = pa.table({"text": ["a few words"] * 100, "other": [f"{i:09}" * 999 for i in range(100)]})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="none", use_dictionary=False)
    web.files["t.parquet"] = sink.getvalue()
    assert read(web.url("t.parquet")) == ["a few words"] * 100
    assert web.sent < len(sink.getvalue()) / 2


@pytest.mark.parametrize("drop_after", [0, 1, 700])
def test_dropped_connections_are_taken_up_again(web: Web, drop_after: int) -> None:
    web.drop_after, web.drops = drop_after, 4
    assert len(read(web.url("a.jsonl"))) == len(ROWS)
    assert web.drops == 0


def test_what_a_connection_cannot_carry_comes_in_smaller_pieces(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "SMALLEST_PIECE", 256)
    web.drop_after, web.drops = 600, -1
    assert len(read(web.url("a.jsonl"))) == len(ROWS)


def test_a_connection_that_always_breaks_is_one_clear_error(web: Web) -> None:
    web.drop_after, web.drops = 0, -1
    with pytest.raises(CorpusError, match=r"a\.jsonl: cannot be fetched \(6 tries\): Client\w+") as caught:
        read(web.url("a.jsonl"))
    assert len([ask for ask in web.asked if ask[0] == "GET"]) == remote.TRIES
    assert "\n" not in str(caught.value)


def test_silently_short_answers_are_asked_for_again(web: Web) -> None:
    """Without a length, a body that is cut off looks like a whole one."""
    file = one_file(web.url("a.jsonl"))
    web.lengths, web.truncate = False, 100
    stream = storage.open_raw(file)
    assert stream.read(2000) == LINES[:2000]
    web.truncate = 10**6
    with pytest.raises(CorpusError, match=r"cannot be fetched \(6 tries\): EOFError: nothing was sent"):
        stream.read()


def test_stumbling_servers_are_asked_again(web: Web) -> None:
    web.statuses = [500, 503, 429, 408]
    assert len(read(web.url("a.jsonl"))) == len(ROWS)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "no such file or directory"),
        (403, r"access was refused \(HTTP status 403\): mind the credentials"),
        (401, r"access was refused \(HTTP status 401\): mind the credentials"),
        (500, r"cannot be fetched \(4 tries\): HTTP status 500"),
        (400, r"cannot be fetched \(1 try\): HTTP status 400"),
    ],
)
def test_refusals_say_what_the_server_said(web: Web, status: int, message: str) -> None:
    web.always = status
    with pytest.raises(CorpusError, match=rf"^{web.url('a.jsonl')}: {message}$"):
        one_file(web.url("a.jsonl"))


def test_access_lost_in_the_middle(web: Web) -> None:
    file = one_file(web.url("a.jsonl"))
    web.always = 403
    with pytest.raises(CorpusError, match="access was refused"):
        list(read_shard(plan_shards([file])[0]))


def test_nobody_answers() -> None:
    with serving({}) as web:
        url = web.url("a.jsonl")
    with pytest.raises(CorpusError, match=r"cannot be fetched \(4 tries\): ClientConnector\w*Error"):
        one_file(url)


@pytest.mark.parametrize("compression", ["", ".gz", ".zst"])
@pytest.mark.parametrize(("ranges", "lengths"), [(False, True), (False, False), (True, False)])
def test_servers_without_ranges_or_lengths(
    tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch, ranges: bool, lengths: bool, compression: str
) -> None:
    monkeypatch.setattr(storage, "PIECE", 1000)
    web.files["b.jsonl" + compression] = stored(tmp_path / ("b.jsonl" + compression), LINES).read_bytes()
    web.ranges, web.lengths = ranges, lengths
    assert len(read(web.url("b.jsonl" + compression))) == len(ROWS)
    if not ranges:
        fetched = [ask for ask in web.asked if ask[0] == "GET"]
        assert read(web.url("b.jsonl" + compression))  # from the copy
        # Compressed, the file is so small that one request brings it whole: for its first bytes, and to be read.
        assert len([ask for ask in web.asked if ask[0] == "GET"]) <= len(fetched) + (2 if compression else 1)


def test_a_copy_whose_transfer_breaks_is_begun_again(web: Web) -> None:
    web.files["c.jsonl"] = LINES
    web.ranges, web.drop_after, web.drops = False, 900, 3
    file = one_file(web.url("c.jsonl"))
    assert storage.spool_remote(file.path) == len(LINES)


@pytest.mark.parametrize("etags", [True, False])
@pytest.mark.parametrize("change", [b"", LINES[:1500], LINES + LINES, LINES.replace(b"hello", b"jello")])
def test_a_file_that_changes_while_it_is_read(
    web: Web, monkeypatch: pytest.MonkeyPatch, change: bytes, etags: bool
) -> None:
    monkeypatch.setattr(storage, "PIECE", 1000)
    web.etags = etags
    file = one_file(web.url("a.jsonl"))
    stream = storage.open_raw(file)
    stream.read(500)
    web.files["a.jsonl"] = change
    assert storage.state_of(file) != (file.size, file.version) or (not etags and len(change) == len(LINES))
    if etags or len(change) < len(LINES):
        with pytest.raises(CorpusError, match="the file changed while it was read: run the build again"):
            stream.read()


def test_directories_and_patterns(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    web.files.clear()
    web.files |= {f"d/{name}": LINES for name in ("b.jsonl", "a.jsonl", "sub/c.txt", "_x.jsonl", ".y.jsonl")}
    caplog.set_level(logging.INFO, "overlap")
    files = resolve([Source("d", web.url("d/"))])
    assert [file.label for file in files] == [web.url(f"d/{name}") for name in ("a.jsonl", "b.jsonl", "sub/c.txt")]
    assert "2 hidden files left out" in caplog.text
    files = resolve([Source("d", web.url("d/*.jsonl"))])
    assert [file.label for file in files] == [web.url(f"d/{name}.jsonl") for name in ("_x", "a", "b")]
    with pytest.raises(CorpusError, match="no file matches this pattern"):
        resolve([Source("d", web.url("d/*.parquet"))])
    with pytest.raises(CorpusError, match="no files in this directory"):
        resolve([Source("d", web.url("empty/"))])


def test_memory_file_system(tmp_path: Path) -> None:
    import fsspec

    system = fsspec.filesystem("memory")
    for name in ("m/b.jsonl", "m/a.jsonl.gz", "m/deep/c.txt", "m/_hidden.txt"):
        system.pipe(f"/{name}", stored(tmp_path / name, LINES).read_bytes())
    labels = [file.label for file in resolve([Source("m", "memory://m")])]
    assert labels == ["memory:///m/a.jsonl.gz", "memory:///m/b.jsonl", "memory:///m/deep/c.txt"]
    assert read("memory://m/a.jsonl.gz") == read("memory://m/b.jsonl") == [row["text"] for row in ROWS]
    assert len(resolve([Source("m", "memory://m/*.jsonl*")])) == 2
    assert text_before(one_file("memory://m/deep/c.txt"), 40, 20) in LINES[:40]
    with pytest.raises(CorpusError, match="memory://m/none: no such file or directory"):
        resolve([Source("m", "memory://m/none")])


def test_files_inside_a_remote_archive(tmp_path: Path, web: Web) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("in/a.jsonl", LINES)
        archive.writestr("in/b.jsonl", LINES)
    web.files["x.zip"] = (tmp_path / "x.zip").read_bytes()
    files = resolve([parse_source(f"zip://in/*.jsonl::{web.url('x.zip')}")])
    assert [file.label for file in files] == [f"zip://in/{name}.jsonl::{web.url('x.zip')}" for name in "ab"]
    assert len(read(files[0].path)) == len(ROWS)


@pytest.mark.parametrize("chain", ["simplecache", "filecache", "blockcache"])
def test_the_name_of_a_cached_file_is_its_own(chain: str) -> None:
    assert address_name(f"{chain}::https://me:pw@host/a/c.jsonl.gz?x=1") == "c.jsonl.gz"
    assert parse_source(f"{chain}::https://host/a/c.jsonl.gz::text").name == "c"


@pytest.mark.parametrize("chain", ["simplecache", "filecache"])  # blockcache: fsspec leaves a file open
@pytest.mark.parametrize("name", ["c.jsonl", "c.csv", "c.jsonl.gz"])
def test_a_cache_before_an_address_changes_nothing(tmp_path: Path, web: Web, chain: str, name: str) -> None:
    """Such a link of a chain names no file: format and name come from the one behind it."""
    kind = name.split(".")[1]
    web.files = {name: stored(tmp_path / name, encoded(ROWS, kind)).read_bytes()}
    source = parse_source(f"{chain}::{web.url(name)}::text")
    assert (source.name, source.fields) == ("c", ("text",))
    (file,) = resolve([source])
    assert file.format == kind
    assert read(source.path) == [row["text"] for row in ROWS]
    (found,) = resolve([parse_source(f"{chain}::{web.url(name.replace('c.', '*.', 1))}")])
    assert (found.label, found.format) == (f"{chain}::{web.url(name)}", kind)


@pytest.mark.parametrize(
    ("path", "package"), [("s3://bucket/a.jsonl", "s3fs"), ("gs://bucket/*.jsonl", "gcsfs"), ("abfs://c/a", "adlfs")]
)
def test_what_another_package_opens(path: str, package: str) -> None:
    with pytest.raises(CorpusError, match=rf":// needs another package: pip install {package}$"):
        resolve([Source("x", path)])


def test_unknown_addresses() -> None:
    with pytest.raises(CorpusError, match="no such kind of address"):
        resolve([Source("x", "nonsense://a/b")])


def test_local_addresses_are_local_files(tmp_path: Path) -> None:
    path = stored(tmp_path / "with space.jsonl", LINES)
    assert one_file(path.as_uri()).path == str(path)


@pytest.mark.parametrize(
    ("address", "visible"),
    [
        ("https://me:pw@host/a.jsonl", "https://host/a.jsonl"),
        ("https://host/a.jsonl?part=2&X-Amz-Signature=0f3c&X-Amz-Credential=AK", "https://host/a.jsonl?part=2"),
        ("https://host/a?sv=2020&sig=abc%3D&se=2030", "https://host/a?sv=2020"),
        ("https://host/a?access_token=abc", "https://host/a"),
        ("https://host/a?id=aGVsbG8gdGhpcyBpcyBhIHNlY3JldCB0b2tlbg", "https://host/a"),
        ("https://host/a?rev=0123456789abcdef0123456789abcdef01234567", None),
        ("https://host/a.jsonl?x=1&y=a%20b", None),
        ("zip://a.txt::https://me:pw@host/x.zip", "zip://a.txt::https://host/x.zip"),
        ("abfs://container@account.dfs.core.windows.net/a", None),
        ("hf://datasets/a/b@main/c.parquet", None),
        ("hf:openai/gsm8k:main@v1", None),
        ("local/a@b.txt?token=1", None),
    ],
)
def test_secrets_are_not_shown(address: str, visible: str | None) -> None:
    assert shown(address) == (address if visible is None else visible)


def test_secrets_stay_out_of_labels_and_messages(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "overlap")
    place = web.address.removeprefix("http://")
    secret = f"http://anna:s3cret@{place}/a.jsonl?X-Amz-Signature=0f3c0f3c&part=1"
    file = one_file(secret)
    assert file.label == f"http://{place}/a.jsonl?part=1"
    web.drops = -1
    with pytest.raises(CorpusError) as caught:
        read(secret)
    web.always = 403
    with pytest.raises(CorpusError) as refused:
        read(secret)
    told = f"{caught.value} {refused.value} {caught.value.path} {caplog.text}"
    assert "trying again" in told
    assert not [word for word in ("s3cret", "0f3c", "anna") if word in told]
