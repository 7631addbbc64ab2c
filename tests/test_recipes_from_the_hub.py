"""The recipe of GSM8K, by name alone: from a hub on this machine into the cache, and from the cache without a hub."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

from commands import refused, spawn
from hubserver import serving_hub

import overlap

CARD = b"""---
configs:
- config_name: main
  data_files:
  - split: train
    path: main/train.jsonl
  - split: test
    path: main/test.jsonl
---
"""
COUNTS = ["train_documents", "train_ngrams", "train_distinct", "examples", "too_short", "examples_hit",
          "examples_all_hit", "test_ngrams", "hits", "test_distinct", "distinct_hits", "longest_run"]  # fmt: skip


def test_gsm8k_by_recipe_from_the_cache(tmp_path: Path, shared_data: Path) -> None:
    """Questions and answers as parts, against its own training split: the counts of EXPECTED.tsv."""
    with (shared_data / "EXPECTED.tsv").open(encoding="utf-8") as stream:
        rows = {row["name"]: row for row in csv.DictReader(stream, delimiter="\t")}
    files = {f"main/{name}": (shared_data / "gsm8k" / name).read_bytes() for name in ("train.jsonl", "test.jsonl")}
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": str(tmp_path)}
    offline = {**environment, "HF_HUB_OFFLINE": "1"}
    command = ["check", "--own-train", "gsm8k", "--test", "gsm8k", "--progress", "never"]
    unknown = spawn(*command, env=offline, cwd=tmp_path)
    assert "not in the cache, and the hub cannot be reached" in refused(unknown)
    with serving_hub({"openai/gsm8k": {"main": ("a" * 40, {"README.md": CARD, **files})}}) as hub:
        loaded = spawn(*command, env={**environment, "HF_ENDPOINT": hub.address}, cwd=tmp_path)
        assert loaded.returncode == 0, loaded.stderr
    outcome = spawn(*command, "-o", "result", "--format", "json", env=offline, cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    (found,) = json.loads(outcome.stdout)["results"]
    expected = rows["gsm8k test question+answer vs train question+answer"]
    assert {name: found[name] for name in COUNTS} == {name: int(expected[name]) for name in COUNTS}
    assert f"{found['overlap_percent']:.4f}" == expected["overlap_percent"]
    question = rows["gsm8k test question vs train question"]
    assert [part["part"] for part in found["parts"]] == ["question", "answer"]
    assert found["parts"][0]["test_ngrams"] == int(question["test_ngrams"])
    (loaded_again,) = overlap.load_result(tmp_path / "result")
    assert loaded_again.test_sources[0].path == "hf:openai/gsm8k:main:test"
    alone = ["check", "--train", "train=hf:openai/gsm8k:main:train::question", "--test", "gsm8k", "--format", "json"]
    outcome = spawn(*alone, env=offline, cwd=tmp_path)
    (part, _) = json.loads(outcome.stdout)["results"][0]["parts"]
    for name in ("examples", "too_short", "examples_hit", "examples_all_hit", "test_ngrams", "hits", "longest_run"):
        assert part[name] == int(question[name]), name
