"""One corpus in every form: the same filter, byte for byte. And every verb over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import call
from inputs import encoded, stored, tabular
from webserver import Web, serving

import overlap
from overlap import Source
from overlap.corpus import remote

TEXTS = [" ".join(f"w{(i * i + j * 7) % 997}" for j in range(5 + i % 40)) for i in range(4000)]
ROWS = [{"text": text, "id": i} for i, text in enumerate(TEXTS)]
FORMS = ["txt", "jsonl", "jsonl.gz", "jsonl.zst", "json", "csv", "parquet", "arrow", "save_to_disk", "http", "http.gz",
         "http.parquet", "memory", "object", "shuffled-parts", "iterable"]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote, "_PAUSE", 0.0)
        patch.setattr("overlap.corpus.storage.PIECE", 50_000)
        patch.setattr("overlap.corpus.storage._RANDOM_PIECE", 1000)
        patch.setattr("overlap.corpus.streams._STEP", 1000)
        patch.setattr("overlap.corpus.readers.SMALLEST_SHARD", 40_000)
        datasets.disable_progress_bars()
        yield


@pytest.fixture(scope="module")
def server() -> Iterator[Web]:
    with serving({}) as web:
        yield web


@pytest.fixture
def web(server: Web) -> Web:
    server.drops = 0
    return server


def table(kind: str) -> bytes:
    sink = pa.BufferOutputStream()
    if kind != "parquet":
        return tabular(pa.Table.from_pylist(ROWS), kind)
    pq.write_table(pa.Table.from_pylist(ROWS), sink, row_group_size=300)
    return bytes(sink.getvalue())


def form(kind: str, folder: Path, web: Web) -> Any:
    """The corpus as a source of this kind."""
    data = datasets.Dataset.from_list(ROWS)
    if kind == "save_to_disk":
        data.save_to_disk(str(folder / "saved"), num_shards=3)
        return str(folder / "saved")
    if kind in ("object", "iterable", "shuffled-parts"):
        halves = [data.select(range(1500)), data.select(range(1500, 4000))]
        made = {"object": data, "iterable": data.to_iterable_dataset()}
        return Source("web", data=made.get(kind) or datasets.concatenate_datasets(halves[::-1]))
    extension = {"memory": "jsonl", "http": "jsonl", "http.gz": "jsonl.gz", "http.parquet": "parquet"}.get(kind, kind)
    name = f"web.{extension}"
    raw = encoded([{"text": text} for text in TEXTS], "text") if kind == "txt" else None
    base = extension.partition(".")[0]
    path = stored(folder / name, raw or (table(base) if base in ("parquet", "arrow") else encoded(ROWS, base)))
    if kind == "memory":
        import fsspec

        fsspec.filesystem("memory").pipe("/same/web.jsonl", path.read_bytes())
        return "memory://same/web.jsonl"
    web.files[name] = path.read_bytes()
    return web.url(name) if kind.startswith("http") else str(path)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, server: Web) -> bytes:
    folder = tmp_path_factory.mktemp("expected")
    overlap.build_index(form("jsonl", folder, server), folder / "index", n=5, workers=1)
    return (folder / "index" / "filter.bin").read_bytes()


@pytest.mark.parametrize("kind", FORMS)
def test_the_same_filter(tmp_path: Path, web: Web, expected: bytes, kind: str) -> None:
    source = form(kind, tmp_path, web)
    if kind.startswith("http"):
        web.drop_after, web.drops = 3000, 3
    index = overlap.build_index(source, tmp_path / "index", n=5, workers=3, by_line=kind == "txt")
    assert (tmp_path / "index" / "filter.bin").read_bytes() == expected
    assert index.manifest.documents == len(TEXTS)
    assert index.manifest.ngrams == sum(max(0, len(text.split()) - 4) for text in TEXTS)


def test_every_verb_over_http_says_what_it_says_of_files(tmp_path: Path, web: Web) -> None:
    """With connections that break; only the places are called differently."""
    test = encoded([{"text": TEXTS[i] if i % 2 else f"nothing of {i} in it at all" * 3} for i in range(40)], "jsonl")
    local = {"web": stored(tmp_path / "train" / "a.jsonl", encoded(ROWS, "jsonl")),
             "mine": stored(tmp_path / "mine.jsonl", test)}  # fmt: skip
    web.files |= {"train/a.jsonl": local["web"].read_bytes(), "mine.jsonl": test}
    at = {"web": web.url("train/"), "mine": web.url("mine.jsonl")}
    on_disk = _story(tmp_path / "disk", web, {name: str(path) for name, path in local.items()})
    assert _story(tmp_path / "web", web, at) == on_disk


def _story(folder: Path, web: Web, at: dict[str, str]) -> list[Any]:
    """What check, build, measure, scan, locate and clean say of two sources."""
    web.drop_after = 2000
    train, test = f"web={at['web']}", f"mine={at['mine']}"
    web.drops = 4
    checked = overlap.check(train, test, n=5)
    web.drops = 4
    index = overlap.build_index(train, folder / "index", n=5)
    web.drops = 4
    measured = overlap.measure(index, test)
    web.drops = 4
    scanned, found = overlap.scan(train, test, n=5)
    overlap.Report(measured).save(folder / "result")
    web.drops = 4
    (located,) = overlap.locate(overlap.load_result(folder / "result"), train)
    web.drops = 0
    splits = overlap.clean_test(measured, folder / "split")
    cleaned = overlap.clean_train(train, test, folder / "clean", n=5)
    assert [match.source for match in located.matches] == [
        found[0].matches[i].source for i in range(len(found[0].matches))
    ]
    kept = sorted((path.name, path.read_bytes()) for path in (folder / "clean").rglob("*.jsonl") if path.name[0] != "_")
    return [
        [int(item.hits.sum()) for item in (*checked, *measured, *scanned)],
        [str(item.train.signature) for item in (*checked, *measured)],
        [(match.example, match.row, match.units) for match in located.matches],
        [(split.clean, split.dirty, split.too_short) for split in splits],
        cleaned,
        kept,
        [item.digest for item in measured[0].test_sources],
    ]


def test_a_remote_test_set_that_has_changed_is_not_located(tmp_path: Path, web: Web) -> None:
    web.files["t.jsonl"] = encoded(ROWS[:20], "jsonl")
    web.files["u.jsonl"] = encoded(ROWS[:50], "jsonl")
    result = call("scan", "--train", web.url("u.jsonl"), "--test", web.url("t.jsonl"), "-o", tmp_path / "r")
    assert result.exit_code == 0, result.stderr
    web.files["t.jsonl"] = encoded(ROWS[1:21], "jsonl")
    overlaps = overlap.load_result(tmp_path / "r")
    with pytest.raises(overlap.OverlapError, match=r"t\.jsonl has changed since it was measured; measure again"):
        overlap.locate(overlaps, web.url("u.jsonl"))
    del web.files["t.jsonl"]
    with pytest.raises(overlap.OverlapError, match=r"t\.jsonl: no such file or directory"):
        overlap.locate(overlaps, web.url("u.jsonl"))


def test_a_training_file_that_changes_during_the_build_is_refused(
    tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.files["c.jsonl"] = encoded(ROWS, "jsonl")
    fetch = remote.fetch

    def fetch_and_change(*arguments: Any) -> bytes:
        raw = fetch(*arguments)
        web.files["c.jsonl"] = encoded(ROWS[1:], "jsonl")
        return raw

    monkeypatch.setattr(remote, "fetch", fetch_and_change)
    with pytest.raises(overlap.OverlapError, match=r"c\.jsonl: the file changed while it was read"):
        overlap.build_index(web.url("c.jsonl"), tmp_path / "index")
    monkeypatch.setattr(remote, "fetch", fetch)
    assert overlap.build_index(web.url("c.jsonl"), tmp_path / "index").manifest.documents == len(ROWS) - 1


@pytest.mark.parametrize("etags", [True, False])
def test_a_build_that_lost_its_server_goes_on(
    tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch, expected: bytes, etags: bool
) -> None:
    """What was read is not fetched again; without an ETag nothing tells that it is the same, within one run aside."""
    web.files["r.jsonl"] = encoded(ROWS, "jsonl")
    monkeypatch.setattr("overlap.building.plan._SMALLEST_PACK", 1)
    monkeypatch.setattr(web, "etags", etags)
    fetch = remote.fetch

    def fetch_the_beginning(*arguments: Any) -> bytes:
        if arguments[3] > 300_000:
            raise OSError("the network is unreachable")
        return fetch(*arguments)

    monkeypatch.setattr(remote, "fetch", fetch_the_beginning)
    with pytest.raises(
        overlap.OverlapError, match=r"cannot be fetched \(6 tries\): OSError: the network is unreachable"
    ):
        overlap.build_index(web.url("r.jsonl"), tmp_path / "index", n=5, workers=1)
    spilled = {path.name for path in (tmp_path / "index" / "work").glob("*.spill")}
    assert len(spilled) >= 4
    monkeypatch.setattr(remote, "fetch", fetch)
    monkeypatch.setattr("overlap.corpus.storage._PROCESS", "another run")
    web.sent = 0
    overlap.build_index(web.url("r.jsonl"), tmp_path / "index", n=5, workers=1)
    assert (tmp_path / "index" / "filter.bin").read_bytes() == expected
    size = len(web.files["r.jsonl"])
    assert (web.sent < 2 * size) == etags, (web.sent, size)


def test_no_secret_is_stored(tmp_path: Path, web: Web) -> None:
    web.files |= {"s.jsonl": encoded(ROWS[:50], "jsonl"), "s.txt": b"w1 w2"}
    place = web.address.removeprefix("http://")
    secret = f"http://anna:s3cret@{place}/s.jsonl?X-Amz-Signature=0f3c0f3c"
    outcome = call("scan", "--train", secret, "--test", f"t={secret}", "-o", tmp_path / "r", "--format", "json")
    assert outcome.exit_code == 0, outcome.stderr
    built = call("build", secret, "-o", tmp_path / "index")
    assert built.exit_code == 0, built.stderr
    assert json.loads(outcome.stdout)["results"][0]["train"] == "s"
    everything = outcome.output + built.output
    for path in tmp_path.rglob("*"):
        everything += path.read_bytes().decode("latin-1") if path.is_file() else path.name
    assert not [word for word in ("anna", "s3cret", "0f3c0f3c") if word in everything]
