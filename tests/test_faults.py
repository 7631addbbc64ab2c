"""docs/faults.md has a test for every row; and the rows that are shown nowhere else."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import ROOT
from inputs import one_file
from samples import OTHER, SENTENCE, kept_bytes, write_corpus
from test_resuming import _killed

import overlap
from overlap.corpus import plan_shards, read_shard
from overlap.errors import BadRecord, CorpusError

PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| input |", "| fault |"))]


def _tests(name: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / name).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_row_names_a_test_that_is_there(row: str) -> None:
    found = re.findall(r"`(test_\w+\.py)::(test_\w+)`", row)
    assert found, row
    for name, test in found:
        assert test in _tests(name), f"{name}::{test}"


def test_the_tables_have_rows() -> None:
    assert len(ROWS) > 40


@pytest.mark.parametrize(
    "raw",
    [
        f"{SENTENCE}\r\n{OTHER}\r\n",
        f"\ufeff{SENTENCE}\n{OTHER}",
        f"{SENTENCE}\n\n\n{OTHER}\n\n",
        f"{SENTENCE}\x00\n\x00{OTHER}\n",
    ],
    ids=["CRLF", "byte order mark", "blank lines", "zero bytes"],
)
@pytest.mark.parametrize("mode", ["stop", "skip"])
def test_line_ends_marks_and_zero_bytes_change_no_number(raw: str, mode: str, tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text(f"{SENTENCE}\n{OTHER}\n")
    (tmp_path / "odd.txt").write_text(raw, newline="")
    lines = (tmp_path / "odd.txt").read_bytes().split(b"\n")
    rows = [json.dumps({"text": line.decode()}) if line.strip() else "" for line in lines]
    (tmp_path / "odd.jsonl").write_text("\ufeff" + "\r\n".join(rows))
    names = ("plain.txt", "odd.txt", "odd.jsonl")
    indexes = [
        overlap.build_index(str(tmp_path / name), tmp_path / f"{name}.i", by_line=True, on_bad_record=mode)
        for name in names
    ]
    assert len({(index.path / "filter.bin").read_bytes() for index in indexes}) == 1
    assert len({index.manifest.ngrams for index in indexes}) == 1


@pytest.mark.parametrize("name", ["empty.txt", "empty.jsonl", "empty.json", "empty.csv"])
def test_an_empty_file_among_others_changes_no_number(name: str, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.txt").write_text(SENTENCE)
    (tmp_path / "c" / name).write_text("[]" if name.endswith(".json") else "")
    with_it = overlap.build_index(str(tmp_path / "c"), tmp_path / "i", by_line=True)
    alone = overlap.build_index(str(tmp_path / "c" / "a.txt"), tmp_path / "j", by_line=True)
    assert with_it.manifest.documents == 1
    assert (with_it.path / "filter.bin").read_bytes() == (alone.path / "filter.bin").read_bytes()


def test_an_empty_text_is_counted_as_too_short(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    (tmp_path / "t.jsonl").write_text(f'{{"text": ""}}\n{{"text": "{SENTENCE}"}}\n')
    (found,) = overlap.check(str(tmp_path / "a.txt"), str(tmp_path / "t.jsonl"))
    assert found.units.tolist()[0] == 0
    (result,) = json.loads(overlap.Report((found,)).render("json"))["results"]
    assert (result["examples"], result["too_short"], result["overlap_percent"]) == (2, 1, 100)


@pytest.mark.parametrize("mode", ["stop", "skip"])
def test_duplicate_ids_are_refused(mode: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    row = json.dumps({"text": SENTENCE, "id": 7})
    (tmp_path / "t.jsonl").write_text(f"{row}\n{row}\n")
    with pytest.raises(BadRecord, match="its id '7' is also that of"):
        overlap.check(str(tmp_path / "a.txt"), str(tmp_path / "t.jsonl"), test_id_field="id", on_bad_record=mode)


@pytest.mark.parametrize("mode", ["stop", "skip"])
def test_a_footer_that_hides_rows_is_refused(mode: str, tmp_path: Path) -> None:
    """Every flipped bit of a footer: the rows that were there, or an error; never fewer without a word."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"{SENTENCE} {i}" for i in range(6)]}), path, row_group_size=3)
    raw = path.read_bytes()
    begin = len(raw) - 8 - int.from_bytes(raw[-8:-4], "little")
    for at in range(begin, len(raw) - 4):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ (1 << (at % 8))]) + raw[at + 1 :])
        try:
            file = one_file(path, on_bad_record=mode)
            batches = [batch for shard in plan_shards([file]) for batch in read_shard(shard)]
        except CorpusError:
            continue
        assert sum(map(len, batches)) == 6 or any(batch.skipped for batch in batches), at


def test_damaged_digests_of_an_unfinished_build_are_made_again(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "c", files=3, words=2000)
    assert _killed(corpus, tmp_path / "i", "fill", 1)
    for number, path in enumerate((tmp_path / "i" / "work").glob("*.sha256")):
        path.write_text(["", "0" * 64, "no digest\n"][number % 3])
    overlap.build_index(str(corpus), tmp_path / "i", name="corpus", by_line=True)
    overlap.build_index(str(corpus), tmp_path / "whole", name="corpus", by_line=True)
    assert kept_bytes(tmp_path / "i") == kept_bytes(tmp_path / "whole")
