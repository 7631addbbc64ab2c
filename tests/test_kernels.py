"""Kernels that have a meaning of their own: grouping, distinct keys, lines, runs of hits."""

from __future__ import annotations

import itertools
import json
import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import hashes

from overlap.kernels.lines import count_newlines, line_offsets, one_object_a_line
from overlap.kernels.ngrams import document_hashes, hit_runs
from overlap.kernels.partition import (
    MOST_IN_GROUP,
    MOST_PLACES,
    count_pieces,
    drop_duplicates,
    largest_group,
    scatter,
    scatter_pieces,
)
from overlap.text import padded


def scattered(keys: NDArray[np.uint64], skip: int, bits: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    out = np.empty_like(keys)
    bounds = np.empty((1 << bits) + 1, np.int64)
    scatter(keys, skip, bits, out, bounds)
    return out, bounds


@settings(max_examples=100)
@given(hashes(), st.integers(0, 20), st.integers(0, 12))
def test_scatter_is_a_stable_grouping(keys: NDArray[np.uint64], skip: int, bits: int) -> None:
    out, bounds = scattered(keys, skip, bits)
    groups = [((key << skip) % 2**64) >> (64 - bits) if bits else 0 for key in keys.tolist()]
    assert out.tolist() == [key for _, key in sorted(zip(groups, keys.tolist(), strict=True), key=lambda pair: pair[0])]
    assert np.diff(bounds).tolist() == [groups.count(group) for group in range(1 << bits)]
    assert bounds[0] == 0
    assert largest_group(bounds) == max(map(groups.count, groups), default=0)


def without_duplicates(keys: NDArray[np.uint64], skip: int, bits: int) -> tuple[list[int], list[int]]:
    """(what is kept, the bounds of its groups)."""
    out, bounds = scattered(keys, skip, bits)
    seen, suspects = np.full(MOST_PLACES, 7, np.uint8), np.full((2, MOST_IN_GROUP + 1), 7, np.int64)
    table = np.full(4 * int(largest_group(bounds)) + 16, 7, np.uint64)
    kept = int(drop_duplicates(out, bounds, skip + bits, seen, suspects, table))
    return out[:kept].tolist(), bounds.tolist()


@settings(max_examples=100)
@given(hashes(), st.integers(0, 8))
def test_duplicates_are_dropped_group_by_group(keys: NDArray[np.uint64], bits: int) -> None:
    kept, bounds = without_duplicates(keys, 0, bits)
    by_group = [[key for key in dict.fromkeys(keys.tolist()) if key >> (64 - bits) == g] for g in range(1 << bits)]
    assert kept == list(itertools.chain.from_iterable(by_group))  # in the order of their first places
    assert np.diff(bounds).tolist() == list(map(len, by_group))


@pytest.mark.parametrize("size", [1, 64, 254, 255, 256, 257, 3000])
@pytest.mark.parametrize("kinds", [1, 2, 17, 200, 1 << 40])
@pytest.mark.parametrize("skip", [0, 9, 54, 63])
def test_duplicates_of_groups_small_and_large(size: int, kinds: int, skip: int) -> None:
    """Groups of up to 255 are told apart by bytes, others by a table; keys that share nearly all bits share places."""
    keys = np.random.default_rng(size).integers(0, kinds, size).astype(np.uint64) >> np.uint64(skip)
    kept, bounds = without_duplicates(keys, skip, 0)
    assert kept == list(dict.fromkeys(keys.tolist()))
    assert bounds == [0, len(kept)]


def test_keys_that_share_a_place_are_still_told_apart() -> None:
    """Ten times a, b, a, b where both have the same place: each comes after the other one."""
    keys = np.array([5 << 40, (5 << 40) + 1] * 10 + [0, 0, 2], np.uint64)
    assert without_duplicates(keys, 0, 0)[0] == [5 << 40, (5 << 40) + 1, 0, 2]


@settings(max_examples=100)
@given(hashes(), st.integers(0, 20), st.integers(0, 12), st.data())
def test_pieces_are_scattered_as_one_array_would_be(
    keys: NDArray[np.uint64], skip: int, bits: int, data: st.DataObject
) -> None:
    edges = sorted(data.draw(st.lists(st.integers(0, keys.size), max_size=4)))
    starts, stops = np.array([0, *edges], np.int64), np.array([*edges, keys.size], np.int64)
    wanted, bounds = scattered(keys, skip, bits)
    counts = np.zeros((1 << bits) + 1, np.int64)
    checksum = count_pieces(keys, starts, stops, skip, bits, counts)
    assert checksum == scatter(keys, skip, bits, np.empty_like(keys), bounds.copy())
    assert checksum == np.bitwise_xor.reduce(keys, initial=0)
    assert np.cumsum(counts).tolist() == bounds.tolist()
    out = np.empty_like(keys)
    scatter_pieces(keys, starts, stops, skip, bits, out, np.cumsum(counts)[:-1].copy())
    assert out.tolist() == wanted.tolist()


@settings(max_examples=200)
@given(st.lists(st.lists(st.booleans(), max_size=12), max_size=6))
def test_runs_are_maximal_stretches_of_hits(flags: list[list[bool]]) -> None:
    counts = np.array([len(row) for row in flags], np.int64)
    hits = np.array([flag for row in flags for flag in row], np.bool_)
    room = (hits.size + len(flags)) // 2 + 1
    run_counts, starts, lengths = np.empty(len(flags), np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    written = hit_runs(hits, counts, run_counts, starts, lengths)
    runs = [list(re.finditer("x+", "".join(".x"[flag] for flag in row))) for row in flags]
    assert run_counts.tolist() == [len(row) for row in runs]
    assert starts[:written].tolist() == [run.start() for row in runs for run in row]
    assert lengths[:written].tolist() == [len(run[0]) for row in runs for run in row]


@settings(max_examples=100)
@given(st.lists(st.lists(st.integers(0, 3), max_size=4), max_size=8))
def test_documents_have_equal_hashes_if_they_have_equal_units(documents: list[list[int]]) -> None:
    units = np.array([unit for document in documents for unit in document], np.uint64)
    out = np.empty(len(documents), np.uint64)
    document_hashes(units, np.array([len(document) for document in documents], np.int64), out)
    assert len(set(out.tolist())) == len({tuple(document) for document in documents})
    for first, second in combinations(range(len(documents)), 2):
        assert (out[first] == out[second]) == (documents[first] == documents[second])


def lines_of(data: bytes) -> list[bytes]:
    offsets = np.empty(len(data) + 2, np.int64)
    lines = line_offsets(padded(data), len(data), offsets)
    edges = offsets[: lines + 1].tolist()
    return [data[start:stop] for start, stop in itertools.pairwise(edges)]


@settings(max_examples=300)
@given(st.lists(st.sampled_from([b"\n", b"a", b"\r", b"word " * 13, b"x" * 63, b"\n\n"]), max_size=12).map(b"".join))
def test_lines_end_behind_newlines(data: bytes) -> None:
    assert lines_of(data) == re.findall(rb"[^\n]*\n|[^\n]+", data)
    assert count_newlines(padded(data), len(data)) == data.count(b"\n")


def objects_in(data: bytes) -> int:
    return int(one_object_a_line(padded(data), len(data)))


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", 0),
        (b"{}", 1),
        (b"{}\n", 1),
        (b'{"a": "}{\\"\\n"}  \r\n{"b": {"c": [{}]}}', 2),
        (b'{"a": "\xc3\xa9 \\\\"}\n' * 20, 20),
        (b'{"a": "' + b"x" * 500 + b'"}\n{}\n', 2),
        (b"\n", -1),
        (b"{}\n\n{}\n", -1),
        (b" {}\n", -1),
        (b"null\n", -1),
        (b"{}\nnull\n{}\n", -1),
        (b"{} null {}\n", -1),
        (b"{}{}\n", -1),
        (b"{} {}\n", -1),
        (b"[{}]\n", -1),
        (b'"{}"\n', -1),
        (b"{\n}\n", -1),
        (b"{\n", -1),
        (b"{", -1),
        (b'{"a', -1),
        (b'{"a": "b\\', -1),
        (b"{}}\n", -1),
        (b"{\\}\n", -1),
        (b"{\\x}\n", -1),
        (b"\xef\xbb\xbf{}\n", -1),
    ],
)
def test_one_object_a_line_by_example(data: bytes, lines: int) -> None:
    assert objects_in(data) == lines


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text('{}[]"\\,:\n é漢', max_size=70)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text('ab{}"\\', max_size=3), inner)),
    max_leaves=8,
)


@settings(max_examples=200)
@given(st.lists(st.dictionaries(st.text(max_size=4), JSON_VALUES, max_size=4), max_size=5), st.booleans())
def test_every_object_on_a_line_is_accepted(records: list[dict[str, object]], escaped: bool) -> None:
    data = "".join(json.dumps(record, ensure_ascii=escaped) + "\n" for record in records).encode()
    assert objects_in(data) == objects_in(data[:-1]) == len(records)


@settings(max_examples=500)
@given(st.lists(st.sampled_from(["{", "}", '"', "\\", "\n", "{}", "null", " ", '{"a": 1}\n', "a"]), max_size=9))
def test_what_is_accepted_is_one_object_a_line(parts: list[str]) -> None:
    text = "".join(parts)
    found = objects_in(text.encode())
    if found < 0:
        return
    outside_strings = re.sub(r'"(\\.|[^"\\])*"', '""', text, flags=re.DOTALL)
    lines = outside_strings.removesuffix("\n").split("\n") if text else []
    assert len(lines) == found
    for line in lines:
        assert re.fullmatch(r"\{[^\\]*\} *", line)
        assert line.count("{") == line.count("}")
