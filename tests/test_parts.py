"""Parts, ids and groups of test examples: measured with the whole, equal to each part measured alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import call, refused
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import encoded, stored
from naive import ngrams, words
from samples import OTHER, SENTENCE, WORDS

import overlap
from overlap.corpus import Source
from overlap.corpus.layout import Template, make_layout, parse_part
from overlap.errors import BadRecord, MissingField

PIECES = st.lists(st.sampled_from([*WORDS, "\u0301x", "\u0301", "\n"]), max_size=9).map(" ".join)
VALUES = st.one_of(PIECES, st.lists(PIECES, max_size=3), st.none())
EXAMPLES = st.lists(st.fixed_dictionaries({"q": VALUES, "c": VALUES, "a": PIECES}), min_size=1, max_size=5)
LONG = {"q": "kept so that there is one ngram", "c": "at the very least", "a": "in each part of this test set too"}


def plain(value: Any) -> str:
    """A field's value as text."""
    if isinstance(value, list):
        return "\n".join(map(plain, value))
    return value or ""


def counts_alone(text: str, known: set[tuple[str, ...]], n: int) -> tuple[int, int, int]:
    """(units, n-grams, hits) of a text by itself, from sets of word tuples."""
    grams = ngrams(text, n)
    return len(words(text)), len(grams), sum(gram in known for gram in grams)


@settings(max_examples=60)
@given(
    rows=EXAMPLES, train=st.lists(PIECES, max_size=5), n=st.integers(1, 4), kind=st.sampled_from(["jsonl", "parquet"])
)
def test_a_part_is_what_its_fields_are_alone(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], train: list[str], n: int, kind: str
) -> None:
    rows = [*rows, LONG]
    if kind == "parquet":  # a column has one type
        rows = [{"q": plain(row["q"]), "c": [plain(row["c"])], "a": row["a"]} for row in rows]
    folder = tmp_path_factory.getbasetemp()
    corpus = [*train, LONG["a"], *(plain(row["q"]) + " " + plain(row["a"]) for row in rows[::2])]
    index_at = stored(folder / "parts-train.jsonl", encoded([{"text": text} for text in corpus], "jsonl"))
    test = stored(folder / f"parts-test.{kind}", encoded(rows, kind))
    (found,) = overlap.check(str(index_at), str(test), n=n, parts={"question": "q", "rest": ["c", "a"]})
    (joined,) = overlap.check(str(index_at), f"{test}::q,c,a", n=n)
    assert found.parts == ("question", "rest")
    assert found.hits.tolist() == joined.hits.tolist()
    assert found.ngrams.tolist() == joined.ngrams.tolist()
    known = {gram for text in corpus for gram in ngrams(text, n)}
    for example, row in enumerate(rows):
        alone = [plain(row["q"]), plain(row["c"]) + "\n" + plain(row["a"])]
        expected = [(name, *counts_alone(text, known, n)) for name, text in zip(found.parts, alone, strict=True)]
        assert list(found.example(example).parts) == expected


@settings(max_examples=40)
@given(rows=EXAMPLES, n=st.integers(1, 4))
def test_the_fields_of_a_template_are_parts(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], n: int
) -> None:
    """Literals, set apart from the fields, belong to the whole only."""
    rows = [*rows, LONG]
    test = stored(tmp_path_factory.getbasetemp() / "template.jsonl", encoded(rows, "jsonl"))
    template = r"Passage: {q}\nChoose: {c} {{or}} {a}."
    (found,) = overlap.check(f"t={test}::a", f"x={test}", n=n, template=template)
    assert found.parts == ("q", "c", "a")
    known = {gram for row in rows for gram in ngrams(row["a"], n)}
    for example, row in enumerate(rows):
        whole = f"Passage: {plain(row['q'])}\nChoose: {plain(row['c'])} {{or}} {plain(row['a'])}."
        assert (int(found.units[example]), int(found.ngrams[example]), int(found.hits[example])) == counts_alone(
            whole, known, n
        )
        for name, *numbers in found.example(example).parts:
            assert tuple(numbers) == counts_alone(plain(row[name]), known, n)


def test_a_unit_glued_to_a_literal_is_of_the_whole_only(tmp_path: Path) -> None:
    test = stored(tmp_path / "t.jsonl", encoded([{"q": "one two three"}], "jsonl"))
    (found,) = overlap.check(f"t={test}::q", f"x={test}", n=1, template="Q{q}")
    assert found.example(0).parts == (("q", 2, 2, 2),)
    assert int(found.units[0]) == 3
    assert int(found.hits[0]) == 2  # "qone" is no word of the question


def test_where_a_stretch_lies(tmp_path: Path) -> None:
    rows = [{"q": "a b c d", "o": [], "a": "e f g"}]
    test = stored(tmp_path / "t.jsonl", encoded(rows, "jsonl"))
    (found,) = overlap.check(f"t={test}::q", str(test), n=2, parts=["q=q", "options=o", "a"])
    assert found.part_units.tolist() == [[4, 0, 3]]
    assert found.part_starts.tolist() == [[0, 4, 4]]
    assert [found.part_of(0, *stretch) for stretch in ((0, 2), (3, 2), (4, 3))] == ["q", "q+a", "a"]


ROWS = [
    {"id": f"x{number}", "subject": subject, "question": f"{SENTENCE} {number}", "answer": OTHER}
    for number, subject in enumerate(["law", "law", None, "art"])
]


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "parquet", "arrow"])
def test_ids_and_groups_of_every_format(tmp_path: Path, kind: str) -> None:
    test = stored(tmp_path / f"t.{kind}", encoded(ROWS, kind))
    (found,) = overlap.check(
        f"t={test}::question", f"x={test}", parts=["q=question", "answer"], test_id_field="id", group="subject"
    )
    assert found.ids == ["x0", "x1", "x2", "x3"]
    assert found.groups == ["law", "law", "", "art"]
    assert found.example_id(2) == "x2"
    assert found.example(3).group == "art"
    assert found.part_units.tolist() == [[len(words(row["question"])), len(words(OTHER))] for row in ROWS]


def test_without_an_id_the_place_is_one(tmp_path: Path) -> None:
    test = stored(tmp_path / "t.jsonl", b"\n" + encoded(ROWS, "jsonl"))
    (found,) = overlap.check(f"t={test}::question", f"x={test}::question")
    assert found.ids is None
    assert found.example_id(0) == f"{test}:1"  # row 0 is the blank line


def test_two_examples_with_one_id_are_refused(tmp_path: Path) -> None:
    first = stored(tmp_path / "a.jsonl", encoded(ROWS, "jsonl"))
    again = stored(tmp_path / "b.jsonl", encoded([{**ROWS[0], "id": "new"}, ROWS[1]], "jsonl"))
    with pytest.raises(BadRecord, match=rf"its id 'x1' is also that of {first}, record 2: ids must be") as caught:
        overlap.check(f"t={first}::question", [f"x={first}::question", f"x={again}::question"], test_id_field="id")
    assert (caught.value.path, caught.value.row) == (str(again), 2)


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "parquet", "arrow"])
def test_an_empty_id_is_none(tmp_path: Path, kind: str) -> None:
    """As null is: a bad record, and not one more example that goes by its place."""
    test = stored(tmp_path / f"t.{kind}", encoded([ROWS[0], {**ROWS[1], "id": ""}, ROWS[3]], kind))
    with pytest.raises(BadRecord, match="the id field 'id' holds no text or number") as caught:
        overlap.check(f"t={test}::question", f"x={test}::question", test_id_field="id")
    assert caught.value.row == 2
    (found,) = overlap.check(f"t={test}::question", f"x={test}::question", test_id_field="id", on_bad_record="skip")
    assert found.ids == ["x0", "x3"]
    assert [(item.kind, item.records) for item in found.test_skipped] == [("no id", 1)]


@pytest.mark.parametrize("layout", [{"parts": {"q": "question"}}, {"template": "{answer}"}, {"id_field": "id"}])
def test_training_sets_have_no_layout(tmp_path: Path, layout: dict[str, Any]) -> None:
    records = stored(tmp_path / "t.jsonl", encoded(ROWS, "jsonl"))
    train, test = Source("c", str(records), (), make_layout(**layout)), f"x={records}::question"
    results = overlap.check(f"c={records}::question", test)
    calls: list[Callable[[], object]] = [
        lambda: overlap.check(train, test),
        lambda: overlap.check((), test, own_train={"x": train}),
        lambda: overlap.check(train, test, engine="reference"),
        lambda: overlap.build_index(train, tmp_path / "i"),
        lambda: overlap.scan(train, test),
        lambda: overlap.locate(results, train),
        lambda: overlap.clean_train(train, results, tmp_path / "o"),
    ]
    for call_it in calls:
        with pytest.raises(ValueError, match="training sets have no parts, template, id or group"):
            call_it()


def test_a_group_that_no_record_has(tmp_path: Path) -> None:
    for kind in ("jsonl", "json", "parquet"):
        test = stored(tmp_path / f"t.{kind}", encoded(ROWS, kind))
        with pytest.raises(MissingField, match="no field 'subjekt'"):
            overlap.check(f"t={test}::question", f"x={test}::question", group="subjekt")
    lists = stored(tmp_path / "lists.jsonl", encoded([{"q": SENTENCE, "g": ["a"]}], "jsonl"))
    with pytest.raises(BadRecord, match="the group field 'g' holds no text or number"):
        overlap.check(f"t={lists}::q", f"x={lists}::q", group="g")


@pytest.mark.parametrize("engine", ["index", "reference", "scan"])
def test_every_engine_counts_the_same(tmp_path: Path, engine: str) -> None:
    test = stored(tmp_path / "t.jsonl", encoded(ROWS, "jsonl"))
    train = stored(tmp_path / "train.txt", f"{SENTENCE} 1\n{OTHER[:40]}")
    options = {"parts": {"q": "question", "a": "answer"}, "test_id_field": "id", "group": "subject"}
    if engine == "scan":
        ((found,), _) = overlap.scan(str(train), str(test), **options)  # type: ignore[arg-type]
    else:
        (found,) = overlap.check(str(train), str(test), engine=engine, **options)  # type: ignore[arg-type]
    assert found.part_hits.tolist() == [[10, 1], [11, 1], [10, 1], [10, 1]]
    assert found.part_ngrams.tolist() == [[11, 12]] * 4
    assert found.ids == ["x0", "x1", "x2", "x3"]


def test_stored_and_loaded(tmp_path: Path) -> None:
    test = stored(tmp_path / "t.jsonl", encoded(ROWS, "jsonl"))
    plain_set = f"plain={test}::question"
    options = ["--part", "q=question", "--part", "a=answer", "--test-id-field", "id", "--group", "subject"]
    command = ["check", "--train", f"t={test}::question", "--test", f"x={test}", "--test", plain_set, *options]
    outcome = call(*command, "-o", tmp_path / "result", "--format", "json")
    assert outcome.exit_code == 0, outcome.stderr
    found, second = overlap.load_result(tmp_path / "result")
    assert found.parts == ("q", "a")
    assert found.ids == ["x0", "x1", "x2", "x3"]
    assert found.groups == ["law", "law", "", "art"]
    assert found.part_hits.tolist() == [[11, 0]] * 4
    assert found.test_sources[0].parts == ("q=question", "a=answer")
    assert (second.parts, second.part_hits.shape) == ((), (4, 0))
    assert second.ids == ["x0", "x1", "x2", "x3"]
    source = json.loads(outcome.stdout)["results"][0]["test_sources"][0]
    kept = json.loads(json.dumps(asdict(found.test_sources[0])))
    assert source == {name: kept[name] for name in source}
    assert source["parts"] == ["q=question", "a=answer"]
    again = call("locate", tmp_path / "result", "--train", f"t={test}::question")
    assert again.exit_code == 0, again.stderr
    assert {match.test_id for match in overlap.load_findings(tmp_path / "result")[0].matches} == set(found.ids)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--part", "=a"], "not a part: '=a'; write NAME=FIELD[,FIELD...]"),
        (["--part", "q=a,"], "not a part: 'q=a,'"),
        (["--part", "q=a", "--part", "q=b"], "two parts have one name: q"),
        (["--part", "q", "--template", "{q}"], "parts and a template cannot both be named"),
        (["--template", "no field"], "it names no field"),
        (["--template", "{q"], "not a template: '{q': expected '}' before end of string"),
        (["--template", "}"], "not a template: '}'"),
        (["--template", "{q!r}"], "a brace holds a field's name"),
        (["--template", "{}"], "a brace holds a field's name"),
        (["--template", "{q[0]}"], "a brace holds a field's name"),
        (["--template", "{q:>3}"], "a brace holds a field's name"),
        (["--group", " "], "the group has no name"),
    ],
)
def test_what_is_no_layout(tmp_path: Path, options: list[str], message: str) -> None:
    test = stored(tmp_path / "t.jsonl", encoded(ROWS, "jsonl"))
    outcome = call("check", "--train", test, "--test", test, *options)
    assert outcome.exit_code == 2
    assert message in " ".join(outcome.stderr.split())


def test_options_that_no_test_set_can_follow(tmp_path: Path) -> None:
    text = stored(tmp_path / "t.txt", SENTENCE)
    records = stored(tmp_path / "t.jsonl", encoded(ROWS, "jsonl"))
    mine = "mine: {source: t.jsonl, parts: {question: question}, id: id, group: subject}"
    recipes = stored(tmp_path / "mine.yaml", mine)
    for test, options, message in (
        (f"x={text}", {"parts": ["q"]}, "no test set takes parts or a template"),
        (f"x={records}::question", {"template": "{q}"}, "no test set takes parts or a template"),
        (f"x={text}", {"group": "g"}, "no test set has ids or groups"),
        ("recipe:mine", {"parts": ["answer"]}, "no test set takes parts or a template: all .* are recipes"),
        ("recipe:mine", {"template": "{question}"}, "no test set takes parts or a template"),
        ("recipe:mine", {"test_id_field": "question"}, "no test set takes the id field 'question'"),
        ("recipe:mine", {"group": "id"}, "no test set takes the group field 'id'"),
    ):
        with pytest.raises(ValueError, match=message):
            overlap.check(str(text), test, recipes=recipes, **options)  # type: ignore[arg-type]
    both = overlap.check(str(text), ["recipe:mine", f"x={records}"], recipes=recipes, parts=["answer"])
    assert [found.parts for found in both] == [("question",), ("answer",)]
    with pytest.raises(ValueError, match="the sources of test set x have different parts"):
        overlap.check(str(text), [f"x={records}::question", f"x={records}"], parts=["q=question"])
    outcome = call("check", "--train", text, "--test", records, "--part", "q=frage")
    assert "no field 'frage'" in refused(outcome)


def test_the_grammar() -> None:
    assert str(parse_part(" choices = A , B ")) == "choices=A,B"
    template = Template.parse(r"{{x}} {Correct Answer}\t{a.b}\\n")
    assert template.fields == ("Correct Answer", "a.b")
    assert template.literals == ("{x} ", "\t", "\\n")
    assert make_layout(template="{a} {b} {a}").named_parts == make_layout(["a", "b"]).parts
    with pytest.raises(ValueError, match="parts are a mapping"):
        make_layout("question")
    assert np.array_equal(np.array(make_layout({"a": ["x", "y"]}).fields), ["x", "y"])
