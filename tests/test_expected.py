"""The exact counts of real data, known from two independent implementations, through the real command."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import SHARED

from overlap.cli import main

COUNTS = [
    "train_documents",
    "train_ngrams",
    "train_distinct",
    "examples",
    "too_short",
    "examples_hit",
    "examples_all_hit",
    "test_ngrams",
    "hits",
    "test_distinct",
    "distinct_hits",
    "longest_run",
]


def _rows() -> list[dict[str, str]]:
    path = SHARED / "EXPECTED.tsv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def _source(name: str, path: str, fields: str, root: Path) -> str:
    text = f"{name}={root / path}"
    return text if fields in ("-", "line") else f"{text}::{fields}"


def _cases() -> list[tuple[str, dict[str, str]]]:
    """Every row by the index, with either filter; by the reference, which is slow, those with a small training set."""
    small = [row for row in _rows() if int(row["train_ngrams"]) < 150_000]
    fused = [("fuse", row) for row in _rows()]
    return [("index", row) for row in _rows()] + fused + [("reference", row) for row in small]


@pytest.mark.parametrize(
    ("engine", "row"),
    _cases() or [("index", {})],
    ids=lambda item: item if isinstance(item, str) else item.get("name", "no data"),
)
def test_counts_of_real_data(engine: str, row: dict[str, str], shared_data: Path) -> None:
    command = ["check", "--format", "json", "--n", row["n"]]
    command += ["--filter", "fuse"] if engine == "fuse" else ["--engine", engine]
    command += ["--train", _source("train", row["train"], row["train_fields"], shared_data)]
    command += ["--test", _source("test", row["test"], row["test_fields"], shared_data)]
    if "line" in (row["train_fields"], row["test_fields"]):
        command.append("--by-line")
    outcome = CliRunner().invoke(main, command)
    assert outcome.exit_code == 0, outcome.stderr
    (found,) = json.loads(outcome.stdout)["results"]
    assert {name: found[name] for name in COUNTS} == {name: int(row[name]) for name in COUNTS}
    assert f"{found['overlap_percent']:.4f}" == row["overlap_percent"]
    assert found["n"] == int(row["n"])


def test_all_rows_are_there(shared_data: Path) -> None:
    assert len(_rows()) == 28
    assert len(_cases()) >= 68
