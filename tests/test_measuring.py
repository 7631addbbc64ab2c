"""measure and check: the counts of sets of word tuples, for every example, every index, and their union."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import call, refused
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import Counts, count, ngrams, words
from samples import OTHER, SENTENCE, WORDS

import overlap
from overlap.errors import CorpusError, MissingField, NotAnIndex, SignatureMismatch
from overlap.metrics import summarise

COUNTS = tuple(Counts.__dataclass_fields__)
lines = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)
corpora = st.lists(lines, min_size=1, max_size=6)


def write_lines(path: Path, texts: list[str]) -> str:
    """A file with a document a line."""
    path.write_text("".join(text + "\n" for text in texts), encoding="utf-8")
    return str(path)


def numbers(found: overlap.Overlap) -> dict[str, Any]:
    """The counts of an overlap, by the names of ``naive``."""
    values = summarise(found)
    return {name: values[name] for name in COUNTS}


def naive_runs(known: set[tuple[str, ...]], text: str, n: int) -> tuple[tuple[int, int], ...]:
    """The maximal runs of hits of one example."""
    runs: list[tuple[int, int]] = []
    for position, gram in enumerate(ngrams(text, n)):
        if gram not in known:
            continue
        if runs and sum(runs[-1]) == position:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((position, 1))
    return tuple(runs)


@settings(derandomize=True, deadline=None, max_examples=80)
@given(st.lists(corpora, min_size=1, max_size=3), st.lists(corpora, min_size=1, max_size=3), st.integers(1, 9))
def test_counts_against_sets(trains: list[list[str]], tests: list[list[str]], n: int) -> None:
    """Several indexes, several test sets: each pair, the union, and each single example."""
    trains = [[*texts, "kept apart so that there is one ngram at the very least"] for texts in trains]
    tests = [[*texts, "so that this one has an ngram at any rate too"] for texts in tests]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        indexes = [
            overlap.build_index(write_lines(folder / f"train{i}.txt", texts), folder / f"{i}.index", n=n, by_line=True)
            for i, texts in enumerate(trains)
        ]
        sources = [write_lines(folder / f"test{i}.txt", texts) for i, texts in enumerate(tests)]
        found = overlap.measure(indexes, sources, by_line=True)
    rows = {f"train{i}": texts for i, texts in enumerate(trains)}
    if len(trains) > 1:
        rows["union"] = [text for texts in trains for text in texts]
    pairs = [(train, f"test{i}") for i in range(len(tests)) for train in rows]
    assert [(item.train.name, item.test) for item in found] == pairs
    for item in found:
        train, test = rows[item.train.name], tests[int(item.test.removeprefix("test"))]
        expected = vars(count(train, test, n))
        if item.train.name == "union":
            expected = {**expected, "train_distinct": None}
            assert item.train.members == tuple(f"train{i}" for i in range(len(trains)))
            assert item.train.bound == sum(index.manifest.bound for index in indexes)
        assert numbers(item) == expected
        known = {gram for text in train for gram in ngrams(text, n)}
        assert len(item) == len(test)
        for number, text in enumerate(test):
            example = item.example(number)
            grams = ngrams(text, n)
            assert (example.row, example.units, example.ngrams) == (number, len(words(text)), len(grams))
            assert example.hits == sum(gram in known for gram in grams)
            assert example.runs == naive_runs(known, text, n)
            assert example.source.endswith(f"{item.test}.txt")


@settings(derandomize=True, deadline=None, max_examples=40)
@given(corpora, corpora, corpora, st.integers(1, 6))
def test_reference_engine_equals_index_engine(train: list[str], own: list[str], test: list[str], n: int) -> None:
    """Strings in a pybloom-live filter, and 64-bit hashes in ours: not one number differs."""
    filler = "one two three four five six seven"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sources = {
            "train": [f"web={write_lines(folder / 'a.txt', [*train, filler])}"],
            "test": [f"t={write_lines(folder / 'b.txt', [*test, filler])}"],
            "own_train": [f"t={write_lines(folder / 'c.txt', [*own, filler])}"],
        }
        ours, reference = (
            overlap.check(**sources, n=n, by_line=True, engine=engine)  # type: ignore[arg-type]
            for engine in ("index", "reference")
        )
    assert [item.train.own for item in ours] == [item.train.own for item in reference] == [True, False]
    for left, right in zip(ours, reference, strict=True):
        assert numbers(left) == numbers(right)
        assert left.run_starts.tolist() == right.run_starts.tolist()
        assert left.run_lengths.tolist() == right.run_lengths.tolist()
        assert (left.engine, right.engine) == ("index", "reference")
    assert numbers(ours[1]) == vars(count([*train, filler], [*test, filler], n))
    assert numbers(ours[0]) == vars(count([*own, filler], [*test, filler], n))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with two corpora, two test sets and the indexes ``a.index`` and ``b.index``."""
    write_lines(tmp_path / "a.txt", [SENTENCE])
    write_lines(tmp_path / "b.txt", [OTHER])
    write_lines(tmp_path / "both.txt", [SENTENCE, f"{SENTENCE} {OTHER}", "short", OTHER.upper()])
    for name in "ab":
        overlap.build_index(str(tmp_path / f"{name}.txt"), tmp_path / f"{name}.index", by_line=True)
    return tmp_path


def test_engines_have_the_same_rows(place: Path) -> None:
    """Two training sets, two test sets: each pair and the union, in the same order."""
    trains, tests = [str(place / "a.txt"), str(place / "b.txt")], [f"x={place / 'both.txt'}", f"y={place / 'a.txt'}"]
    own = f"y={place / 'both.txt'}"
    rows = [
        [
            (item.train.name, item.train.own, item.test, numbers(item))
            for item in overlap.check(trains, tests, own_train=own, by_line=True, engine=engine)
        ]
        for engine in ("index", "reference")
    ]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("engine", ["index", "reference"])
def test_no_ngram_in_a_test_set(engine: str, place: Path) -> None:
    """A report of 0 % from a test set that could not have overlapped would be read as clean."""
    write_lines(place / "short.txt", ["three short words", ""])
    with pytest.raises(CorpusError, match=r"no 8-gram in test set short: 2 examples"):
        overlap.check(str(place / "a.txt"), str(place / "short.txt"), by_line=True, engine=engine)


@pytest.mark.parametrize("name", ["e.txt", "e.jsonl", "e.csv", "e.json"])
def test_empty_test_set(name: str, place: Path) -> None:
    (place / name).write_text("[]" if name == "e.json" else "text\n" if name == "e.csv" else "")
    with pytest.raises(CorpusError, match="no 8-gram in test set e: 0 examples"):
        overlap.measure(place / "a.index", str(place / name), by_line=True)
    assert "0 examples" in refused(call("measure", "--index", place / "a.index", "--by-line", place / name))


def test_test_set_of_several_files_one_of_them_empty(place: Path) -> None:
    rows = [{"text": SENTENCE}, {"text": "short"}]
    (place / "one.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (place / "none.jsonl").write_text("")
    (found,) = overlap.measure(
        place / "a.index", [f"t={place / 'none.jsonl'}", f"t={place / 'one.jsonl'}", f"t={place / 'both.txt'}"]
    )
    assert [found.example(i).row for i in range(3)] == [0, 1, 0]
    assert [found.example(i).source for i in range(3)] == [str(place / "one.jsonl")] * 2 + [str(place / "both.txt")]
    assert [source.path for source in found.test_sources] == [
        str(place / name) for name in ("none.jsonl", "one.jsonl", "both.txt")
    ]
    assert found.document == "mixed"


def test_too_short_is_never_clean_and_never_hit(place: Path) -> None:
    write_lines(place / "t.txt", [SENTENCE, "one two three four five six seven", "", OTHER])
    (found,) = overlap.measure(place / "a.index", str(place / "t.txt"), by_line=True)
    values = summarise(found)
    assert (values["examples"], values["too_short"]) == (4, 2)
    assert (values["examples_hit"], values["examples_all_hit"]) == (1, 1)
    assert found.ngrams.tolist() == [10, 0, 0, 12]
    assert found.units.tolist() == [17, 7, 0, 19]


def test_rows_count_blank_lines_and_every_batch(place: Path) -> None:
    """Row numbers say where an example stands in its file, through 3 MB of them."""
    texts = [{"text": f"{SENTENCE} {number}"} for number in range(30_000)]
    blanks = {7, 20_000}
    lines = [json.dumps(text) + ("\n\n" if number in blanks else "\n") for number, text in enumerate(texts)]
    (place / "long.jsonl").write_text("".join(lines))
    (found,) = overlap.measure(place / "a.index", str(place / "long.jsonl"))
    assert len(found) == 30_000
    expected = [number + sum(blank < number for blank in blanks) for number in range(30_000)]
    assert found.rows.tolist() == expected
    assert found.hits.tolist() == [10] * 30_000


def test_union_is_a_hit_in_any(place: Path) -> None:
    found = overlap.measure([place / "a.index", place / "b.index"], str(place / "both.txt"), by_line=True)
    first, second, union = found
    assert first.hits.tolist() == [10, 10, 0, 0]
    assert second.hits.tolist() == [0, 12, 0, 12]
    assert union.hits.tolist() == [10, 22, 0, 12]
    assert union.example(1).runs == ((0, 10), (17, 12))
    assert union.train.name == "union"


@pytest.mark.parametrize("names", [("union", "b"), ("b", "union")])
def test_index_that_is_called_union(names: tuple[str, str], place: Path) -> None:
    """Three training rows with three names, or a refusal: never two rows of one name."""
    indexes = [
        overlap.build_index(str(place / f"{letter}.txt"), place / name, name=name, by_line=True)
        for letter, name in zip("ab", names, strict=True)
    ]
    try:
        found = overlap.measure(indexes, str(place / "both.txt"), by_line=True)
    except ValueError:
        return
    assert len({item.train.name for item in found}) == 3
    table, *_ = overlap.Report(found).tables
    assert len(table.rows) == 3


def test_two_indexes_of_one_name(place: Path) -> None:
    with pytest.raises(ValueError, match="one name: a, a"):
        overlap.measure([place / "a.index", place / "a.index"], str(place / "both.txt"))


def test_indexes_of_different_n(place: Path) -> None:
    overlap.build_index(str(place / "b.txt"), place / "n5.index", n=5)
    with pytest.raises(SignatureMismatch) as caught:
        overlap.measure([place / "a.index", place / "n5.index"], str(place / "both.txt"))
    assert caught.value.expected.startswith("n:8|")
    assert caught.value.found.startswith("n:5|")
    line = refused(call("measure", place / "both.txt", "--index", place / "a.index", "--index", place / "n5.index"))
    assert "n:8" in line
    assert "n:5" in line


def test_own_index_belongs_to_its_test_set(place: Path) -> None:
    own = overlap.open_index(place / "b.index")
    found = overlap.measure(
        place / "a.index", [f"x={place / 'both.txt'}", f"y={place / 'a.txt'}"], own_index={"x": own}, by_line=True
    )
    assert [(item.train.name, item.train.own, item.test) for item in found] == [
        ("b", True, "x"),
        ("a", False, "x"),
        ("a", False, "y"),
    ]
    assert [int(item.hits.sum()) for item in found] == [24, 20, 10]
    with pytest.raises(ValueError, match="no test set: z"):
        overlap.measure(place / "a.index", str(place / "a.txt"), own_index={"z": own})


def test_own_index_of_another_n(place: Path) -> None:
    own = overlap.build_index(str(place / "b.txt"), place / "n5.index", n=5)
    with pytest.raises(SignatureMismatch):
        overlap.measure(place / "a.index", f"x={place / 'both.txt'}", own_index={"x": own})


def test_only_own_training_splits(place: Path) -> None:
    found = overlap.check([], f"x={place / 'both.txt'}", own_train=f"x={place / 'a.txt'}", by_line=True)
    assert [(item.train.own, int(item.hits.sum())) for item in found] == [(True, 20)]


def test_bad_arguments(place: Path) -> None:
    with pytest.raises(ValueError, match="no index"):
        overlap.measure([], str(place / "both.txt"))
    with pytest.raises(ValueError, match="no test set"):
        overlap.measure(place / "a.index", [])
    with pytest.raises(ValueError, match="no training set"):
        overlap.check([], str(place / "both.txt"))
    with pytest.raises(ValueError, match="engine must be one of"):
        overlap.check(str(place / "a.txt"), str(place / "both.txt"), engine="magic")
    with pytest.raises(ValueError, match="no test set has this name"):
        overlap.check(str(place / "a.txt"), str(place / "both.txt"), own_train=f"z={place / 'b.txt'}")
    with pytest.raises(NotAnIndex):
        overlap.measure(place / "nothing", str(place / "both.txt"))


def test_a_missing_test_set_is_found_before_the_long_build(place: Path) -> None:
    reports: list[str] = []
    with pytest.raises(CorpusError, match="no such file"):
        overlap.check(str(place / "a.txt"), str(place / "c.txt"), progress=lambda stage, *rest: reports.append(stage))
    assert reports == []


def test_missing_field_of_a_test_set(place: Path) -> None:
    (place / "t.jsonl").write_text(json.dumps({"question": SENTENCE}) + "\n")
    with pytest.raises(MissingField, match="question"):
        overlap.measure(place / "a.index", str(place / "t.jsonl"))


def test_an_index_answers_for_any_way_of_reading_the_test(place: Path) -> None:
    """By line or as one document: the n-grams across the line ends are the difference."""
    (by_line,) = overlap.measure(place / "a.index", str(place / "both.txt"), by_line=True)
    (whole,) = overlap.measure(place / "a.index", str(place / "both.txt"))
    assert int(by_line.ngrams.sum()) == 10 + 29 + 12
    assert int(whole.ngrams.sum()) == 17 + 36 + 1 + 19 - 7
    assert (by_line.document, whole.document) == ("line", "file")


def test_index_folder_is_used_again(place: Path) -> None:
    """Unchanged sources: not read again. Changed ones: that one index is built anew, the others are not."""
    sources = [str(place / "a.txt"), str(place / "b.txt")]

    def stages() -> list[str]:
        found: list[str] = []
        overlap.check(
            sources,
            f"x={place / 'both.txt'}",
            own_train=f"x={place / 'b.txt'}",
            index_dir=place / "kept",
            by_line=True,
            progress=lambda stage, done, total: found.append(stage),
        )
        return found

    assert stages().count("fill") == 3
    times = {item: item.stat().st_mtime_ns for item in (place / "kept").rglob("filter.bin")}
    assert len(times) == 3
    assert set(stages()) == {"measure"}
    write_lines(place / "a.txt", [OTHER, SENTENCE])
    assert stages().count("fill") == 1
    after = {item: item.stat().st_mtime_ns for item in (place / "kept").rglob("filter.bin")}
    assert len(times.items() & after.items()) == 2
    assert after.keys() == times.keys()


def test_index_folder_keeps_other_options_apart(place: Path) -> None:
    for options in ({"n": 8}, {"n": 5}, {"fpr": 1e-4}, {"by_line": True}, {"n": 8}):
        overlap.check(str(place / "a.txt"), str(place / "both.txt"), index_dir=place / "kept", **options)  # type: ignore[arg-type]
    assert len(list((place / "kept").rglob("filter.bin"))) == 4


def test_temporary_indexes_are_removed(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    overlap.check(str(place / "a.txt"), str(place / "both.txt"))
    with pytest.raises(CorpusError):
        overlap.check(str(place / "a.txt"), str(place / "a.txt"), n=64)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_progress_of_measuring(place: Path) -> None:
    reports: list[Any] = []
    sources = [f"{number}={place / 'both.txt'}" for number in range(4)]
    overlap.measure(place / "a.index", sources, workers=2, progress=lambda *report: reports.append(report))
    assert reports == [("measure", done, 4) for done in range(1, 5)]


def test_provenance(place: Path) -> None:
    import hashlib

    (found,) = overlap.measure(place / "a.index", f"x={place / 'both.txt'}", by_line=True)
    (source,) = found.test_sources
    content = (place / "both.txt").read_bytes()
    assert source.digest == "sha256:" + hashlib.sha256(content).hexdigest()
    assert (source.format, source.document, source.bytes) == ("text", "line", len(content))
    assert found.train.signature == str(overlap.open_index(place / "a.index").manifest.signature)
    assert found.train.bound == overlap.open_index(place / "a.index").manifest.bound
    for name in ("rows", "units", "ngrams", "run_counts"):
        assert getattr(found, name).shape == (4,)
        assert getattr(found, name).dtype == np.int64
