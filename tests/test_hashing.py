"""From documents to n-gram hashes: the same whatever the batches, pieces and shards; and faults in UTF-8 found."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import naive
import numpy as np
import pytest
from format_one import unit_hash
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from inputs import cut, one_file, stored, whole
from numpy.typing import NDArray
from strategies import MALFORMED, almost_utf8, hashes, lengths, texts

from overlap.corpus import Documents, InputFile, Shard, read_shard
from overlap.corpus.batches import from_texts
from overlap.distinct import distinct_hashes
from overlap.errors import BadRecord
from overlap.hashing import NgramHasher, UnitHasher
from overlap.text import ngram_hashes

RECORDS = InputFile("made-up.jsonl", "made-up.jsonl", "jsonl", "", ("text",), False, 0)


def hash_batches(hasher: NgramHasher, shard: Shard, batches: Iterator[Documents]) -> tuple[list[int], list[int]]:
    """(n-gram hashes, units of each document or piece) of one shard."""
    hasher.start(shard)
    found: list[int] = []
    counts: list[int] = []
    for batch in batches:
        out = np.zeros(batch.text_bytes // 2 + len(batch) + 4, np.uint64)
        end, units = hasher.add(batch, shard, out, 3)
        assert not out[:3].any()
        found += out[3:end].tolist()
        counts += units.tolist()
    return found, counts


def hash_shards(shards: list[Shard], n: int, block: int) -> tuple[list[int], int]:
    """(n-gram hashes, units) of the shards of one file, all by the same hasher."""
    hasher = NgramHasher(n)
    found: list[int] = []
    units = 0
    for shard in shards:
        more, counts = hash_batches(hasher, shard, read_shard(shard, block))
        found += more
        units += sum(counts)
    return found, units


def expected(documents: list[str], n: int) -> list[int]:
    return [value for text in documents for value in ngram_hashes(text, n).tolist()]


@settings(max_examples=200)
@given(st.lists(texts(), max_size=6), st.lists(st.integers(0, 6), max_size=3), lengths())
def test_batches_do_not_matter(documents: list[str], places: list[int], n: int) -> None:
    edges = [0, *sorted(min(place, len(documents)) for place in places), len(documents)]
    parts = [documents[start:stop] for start, stop in itertools.pairwise(edges)]
    batches = (from_texts([text.encode() for text in part], range(len(part))) for part in parts)
    found, counts = hash_batches(NgramHasher(n), Shard(RECORDS, 0, 0), batches)
    assert found == expected(documents, n)
    assert counts == [len(naive.words(text)) for text in documents]


@settings(max_examples=100)
@given(st.lists(texts(), max_size=5))
def test_unit_hasher_hashes_the_units_of_each_text(documents: list[str]) -> None:
    batch = from_texts([text.encode() for text in documents], range(len(documents)))
    found, counts = UnitHasher().hash(batch, Shard(RECORDS, 0, 0))
    assert found.tolist() == [unit_hash(word) for text in documents for word in naive.words(text)]
    assert counts.tolist() == [len(naive.words(text)) for text in documents]


@settings(max_examples=250)
@given(
    st.lists(texts(), max_size=4).map(" ".join),
    st.lists(st.integers(0, 10**6), max_size=4),
    st.sampled_from([1, 2, 3, 7, 16, 64, 65, 200, 1 << 20]),
    lengths(),
)
def test_a_file_in_pieces_is_one_document(
    tmp_path_factory: pytest.TempPathFactory, text: str, places: list[int], block: int, n: int
) -> None:
    path = stored(tmp_path_factory.getbasetemp() / "pieces.txt", text)
    file = one_file(path)
    for shards in ([whole(file)], cut(file, places)):
        assert hash_shards(shards, n, block) == (expected([text], n), len(naive.words(text)))
        batches = [batch for shard in shards for batch in read_shard(shard, block)]
        assert sum(len(batch) - batch.continued for batch in batches) == 1


@pytest.mark.parametrize(
    "before",
    [
        " ".join(f"w{number}" for number in range(90)),
        "".join(f"w{number}{' .' * 900}" for number in range(70)),  # far more than one look back
        "alone " + "-" * 50_000,
        "é " * 5 + "long" * 5_000 + " ",
        "漢字" * 4_000,
        "-\n" * 9_000,
    ],
    ids=["dense", "sparse", "gap", "long word", "spaceless", "no words"],
)
@pytest.mark.parametrize("n", [1, 2, 8, 64])
def test_a_shard_knows_the_units_before_it(tmp_path: Path, before: str, n: int) -> None:
    text = before + " " + " ".join(f"after{number}" for number in range(80))
    file = one_file(stored(tmp_path / "long.txt", text))
    start = len(before.encode())
    for places in ([start], [start + 1], [start // 2, start + 40], [start + 20, start + 21, start + 300]):
        for block in (300, 1 << 20):
            assert hash_shards(cut(file, places), n, block) == (expected([text], n), len(naive.words(text)))


def test_shards_can_be_hashed_in_any_order(tmp_path: Path) -> None:
    text = " ".join(f"word{number}" for number in range(3_000))
    file = one_file(stored(tmp_path / "text.txt", text))
    shards = cut(file, list(range(0, file.size, 1_000)))
    hasher = NgramHasher(8)
    pieces = {shard.start: hash_batches(hasher, shard, read_shard(shard, 300))[0] for shard in reversed(shards)}
    assert [value for start in sorted(pieces) for value in pieces[start]] == expected([text], 8)


@pytest.mark.parametrize("n", [0, 65, -8])
def test_hasher_refuses_n(n: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 64"):
        NgramHasher(n)


def first_fault(lines: list[bytes]) -> tuple[int, int, int] | None:
    """(line from 1, byte of the line, its value) of the first fault, by Python's own strict decoder."""
    for number, line in enumerate(lines, 1):
        try:
            line.decode("utf-8", "strict")
        except UnicodeDecodeError as error:
            return number, error.start, line[error.start]
    return None


def reported_fault(error: BadRecord) -> tuple[int | None, int, int]:
    match = re.search(r"byte 0x([0-9A-F]{2}) at ([\d,]+) of the text", str(error))
    assert match, error
    return error.row, int(match[2].replace(",", "")), int(match[1], 16)


def hash_fault(shards: list[Shard], block: int = 1 << 20) -> tuple[int | None, int, int] | None:
    try:
        hash_shards(shards, 2, block)
    except BadRecord as error:
        return reported_fault(error)
    return None


@pytest.mark.parametrize("before", [b"", b"a", b"word " * 13, b"x" * 63, b"x" * 64, "é".encode() * 40, "漢 ".encode()])
@pytest.mark.parametrize("fault", MALFORMED.values(), ids=MALFORMED)
def test_faults_in_utf8_are_found_where_they_are(tmp_path: Path, before: bytes, fault: bytes) -> None:
    for after in (b"", b" more words " * 9, "é".encode() * 40, b"\x80", b"a"):
        lines = [b"fine", b"", before + fault + after, b"fine again"]
        file = one_file(stored(tmp_path / "lines.txt", b"\n".join(lines)), by_line=True)
        assert hash_fault([whole(file)]) == first_fault(lines)


@settings(max_examples=400)
@given(st.lists(almost_utf8(), max_size=5), st.lists(st.integers(0, 10**6), max_size=3))
def test_whatever_python_decodes_is_valid(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], places: list[int]
) -> None:
    data = b"\n".join(parts)
    assume(not data.startswith((b"\xff\xfe", b"\xfe\xff")))  # refused as UTF-16, which it says it is
    file = one_file(stored(tmp_path_factory.getbasetemp() / "bytes.txt", data), by_line=True)
    lines = data.split(b"\n")
    assert hash_fault([whole(file)]) == first_fault(lines)
    assert hash_fault(cut(file, places), block=20) == first_fault(lines)


@pytest.mark.parametrize("block", [1 << 20, 64])
@pytest.mark.parametrize("places", [[], [500]], ids=["one shard", "two shards"])
def test_a_fault_in_a_whole_file_is_counted_from_its_beginning(tmp_path: Path, block: int, places: list[int]) -> None:
    data = b"one two three " * 60 + b"four \xff five"
    file = one_file(stored(tmp_path / "file.txt", data))
    assert hash_fault(cut(file, places), block) == (None, data.index(b"\xff"), 0xFF)


@pytest.mark.parametrize("bad", [1, 2, 30])
@pytest.mark.parametrize("plain", [True, False], ids=["through pyarrow", "line by line"])
@pytest.mark.parametrize("places", [[], [400]], ids=["one shard", "two shards"])
def test_a_fault_in_json_lines_is_numbered(tmp_path: Path, bad: int, plain: bool, places: list[int]) -> None:
    records = [b'{"text": "some words", "id": "x"}'] * 30
    records[bad - 1] = b'{"text": "some \xff words", "id": "x"}'
    data = b"\n".join(records) + (b"\n" if plain else b"\n\n\n")
    file = one_file(stored(tmp_path / "bad.jsonl", data))
    with pytest.raises(BadRecord, match=r"not valid UTF-8 \(byte 0xFF at ") as caught:
        hash_shards(cut(file, places), 2, 1 << 20)
    assert (caught.value.path, caught.value.row) == (file.label, bad)


@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_a_fault_in_a_table_is_numbered(tmp_path: Path, kind: str) -> None:
    file = one_file(stored(tmp_path / f"bad.{kind}", b"text\none two\nthree \xe9 four\nfive six\n"))
    assert hash_fault([whole(file)]) == (2, 6, 0xE9)


@pytest.mark.parametrize(("skip", "least"), [(0, 0), (0, 5), (3, 0), (7, 4), (14, 0), (14, 14)])
@settings(max_examples=60)
@given(hashes())
def test_distinct_hashes_are_a_set(skip: int, least: int, values: NDArray[np.uint64]) -> None:
    values = values >> np.uint64(skip)  # the hashes of one group share their leading bits
    found = distinct_hashes(values.copy(), skip, least)
    assert sorted(found.tolist()) == sorted(set(values.tolist()))
    assert np.all(np.diff((found << np.uint64(skip)) >> np.uint64(64 - least)) >= 0) if least else True


@pytest.mark.parametrize("distinct", [1, 2, 700, 40_000, 300_000, 2_000_000])
def test_many_distinct_hashes(distinct: int) -> None:
    source = np.random.default_rng(distinct)
    known = source.integers(0, 2**64, distinct, np.uint64)
    values = known[source.integers(0, distinct, max(distinct, 300_000))]
    assert np.array_equal(np.sort(distinct_hashes(values.copy(), 0, 0)), np.unique(values))


def test_crowded_hashes_are_still_told_apart() -> None:
    crowd = np.arange(50_000, dtype=np.uint64) // np.uint64(2)  # all in one group, and next to each other
    assert np.array_equal(np.sort(distinct_hashes(crowd, 0, 0)), np.arange(25_000))
