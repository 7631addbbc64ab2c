"""Indexes with a fuse filter: whatever works on an index works on them, and what is none of them is refused."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from commands import call, refused
from format_one import mix, ngram_hash
from format_two import difference
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import OTHER, SENTENCE, flip, kept_bytes, write_corpus

import overlap
from overlap.errors import CorruptIndex, IndexExists, IndexFileError, NotAnIndex, UnsupportedVersion
from overlap.fuse import FuseFilter, FuseRow, fuse_partition
from overlap.manifest import read_manifest, write_manifest
from overlap.sealed import seal, unseal
from overlap.signature import Signature

FORMAT_2 = Path(__file__).parent / "data" / "format2.index"
# The corpus of that index: two documents by line. Made once, with overlap 0.1.0, by
#   printf '%s\n%s\n' "$SENTENCE" "$OTHER" > format2.txt
#   overlap build format2.txt --by-line --filter fuse -o format2.index
SUICIDE = [sys.executable, str(Path(__file__).parent / "kill_and_resume.py")]
FIRST_FIVE_THOUSAND = "39b344e5bbc9e00384c909a4e662bf2fcd5957afaee38ac6b4bb8057c920366b"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four files, 1.4 million n-grams: four partitions."""
    return write_corpus(tmp_path_factory.mktemp("fused") / "corpus", files=4, words=360_000)


@pytest.fixture(scope="module")
def wide(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of four partitions."""
    place = tmp_path_factory.mktemp("wide") / "i"
    overlap.build_index(str(corpus), place, name="corpus", by_line=True, filter="fuse", workers=1)
    return place


@pytest.fixture
def small(tmp_path: Path) -> Path:
    shutil.copytree(FORMAT_2, tmp_path / "i")
    return tmp_path / "i"


def words_of(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()


def ngram_hashes(text: str, n: int = 8) -> list[int]:
    words = words_of(text)
    return [ngram_hash(words[at : at + n]) for at in range(len(words) - n + 1)]


def test_an_index_of_format_2_opens_forever() -> None:
    index = overlap.open_index(FORMAT_2)
    assert str(index.manifest.signature) == (
        "n:8|unit:word|norm:alnum-1|docs:line|fpr:1e-08|filter:fuse|train:format2#27b8fea7f6e2|v:0.1.0"
    )
    for text in (SENTENCE, OTHER):
        assert index.contains(text).all()
    assert not index.contains(f"{OTHER[:20]} {SENTENCE}")[:4].any()
    found = overlap.verify_index(FORMAT_2, probes=1_000_000)
    assert (found.partitions, found.hits, found.bound) == (1, 0, 2.0**-27 + 22 / 2**64)


def test_format_2_is_as_described() -> None:
    """Read with nothing of ours but the description in plain Python."""
    body = json.loads((FORMAT_2 / "manifest.json").read_text())
    data = (FORMAT_2 / "filter.bin").read_bytes()
    ((row),) = body["partitions"]
    assert body["format_version"] == 2
    assert row[1] * 8 == len(data)
    keys = [*ngram_hashes(SENTENCE), *ngram_hashes(OTHER)]
    assert len(set(keys)) == row[0] == 22
    assert all(difference(key, row, data, 0, body["fingerprint_bits"]) == 0 for key in keys)


def test_the_same_text_still_makes_format_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "format2.txt").write_text(f"{SENTENCE}\n{OTHER}\n")
    monkeypatch.chdir(tmp_path)
    index = overlap.build_index("format2.txt", "format2.index", by_line=True, filter="fuse")
    assert kept_bytes(tmp_path / "format2.index") == {
        name: (FORMAT_2 / name).read_bytes() for name in ("manifest.json", "filter.bin")
    }
    assert isinstance(index.filter, FuseFilter)


def test_the_same_keys_still_make_the_same_slots() -> None:
    keys = np.array([mix(number) for number in range(1, 5001)], np.uint64)
    part = fuse_partition(keys, 3, 27)
    assert hashlib.sha256(part.words.tobytes()).hexdigest() == FIRST_FIVE_THOUSAND


def test_a_bloom_index_says_nothing_of_filters(tmp_path: Path) -> None:
    """Its bytes are those of before there were others."""
    (tmp_path / "a.txt").write_text(SENTENCE)
    index = overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i", filter="bloom")
    raw = (tmp_path / "i" / "manifest.json").read_text()
    assert '"format_version": 1' in raw
    assert "fuse" not in raw
    assert "filter:" not in str(index.manifest.signature)
    assert '"filter"' not in raw
    assert "fingerprint_bits" not in raw


def test_any_workers_and_any_memory_make_the_same_bytes(corpus: Path, wide: Path, tmp_path: Path) -> None:
    for number, options in enumerate(({"workers": 3}, {"workers": 2, "memory": "64MB"})):
        place = tmp_path / str(number)
        overlap.build_index(str(corpus), place, name="corpus", by_line=True, filter="fuse", **options)
        assert kept_bytes(place) == kept_bytes(wide)


def test_another_order_of_documents_makes_the_same_filter(corpus: Path, wide: Path, tmp_path: Path) -> None:
    lines = [line for number in (3, 1, 0, 2) for line in (corpus / f"{number}.txt").read_text().splitlines()[::-1]]
    (tmp_path / "a.txt").write_text("\n".join(lines) + "\n")
    overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i", by_line=True, filter="fuse")
    assert (tmp_path / "i" / "filter.bin").read_bytes() == (wide / "filter.bin").read_bytes()


def test_other_processes_make_the_same_bytes(corpus: Path, wide: Path, tmp_path: Path) -> None:
    """The way of clusters: partitions come as files."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        place = tmp_path / "i"
        overlap.build_index(str(corpus), place, name="corpus", by_line=True, filter="fuse", executor=processes)
    assert kept_bytes(place) == kept_bytes(wide)


@pytest.mark.parametrize(("stage", "number"), [("hash", 2), ("fill", 1), ("fill", 3)])
def test_killed_and_resumed(stage: str, number: int, corpus: Path, wide: Path, tmp_path: Path) -> None:
    command = [*SUICIDE, str(tmp_path / "i"), stage, str(number), "2", "fuse", str(corpus)]
    assert subprocess.run(command, capture_output=True, check=False, timeout=120).returncode == -signal.SIGKILL
    overlap.build_index(str(corpus), tmp_path / "i", name="corpus", by_line=True, filter="fuse")
    assert kept_bytes(tmp_path / "i") == kept_bytes(wide)


def test_a_build_that_goes_on_with_the_other_filter_begins_its_filling_again(
    corpus: Path, wide: Path, tmp_path: Path
) -> None:
    command = [*SUICIDE, str(tmp_path / "i"), "fill", "3", "2", "bloom", str(corpus)]
    assert subprocess.run(command, capture_output=True, check=False, timeout=120).returncode == -signal.SIGKILL
    overlap.build_index(str(corpus), tmp_path / "i", name="corpus", by_line=True, filter="fuse")
    assert kept_bytes(tmp_path / "i") == kept_bytes(wide)


def test_an_index_of_the_other_filter_is_in_the_way(small: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "j", filter="fuse")
    before = kept_bytes(tmp_path / "j")
    with pytest.raises(IndexExists, match="other sources or options"):
        overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "j")
    overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "j", filter="fuse")
    assert kept_bytes(tmp_path / "j") == before
    index = overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "j", force=True)
    assert index.manifest.filter == "bloom"


def test_every_line_of_the_corpus_is_known_and_it_is_a_quarter_smaller(corpus: Path, wide: Path) -> None:
    index = overlap.open_index(wide)
    (found,) = overlap.measure(index, str(corpus), by_line=True)
    assert found.flags.all()
    assert found.flags.size == index.manifest.ngrams
    assert 8 * index.manifest.filter_bytes / index.manifest.distinct < 30.5
    assert len(index.manifest.partitions) == 4


def test_verify_measures_a_coarse_rate(corpus: Path, tmp_path: Path) -> None:
    index = overlap.build_index(str(corpus), tmp_path / "i", by_line=True, filter="fuse", fpr=1e-3)
    assert index.manifest.fingerprint_bits == 10
    found = overlap.verify_index(tmp_path / "i", probes=10_000_000)
    assert found.consistent
    assert found.hits == pytest.approx(10_000_000 / 1024, rel=0.06)
    assert found.bound <= 1e-3


@pytest.mark.parametrize("n", [1, 5, 13])
@pytest.mark.parametrize("fpr", [0.1, 1e-12])
def test_any_n_and_rate(n: int, fpr: float, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{SENTENCE}\n{OTHER}\n")
    index = overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i", n=n, fpr=fpr, filter="fuse", by_line=True)
    assert index.contains(SENTENCE).all()
    assert index.manifest.bound <= fpr
    assert overlap.verify_index(tmp_path / "i", probes=1000).consistent


def test_a_union_of_both_kinds(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    (tmp_path / "b.txt").write_text(OTHER)
    (tmp_path / "t.txt").write_text(f"{SENTENCE}\n{OTHER}\nnothing of all this was ever in any of the two texts\n")
    overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "a", filter="fuse")
    overlap.build_index(str(tmp_path / "b.txt"), tmp_path / "b")
    command = ["measure", tmp_path / "t.txt", "--by-line", "--index", tmp_path / "a", "--index", tmp_path / "b"]
    results = json.loads(call(*command, "--format", "json").stdout)["results"]
    fused, plain, union = results
    assert fused["hits"] == len(ngram_hashes(SENTENCE))
    assert plain["hits"] == len(ngram_hashes(OTHER))
    assert union["hits"] == fused["hits"] + plain["hits"]
    signatures = [item["signature"] for item in results]
    assert ["filter:fuse" in item for item in signatures] == [True, False, True]


def test_signatures_with_a_filter() -> None:
    text = "n:8|unit:word|norm:alnum-1|docs:line|fpr:1e-08|filter:fuse|train:web#ab12cd|v:0.1.0"
    found = Signature.parse(text)
    assert (found.filter, str(found)) == ("fuse", text)
    assert found.method() == Signature.parse(text.replace("|filter:fuse", "")).method()
    for other in (text.replace("fuse", "bloom"), f"filter:fuse|{text.replace('|filter:fuse', '')}"):
        with pytest.raises(ValueError, match="not a signature"):
            Signature.parse(other)


def test_a_flipped_bit_of_any_byte_of_the_slots_is_found(small: Path) -> None:
    filter_bin = small / "filter.bin"
    for byte in range(filter_bin.stat().st_size):
        bit = 8 * byte + byte % 8
        flip(filter_bin, bit)
        with pytest.raises(CorruptIndex, match="is damaged in partition 0"):
            overlap.verify_index(small, workers=1)
        flip(filter_bin, bit)
    overlap.verify_index(small)


def test_a_flipped_bit_of_any_byte_of_a_manifest_is_found(small: Path) -> None:
    manifest = small / "manifest.json"
    for byte in range(manifest.stat().st_size):
        bit = 8 * byte + byte % 8
        flip(manifest, bit)
        with pytest.raises((CorruptIndex, NotAnIndex, UnsupportedVersion)):
            overlap.open_index(small)
        flip(manifest, bit)
    overlap.open_index(small)


def test_damage_names_its_partition(wide: Path, tmp_path: Path) -> None:
    shutil.copytree(wide, tmp_path / "i")
    start = 0
    for number, row in enumerate(read_manifest(wide).partitions):
        for bit in (start, start + 8 * row.bytes - 1):
            flip(tmp_path / "i" / "filter.bin", bit)
            with pytest.raises(CorruptIndex, match=f"damaged in partition {number}:"):
                overlap.verify_index(tmp_path / "i")
            flip(tmp_path / "i" / "filter.bin", bit)
        start += 8 * row.bytes


def _truncated(place: Path) -> None:
    os.truncate(place / "filter.bin", 199)


def _a_word_short(place: Path) -> None:
    os.truncate(place / "filter.bin", 192)


def _gone(place: Path) -> None:
    (place / "filter.bin").unlink()


def _resealed(**changes: object) -> Callable[[Path], None]:
    """A manifest that was altered by one who knows how to seal it."""

    def damage(place: Path) -> None:
        body, _ = unseal((place / "manifest.json").read_bytes())
        (place / "manifest.json").write_bytes(seal({**body, **changes}))

    return damage


def _with_row(**changes: object) -> Callable[[Path], None]:
    def damage(place: Path) -> None:
        body, _ = unseal((place / "manifest.json").read_bytes())
        names = list(FuseRow.__dataclass_fields__)
        (row,) = body["partitions"]
        body["partitions"] = [[changes.get(name, value) for name, value in zip(names, row, strict=True)]]
        (place / "manifest.json").write_bytes(seal(body))

    return damage


DAMAGES = {
    "truncated": (_truncated, CorruptIndex, "199 bytes instead of 200"),
    "a word short": (_a_word_short, CorruptIndex, "192 bytes instead of 200"),
    "gone": (_gone, CorruptIndex, "filter.bin is missing"),
    "said to be format 1": (_resealed(format_version=1), CorruptIndex, "altered"),
    "said to be format 3": (_resealed(format_version=3), UnsupportedVersion, "index format 3; this overlap reads"),
    "another filter": (_resealed(filter="ribbon"), CorruptIndex, "altered"),
    "a bloom filter": (_resealed(filter="bloom"), CorruptIndex, "altered"),
    "fingerprints of other bits": (_resealed(fingerprint_bits=26), CorruptIndex, "no such filter"),
    "fingerprints of no bits": (_resealed(fingerprint_bits=0), CorruptIndex, "no such filter"),
    "fingerprints of half a bit": (_resealed(fingerprint_bits=26.5), CorruptIndex, "no such filter"),
    "fingerprints of a text": (_resealed(fingerprint_bits="27"), CorruptIndex, "no such filter"),
    "more segments": (_with_row(segments=5), CorruptIndex, "no such filter"),
    "no segments": (_with_row(segments=0), CorruptIndex, "no such filter"),
    "huge segments": (_with_row(segment_bits=60), CorruptIndex, "no such filter"),
    "a seed never tried": (_with_row(seed=64), CorruptIndex, "no such filter"),
    "half a word": (_with_row(words=24.5), CorruptIndex, "altered"),
    "no keys": (_with_row(keys=0), CorruptIndex, "no such filter"),
    "more words": (_with_row(words=26), CorruptIndex, "altered"),
    "no partitions": (_resealed(partitions=[]), CorruptIndex, "altered"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_one_clear_line(name: str, small: Path, tmp_path: Path) -> None:
    damage, kind, text = DAMAGES[name]
    (tmp_path / "t.txt").write_text(SENTENCE)
    damage(small)
    with pytest.raises(kind) as caught:
        overlap.open_index(small)
    assert isinstance(caught.value, IndexFileError)
    for command in (["info", small], ["verify", small], ["measure", tmp_path / "t.txt", "--index", small]):
        line = refused(call(*command))
        assert line.startswith(f"{small}: ")
        assert text in line


numbers = st.integers(0, 10**12)
rows = st.builds(
    FuseRow, numbers, numbers, numbers, st.integers(0, 15), st.integers(0, 63), st.floats(0, 0.1), st.text(max_size=9)
)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.lists(rows, min_size=1, max_size=4), st.integers(1, 57), numbers)
def test_any_manifest_reads_back(
    tmp_path_factory: pytest.TempPathFactory, partitions: list[FuseRow], bits: int, distinct: int
) -> None:
    manifest = replace(read_manifest(FORMAT_2), partitions=tuple(partitions), fingerprint_bits=bits, distinct=distinct)
    folder = tmp_path_factory.mktemp("m")
    write_manifest(folder, manifest)
    assert read_manifest(folder) == manifest
    assert (folder / "manifest.json").read_bytes() == manifest.to_bytes()
    with pytest.raises(CorruptIndex):
        overlap.open_index(folder)


def test_commands(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{SENTENCE}\n{OTHER}\n")
    source, place = tmp_path / "a.txt", tmp_path / "i"
    built = call("build", source, "--by-line", "--filter", "fuse", "-o", place)
    assert built.exit_code == 0, built.stderr
    assert "200 bytes, false positives at most 7.45e-09" in built.stdout
    assert "|filter:fuse|" in built.stdout
    shown = call("info", place).stdout
    assert "binary fuse: 56 slots of 27 bits in 1 partitions, four a key" in shown
    assert "7.45e-09 realised by the fingerprints" in shown
    body = json.loads(call("info", place, "--format", "json").stdout)
    assert (body["format_version"], body["filter"], body["fingerprint_bits"]) == (2, "fuse", 27)
    assert "k" not in body
    assert "page_bytes" not in body
    verified = call("verify", place, "--probes", "100000")
    assert "verdict: consistent with the bound" in verified.stdout
    saved = call("measure", source, "--by-line", "--index", place, "-o", tmp_path / "r")
    assert saved.exit_code == 0, saved.stderr
    page = call("report", tmp_path / "r", "--format", "html")
    assert "filter:fuse" in page.stdout
    located = call("locate", tmp_path / "r", "--train", f"a={source}", "--by-line")
    assert located.exit_code == 0, located.stderr


def test_check_keeps_indexes_of_each_kind(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    command = ["check", "--train", tmp_path / "a.txt", "--test", tmp_path / "a.txt", "--index-dir", tmp_path / "kept"]
    for options, kept in (([], 1), (["--filter", "fuse"], 2), (["--filter", "fuse"], 2), (["--filter", "bloom"], 2)):
        outcome = call(*command, *options)
        assert outcome.exit_code == 0, outcome.stderr
        assert len(list((tmp_path / "kept").iterdir())) == kept
    kinds = sorted(read_manifest(place).filter for place in (tmp_path / "kept").iterdir())
    assert kinds == ["bloom", "fuse"]


def test_a_filter_that_there_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    source = str(tmp_path / "a.txt")
    with pytest.raises(ValueError, match="filter must be one of bloom, fuse, not 'cuckoo'"):
        overlap.build_index(source, tmp_path / "i", filter="cuckoo")
    with pytest.raises(ValueError, match="filter must be one of bloom, fuse, not 'cuckoo'"):
        overlap.check(source, source, filter="cuckoo")
    assert call("build", source, "-o", tmp_path / "i", "--filter", "cuckoo").exit_code == 2
    outcome = call("check", "--train", source, "--test", source, "--engine", "reference", "--filter", "fuse")
    assert (outcome.exit_code, "its filter is bloom, not fuse" in outcome.stderr) == (2, True)
    assert not (tmp_path / "i").exists()
