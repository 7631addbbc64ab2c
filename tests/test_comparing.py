"""compare: what is paired with what, what is gained and lost, and how it is drawn."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import call, refused
from inputs import stored
from values import overlap_of, train_of

import overlap
from overlap.report.comparisons import comparison_tables, render_comparison
from overlap.results import ComparedSet, Overlap


def _one(before: Overlap, after: Overlap) -> ComparedSet:
    (item,) = overlap.compare([before], [after]).sets
    return item


def test_gained_and_lost() -> None:
    """Of 20 n-grams, 0 to 4 were hits, 3 to 6 are: two gained, three lost."""
    item = _one(overlap_of([(27, [(0, 5)]), (30, [(2, 2)])]), overlap_of([(27, [(3, 4)]), (30, [(2, 2)])]))
    assert (item.gained, item.lost, item.examples_in_both) == (2, 3, 2)
    (example,) = item.changed
    assert (example.row, example.hits_before, example.hits_after) == (0, 5, 4)
    assert (example.percent_before, example.percent_after) == (25.0, 20.0)
    assert item.percent_before - item.percent_after == pytest.approx(100 / 43)


def test_against_sets_of_positions() -> None:
    """Random runs: gained and lost are differences of sets."""
    pick = random.Random(3)

    def runs() -> list[tuple[int, int]]:
        found, at = [], pick.randrange(3)
        while at < 30:
            size = pick.randrange(1, 5)
            found.append((at, min(size, 33 - at)))
            at += size + pick.randrange(1, 9)
        return found

    examples = [[(40, runs()) if pick.random() < 0.7 else (40, []) for _ in range(50)] for _ in range(2)]
    positions = [
        {(i, p) for i, (_, some) in enumerate(side) for at, size in some for p in range(at, at + size)}
        for side in examples
    ]
    item = _one(overlap_of(examples[0]), overlap_of(examples[1]))
    assert item.gained == len(positions[1] - positions[0])
    assert item.lost == len(positions[0] - positions[1])
    different = {i for i, _ in positions[0] ^ positions[1]}
    assert {example.row // 2 for example in item.changed} == different
    shares = [abs(example.percent_after - example.percent_before) for example in item.changed]
    assert shares == sorted(shares, reverse=True)


def test_the_same_twice() -> None:
    found = overlap_of([(27, [(0, 5)])])
    item = _one(found, found)
    assert (item.gained, item.lost, item.changed, item.obstacle) == (0, 0, (), "")


def test_training_sets_are_paired_by_name_and_then_by_what_is_left() -> None:
    web, books, clean = (overlap_of([(27, [])], train=train_of(name)) for name in ("web", "books", "web-clean"))
    pairs = overlap.compare([web, books], [clean, books]).sets
    assert [(item.train_before, item.train_after) for item in pairs] == [("books", "books"), ("web", "web-clean")]
    own = overlap_of([(27, [])], train=train_of("web", own=True))
    found = overlap.compare([web, own], [web])
    assert [item.train_after for item in found.sets] == ["web"]
    assert found.only_before == ("gsm8k in web",)
    assert overlap.compare([web], [web, books]).only_after == ("gsm8k in books",)


def test_other_files_are_compared_as_sets_only() -> None:
    """A cleaned test set is another file: its percentages are compared, not its examples."""
    before = overlap_of([(27, [(0, 5)]), (27, [])])
    source = before.test_sources[0]
    after = replace(overlap_of([(27, [])]), test_sources=(replace(source, digest="sha256:other"),))
    item = _one(before, after)
    assert item.obstacle == "the test files differ"
    assert (item.gained, item.lost, item.examples_in_both) == (None, None, 0)
    assert (item.examples_before, item.examples_after) == (2, 1)
    other_fields = replace(before, test_sources=(replace(source, fields=("answer",)),))
    assert _one(before, other_fields).obstacle == "the test files differ"


def test_other_files_are_paired_by_id() -> None:
    """Of ids a, b, b, c, d the cleaned file kept a, b, c and d, with c rewritten: a and d are compared."""
    examples = [(27, [(0, 5)]), (27, []), (27, []), (30, []), (40, [(3, 2)])]
    before = replace(overlap_of(examples), ids=("a", "b", "b", "c", "d"))
    other = (replace(before.test_sources[0], digest="sha256:other"),)
    kept = [(40, [(3, 2)]), (27, []), (31, []), (27, [(1, 6)])]
    after = replace(overlap_of(kept), ids=("d", "b", "c", "a"), test_sources=other)
    item = _one(before, after)
    assert (item.obstacle, item.examples_in_both, item.paired_by_id) == ("", 2, 2)
    assert (item.gained, item.lost, [example.row for example in item.changed]) == (2, 1, [0])
    (notes, *_) = comparison_tables(overlap.compare([before], [after]))
    assert "2 examples were paired by id; unpaired: 3 before, 2 after" in " ".join(notes.notes)
    fields = tuple(replace(source, fields=("answer",)) for source in other)
    assert _one(before, replace(after, test_sources=fields)).obstacle == "the test files differ"
    assert _one(before, replace(after, ids=None)).obstacle == "the test files differ"
    assert _one(before, before).paired_by_id == 0


def test_one_line_of_many_examples() -> None:
    before, after = overlap_of([(27, [(0, 5)])] * 80), overlap_of([(27, [(0, 4)])] * 80)
    found = overlap.compare([before, overlap_of([(27, [])], test="gone")], [after])
    assert repr(found) == "Comparison(1 compared, 80 of 80 examples changed, 1 on one side only)"


def test_other_places_of_the_same_files() -> None:
    """Two files, named in another order under other paths: examples are found by content and row."""
    before = overlap_of([(27, [(0, 5)]), (30, [(1, 1)])], files=("a", "b"))
    sources = tuple(replace(source, path=f"/elsewhere/{source.path}") for source in reversed(before.test_sources))
    after = replace(
        overlap_of([(30, [(1, 1)]), (27, [(0, 4)])], files=("b", "a")),
        test_sources=sources,
        rows=np.array(before.rows[::-1]),
    )
    item = _one(before, after)
    assert (item.gained, item.lost, item.examples_in_both) == (0, 1, 2)


def test_another_n() -> None:
    item = _one(overlap_of([(27, [(0, 20)])]), overlap_of([(27, [(0, 5)])], n=13))
    assert (item.gained, item.lost) == (None, None)
    assert [(example.gained, example.percent_before) for example in item.changed] == [(None, 100.0)]
    assert item.changed[0].percent_after == pytest.approx(100 / 3)


def test_other_units() -> None:
    before = overlap_of([(27, [])])
    assert _one(before, replace(before, unit="char")).obstacle == "units differ"
    assert _one(before, replace(before, norm="other")).obstacle == "units differ"


def test_nothing_in_common() -> None:
    with pytest.raises(ValueError, match="nothing to compare: test sets gsm8k, and other"):
        overlap.compare([overlap_of([(27, [])])], [overlap_of([(27, [])], test="other")])
    with pytest.raises(ValueError, match="nothing to compare"):
        overlap.compare([], [])


def _comparison() -> overlap.Comparison:
    examples = [(27, [(0, 5)]), (30, [(2, 2)]), (7, [])]
    cleaned = [(27, []), (30, [(2, 2)]), (7, [])]
    before = [overlap_of(examples), overlap_of(examples, test="a|b_c%<script>"), overlap_of(examples, test="gone")]
    after = [
        overlap_of(cleaned, train=train_of("web-clean")),
        overlap_of(examples, test="a|b_c%<script>", n=13),
        overlap_of(examples, test="new"),
    ]
    return overlap.compare(before, after)


@pytest.mark.parametrize(("format", "suffix"), [("md", "md"), ("csv", "csv"), ("json", "json"), ("latex", "tex")])
def test_golden(format: str, suffix: str, golden: Callable[[str, str], None]) -> None:
    golden(f"compared.{suffix}", render_comparison(_comparison(), format))


def test_formats_say_the_same() -> None:
    found = _comparison()
    body = json.loads(render_comparison(found, "json"))
    rows = list(csv.DictReader(io.StringIO(render_comparison(found, "csv"))))
    assert [row["test"] for row in rows] == [item["test"] for item in body["sets"]] == ["gsm8k", "a|b_c%<script>"]
    assert float(rows[0]["percent_before"]) == body["sets"][0]["percent_before"] == found.sets[0].percent_before
    assert rows[1]["gained"] == ""
    assert "<script>" not in render_comparison(found, "html").partition("<body>")[2].partition("</main>")[0]
    assert "only before: gone in web" in render_comparison(found, "md")
    with pytest.raises(ValueError, match="not 'card'"):
        render_comparison(found, "card")


def test_fifty_examples_are_shown_at_most() -> None:
    before, after = overlap_of([(27, [(0, 5)])] * 80), overlap_of([(27, [(0, 4)])] * 80)
    table = comparison_tables(overlap.compare([before], [after]))[1]
    assert len(table.rows) == 50
    assert table.title == "Examples that changed: 80, the 50 that differ most"


def test_before_and_after_cleaning(tmp_path: Path) -> None:
    """The command, on a corpus that is cleaned of its test set."""
    words = [f"w{i}" for i in range(60)]
    texts = [" ".join(words[:30]), " ".join(words[30:])]
    train = stored(tmp_path / "train.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in texts))
    test = stored(tmp_path / "test.jsonl", json.dumps({"text": f"{texts[0]} and more of it"}) + "\n")
    assert call("scan", "--train", train, "--test", test, "-o", tmp_path / "raw").exit_code == 0
    assert call("clean", tmp_path / "raw", "--train", train, "-o", tmp_path / "clean").exit_code == 0
    cleaned = next((tmp_path / "clean").rglob("train.jsonl"))
    assert call("scan", "--train", cleaned, "--test", test, "-o", tmp_path / "after").exit_code == 0
    outcome = call("compare", tmp_path / "raw", tmp_path / "after", "--format", "json")
    (item,) = json.loads(outcome.stdout)["sets"]
    assert (item["lost"], item["gained"], item["percent_after"]) == (23, 0, 0.0)
    assert "-85.19" in call("compare", tmp_path / "raw", tmp_path / "after").stdout
    assert call("compare", tmp_path / "raw", tmp_path / "after", "-o", tmp_path / "c.html").stdout == ""
    assert "Overlap fell in 1 of 1" in (tmp_path / "c.html").read_text()
    assert "no result is here" in refused(call("compare", tmp_path / "raw", tmp_path))
    assert call("compare", tmp_path / "raw", tmp_path / "after", "--format", "card").exit_code == 2
