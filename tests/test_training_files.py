"""Which training files a result rests on: kept by every engine, bounded, shown by the page."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from commands import call
from values import overlap_of, train_of

import overlap
from overlap.report import Report
from overlap.results import MeasuredFile, SourceInfo, TrainSources

WORDS = " ".join(f"w{i}" for i in range(30))


def _corpus(folder: Path, files: int) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{number:03}.jsonl" for number in range(files)]
    for number, path in enumerate(paths):
        path.write_text(json.dumps({"text": f"{WORDS} x{number}"}) + "\n")
    return paths


@pytest.mark.parametrize("engine", ["index", "reference", "scan"])
def test_a_result_names_the_training_files(engine: str, tmp_path: Path) -> None:
    """With the whole digest whose first digits stand in the signature; stored, and the same when loaded."""
    first, *others = _corpus(tmp_path / "corpus", 60)
    command = ("scan",) if engine == "scan" else ("check", "--engine", engine)
    arguments = ("--train", tmp_path / "corpus", "--test", first)
    outcome = call(*command, *arguments, "-o", tmp_path / "r", "--format", "json")
    assert outcome.exit_code == 0
    (found,) = overlap.load_result(tmp_path / "r")
    sources = found.train.sources
    assert sources is not None
    assert (sources.files, len(sources.first)) == (1 + len(others), 50)
    assert f"#{sources.digest[:12]}|" in found.train.signature
    assert len(sources.digest) == 64
    assert sources.first[0].path == str(first)
    assert sources.first[0].bytes == first.stat().st_size
    assert sources.first[0].digest.endswith(hashlib.sha256(first.read_bytes()).hexdigest())
    stored = json.loads(outcome.stdout)["results"][0]["train_sources"]
    assert TrainSources.from_json(stored) == sources


def test_engines_say_the_same_of_the_files(tmp_path: Path) -> None:
    """And the same input gives the same bytes, from an index that is built and from one that is there."""
    first, *_ = _corpus(tmp_path / "corpus", 3)
    overlap.build_index([str(tmp_path / "corpus")], tmp_path / "i")
    for place in ("a", "b"):
        assert call("measure", "--index", tmp_path / "i", first, "-o", tmp_path / place).exit_code == 0
    assert (tmp_path / "a" / "result.json").read_bytes() == (tmp_path / "b" / "result.json").read_bytes()
    assert call("scan", "--train", tmp_path / "corpus", "--test", first, "-o", tmp_path / "s").exit_code == 0
    (indexed,), (scanned,) = (overlap.load_result(tmp_path / place) for place in ("a", "s"))
    assert indexed.train.sources == scanned.train.sources is not None


def test_the_page_shows_the_training_files() -> None:
    files = [MeasuredFile(f"part-{i}.jsonl", "jsonl", ("text",), "record", 77, f"sha256:{i:064x}") for i in range(70)]
    web = train_of(sources=TrainSources.of("ab" * 32, files))
    old = train_of("of an older version")
    union = train_of("union", members=("web", "of an older version"))
    overlaps = tuple(overlap_of([(27, [(0, 2)])], train=train) for train in (web, old, union))
    page = Report(overlaps).render("html")
    table = page.partition("Training files")[2].partition("Test files")[0]
    assert "part-49.jsonl" in table
    assert f"sha256:{49:064x}" in table
    assert "part-50.jsonl" not in table
    assert f"web: 70 files, of which the first 50 are shown, together sha256:{'ab' * 32}" in table
    assert "of an older version: the result does not name its files (overlap info INDEX does)" in table
    assert "union" not in table


def test_what_is_kept_of_a_training_file() -> None:
    """Not how test examples are made of it, and not its bad records, which stand elsewhere."""
    file = MeasuredFile("a", "jsonl", ("text",), "record", 1, "d", "hf:x", (("invalid JSON", 2),), parts=("q=q",))
    sources = TrainSources.of("ab", [file])
    assert sources.first == (SourceInfo("a", "jsonl", ("text",), "record", 1, "d", "hf:x"),)
    assert TrainSources.from_json(json.loads(json.dumps(sources.to_json()))) == sources
    body = train_of().to_json()
    assert "sources" not in body
    assert replace(train_of(), sources=sources).to_json() == {**body, "sources": sources.to_json()}
