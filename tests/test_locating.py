"""scan and locate: exact counts, every place, every string; planted corpora with recall and precision of one."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import SHARED
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import stored
from naive import ngrams

import overlap
import overlap.errors
from overlap.corpus import group_sources, read_file, resolve
from overlap.metrics import summarise
from overlap.results import Findings, Match

TEN_PAIRS = (
    "gsm8k test question vs train question",
    "gsm8k test question+answer vs train question+answer",
    "gsm8k test question+answer vs train question+answer, n=13",
    "wikitext-2 test vs valid, by line",
    "wikitext-2 test vs train prefix, whole file",
    "humaneval prompt+solution vs gpteacher codegen",
    "agieval logiqa-zh vs jec-qa-kd (Chinese)",
    "tldr ko vs en",
    "xquad th vs en",
    "jungle book 236-0 vs old_jnglb10",
)
INTEGERS = ("train_documents", "train_ngrams", "examples", "too_short", "examples_hit", "examples_all_hit")
INTEGERS += ("test_ngrams", "hits", "test_distinct", "distinct_hits", "longest_run")


def _rows() -> list[dict[str, str]]:
    path = SHARED / "EXPECTED.tsv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream, delimiter="\t") if row["name"] in TEN_PAIRS]


def _source(path: str, fields: str) -> str:
    return f"{SHARED / path}" if fields in ("-", "line") else f"{SHARED / path}::{fields}"


def test_ten_pairs_are_there(shared_data: Path) -> None:
    assert len(_rows()) == 10


@pytest.mark.parametrize("row", _rows() or [{}], ids=lambda row: row.get("name", "no data"))
def test_real_pairs(row: dict[str, str], shared_data: Path) -> None:
    """scan gives the table's integers; locate confirms every hit of measure; both find the same matches, all true."""
    train, test = _source(row["train"], row["train_fields"]), _source(row["test"], row["test_fields"])
    by_line = "line" in (row["train_fields"], row["test_fields"])
    n = int(row["n"])
    (scanned,), (found,) = overlap.scan(train, test, n=n, by_line=by_line)
    values = summarise(scanned)
    assert {name: values[name] for name in INTEGERS} == {name: int(row[name]) for name in INTEGERS}
    (measured,) = overlap.check(train, test, n=n, by_line=by_line)
    (located,) = overlap.locate([measured], train, by_line=by_line)
    assert located.asked == located.confirmed == int(row["distinct_hits"])
    assert (located.false_positives, located.refuted) == (0, 0)
    assert located.runs == found.runs
    assert located.matches == found.matches
    for match in found.matches:
        words = ngrams(match.test_text, match.units)
        assert len(words) == 1
        assert words == ngrams(match.train_text, match.units)
    tests, trains = _originals(test, by_line), _originals(train, by_line)
    for match in found.matches:
        assert tests[match.test_source, match.test_row][match.test_start : match.test_stop] == match.test_text
        assert trains[match.source, match.row][match.train_start : match.train_stop] == match.train_text


def _originals(source: str, by_line: bool) -> dict[tuple[str, int], str]:
    """The documents of a source by file and row."""
    (group,) = group_sources([source]).values()
    return {
        (file.label, batch.row(index)): batch.text(index)
        for file in resolve(group, by_line=by_line)
        for batch in read_file(file)
        for index in range(len(batch))
    }


def _spans_are_right(found: Findings, tests: list[str], trains: list[str]) -> None:
    for match in found.matches:
        assert tests[match.test_row][match.test_start : match.test_stop] == match.test_text
        assert trains[match.row][match.train_start : match.train_stop] == match.train_text
        assert tests[match.test_row][: match.test_start].endswith(match.test_before)
        assert trains[match.row][match.train_stop :].startswith(match.train_after)


def _write(path: Path, texts: list[str]) -> str:
    path.write_text("".join(json.dumps({"text": text, "id": f"d{i}"}) + "\n" for i, text in enumerate(texts)))
    return str(path)


WORDS = [f"w{i}" for i in range(400)]


def test_planted_places(tmp_path: Path) -> None:
    """Windows of training documents planted in examples of foreign words: all found, none else, at the right places."""
    rng = random.Random(5)
    trains = [" ".join(rng.choices(WORDS, k=rng.randint(40, 90))) for _ in range(300)]
    tests, planted = [], set()
    for example in range(120):
        row = rng.randrange(len(trains))
        words = trains[row].split()
        length = rng.randint(8, 30)
        first = rng.randrange(len(words) - length + 1)
        foreign = [f"x{example}a{i}" for i in range(20)]
        tests.append(" ".join([*foreign[:7], *(word.upper() for word in words[first : first + length]), *foreign[7:]]))
        planted.add((example, row, 7, length, len(" ".join(words[:first])) + (first > 0)))
    (scanned,), (found,) = overlap.scan(
        _write(tmp_path / "train.jsonl", trains),
        _write(tmp_path / "test.jsonl", tests),
        id_field="id",
        test_id_field="id",
    )
    assert {(m.example, m.row, m.first, m.units, m.train_start) for m in found.matches} == planted
    assert {(m.test_id, m.document) for m in found.matches} == {(f"d{e}", f"d{r}") for e, r, *_ in planted}
    _spans_are_right(found, tests, trains)
    assert int(scanned.hits.sum()) == sum(length - 7 for *_, length, _ in planted)


texts = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "d", "é", "漢"]), max_size=14).map(" ".join), min_size=1, max_size=7
)


@settings(max_examples=120)
@given(texts, texts, st.integers(1, 4))
def test_counts_and_places_of_anything(
    tmp_path_factory: pytest.TempPathFactory, trains: list[str], tests: list[str], n: int
) -> None:
    """Document frequencies, example frequencies, runs and the longest match, against sets of word tuples."""
    folder = tmp_path_factory.mktemp("any")
    if not any(ngrams(text, n) for text in trains) or not any(ngrams(text, n) for text in tests):
        return
    (scanned,), (found,) = overlap.scan(
        _write(folder / "a.jsonl", trains), _write(folder / "b.jsonl", tests), n=n, sample_documents=50
    )
    in_documents = Counter(gram for text in trains for gram in set(ngrams(text, n)))
    in_examples = Counter(gram for text in tests for gram in set(ngrams(text, n)))
    for example, text in enumerate(tests):
        flags = [gram in in_documents for gram in ngrams(text, n)]
        covered = {first + i for first, length in scanned.example(example).runs for i in range(length)}
        assert covered == {i for i, flag in enumerate(flags) if flag}
    for run in found.runs:
        grams = ngrams(tests[run.example], n)[run.first : run.first + run.ngrams]
        assert run.least_documents == min(in_documents[gram] for gram in grams)
        assert run.least_examples == min(in_examples[gram] for gram in grams)
        assert run.longest == _longest_shared(grams, trains, n)
        assert ngrams(run.text, n) == grams
    _spans_are_right(found, tests, trains)
    confirmed = {gram for text in tests for gram in ngrams(text, n)} & set(in_documents)
    assert found.confirmed == len(confirmed)
    assert found.asked == len(in_examples)


def _longest_shared(grams: list[tuple[str, ...]], trains: list[str], n: int) -> int:
    best = 0
    for text in trains:
        other = ngrams(text, n)
        for i in range(len(grams)):
            for j in range(len(other)):
                length = 0
                while i + length < len(grams) and j + length < len(other) and grams[i + length] == other[j + length]:
                    length += 1
                best = max(best, length)
    return best + n - 1


def test_sampled_places_do_not_depend_on_workers(tmp_path: Path) -> None:
    rng = random.Random(1)
    phrase = " ".join(WORDS[:9])
    parts = []
    for number in range(6):
        trains = [
            f"{' '.join(rng.choices(WORDS, k=20))} {phrase} {' '.join(rng.choices(WORDS, k=20))}" for _ in range(40)
        ]
        parts.append(_write(tmp_path / f"train{number}.jsonl", trains))
    test = _write(tmp_path / "test.jsonl", [f"zz {phrase} zz"])
    sources = [f"t={part}" for part in parts]
    outcomes = [overlap.scan(sources, test, workers=workers, sample_documents=3)[1][0] for workers in (1, 2, 5)]
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert len(outcomes[0].matches) == 3
    assert [match.row for match in outcomes[0].matches] == [0, 1, 2]
    assert outcomes[0].runs[0].least_documents == 240


def test_false_positives_are_counted(tmp_path: Path) -> None:
    """A filter at one in ten makes up hits: locate refutes exactly those that scan does not know."""
    rng = random.Random(2)
    trains = [" ".join(rng.choices(WORDS, k=60)) for _ in range(400)]
    tests = [" ".join(rng.choices(WORDS, k=60)) for _ in range(400)] + trains[:5]
    train, test = _write(tmp_path / "a.jsonl", trains), _write(tmp_path / "b.jsonl", tests)
    (measured,) = overlap.check(train, test, fpr=0.1)
    (exact,), _ = overlap.scan(train, test)
    (located,) = overlap.locate([measured], train)
    assert located.confirmed == exact.distinct_hits
    assert located.false_positives == measured.distinct_hits - exact.distinct_hits > 500
    assert {run.kind for run in located.runs if run.longest == 0} == {"false positive"}
    expected = measured.train.bound * (measured.test_distinct - exact.distinct_hits)
    assert located.false_positives < 1.5 * expected


def test_a_template_does_not_hide_a_duplicate(tmp_path: Path) -> None:
    """One text that has a phrase of a thousand examples 150 times, and at its end one example whole."""
    phrase = " ".join(WORDS[:10])
    tests = [f"{phrase} " + " ".join(f"e{number}x{i}" for i in range(60)) for number in range(1000)]
    text = " zz ".join([phrase] * 150) + f" zz {tests[500]}"
    test = _write(tmp_path / "b.jsonl", tests)
    for train in (_write(tmp_path / "a.jsonl", [text]), str(stored(tmp_path / "a.txt", text))):
        _, (found,) = overlap.scan(train, test)
        (run,) = (run for run in found.runs if run.example == 500)
        assert (run.kind, run.longest) == ("duplicate", 70)
        assert len(found.matches) == 1001
        assert found.repetitive == 0


def test_places_are_bounded_by_the_test_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Single words stand everywhere; of each test word some places are kept, however large the corpus, in any cut."""
    from overlap.corpus import readers
    from overlap.locating import stream

    rng = random.Random(3)
    trains = [" ".join(rng.choices(WORDS[:20], k=200)) for _ in range(60)]
    tests = [" ".join(rng.choices(WORDS[:20], k=50)) for _ in range(20)]
    train, test = _write(tmp_path / "a.jsonl", trains), _write(tmp_path / "b.jsonl", tests)
    _, (found,) = overlap.scan(train, test, n=1, sample_documents=2)
    assert 1000 < len(found.matches) < 20 * 50 * 5
    covered = {(match.example, match.first + i) for match in found.matches for i in range(match.units)}
    assert len(covered) == 1000
    for run in found.runs:
        assert run.longest == _longest_shared(ngrams(tests[run.example], 1), trains, 1)
    monkeypatch.setattr(readers, "SMALLEST_SHARD", 3000)
    monkeypatch.setattr(stream, "_ROWS", 1)
    _, (again,) = overlap.scan(train, test, n=1, sample_documents=2, workers=3)
    assert again == found


def test_documents_too_repetitive_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train = _write(tmp_path / "a.jsonl", [" ".join(["a", "b"] * 6000), "a b"])
    test = _write(tmp_path / "b.jsonl", [" ".join(["a", "b", "b"] * 9000)])
    overlaps, (found,) = overlap.scan(train, test, n=1)
    assert found.repetitive == 1
    assert "1 training documents repeat themselves" in overlap.Report(overlaps, (found,)).render("md")


def test_an_edited_text_is_not_taken_for_errors_of_the_filter(tmp_path: Path) -> None:
    """As many documents and n-grams, other words: the digest tells."""
    train = _write(tmp_path / "a.jsonl", [" ".join(WORDS[:30])])
    test = _write(tmp_path / "b.jsonl", [" ".join(WORDS[3:20])])
    measured = overlap.check(train, test)
    _write(tmp_path / "a.jsonl", [" ".join([*WORDS[:10], "edited", *WORDS[11:30]])])
    with pytest.raises(overlap.errors.SignatureMismatch, match="this is not the text that was measured as a"):
        overlap.locate(measured, train)


def test_counts_of_every_hit(tmp_path: Path) -> None:
    """Training documents and test examples of each n-gram of a run, stored and read back."""
    trains = [" ".join(WORDS[:12]), " ".join(WORDS[2:11]), " ".join(WORDS[4:40])]
    tests = [" ".join(WORDS[:12]), " ".join(WORDS[1:9])]
    overlaps, (found,) = overlap.scan(_write(tmp_path / "a.jsonl", trains), _write(tmp_path / "b.jsonl", tests))
    assert found.runs[0].documents == (1, 1, 2, 2, 2)
    assert found.runs[0].examples == (1, 2, 1, 1, 1)
    overlap.Report(overlaps, (found,)).save(tmp_path / "r")
    assert overlap.load_findings(tmp_path / "r")[0].runs == found.runs


def test_progress_names_files_and_the_log_times(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(3):
        _write(tmp_path / f"a{number}.jsonl", [" ".join(WORDS[:12])])
    test = _write(tmp_path / "b.jsonl", [" ".join(WORDS[:12])])
    seen: list[tuple[str, tuple[int, int]]] = []
    with caplog.at_level("INFO", "overlap"):
        overlap.scan(str(tmp_path / "a*.jsonl"), test, progress=lambda stage, *_: seen.append((stage, stage.files)))
    assert seen[0] == ("scan", (0, 3))
    assert seen[-1] == ("scan", (3, 3))
    assert [record.message.split(":")[0] for record in caplog.records] == ["scan"]
    seen.clear()
    overlap.build_index(
        str(tmp_path / "a*.jsonl"),
        tmp_path / "i",
        progress=lambda stage, *_: seen.append((stage, getattr(stage, "files", (0, 0)))),
    )
    assert ("hash", (3, 3)) in seen


def test_impossible_rules_and_samples(tmp_path: Path) -> None:
    train = _write(tmp_path / "a.jsonl", [" ".join(WORDS[:12])])
    for options in ({"duplicate_share": float("nan")}, {"duplicate_units": 0}, {"phrase_documents": -1}):
        with pytest.raises(ValueError, match="no such rule"):
            overlap.ClassRule(**options)
    for number in (0, -1, 10**22):
        with pytest.raises(ValueError, match="sample_documents must be from 1 to 1,000,000"):
            overlap.scan(train, train, sample_documents=number)


def test_text_that_repeats_itself_is_bounded(tmp_path: Path) -> None:
    """A square number of stretches is not written out; counts stay exact."""
    train = _write(tmp_path / "a.jsonl", ["1 " * 30_000])
    test = _write(tmp_path / "b.jsonl", ["1 " * 20_000])
    (scanned,), (found,) = overlap.scan(train, test)
    assert int(scanned.hits.sum()) == 20_000 - 7
    assert found.runs[0].longest == 20_000
    assert len(found.matches) <= 20_000


def test_many_stretches_in_one_document(tmp_path: Path) -> None:
    """A whole file of shared sentences, each an example: none is taken for an error of a filter that was not asked."""
    rng = random.Random(6)
    sentences = [" ".join(rng.choices(WORDS, k=12)) for _ in range(12_000)]
    (tmp_path / "a.txt").write_text("\n".join(sentences))
    (tmp_path / "b.md").write_text("\n".join(sentences))
    _, (found,) = overlap.scan(str(tmp_path / "a.txt"), _write(tmp_path / "b.jsonl", sentences))
    assert len(found.matches) == 12_000
    assert {run.kind for run in found.runs} == {"duplicate"}


def test_phrases_are_found_whole(tmp_path: Path) -> None:
    train = _write(tmp_path / "a.jsonl", ["One two, THREE four!", "two three", "x two-three y", "three two"])
    (found,) = overlap.find_phrase("Two three", train)
    assert [(match.row, match.train_text) for match in found.matches] == [
        (0, "two, THREE"),
        (1, "two three"),
        (2, "two-three"),
    ]
    assert found.runs[0].least_documents == 3
    (nothing,) = overlap.find_phrase("four five", train)
    assert not nothing.matches
    with pytest.raises(ValueError, match="no word in this phrase"):
        overlap.find_phrase(" -- ", train)


def test_findings_are_stored_and_read_back(tmp_path: Path) -> None:
    train = _write(tmp_path / "a.jsonl", [" ".join(WORDS[:30]), " ".join(WORDS[5:60])])
    test = _write(tmp_path / "b.jsonl", [" ".join(WORDS[3:40])])
    overlaps, findings = overlap.scan(train, test)
    overlap.Report(overlaps, findings).save(tmp_path / "r")
    loaded = overlap.Report.load(tmp_path / "r")
    assert loaded.findings == findings
    assert "Leak or phrase" in loaded.render("md")
    assert json.loads(loaded.render("json"))["results"][0]["findings"]["confirmed"] == 30
    target = tmp_path / "r" / "matches.parquet"
    target.write_bytes(target.read_bytes()[:-9])
    with pytest.raises(overlap.errors.ResultFileError, match="altered or truncated"):
        overlap.Report.load(tmp_path / "r")


def test_a_changed_test_file_is_refused(tmp_path: Path) -> None:
    train = _write(tmp_path / "a.jsonl", [" ".join(WORDS[:30])])
    test = _write(tmp_path / "b.jsonl", [" ".join(WORDS[3:40])])
    measured = overlap.check(train, test)
    _write(tmp_path / "b.jsonl", [" ".join(WORDS[4:40])])
    with pytest.raises(overlap.errors.SignatureMismatch, match="has changed since it was measured"):
        overlap.locate(measured, train)
    with pytest.raises(ValueError, match="not measured: other"):
        overlap.locate([*measured, *overlap.check(f"x={train}", test)], f"other={train}")


def test_another_text_than_was_measured(tmp_path: Path) -> None:
    """Not taken for errors of the filter: refused, or searched as a part."""
    trains = [" ".join(WORDS[i : i + 30]) for i in range(0, 300, 30)]
    train, part = _write(tmp_path / "a.jsonl", trains), _write(tmp_path / "part.jsonl", trains[:3])
    test = _write(tmp_path / "b.jsonl", [" ".join(WORDS[3:20]), " ".join(WORDS[95:110])])
    measured = overlap.check(train, test)
    with pytest.raises(overlap.errors.SignatureMismatch, match="this is not the text that was measured as a") as caught:
        overlap.locate(measured, part)
    assert (caught.value.expected, caught.value.found) == (
        "10 documents with 230 8-grams",
        "3 documents with 69 8-grams",
    )
    (found,) = overlap.locate(measured, part, partial=True)
    assert (found.asked, found.confirmed, found.false_positives) == (18, 10, 0)
    assert [(run.example, run.kind) for run in found.runs] == [(0, "duplicate")]
    overlap.Report(measured, (found,)).save(tmp_path / "r")
    assert "searched in a part of the training text only" in overlap.Report.load(tmp_path / "r").render("md")


def test_an_error_of_the_filter_inside_a_true_run(tmp_path: Path) -> None:
    """Its run keeps the class that its true n-grams give it."""
    text = " ".join(WORDS[:40])
    train = _write(tmp_path / "a.jsonl", [text])
    test = _write(tmp_path / "b.jsonl", [f"{text} " + " ".join(WORDS[50:90])])
    (measured,) = overlap.check(train, test)
    claimed = replace(measured, run_lengths=measured.run_lengths + 1, distinct_hits=measured.distinct_hits + 1)
    (found,) = overlap.locate([claimed], train)
    assert found.false_positives == 1
    assert [(run.kind, run.longest, run.least_documents) for run in found.runs] == [("passage", 40, 1)]


def test_evidence_does_not_depend_on_other_test_sets(tmp_path: Path) -> None:
    phrase = " ".join(WORDS[:9])
    train = _write(tmp_path / "a.jsonl", [phrase])
    tests = [
        _write(tmp_path / f"{name}.jsonl", [f"{phrase} {name}{i}" for i in range(count)])
        for name, count in (("x", 3), ("y", 40))
    ]
    _, alone = overlap.scan(train, tests[0])
    _, together = overlap.scan(train, tests)
    assert together[0] == alone[0]
    assert [{run.least_examples for run in item.runs} for item in together] == [{3}, {40}]


def test_match_is_plain_text() -> None:
    assert all(str(field.type) in ("int", "float", "str") for field in Match.__dataclass_fields__.values())


def test_rows_in_later_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file cut into several shards, with blank lines in all of them: rows are line numbers of the file."""
    from overlap.corpus import readers

    monkeypatch.setattr(readers, "SMALLEST_SHARD", 500)
    rng = random.Random(4)
    trains = [" ".join(rng.choices(WORDS, k=20)) for _ in range(60)]
    lines = [line for text in trains for line in (json.dumps({"text": text}), *[""] * rng.randint(0, 2))]
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(lines) + "\n")
    test = _write(tmp_path / "test.jsonl", trains[::7])
    _, (found,) = overlap.scan(str(path), test)
    assert len(found.matches) == 9
    for match in found.matches:
        assert json.loads(lines[match.row])["text"] == match.test_text == trains[7 * match.example]


def test_the_longest_place_is_kept_whatever_the_sample(tmp_path: Path) -> None:
    """Every n-gram stands in enough earlier documents; the one that has all of it comes last."""
    text = [f"w{i}" for i in range(60)]
    trains = [" ".join(text[:40])] * 5 + [" ".join(text[20:])] * 5 + [" ".join(text)]
    test = _write(tmp_path / "b.jsonl", [" ".join(text)])
    _, (found,) = overlap.scan(_write(tmp_path / "a.jsonl", trains), test, sample_documents=2)
    assert (found.runs[0].longest, found.runs[0].kind) == (60, "duplicate")
    assert (10, 60) in {(match.row, match.units) for match in found.matches}
    audit = overlap.audit([f"train={tmp_path / 'a.jsonl'}", f"test={test}"])
    assert {(pair.test, pair.contained) for pair in audit.pairs} >= {("test", 1)}
