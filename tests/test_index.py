"""An index on disk: it answers, it verifies, and whatever is wrong with it is one clear line from every command."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commands import COMMAND, call, refused, without_privileges
from naive import ngrams
from samples import OTHER, SENTENCE, flip, vocabulary

import overlap
from overlap.errors import CorruptIndex, IndexFileError, NotAnIndex, UnsupportedVersion
from overlap.index import Verification

FORMAT_1 = Path(__file__).parent / "data" / "format1.index"
# The corpus of that index: two documents by line. Made once, with overlap 0.1.0, by
#   printf '%s\n%s\n' "$SENTENCE" "$OTHER" > format1.txt; overlap build format1.txt --by-line -o format1.index
FORMAT_1_FILTER = "c511a282ab6ca7ec2eebe42e57e78997379f01d23270f60f6e6e8f58a466f2d1"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of one partition and one page."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "a.txt").write_text(SENTENCE)
    overlap.build_index(str(folder / "a.txt"), folder / "i")
    return folder / "i"


@pytest.fixture(scope="module")
def wide(large_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of several partitions."""
    folder = tmp_path_factory.mktemp("wide")
    overlap.build_index(str(large_corpus), folder / "i", by_line=True)
    return folder / "i"


def test_an_index_of_format_1_opens_forever() -> None:
    """It is committed; nothing that is done to the program may change what it says."""
    index = overlap.open_index(FORMAT_1)
    assert (
        str(index.manifest.signature)
        == "n:8|unit:word|norm:alnum-1|docs:line|fpr:1e-08|train:format1#27b8fea7f6e2|v:0.1.0"
    )
    for text in (SENTENCE, OTHER):
        assert index.contains(text).all()
        assert index.contains(text.upper().replace(" ", "\n--")).tolist() == [True] * len(ngrams(text, 8))
    assert not index.contains(f"{OTHER[:20]} {SENTENCE}")[:4].any()
    assert not index.contains(" ".join(vocabulary(200_000))).any()
    assert (index.manifest.documents, index.manifest.units, index.manifest.ngrams) == (2, 36, 22)
    found = overlap.verify_index(FORMAT_1, probes=1_000_000)
    assert (found.partitions, found.hits) == (1, 0)


def test_the_same_text_still_makes_format_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes, sizing and bit positions are part of the format: a change of them needs a new format version."""
    assert hashlib.sha256((FORMAT_1 / "filter.bin").read_bytes()).hexdigest() == FORMAT_1_FILTER
    (tmp_path / "format1.txt").write_text(f"{SENTENCE}\n{OTHER}\n")
    monkeypatch.chdir(tmp_path)
    index = overlap.build_index("format1.txt", "format1.index", by_line=True)
    assert hashlib.sha256((index.path / "filter.bin").read_bytes()).hexdigest() == FORMAT_1_FILTER
    old = overlap.open_index(FORMAT_1).manifest
    assert index.manifest.sources == old.sources
    assert index.manifest.partitions == old.partitions


def test_every_flipped_bit_of_a_filter_is_found(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path / "i")
    filter_bin = tmp_path / "i" / "filter.bin"
    for byte in range(filter_bin.stat().st_size):
        flip(filter_bin, 8 * byte + byte % 8)
        with pytest.raises(CorruptIndex, match="is damaged in partition 0"):
            overlap.verify_index(tmp_path / "i", workers=1)
        flip(filter_bin, 8 * byte + byte % 8)
    overlap.verify_index(tmp_path / "i")


def test_every_flipped_bit_of_a_manifest_is_found(small: Path, tmp_path: Path) -> None:
    """Every single one: in names, digits, spaces, digests; opening is enough to find it."""
    shutil.copytree(small, tmp_path / "i")
    manifest = tmp_path / "i" / "manifest.json"
    for bit in range(8 * manifest.stat().st_size):
        flip(manifest, bit)
        with pytest.raises((CorruptIndex, NotAnIndex, UnsupportedVersion)):
            overlap.open_index(tmp_path / "i")
        flip(manifest, bit)
    overlap.open_index(tmp_path / "i")


def test_flipped_bits_of_many_partitions_are_found(wide: Path, tmp_path: Path) -> None:
    """At the edges of partitions and anywhere between; the message names the partition."""
    shutil.copytree(wide, tmp_path / "i")
    filter_bin = tmp_path / "i" / "filter.bin"
    rows = overlap.open_index(wide).manifest.partitions
    source = random.Random(2)
    start = 0
    for number, row in enumerate(rows):
        size = 8 * 4096 * row.pages
        for bit in (start, start + size - 1, start + source.randrange(size), start + source.randrange(size)):
            flip(filter_bin, bit)
            with pytest.raises(CorruptIndex, match=f"damaged in partition {number}:"):
                overlap.verify_index(tmp_path / "i")
            flip(filter_bin, bit)
        start += size
    assert start == 8 * filter_bin.stat().st_size
    overlap.verify_index(tmp_path / "i")


def test_exchanged_partitions_are_found(wide: Path, tmp_path: Path) -> None:
    """All the right pages in the wrong places."""
    shutil.copytree(wide, tmp_path / "i")
    content = (wide / "filter.bin").read_bytes()
    (tmp_path / "i" / "filter.bin").write_bytes(content[4096:8192] + content[:4096] + content[8192:])
    with pytest.raises(CorruptIndex, match="partition 0"):
        overlap.verify_index(tmp_path / "i")


def _no_such(place: Path) -> None:
    shutil.rmtree(place)


def _a_file(place: Path) -> None:
    shutil.rmtree(place)
    place.write_text("{}")


def _empty_folder(place: Path) -> None:
    shutil.rmtree(place)
    place.mkdir()


def _foreign_folder(place: Path) -> None:
    _empty_folder(place)
    (place / "thesis.txt").write_text("precious")


def _foreign_manifest(place: Path) -> None:
    _foreign_folder(place)
    (place / "manifest.json").write_text('{"manifest_version": 3, "name": "an extension"}')


def _unfinished(place: Path) -> None:
    (place / "manifest.json").unlink()
    (place / "work").mkdir()


def _filter_missing(place: Path) -> None:
    (place / "filter.bin").unlink()


def _filter_truncated(place: Path) -> None:
    os.truncate(place / "filter.bin", 4095)


def _filter_empty(place: Path) -> None:
    os.truncate(place / "filter.bin", 0)


def _filter_extended(place: Path) -> None:
    with open(place / "filter.bin", "ab") as stream:
        stream.write(bytes(4096))


def _filter_is_a_folder(place: Path) -> None:
    (place / "filter.bin").unlink()
    (place / "filter.bin").mkdir()


def _manifest_is_a_folder(place: Path) -> None:
    (place / "manifest.json").unlink()
    (place / "manifest.json").mkdir()


def _manifest_truncated(place: Path) -> None:
    os.truncate(place / "manifest.json", 500)


def _manifest_empty(place: Path) -> None:
    os.truncate(place / "manifest.json", 0)


def _manifest_binary(place: Path) -> None:
    (place / "manifest.json").write_bytes(random.Random(1).randbytes(2000))


def _manifest_deep(place: Path) -> None:
    (place / "manifest.json").write_text("[" * 100_000)


def _manifest_list(place: Path) -> None:
    (place / "manifest.json").write_text('["format", "format_version"]')


def _edited(place: Path, **values: Any) -> None:
    body = json.loads((place / "manifest.json").read_text())
    (place / "manifest.json").write_text(json.dumps({**body, **values}, indent=1, sort_keys=True) + "\n")


def _newer_format(place: Path) -> None:
    _edited(place, format_version=3, partitions={"kind": "something new"})


def _manifest_edited(place: Path) -> None:
    _edited(place, ngrams=11)


def _partitions_gone(place: Path) -> None:
    _edited(place, partitions=[])


def _partitions_odd(place: Path) -> None:
    rows = json.loads((place / "manifest.json").read_text())["partitions"]
    _edited(place, partitions=rows * 3)


DAMAGES = {
    _no_such: (NotAnIndex, "no such index"),
    _a_file: (NotAnIndex, "not an overlap index"),
    _empty_folder: (NotAnIndex, "not an overlap index"),
    _foreign_folder: (NotAnIndex, "not an overlap index"),
    _foreign_manifest: (NotAnIndex, "no manifest of an overlap index"),
    _unfinished: (IndexFileError, "has not finished"),
    _filter_missing: (CorruptIndex, "filter.bin is missing"),
    _filter_truncated: (CorruptIndex, "4,095 bytes instead of 4,096"),
    _filter_empty: (CorruptIndex, "0 bytes instead of 4,096"),
    _filter_extended: (CorruptIndex, "8,192 bytes instead of 4,096"),
    _filter_is_a_folder: (CorruptIndex, "filter.bin"),
    _manifest_is_a_folder: (NotAnIndex, "cannot be read"),
    _manifest_truncated: (NotAnIndex, "damaged"),
    _manifest_empty: (NotAnIndex, "damaged"),
    _manifest_binary: (NotAnIndex, "damaged"),
    _manifest_deep: (NotAnIndex, "damaged"),
    _manifest_list: (NotAnIndex, "damaged"),
    _newer_format: (UnsupportedVersion, "index format 3; this overlap reads formats 1 and 2"),
    _manifest_edited: (CorruptIndex, "altered"),
    _partitions_gone: (CorruptIndex, "altered"),
    _partitions_odd: (CorruptIndex, "altered"),
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
def test_damage_is_one_clear_line_from_every_command(damage: Any, small: Path, tmp_path: Path) -> None:
    place = tmp_path / "i"
    shutil.copytree(small, place)
    (tmp_path / "t.txt").write_text(SENTENCE)
    damage(place)
    kind, text = DAMAGES[damage]
    for command in (["info"], ["info", "--format", "json"], ["verify"], ["verify", "--probes", "10"]):
        line = refused(call(*command, place))
        assert line.startswith(f"{place}: ")
        assert text in line
    assert text in refused(call("measure", tmp_path / "t.txt", "--index", place))
    assert text in refused(call("measure", tmp_path / "t.txt", "--index", small, "--index", place))
    with pytest.raises(kind) as caught:
        overlap.open_index(place)
    assert caught.value.path == str(place)


@pytest.mark.parametrize("name", ["manifest.json", "filter.bin", "."])
def test_index_that_may_not_be_read(name: str, small: Path, tmp_path: Path) -> None:
    place = tmp_path / "i"
    shutil.copytree(small, place)
    (place / name).chmod(0)
    for command in (["info"], ["verify"]):
        outcome = subprocess.run(
            [*COMMAND, *command, str(place)],
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=without_privileges,
        )
        assert "Permission denied" in refused(outcome)
    (place / name).chmod(0o755)


def test_verify_says_what_it_found(small: Path) -> None:
    outcome = call("verify", small)
    assert outcome.exit_code == 0
    assert "all 1 partitions" in outcome.stdout
    assert "probes" not in outcome.stdout
    outcome = call("verify", small, "--probes", "2e6")
    assert outcome.exit_code == 0
    assert "0 of 2,000,000 absent n-grams" in outcome.stdout
    assert "at most 1.5e-06" in outcome.stdout  # 3 / 2,000,000
    assert "consistent with the bound" in outcome.stdout


def test_verify_probes_as_many_as_asked(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each probe once, in blocks, whatever the number of workers."""
    asked: list[range] = []

    def probe(self: object, first: int, count: int, n: int) -> int:
        asked.append(range(first, first + count))
        return 1

    monkeypatch.setattr(overlap.BloomFilter, "probe", probe)
    found = overlap.verify_index(small, probes=10_000_001, workers=3)
    assert sorted(number for block in asked for number in (block[0], block[-1]))[-1] == 10_000_000
    assert sum(map(len, asked)) == 10_000_001
    assert len({number for block in asked for number in (block[0], block[-1])}) == 2 * len(asked)
    assert found.hits == len(asked)


@pytest.mark.parametrize(
    ("bound", "probes", "hits", "consistent"),
    [
        (1e-8, 0, 0, True),
        (1e-8, 10**9, 0, True),
        (1e-8, 10**9, 10, True),
        (1e-8, 10**9, 19, True),
        (1e-8, 10**9, 40, False),
        (1e-8, 10**6, 2, False),
        (1e-2, 10**6, 10_100, True),
        (1e-2, 10**6, 10_500, False),
    ],
)
def test_consistent_with_the_bound(bound: float, probes: int, hits: int, consistent: bool) -> None:
    assert Verification(1, bound, probes, hits, None, None).consistent is consistent


def test_filter_over_its_bound_fails_verification(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a filter with the floor of double hashing would: digests are right, the rate is not."""
    monkeypatch.setattr(overlap.BloomFilter, "probe", lambda self, first, count, n: count // 500_000)
    outcome = call("verify", small, "--probes", "1e6")
    assert outcome.exit_code == 1
    assert "OVER THE BOUND" in outcome.stdout
    assert outcome.stderr.startswith("overlap: error: ")
    assert "rebuild" in outcome.stderr


def test_info_shows_the_manifest(small: Path) -> None:
    outcome = call("info", small)
    manifest = overlap.open_index(small).manifest
    assert outcome.exit_code == 0
    for part in (str(manifest.signature), "10", "4,096 bytes", manifest.sources[0].path, manifest.tool):
        assert part in outcome.stdout
    body = json.loads(call("info", small, "--format", "json").stdout)
    stored = json.loads((small / "manifest.json").read_text())
    assert {**body, "~digest": stored["~digest"]} == stored


def test_negative_probes_are_a_value_error(small: Path) -> None:
    with pytest.raises(ValueError, match="-1"):
        overlap.verify_index(small, probes=-1)


def test_contains_tells_each_ngram(small: Path) -> None:
    found = overlap.open_index(small).contains(f"{SENTENCE} {OTHER}")
    assert found.tolist() == [True] * 10 + [False] * (len(ngrams(f"{SENTENCE} {OTHER}", 8)) - 10)
    assert overlap.open_index(small).contains("too short").size == 0


def test_filter_cannot_be_written_through_an_index(small: Path) -> None:
    index = overlap.open_index(small)
    with pytest.raises(ValueError, match="read-only"):
        index.filter.words[0] = 1
