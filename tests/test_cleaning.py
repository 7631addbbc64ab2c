"""clean: after it nothing is left to find, what was kept is as it was, and doing it twice changes nothing."""

from __future__ import annotations

import csv
import gzip
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from commands import call, refused
from inputs import stored

import overlap
from overlap.errors import CorpusError, OutputError

WORDS = [f"w{i}" for i in range(300)]
FORMATS = ("text", "jsonl", "jsonl.gz", "json", "csv", "tsv", "parquet", "arrow", "jsonl.zst", "jsonl.bz2", "jsonl.xz")


def _sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choices(WORDS, k=words))


@pytest.fixture
def planted() -> tuple[list[str], list[str]]:
    """(training texts, test texts): every third training text shares a window with a test text."""
    rng = random.Random(3)
    tests = [_sentence(rng, 20) for _ in range(12)] + ["too short"]
    trains = []
    for number in range(36):
        before, after = _sentence(rng, 60), _sentence(rng, 60)
        shared = tests[number // 3] if number % 3 == 0 else _sentence(rng, 12)
        trains.append(f"{before} {shared} {after}")
    return trains, tests


def _file(folder: Path, kind: str, texts: list[str]) -> str:
    """A source of these texts in a format; the field is ``body`` where there are fields."""
    rows = [{"id": i, "body": text, "more": {"x": [i, None]}} for i, text in enumerate(texts)]
    if kind == "text":
        return str(stored(folder / "t.txt", "".join(f"{text}\n" for text in texts)))
    if kind.startswith("jsonl"):
        return f"{stored(folder / f't.{kind}', ''.join(json.dumps(row) + chr(10) for row in rows))}::body"
    if kind == "json":
        return f"{stored(folder / 't.json', json.dumps(rows, indent=2))}::body"
    if kind in ("csv", "tsv"):
        path = folder / f"t.{kind}"
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream, delimiter="," if kind == "csv" else "\t")
            writer.writerows([["id", "body"], *([row["id"], row["body"]] for row in rows)])
        return f"{path}::body"
    table = pa.table({"id": list(range(len(texts))), "body": texts})
    path = folder / f"t.{kind}"
    if kind == "parquet":
        pq.write_table(table, path, row_group_size=5, compression="zstd")
    else:
        with pa.ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table, max_chunksize=7)
    return f"{path}::body"


def _hits(train: str, test: str) -> int:
    ((found,), _) = overlap.scan(train, test, by_line=True)
    return int(found.hits.sum())


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("rule", ["drop", "cut"])
def test_nothing_is_left_on_the_training_side(
    tmp_path: Path, planted: tuple[list[str], list[str]], kind: str, rule: str
) -> None:
    trains, tests = planted
    train = _file(tmp_path, kind, trains)
    test = str(stored(tmp_path / "tests.md", "".join(f"{text}\n" for text in tests)))
    assert _hits(train, test) == 12 * 13
    before = Path(train.split("::")[0]).read_bytes()
    options = {"rule": rule, "by_line": True, "window": 20, "min_piece": 30}
    done = overlap.clean_train(train, test, tmp_path / "out", **options)
    assert Path(train.split("::")[0]).read_bytes() == before
    assert (done.documents, done.dropped, done.cut, done.pieces) == (
        (36, 12, 0, 0) if rule == "drop" else (36, 0, 12, 24)
    )
    cleaned = str(tmp_path / "out" / Path(train.split("::")[0]).name) + train[len(train.split("::")[0]) :]
    assert _hits(cleaned, test) == 0
    log = [json.loads(line) for line in (tmp_path / "out" / "_removed.jsonl").read_text().splitlines()]
    assert [entry["row"] for entry in log] == list(range(0, 36, 3))
    assert {entry["action"] for entry in log} == {"dropped" if rule == "drop" else "cut"}
    assert {entry["shared_ngrams"] for entry in log} == {13}
    again = overlap.clean_train(cleaned, test, tmp_path / "again", **options)
    assert (again.dropped, again.cut) == (0, 0)
    name = Path(cleaned.split("::")[0]).name
    assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


def test_what_is_kept_is_as_it_was(tmp_path: Path) -> None:
    """Lines byte for byte, whatever their spacing; the schema and the codec of a Parquet file."""
    lines = [
        '{"body" : "a b c d e f g h",   "n": 1e5}',
        '{"body": "one two three four five six seven eight"}',
        "",
        '{"body":"\\u00e9"}',
    ]
    path = stored(tmp_path / "deep" / "t.jsonl.gz", "\r\n".join(lines))
    test = stored(tmp_path / "x.txt", "One two three four five six seven eight")
    overlap.clean_train(f"{tmp_path / 'deep'}::body", str(test), tmp_path / "out")
    assert gzip.decompress((tmp_path / "out" / "t.jsonl.gz").read_bytes()).decode() == "\r\n".join(
        [lines[0], *lines[2:]]
    )
    assert path.exists()
    source = _file(tmp_path, "parquet", ["a b c d e f g h i", "one two three four five six seven eight"])
    overlap.clean_train(source, str(test), tmp_path / "out2")
    with pq.ParquetFile(tmp_path / "out2" / "t.parquet") as table:
        assert table.metadata.row_group(0).column(1).compression == "ZSTD"
        assert table.read().to_pydict() == {"id": [0], "body": ["a b c d e f g h i"]}


def test_gpt3_rule_by_hand(tmp_path: Path) -> None:
    """Windows end at words; short pieces go; too many pieces drop the document; frequent n-grams are let be."""
    shared = "one two three four five six seven eight"
    text = "aaaa bbbb cccc " + shared + " dddd eeee ffff"
    train = stored(tmp_path / "t.txt", text + "\n")
    test = str(stored(tmp_path / "x.md", shared))
    options = {"rule": "cut", "by_line": True}
    overlap.clean_train(str(train), test, tmp_path / "a", **options, window=3, min_piece=1)
    assert (tmp_path / "a" / "t.txt").read_text() == "aaaa bbbb\neeee ffff\n"
    done = overlap.clean_train(str(train), test, tmp_path / "b", **options, window=3, min_piece=10)
    assert (done.dropped, (tmp_path / "b" / "t.txt").read_text()) == (1, "")
    done = overlap.clean_train(str(train), test, tmp_path / "c", **options, window=3, min_piece=1, max_pieces=1)
    assert done.dropped == 1
    stored(tmp_path / "t.txt", (text + "\n") * 3)
    done = overlap.clean_train(str(train), test, tmp_path / "d", **options, max_documents=2)
    assert (done.dropped, done.cut, done.let_be) == (0, 0, 1)
    assert (tmp_path / "d" / "t.txt").read_text() == (text + "\n") * 3


def test_a_whole_text_file_is_cut_into_files(tmp_path: Path) -> None:
    shared = "one two three four five six seven eight"
    stored(tmp_path / "in" / "book.txt", f"before it {shared} after it")
    stored(tmp_path / "in" / "other.txt", "nothing here")
    test = str(stored(tmp_path / "x.md", shared))
    overlap.clean_train(str(tmp_path / "in"), test, tmp_path / "out", rule="cut", window=0, min_piece=1)
    found = {path.name: path.read_text() for path in (tmp_path / "out").glob("*.txt")}
    assert found == {"book.1.txt": "before it", "book.2.txt": "after it", "other.txt": "nothing here"}


@pytest.mark.parametrize("kind", FORMATS)
def test_test_side_in_every_format(tmp_path: Path, planted: tuple[list[str], list[str]], kind: str) -> None:
    trains, tests = planted
    novel = [_sentence(random.Random(9), 20)]
    train = str(stored(tmp_path / "train.md", "\n".join(trains)))
    test = _file(tmp_path, kind, tests + novel)
    measured = overlap.check(train, test, by_line=True)
    (split,) = overlap.clean_test(measured, tmp_path / "out")
    assert (split.clean, split.dirty, split.too_short) == (1, 12, 1)
    name = Path(test.split("::")[0]).name
    fields = test[len(test.split("::")[0]) :]
    assert _hits(train, f"{split.folder / 'clean' / name}{fields}") == 0
    ((dirty,), _) = overlap.scan(train, f"{split.folder / 'dirty' / name}{fields}", by_line=True)
    assert (len(dirty), int((dirty.hits > 0).sum())) == (12, 12)
    with (split.folder / "labels.csv").open(newline="") as stream:
        labels = [row["label"] for row in csv.DictReader(stream)]
    assert labels == ["dirty"] * 12 + ["too_short", "clean"]
    assert (split.folder / "rule.txt").read_text() == "dirty: any hit\n"


def test_rules_of_the_test_side(tmp_path: Path) -> None:
    train = str(stored(tmp_path / "a.md", " ".join(WORDS[:40]) + "\n"))
    parts = [" ".join(WORDS[:9] + [f"x{i}" for i in range(30)]), " ".join(WORDS[:30]), " ".join(WORDS[100:120])]
    test = str(stored(tmp_path / "b.txt", "".join(f"{part}\n" for part in parts)))
    overlaps, findings = overlap.scan(train, test, by_line=True)

    def dirty(name: str, **options: object) -> int:
        (split,) = overlap.clean_test(overlaps, tmp_path / name, findings=findings, **options)
        return split.dirty

    assert dirty("any") == 2
    assert dirty("fraction", rule="fraction", threshold=0.5) == 1
    assert dirty("longest", rule="longest", threshold=10) == 1
    assert dirty("nine", rule="longest", threshold=9) == 2
    assert dirty("class", rule="class", classes=["duplicate"]) == 1
    assert dirty("short", rule="class", classes=["short match"]) == 1
    with pytest.raises(ValueError, match="run overlap locate first"):
        overlap.clean_test(overlaps, tmp_path / "none", rule="class")
    with pytest.raises(ValueError, match="rule must be one of"):
        overlap.clean_test(overlaps, tmp_path / "none", rule="most")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    train = stored(tmp_path / "in" / "a.txt", " ".join(WORDS[:40]))
    test = str(stored(tmp_path / "b.txt", " ".join(WORDS[:20])))
    for place in (tmp_path / "in", train):  # the folder of an input, and an input
        with pytest.raises(OutputError, match=r"an input lies where|something is here already"):
            overlap.clean_train(str(tmp_path / "in"), test, place)
    assert train.read_text() == " ".join(WORDS[:40])
    with pytest.raises(CorpusError, match="cannot be cut"):
        overlap.clean_train(f"{stored(tmp_path / 'c.jsonl', '{}')}::a,b", test, tmp_path / "out", rule="cut")
    assert not (tmp_path / "out").exists()


def test_command(tmp_path: Path) -> None:
    train = stored(tmp_path / "a.txt", "\n".join([" ".join(WORDS[:40]), "nothing"]))
    test = stored(tmp_path / "b.txt", "\n".join([" ".join(WORDS[:20]), " ".join(WORDS[100:120])]))
    assert call("scan", "--train", train, "--test", test, "--by-line", "-o", tmp_path / "r").exit_code == 0
    outcome = call("clean", tmp_path / "r", "-o", tmp_path / "split")
    assert outcome.stdout == "b: 1 clean, 1 dirty, 0 too short\n"
    outcome = call("clean", tmp_path / "r", "-o", tmp_path / "corpus", "--train", train, "--by-line")
    assert outcome.stdout == "2 documents: 1 dropped, 0 cut into 0 pieces\n"
    assert (tmp_path / "corpus" / "a.txt").read_text() == "nothing"
    assert "something is here already" in refused(call("clean", tmp_path / "r", "-o", tmp_path / "split"))
    assert call("clean", tmp_path / "r", "-o", tmp_path / "x", "--rule", "cut").exit_code == 2


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--threshold", "0.2"], "--threshold goes with --rule fraction or longest, not with any"),
        (["--rule", "fraction"], "--rule fraction needs a --threshold above 0"),
        (["--class", "passage"], "--class goes with --rule class, not with any"),
        (["--window", "20"], "--window goes with --rule cut, not with any"),
        (["--train", "x", "--min-piece", "20"], "--min-piece goes with --rule cut, not with drop"),
        (["--by-line"], "--by-line goes with --rule drop or cut, not with any"),
    ],
)
def test_options_that_would_do_nothing(tmp_path: Path, options: list[str], complaint: str) -> None:
    outcome = call("clean", tmp_path / "r", "-o", tmp_path / "x", *options)
    assert outcome.exit_code == 2
    assert complaint in " ".join(outcome.stderr.split())


def test_row_groups_stay_as_large_as_they_were(tmp_path: Path) -> None:
    """Rows are kept and cut one by one, and still written in groups of the source's size."""
    rng = random.Random(4)
    shared = [_sentence(rng, 9) for _ in range(10)]
    texts = [f"{_sentence(rng, 30)} {shared[i % 10]} {_sentence(rng, 30)}" if i % 3 else "plain" for i in range(100)]
    pq.write_table(pa.table({"body": texts}), tmp_path / "t.parquet", row_group_size=40)
    test = str(stored(tmp_path / "x.md", "\n".join(shared)))
    done = overlap.clean_train(
        f"{tmp_path / 't.parquet'}::body", test, tmp_path / "out", rule="cut", by_line=True, window=0, min_piece=1
    )
    assert (done.cut, done.pieces) == (66, 132)
    metadata = pq.read_metadata(tmp_path / "out" / "t.parquet")
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [40, 40, 40, 40, 6]


def test_lines_longer_than_a_block(tmp_path: Path) -> None:
    lines = [json.dumps({"text": "x" * 3_000_000}), json.dumps({"text": " ".join(WORDS[:20])}), '{"text": "end"}']
    train = stored(tmp_path / "t.jsonl", "\n".join(lines))
    test = str(stored(tmp_path / "x.txt", " ".join(WORDS[:20])))
    overlap.clean_train(str(train), test, tmp_path / "out")
    assert (tmp_path / "out" / "t.jsonl").read_text() == f"{lines[0]}\n{lines[2]}"


def test_pieces_take_no_other_file_s_place(tmp_path: Path) -> None:
    shared = " ".join(WORDS[:9])
    stored(tmp_path / "in" / "a.txt", f"before it {shared} after it")
    stored(tmp_path / "in" / "a.1.txt", "innocent")
    stored(tmp_path / "in" / "b.txt", f"left {shared} right")
    test = str(stored(tmp_path / "x.md", shared))
    overlap.clean_train(str(tmp_path / "in"), test, tmp_path / "out", rule="cut", window=0, min_piece=1)
    found = {path.name: path.read_text() for path in (tmp_path / "out").glob("*.txt")}
    cut = {"a.cut-1.txt": "before it", "a.cut-2.txt": "after it", "b.1.txt": "left", "b.2.txt": "right"}
    assert found == {"a.1.txt": "innocent", **cut}


def test_places_that_are_refused_before_the_work(tmp_path: Path) -> None:
    stored(tmp_path / "in" / "a.txt", " ".join(WORDS[:20]))
    test = str(stored(tmp_path / "x.md", " ".join(WORDS[:20])))
    with pytest.raises(OutputError, match="it lies inside the folder that is cleaned"):
        overlap.clean_train(str(tmp_path / "in"), test, tmp_path / "in" / "clean")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="something is here already"):
        overlap.clean_train(str(tmp_path / "in"), test, tmp_path / "dangling")
    log = stored(tmp_path / "_removed.jsonl", json.dumps({"text": "kept"}))
    with pytest.raises(OutputError, match="an input has the name of the log"):
        overlap.clean_train(str(log), test, tmp_path / "out")


def test_all_but_the_text_of_a_record_stays(tmp_path: Path) -> None:
    """Numbers, spaces, escapes, keys that stand twice, and the edges of the text."""
    shared = " ".join(WORDS[:9])
    body = f"  (left) {shared} right!\\u201d"
    line = f'{{ "n" : 1e999,"s":"\\ud800 \\u00e9", "d":1,"d":2, "body": "{body}", "text":["x"]}}'
    train = stored(tmp_path / "t.jsonl", f"{line}\r\n")
    test = str(stored(tmp_path / "x.md", shared))
    overlap.clean_train(f"{train}::body", test, tmp_path / "out", rule="cut", window=0, min_piece=1)
    kept = (tmp_path / "out" / "t.jsonl").read_bytes().decode().split("\r\n")
    assert kept == [
        line.replace(body, "  (left"),
        line.replace(body, "right!\u201d"),
        "",
    ]
    record = json.dumps({"t": [f"left {shared} right"]})
    lists = f"{stored(tmp_path / 'u.jsonl', record)}::t"
    with pytest.raises(CorpusError, match="is no string and cannot be cut"):
        overlap.clean_train(lists, test, tmp_path / "v", rule="cut", window=0, min_piece=1)


def test_a_search_of_a_part_judges_no_class(tmp_path: Path) -> None:
    texts = [" ".join(WORDS[i : i + 20]) for i in (0, 50)]
    train = stored(tmp_path / "a.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in texts))
    part = stored(tmp_path / "part.jsonl", json.dumps({"text": " ".join(WORDS[:20])}))
    test = stored(tmp_path / "t.jsonl", json.dumps({"text": " ".join(WORDS[50:70])}))
    measured = overlap.check(str(train), str(test))
    located = overlap.locate(measured, str(part), partial=True)
    with pytest.raises(ValueError, match="only a part of a was searched"):
        overlap.clean_test(measured, tmp_path / "out", rule="class", findings=located)
    for threshold in (15, float("nan"), -1):
        with pytest.raises(ValueError, match="threshold must be a share"):
            overlap.clean_test(measured, tmp_path / "out", rule="fraction", threshold=threshold)


def test_rows_that_two_readers_see_differently(tmp_path: Path) -> None:
    """An error, never a row that should have gone."""
    hit = " ".join(WORDS[:20])
    train = stored(tmp_path / "t.csv", f'text\n"a\rb"\n\n\n{hit}\n'.encode())
    test = str(stored(tmp_path / "x.txt", hit))
    try:
        overlap.clean_train(str(train), test, tmp_path / "out")
    except CorpusError:
        assert not (tmp_path / "out").exists()
    else:
        assert hit not in (tmp_path / "out" / "t.csv").read_text()


def test_classes_with_the_own_training_split(tmp_path: Path) -> None:
    """locate can be run for every row of a result, in as many steps as one likes; then clean can judge by class."""
    own = stored(tmp_path / "own.txt", " ".join(WORDS[:40]))
    web = stored(tmp_path / "web.txt", " ".join(WORDS[60:90]))
    texts = [" ".join(WORDS[:30]), " ".join(WORDS[60:80]), " ".join(WORDS[100:120])]
    test = stored(tmp_path / "t.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in texts))
    sets = ["--own-train", f"t={own}", "--train", web]
    assert call("check", *sets, "--test", test, "-o", tmp_path / "r").exit_code == 0
    clean = ("clean", tmp_path / "r", "-o", tmp_path / "split", "--rule", "class")
    assert "no matches are here" in refused(call(*clean))
    assert call("locate", tmp_path / "r", "--own-train", f"t={own}").exit_code == 0
    assert "no matches of t in web" in call(*clean).stderr
    assert call("locate", tmp_path / "r", "--train", web).exit_code == 0
    assert call(*clean).stdout == "t: 1 clean, 2 dirty, 0 too short\n"
    assert "matches are here already (t in web)" in refused(call("locate", tmp_path / "r", "--train", web))
    assert call("locate", tmp_path / "r", "--train", web, "--force").exit_code == 0
    assert {(item.train, item.own) for item in overlap.load_findings(tmp_path / "r")} == {("t", True), ("web", False)}


def test_paths_with_dots_stay_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources named through the parent folder: nothing is written outside of the output, and no input is touched."""
    shared = " ".join(WORDS[:10])
    local = stored(tmp_path / "proj" / "local.txt", f"{shared}\nkept\n")
    other = stored(tmp_path / "data" / "x.txt", f"{shared}\nkept too\n")
    test = stored(tmp_path / "t.md", shared)
    monkeypatch.chdir(tmp_path / "proj")
    overlap.clean_train(["local.txt", "../data/x.txt"], str(test), "../out", by_line=True)
    found = {str(path.relative_to(tmp_path / "out")): path.read_text() for path in (tmp_path / "out").rglob("*.txt")}
    assert found == {"proj/local.txt": "kept\n", "data/x.txt": "kept too\n"}
    assert local.read_text() == f"{shared}\nkept\n"
    assert other.read_text() == f"{shared}\nkept too\n"
    ((again,), _) = overlap.scan(str(tmp_path / "out"), str(test), n=2, by_line=True)
    assert (again.train.documents, int(again.hits.sum())) == (2, 0)
