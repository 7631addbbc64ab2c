"""audit: every ordered pair of splits, what each repeats of itself, and near-duplicates."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from commands import call, refused
from inputs import stored

import overlap
from overlap.auditing import find_splits
from overlap.auditing.fuzzy import shingle_sets
from overlap.corpus import group_sources, resolve
from overlap.errors import CorpusError
from overlap.results import FuzzyRule

WORDS = [f"w{i}" for i in range(500)]


def _sentences(seed: int, count: int, words: int = 20) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=words)) for _ in range(count)]


def _split(folder: Path, name: str, texts: list[str]) -> str:
    path = stored(folder / f"{name}.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in texts))
    return f"{name}={path}"


def test_files_of_splits_are_named(tmp_path: Path) -> None:
    """Which files make a split, and which make none."""
    for name in ("train", "test", "test_other"):
        _split(tmp_path, name, _sentences(len(name), 5))
    stored(tmp_path / "README.md", "words")
    outcome = call("audit", tmp_path)
    assert outcome.exit_code == 0
    assert "overlap: note: split test is test.jsonl, test_other.jsonl" in outcome.stderr
    assert "overlap: note: of no split, left out: README.md" in outcome.stderr


def test_an_empty_split(tmp_path: Path) -> None:
    _split(tmp_path, "test", _sentences(1, 5))
    _split(tmp_path, "train", [])
    assert "no 8-gram in" in refused(call("audit", tmp_path))


def test_near_duplicates_do_not_depend_on_the_order_of_splits(tmp_path: Path) -> None:
    (long,) = _sentences(4, 1, 60)
    splits = [_split(tmp_path, "short", [" ".join(long.split()[:25])]), _split(tmp_path, "long", [long])]
    for order in (splits, splits[::-1]):
        found = overlap.audit(order, fuzzy=FuzzyRule()).fuzzy
        assert found is not None
        assert [round(pair.containment, 2) for pair in found.pairs] == [1.0]


def test_pairs_and_repetition(tmp_path: Path) -> None:
    train = _sentences(1, 30)
    train += [train[0].upper(), train[1] + "!", "tiny", "tiny"]
    test = [*_sentences(2, 10), train[3].title(), f"{train[4]} and more {train[5]}", " ".join(train[6].split()[2:16])]
    audit = overlap.audit([_split(tmp_path, "train", train), _split(tmp_path, "test", test)])
    assert repr(audit).startswith("Audit(train, test: ")
    assert repr(audit).endswith(" of 2 ordered pairs)")
    assert "array" not in repr(audit)
    pairs = {(pair.train, pair.test): pair for pair in audit.pairs}
    assert set(pairs) == {("train", "test"), ("test", "train")}
    forward, back = pairs["train", "test"], pairs["test", "train"]
    assert (forward.identical, forward.contained_rows) == (1, (10, 12))
    assert int((forward.overlap.hits > 0).sum()) == 3
    assert (back.identical, back.contained) == (1, 3)
    inside = {item.split: item for item in audit.inside}
    assert (inside["train"].documents, inside["train"].identical, inside["train"].covered) == (34, 3, 4)
    assert inside["train"].too_short == 2
    assert (inside["test"].identical, inside["test"].covered) == (0, 0)


def test_splits_by_name(tmp_path: Path) -> None:
    for name in (
        "train-00000-of-00002.txt",
        "train-00001-of-00002.txt",
        "x/test/part.csv",
        "my_validation.txt",
        "README.md",
    ):
        stored(tmp_path / name, "a")
    found = find_splits(tmp_path)
    assert {split: [Path(path).name for path in paths] for split, paths in found.items()} == {
        "train": ["train-00000-of-00002.txt", "train-00001-of-00002.txt"],
        "validation": ["my_validation.txt"],
        "test": ["part.csv"],
    }
    with pytest.raises(CorpusError, match="no splits can be told"):
        find_splits(tmp_path / "x")
    with pytest.raises(CorpusError, match="not a folder"):
        find_splits(tmp_path / "README.md")


def test_command(tmp_path: Path) -> None:
    train = _sentences(1, 20)
    _split(tmp_path / "d", "train", train)
    _split(tmp_path / "d", "test", [*_sentences(2, 5), train[0]])
    outcome = call("audit", tmp_path / "d", "--format", "md", "--fail-above", "50")
    assert outcome.exit_code == 0
    assert "### For the data card" in outcome.stdout
    assert "**Overlap of splits.**" in outcome.stdout
    outcome = call("audit", tmp_path / "d", "--format", "json", "--fail-above", "10")
    assert outcome.exit_code == 3
    verdicts = {pair["test"]: pair["verdict"] for pair in json.loads(outcome.stdout)["pairs"]}
    assert verdicts == {"test": "over", "train": "ok"}
    assert "no splits can be told" in refused(call("audit", stored(tmp_path / "e" / "a.txt", "a").parent))
    assert call("audit").exit_code == 2


def test_near_duplicates(tmp_path: Path) -> None:
    """Edited copies are found with their exact similarities; unrelated texts are not."""
    train = _sentences(1, 60, 40)
    edited = train[7].split()
    edited[20] = "changed"
    test = [*_sentences(2, 20, 40), " ".join(edited), " ".join(train[9].split()[:15])]
    sources = _split(tmp_path, "train", train), _split(tmp_path, "test", test)
    audit = overlap.audit(sources, fuzzy=FuzzyRule())
    assert audit.fuzzy is not None
    found = {(pair.test_row, pair.train_row): pair for pair in audit.fuzzy.pairs}
    assert set(found) == {(20, 7), (21, 9)}
    assert found[20, 7].jaccard == pytest.approx(35 / 41)
    assert found[21, 9].containment == 1.0
    assert found[21, 9].jaccard == pytest.approx(13 / 38)
    assert overlap.find_similar(*sources) == audit.fuzzy.pairs


def test_near_duplicates_are_stored(tmp_path: Path) -> None:
    text = _sentences(1, 1, 40)
    train, test = _split(tmp_path, "a", text), _split(tmp_path, "b", text)
    outcome = call("scan", "--train", train, "--test", test, "--fuzzy", "-o", tmp_path / "r", "--format", "md")
    assert "Near-duplicates: 1 pairs" in outcome.stdout
    assert call("report", tmp_path / "r", "--format", "md").stdout == outcome.stdout
    (near,) = overlap.Report.load(tmp_path / "r").near_duplicates
    assert (near.pairs[0].jaccard, near.rule) == (1.0, FuzzyRule())


def test_shingles_are_sets_of_ngrams(tmp_path: Path) -> None:
    source = _split(tmp_path, "a", ["a b a b a b", "one", "", "x y z"])
    (group,) = group_sources([source]).values()
    assert [item.shingles.size for item in shingle_sets(resolve(group), 3)] == [2, 1, 0, 1]


def test_rephrased_benchmark(shared_data: Path) -> None:
    """The recall that docs/classes.md states for single words on short texts, and none by 8-grams or the defaults."""
    train = f"{shared_data}/llm-decontaminator/rephrase/rephrase_gsm8k.jsonl"
    test = f"{shared_data}/gsm8k/test.jsonl::question"
    assert not overlap.find_similar(train, test)
    pairs = overlap.find_similar(train, test, rule=FuzzyRule(jaccard=0.3, containment=0.6, shingle=1))
    right = {pair.test_row for pair in pairs if pair.test_row == pair.train_row}
    wrong = sum(pair.test_row != pair.train_row for pair in pairs)
    assert (len(right), wrong) == (1173, 64)
