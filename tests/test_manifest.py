"""The manifest: one way to write it, and nothing in it that depends on when, where or how fast it was made."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import OTHER, SENTENCE, kept_bytes

import overlap
from overlap.errors import CorruptIndex, IndexFileError, UnsupportedVersion
from overlap.manifest import Manifest, PartitionRow, read_manifest, write_manifest
from overlap.results import SourceInfo

counts = st.integers(0, 10**12)
rates = st.floats(1e-15, 0.1)
digests = st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}")
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
manifests = st.builds(
    Manifest,
    name=names,
    n=st.integers(1, 64),
    unit=st.just("word"),
    normaliser=st.just("alnum-1"),
    document=st.sampled_from(["file", "line", "record", "mixed"]),
    fpr=rates,
    filter_fpr=rates,
    k=st.sampled_from([4, 20, 40]),
    bits_per_key=rates,
    documents=counts,
    units=counts,
    ngrams=counts,
    distinct=counts,
    corpus_digest=digests,
    sources=st.lists(
        st.builds(SourceInfo, names, names, st.lists(names, max_size=3).map(tuple), names, counts, digests), max_size=3
    ).map(tuple),
    partitions=st.lists(
        st.builds(PartitionRow, counts, st.integers(0, 2**20), rates, digests), min_size=1, max_size=4
    ).map(tuple),
    tool=st.just("overlap 0.1.0"),
)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text(SENTENCE)
    overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i")
    return tmp_path / "i"


@settings(derandomize=True, deadline=None, max_examples=100)
@given(manifests)
def test_any_manifest_reads_back(tmp_path_factory: pytest.TempPathFactory, manifest: Manifest) -> None:
    folder = tmp_path_factory.mktemp("m")
    write_manifest(folder, manifest)
    assert [item.name for item in folder.iterdir()] == ["manifest.json"]
    assert read_manifest(folder) == manifest
    assert (folder / "manifest.json").read_bytes() == manifest.to_bytes()


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["format", "format_version", "n", "partitions", "sources", "name"]), inner, max_size=6
    ),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_file_of_others_is_taken_for_a_manifest(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("m")
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(IndexFileError):
        read_manifest(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [(key, value) for key in ("k", "partitions") for value in (None, -1, "x", [], {}, [[]], [[1, 2]])]
    + [("sources", value) for value in (None, -1, "x", [[]], [{}])],
    ids=repr,
)
def test_wrong_structure_under_a_digest_that_fits(key: str, value: Any, built: Path) -> None:
    """As a program with a defect might write it: still an index error, not a traceback."""
    body = json.loads((built / "manifest.json").read_text())
    del body["~digest"]
    body[key] = value
    raw = (json.dumps(body, sort_keys=True, indent=1) + "\n").encode()
    digest = hashlib.sha256(raw).hexdigest().encode()
    (built / "manifest.json").write_bytes(raw.removesuffix(b"\n}\n") + b',\n "~digest": "' + digest + b'"\n}\n')
    with pytest.raises(IndexFileError):
        overlap.open_index(built)


def test_digest_is_of_the_rest(built: Path) -> None:
    raw = (built / "manifest.json").read_bytes()
    body = json.loads(raw)
    digest = body.pop("~digest")
    canonical = (json.dumps(body, sort_keys=True, indent=1) + "\n").encode()
    assert hashlib.sha256(canonical).hexdigest() == digest


def test_it_says_everything_that_is_known(built: Path) -> None:
    body = json.loads((built / "manifest.json").read_bytes())
    assert (body["format"], body["format_version"]) == ("overlap-index", 1)
    assert body["signature"].startswith("n:8|unit:word|norm:alnum-1|docs:file|fpr:1e-08|train:a#")
    assert body["bound"] == body["realised_fpr"] + body["hash_floor"]
    assert body["hash_floor"] == 10 / 2**64
    assert (body["documents"], body["units"], body["ngrams"], body["distinct"]) == (1, 17, 10, 10)
    assert (body["page_bytes"], body["filter_bytes"], body["k"]) == (4096, 4096, 20)
    (source,) = body["sources"]
    assert source["digest"] == "sha256:" + hashlib.sha256(SENTENCE.encode()).hexdigest()
    assert source["bytes"] == len(SENTENCE)
    (partition,) = body["partitions"]
    assert partition[3] == hashlib.sha256((built / "filter.bin").read_bytes()).hexdigest()


def test_nothing_in_it_tells_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same text at the same relative path, at another time, in another place: the same bytes."""
    found = []
    for number in (1, 2):
        folder = tmp_path / f"place{number}"
        folder.mkdir()
        monkeypatch.chdir(folder)
        Path("a.txt").write_text(SENTENCE)
        os.utime("a.txt", (number * 10**8, number * 10**8))
        overlap.build_index("a.txt", "i", workers=number)
        found.append(kept_bytes(folder / "i"))
    assert found[0] == found[1]


@pytest.mark.parametrize("text", [SENTENCE + "\n", SENTENCE.replace("fox", "ox"), SENTENCE.upper(), OTHER])
def test_other_bytes_have_another_corpus_digest(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    (tmp_path / "b.txt").write_text(text)
    first, second = (
        overlap.build_index(str(tmp_path / f"{name}.txt"), tmp_path / name, name="c").manifest for name in "ab"
    )
    assert first.corpus_digest != second.corpus_digest
    assert first.signature != second.signature


def test_same_files_elsewhere_have_the_same_corpus_digest(tmp_path: Path) -> None:
    """A signature names what was read, not where it lay."""
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "c.txt").write_text(SENTENCE)
    first, second = (overlap.build_index(str(tmp_path / name), tmp_path / f"{name}.i", name="c") for name in "ab")
    assert first.manifest.corpus_digest == second.manifest.corpus_digest
    assert first.manifest.signature == second.manifest.signature


def test_other_normaliser_is_another_version(built: Path) -> None:
    manifest = replace(read_manifest(built), normaliser="alnum-2")
    write_manifest(built, manifest)
    with pytest.raises(UnsupportedVersion, match="alnum-2"):
        overlap.open_index(built)


def test_filter_of_another_index_is_refused(built: Path, tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text(OTHER)
    overlap.build_index(str(tmp_path / "b.txt"), tmp_path / "other")
    (built / "filter.bin").write_bytes((tmp_path / "other" / "filter.bin").read_bytes())
    overlap.open_index(built)  # its size is right; only the digests can tell
    with pytest.raises(CorruptIndex):
        overlap.verify_index(built)
