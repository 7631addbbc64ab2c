"""build_index: exact counts, no false negatives, the bound kept, and the same bytes however the work is done."""

from __future__ import annotations

import concurrent.futures
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from commands import COMMAND, call, refused, spawn, without_privileges
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import ngrams, words
from samples import OTHER, SENTENCE, WORDS, kept_bytes, vocabulary

import overlap
from overlap.corpus import InputFile
from overlap.errors import CorpusError, IndexExists, MissingField, OutputError, OverlapError, SizingError

lines = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)
unicode_lines = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=60)
documents = st.lists(lines | unicode_lines, max_size=8)


def _expect(index: overlap.Index, texts: list[str], n: int) -> None:
    """The counts of the index are those of sets of word tuples, and it knows every n-gram."""
    grams = [ngrams(text, n) for text in texts]
    manifest = index.manifest
    assert manifest.documents == len(texts)
    assert manifest.units == sum(len(words(text)) for text in texts)
    assert manifest.ngrams == sum(map(len, grams))
    assert manifest.distinct == len({gram for some in grams for gram in some})
    for text, some in zip(texts, grams, strict=True):
        found = index.contains(text)
        assert found.size == len(some)
        assert found.all()


@settings(derandomize=True, deadline=None, max_examples=80)
@given(st.lists(documents, min_size=1, max_size=3), st.integers(1, 13), st.integers(1, 4), st.booleans())
def test_counts_of_any_corpus(groups: list[list[str]], n: int, workers: int, by_line: bool) -> None:
    """One file a group with a document a line, or one file a document; several sources; any n."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sources = []
        for number, group in enumerate(groups):
            if by_line:
                sources.append(folder / f"{number}.txt")
                sources[-1].write_text("".join(line + "\n" for line in group), encoding="utf-8", newline="")
            else:
                for at, text in enumerate(group):
                    sources.append(folder / f"{number}-{at}.txt")
                    sources[-1].write_text(text, encoding="utf-8", newline="")
        texts = [text for group in groups for text in group]
        sources = sources or [folder / "empty.txt"]
        if not texts and not by_line:
            (folder / "empty.txt").touch()

        def build() -> overlap.Index:
            asked = [str(source) for source in sources]
            return overlap.build_index(asked, folder / "i", n=n, by_line=by_line, workers=workers)

        if any(ngrams(text, n) for text in texts):
            _expect(build(), texts, n)
        else:
            with pytest.raises(CorpusError, match=f"no {n}-gram in this corpus"):
                build()


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.lists(st.lists(lines, min_size=1, max_size=4), min_size=1, max_size=8), st.integers(1, 13))
def test_counts_of_records_with_lists_and_several_fields(records: list[list[str]], n: int) -> None:
    """The fields ``a`` (a string) and ``b`` (a list) make one text, joined by newlines."""
    texts = ["\n".join(record) for record in records]
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "records.jsonl"
        rows = [{"a": record[0], "b": record[1:], "c": OTHER} for record in records]
        source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        if any(ngrams(text, n) for text in texts):
            _expect(overlap.build_index(f"{source}::a,b", Path(place) / "i", n=n), texts, n)
        else:
            with pytest.raises(CorpusError, match=f"no {n}-gram"):
                overlap.build_index(f"{source}::a,b", Path(place) / "i", n=n)


def test_text_cut_anywhere_gives_the_same_filter(tmp_path: Path) -> None:
    """One file of 18 MB as one document, read in many pieces, has every n-gram once, those across cuts too."""
    source = random.Random(3)
    known = vocabulary(50_000, 3)
    text = " ".join(source.choices(known, k=2_800_000))
    (tmp_path / "huge.txt").write_text(text)
    (tmp_path / "huge.jsonl").write_text(json.dumps({"text": text}) + "\n")
    cut = overlap.build_index(str(tmp_path / "huge.txt"), tmp_path / "cut", memory="32MB", workers=3)
    overlap.build_index(str(tmp_path / "huge.jsonl"), tmp_path / "whole", workers=1)
    assert (cut.manifest.documents, cut.manifest.units) == (1, 2_800_000)
    assert cut.manifest.ngrams == 2_800_000 - 7
    assert cut.contains(text).all()
    assert kept_bytes(tmp_path / "cut")["filter.bin"] == kept_bytes(tmp_path / "whole")["filter.bin"]


@pytest.fixture(scope="module")
def usual(large_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What any build of the large corpus must come to."""
    place = tmp_path_factory.mktemp("usual") / "i"
    index = overlap.build_index(str(large_corpus), place, by_line=True)
    assert len(index.manifest.partitions) > 4
    assert index.manifest.ngrams == 8 * 520_000 // 200 * (200 - 7)
    return kept_bytes(place)


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
@pytest.mark.parametrize("memory", ["1MB", "33MB", "4GB"])
def test_same_bytes_for_any_workers_and_memory(
    workers: int, memory: str, large_corpus: Path, usual: dict[str, bytes], tmp_path: Path
) -> None:
    """The smallest memory is less than the corpus, and less than its hashes."""
    overlap.build_index(str(large_corpus), tmp_path / "i", by_line=True, workers=workers, memory=memory)
    assert kept_bytes(tmp_path / "i") == usual


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_same_bytes_in_any_order_of_completion(
    seed: int, large_corpus: Path, usual: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every task that is handed to a thread sleeps a random time before and after its work."""
    source = random.Random(seed)
    submit = concurrent.futures.ThreadPoolExecutor.submit
    delayed = 0

    def late(pool: Any, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        nonlocal delayed
        delayed += 1
        before, after = source.random() / 25, source.random() / 25

        def sleepy() -> Any:
            time.sleep(before)
            try:
                return task(*arguments, **named)
            finally:
                time.sleep(after)

        return submit(pool, sleepy)

    monkeypatch.setattr(concurrent.futures.ThreadPoolExecutor, "submit", late)
    overlap.build_index(str(large_corpus), tmp_path / "i", by_line=True, workers=4)
    assert delayed > 10
    assert kept_bytes(tmp_path / "i") == usual


PEAK = """
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""  # from a process of its own: what is started by a large process is counted as large


def test_peak_memory_does_not_follow_the_corpus(tmp_path: Path) -> None:
    """A corpus ten times as large as --memory: the process stays under memory + 400 MB."""
    source = np.random.default_rng(1)
    letters = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)
    for number in range(8):
        text = letters[source.integers(0, 26, 40_000_000, np.uint8)]
        text[5::6] = ord(" ")
        text[1199::1200] = ord("\n")
        text.tofile(tmp_path / f"{number}.txt")
    command = [*COMMAND, "build", f"c={tmp_path}/*.txt", "--by-line", "-o", str(tmp_path / "i"), "--memory", "32MB"]
    outcome = subprocess.run(
        [sys.executable, "-c", PEAK, *command, "--workers", "2"], capture_output=True, text=True, check=True
    )
    status, peak = map(int, outcome.stdout.splitlines()[-1].split())
    distinct = overlap.open_index(tmp_path / "i").manifest.distinct
    for item in (*tmp_path.glob("*.txt"), tmp_path / "i" / "filter.bin"):
        item.unlink()  # pytest keeps temporary folders for a while, and these are large
    assert status == 0, outcome.stderr
    assert distinct > 50_000_000
    assert peak * 1024 < (32 + 400) * 1_000_000


def test_same_filter_from_every_format(tmp_path: Path) -> None:
    """The corpus as text by line, JSON lines, compressed, an array, CSV, TSV, Parquet and Arrow."""
    source = random.Random(5)
    texts = [" ".join(source.choices(WORDS, k=source.randint(0, 40))) for _ in range(3000)]
    table = pa.table({"id": list(range(3000)), "text": texts})
    json_lines = "".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(texts)).encode()
    (tmp_path / "c.txt").write_text("".join(text + "\n" for text in texts), encoding="utf-8")
    (tmp_path / "c.jsonl").write_bytes(json_lines)
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(json_lines))
    (tmp_path / "c.json").write_text(json.dumps([{"text": text} for text in texts]))
    pyarrow.csv.write_csv(table, tmp_path / "c.csv")
    pyarrow.csv.write_csv(table, tmp_path / "c.tsv", pyarrow.csv.WriteOptions(delimiter="\t"))
    pyarrow.parquet.write_table(table, tmp_path / "c.parquet", row_group_size=700)
    with pa.OSFile(str(tmp_path / "c.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=500)
    filters = {}
    for item in sorted(tmp_path.glob("c.*")):
        index = overlap.build_index(str(item), tmp_path / f"{item.name}.index", by_line=True)
        filters[item.name] = kept_bytes(index.path)["filter.bin"]
        _expect(index, texts, 8)
    assert len(filters) == 8
    assert {name for name, content in filters.items() if content != filters["c.txt"]} == set()


@pytest.mark.parametrize("fpr", [1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12])
def test_bound_is_kept(fpr: float, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(" ".join(vocabulary(40_000)))
    index = overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i", fpr=fpr)
    assert index.manifest.fpr == fpr
    assert index.manifest.realised_fpr <= index.manifest.bound <= fpr
    assert index.manifest.realised_fpr > fpr / 4  # not bought with pages that are not needed
    probes = 4_000_000
    found = overlap.verify_index(tmp_path / "i", probes=probes)
    expected = index.manifest.realised_fpr * probes
    assert abs(found.hits - expected) <= 6 * sqrt(expected) + 1
    assert found.consistent
    assert found.limit is not None
    assert found.limit >= found.hits / probes


def test_bits_per_ngram(large_corpus: Path, usual: dict[str, bytes]) -> None:
    distinct = json.loads(usual["manifest.json"])["distinct"]
    assert distinct > 4_000_000
    assert 8 * len(usual["filter.bin"]) / distinct < 41


def test_hash_floor_over_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were so many distinct n-grams that 64-bit hashes alone break the bound."""
    (tmp_path / "a.txt").write_text(" ".join(vocabulary(1000)))
    monkeypatch.setattr("overlap.bloom.hash_floor", lambda keys: keys * 1e-10)
    with pytest.raises(SizingError, match="by their 64-bit hashes alone") as caught:
        overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i")
    assert "higher --fpr" in str(caught.value)
    assert not (tmp_path / "i" / "manifest.json").exists()
    line = refused(call("build", tmp_path / "a.txt", "-o", tmp_path / "j"))
    assert "hashes alone" in line


def test_no_ngram_says_why(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("two words\nand three more\n\n")
    line = refused(call("build", tmp_path / "short.txt", "--by-line", "-o", tmp_path / "i"))
    assert "no 8-gram in this corpus" in line
    assert "3 documents" in line
    assert not (tmp_path / "i" / "work").exists()


def test_source_named_twice_counts_twice(tmp_path: Path) -> None:
    """As one file and through its folder: every document is there twice, and each row keeps the file's digest."""
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.txt").write_text(SENTENCE)
    sources = [str(tmp_path / "c" / "a.txt"), str(tmp_path / "c" / "a.txt"), str(tmp_path / "c")]
    for attempt in range(20):
        index = overlap.build_index(sources, tmp_path / str(attempt), name="c", workers=4)
        assert (index.manifest.documents, index.manifest.ngrams) == (3, 30)
        assert index.manifest.distinct == 10
        assert {row.digest.partition(":")[0] for row in index.manifest.sources} == {"sha256"}


def test_one_file_by_two_fields(tmp_path: Path) -> None:
    source = tmp_path / "qa.jsonl"
    source.write_text(json.dumps({"q": SENTENCE, "a": OTHER}) + "\n")
    index = overlap.build_index([f"qa={source}::q", f"qa={source}::a"], tmp_path / "i")
    assert (index.manifest.documents, index.manifest.ngrams) == (2, 10 + 12)
    assert index.contains(SENTENCE).all()
    assert index.contains(OTHER).all()
    (first, second) = index.manifest.sources
    assert first.digest == second.digest
    assert first.digest.startswith("sha256:")


def test_unchanged_index_is_opened_without_reading(tmp_path: Path) -> None:
    """A corpus whose bytes changed behind an unchanged size and time is not looked at."""
    source, place = tmp_path / "a.txt", tmp_path / "i"
    source.write_text(SENTENCE)
    overlap.build_index(str(source), place)
    before = source.stat()
    source.write_text(SENTENCE.upper())
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    kept, written = kept_bytes(place), (place / "filter.bin").stat()
    reports: list[tuple[str, int, int]] = []
    overlap.build_index(str(source), place, progress=lambda *report: reports.append(report))
    assert reports == []
    assert kept_bytes(place) == kept
    assert (place / "filter.bin").stat() == written


@pytest.mark.parametrize(
    "changed", [{"n": 5}, {"fpr": 1e-6}, {"by_line": True}, {"name": "other"}, {"input_format": "jsonl"}], ids=str
)
def test_other_options_do_not_replace_an_index(changed: dict[str, Any], tmp_path: Path) -> None:
    source, place = tmp_path / "a.jsonl", tmp_path / "i"
    source.write_text(json.dumps({"text": SENTENCE}) + "\n")
    options = {"name": "a", "input_format": "text"}
    overlap.build_index(str(source), place, **options)  # type: ignore[arg-type]
    kept = kept_bytes(place)
    with pytest.raises(IndexExists, match="--force"):
        overlap.build_index(str(source), place, **{**options, **changed})
    assert kept_bytes(place) == kept
    index = overlap.build_index(str(source), place, force=True, **{**options, **changed})
    overlap.verify_index(place)
    assert kept_bytes(place) != kept
    assert index.manifest.n == changed.get("n", 8)


def test_changed_sources_do_not_replace_an_index_unless_asked(tmp_path: Path) -> None:
    source, place = tmp_path / "a.txt", tmp_path / "i"
    source.write_text(SENTENCE)
    overlap.build_index(str(source), place)
    source.write_text(OTHER)
    with pytest.raises(IndexExists):
        overlap.build_index(str(source), place)
    assert overlap.open_index(place).contains(SENTENCE).all()
    assert overlap.build_index(str(source), place, renew=True).contains(OTHER).all()
    assert not overlap.open_index(place).contains(SENTENCE).any()


@pytest.mark.parametrize("how", ["force", "renew"])
def test_failed_replacement_keeps_the_old_index(how: str, tmp_path: Path) -> None:
    """What is asked for instead turns out to be unreadable: what was there still answers."""
    source, place = tmp_path / "a.jsonl", tmp_path / "i"
    source.write_text(json.dumps({"text": SENTENCE}) + "\n")
    overlap.build_index(str(source), place)
    source.write_text(json.dumps({"body": SENTENCE}) + "\n")
    with pytest.raises(MissingField):
        overlap.build_index(str(source), place, **{how: True})  # type: ignore[arg-type]
    assert overlap.open_index(place).contains(SENTENCE).all()
    overlap.verify_index(place)


def test_standard_input_is_known_again(tmp_path: Path) -> None:
    """The same text through a pipe twice: the second build finds the first one's index unchanged."""
    first = spawn("build", "-", "-o", tmp_path / "i", input=SENTENCE)
    assert first.returncode == 0, first.stderr
    kept = kept_bytes(tmp_path / "i")
    again = spawn("build", "-", "-o", tmp_path / "i", input=SENTENCE)
    assert (again.returncode, again.stderr) == (0, "")
    assert kept_bytes(tmp_path / "i") == kept
    assert "--force" in refused(spawn("build", "-", "-o", tmp_path / "i", input=OTHER))


@pytest.mark.parametrize("text", [SENTENCE + OTHER, SENTENCE.upper(), None], ids=["longer", "as long", "gone"])
def test_file_that_changes_while_it_is_read(text: str | None, tmp_path: Path) -> None:
    """It may not end as an index of something that never was."""
    source = tmp_path / "a.txt"
    source.write_text(SENTENCE)

    def report(stage: str, done: int, total: int) -> None:
        if stage != "hash" or done < total:
            return
        if text is None:
            source.unlink(missing_ok=True)
        elif source.read_text() != text:
            source.write_text(text)
            os.utime(source, ns=(1, 1))

    with pytest.raises(CorpusError, match=r"changed while it was read|cannot be read to its end"):
        overlap.build_index(str(source), tmp_path / "i", progress=report)
    assert not (tmp_path / "i" / "manifest.json").exists()


def test_file_that_disappears_while_it_is_read(tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text(SENTENCE)
    with pytest.raises(CorpusError, match=r"a\.txt"):
        overlap.build_index(
            str(source), tmp_path / "i", progress=lambda stage, done, total: source.unlink(missing_ok=True)
        )


@pytest.mark.parametrize("kind", ["file", "below a file", "foreign folder", "name too long"])
def test_place_that_cannot_be_an_index(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("precious")
    place = {
        "file": tmp_path / "a.txt",
        "below a file": tmp_path / "a.txt" / "i",
        "foreign folder": tmp_path / "folder",
        "name too long": tmp_path / ("x" * 300),
    }[kind]
    for options in ([], ["--force"]):
        line = refused(call("build", tmp_path / "a.txt", "-o", place, *options))
        assert line.startswith(str(place))
    assert (tmp_path / "a.txt").read_text() == SENTENCE
    assert [item.name for item in (tmp_path / "folder").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", ["work/thesis.txt", "manifest.json", "filter.bin", "inputs.key"])
def test_nothing_of_others_is_ever_removed(name: str, force: bool, tmp_path: Path) -> None:
    """A folder with a file that happens to have a name of ours, or a folder ``work`` of somebody else."""
    (tmp_path / "a.txt").write_text(SENTENCE)
    precious = tmp_path / "project" / name
    precious.parent.mkdir(parents=True)
    precious.write_text('{"precious": true}')
    with pytest.raises((IndexExists, OutputError)):
        overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "project", force=force)
    assert precious.read_text() == '{"precious": true}'


def test_read_only_place(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    place = tmp_path / "locked"
    place.mkdir(mode=0o555)
    command = [*COMMAND, "build", str(tmp_path / "a.txt"), "-o", str(place / "i")]
    outcome = subprocess.run(
        command, capture_output=True, text=True, check=False, preexec_fn=without_privileges, timeout=120
    )
    line = refused(outcome)
    assert "Permission denied" in line
    place.chmod(0o755)
    assert list(place.iterdir()) == []


def test_many_files_cost_no_more_than_their_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are compared with each other a bounded number of times each, not each with all."""
    (tmp_path / "c").mkdir()
    for number in range(300):
        (tmp_path / "c" / f"{number}.txt").write_text(f"{SENTENCE} {number}")
    compared = 0
    equal = InputFile.__eq__

    def counted(self: InputFile, other: object) -> bool:
        nonlocal compared
        compared += 1
        return equal(self, other)

    monkeypatch.setattr(InputFile, "__eq__", counted)
    index = overlap.build_index(str(tmp_path / "c"), tmp_path / "i")
    assert index.manifest.documents == 300
    assert compared < 20 * 300


def test_progress_is_told_in_order_to_its_end(large_corpus: Path, tmp_path: Path) -> None:
    reports: list[tuple[str, int, int]] = []
    overlap.build_index(
        str(large_corpus), tmp_path / "i", by_line=True, workers=3, progress=lambda *report: reports.append(report)
    )
    assert list(dict.fromkeys(stage for stage, _, _ in reports)) == ["hash", "fill"]
    for stage in ("hash", "fill"):
        steps = [(done, total) for reached, done, total in reports if reached == stage]
        assert [done for done, _ in steps] == sorted(done for done, _ in steps)
        assert len({total for _, total in steps}) == 1
        assert steps[-1][0] == steps[-1][1]
    assert reports[0] == ("hash", 0, sum(item.stat().st_size for item in large_corpus.iterdir()))


@pytest.mark.parametrize(
    "options",
    [{"n": 0}, {"n": 65}, {"fpr": 0.0}, {"fpr": 0.5}, {"fpr": float("nan")}, {"workers": 0}, {"memory": "much"},
     {"input_format": "pdf"}],
    ids=str,
)  # fmt: skip
def test_bad_arguments_are_value_errors(options: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    with pytest.raises(ValueError, match=r".+"):
        overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i", **options)
    assert not (tmp_path / "i").exists()


def test_no_source_is_a_value_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no training source"):
        overlap.build_index([], tmp_path / "i")


def test_index_inside_its_own_corpus(tmp_path: Path) -> None:
    """Refused at once, or never read as training text: a second run, or a resumed one, must not find it there."""
    corpus = tmp_path / "c"
    corpus.mkdir()
    (corpus / "a.txt").write_text(SENTENCE)
    try:
        first = overlap.build_index(str(corpus), corpus / "i")
    except (ValueError, OverlapError):
        return
    kept = kept_bytes(corpus / "i")
    again = overlap.build_index(str(corpus), corpus / "i")
    assert kept_bytes(corpus / "i") == kept
    assert again.manifest == first.manifest
    for number in range(2):
        (found,) = overlap.check(str(corpus), str(corpus / "a.txt"), index_dir=corpus / "kept")
        assert found.train.ngrams == 10, number


def test_damaged_index_is_built_again_or_says_how(tmp_path: Path) -> None:
    """The same command on an index whose filter was truncated."""
    (tmp_path / "a.txt").write_text(SENTENCE)
    overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i")
    kept = kept_bytes(tmp_path / "i")
    os.truncate(tmp_path / "i" / "filter.bin", 100)
    outcome = call("build", tmp_path / "a.txt", "-o", tmp_path / "i")
    if outcome.exit_code:
        assert "--force" in refused(outcome)
        assert call("build", tmp_path / "a.txt", "-o", tmp_path / "i", "--force").exit_code == 0
    assert kept_bytes(tmp_path / "i") == kept


def test_moved_index_is_the_same_index(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i")
    shutil.move(tmp_path / "i", tmp_path / "elsewhere")
    assert overlap.open_index(tmp_path / "elsewhere").contains(SENTENCE).all()
    overlap.verify_index(tmp_path / "elsewhere")
