"""Recipes: every benchmark of the table read from a made-up file of its schema, and tables of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import call, refused
from inputs import encoded, stored
from naive import words
from samples import OTHER, SENTENCE

import overlap
from overlap.errors import SettingsError
from overlap.recipes import Recipe, load_recipes

Q, A = SENTENCE, OTHER
FOUR = {"A": "one of them", "B": "two of them", "C": "three", "D": "four"}
CHOICES = "\n".join(FOUR.values())
# A record of each benchmark with all of its fields, and what its parts must hold.
SCHEMAS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "gsm8k": ({"question": Q, "answer": A}, {"question": Q, "answer": A}),
    "math": ({"problem": Q, "level": "Level 1", "type": "Algebra", "solution": A}, {"question": Q, "answer": A}),
    "mmlu": ({"question": Q, "subject": "law", "choices": [*FOUR.values()], "answer": 2},
             {"question": Q, "choices": CHOICES}),
    "mmlu-pro": ({"question_id": 70, "question": Q, "options": [*FOUR.values()], "answer": "B", "answer_index": 1,
                  "cot_content": "", "category": "business", "src": "made up"}, {"question": Q, "choices": CHOICES}),
    "arc-easy": ({"id": "M_1", "question": Q, "choices": {"text": [*FOUR.values()], "label": [*FOUR]},
                  "answerKey": "B"}, {"question": Q, "choices": CHOICES}),
    "arc-challenge": ({"id": "M_1", "question": Q, "choices": {"text": [*FOUR.values()], "label": [*FOUR]},
                       "answerKey": "B"}, {"question": Q, "choices": CHOICES}),
    "hellaswag": ({"ind": 24, "activity_label": "Baking", "ctx_a": Q, "ctx_b": "he", "ctx": f"{Q} he",
                   "endings": [*FOUR.values()], "source_id": "x~v_1", "split": "val", "split_type": "indomain",
                   "label": "3"}, {"question": f"{Q} he", "choices": CHOICES}),
    "winogrande": ({"sentence": f"{Q} _ ran.", "option1": "fox", "option2": "dog", "answer": "1"},
                   {"question": f"{Q} _ ran.", "choices": "fox\ndog"}),
    "wsc273": ({"text": Q, "pronoun": "it", "pronoun_loc": 4, "quote": "it ran", "quote_loc": 0,
                "options": ["the fox", "the dog"], "label": 0, "source": "made up"},
               {"question": Q, "choices": "the fox\nthe dog"}),
    "piqa": ({"goal": Q, "sol1": A, "sol2": "do nothing", "label": 0}, {"question": Q, "choices": f"{A}\ndo nothing"}),
    "boolq": ({"question": "is it so", "answer": True, "passage": Q}, {"context": Q, "question": "is it so"}),
    "squad": ({"id": "57", "title": "Fox", "context": Q, "question": A,
               "answers": {"text": ["the fox", "a fox"], "answer_start": [4, 4]}},
              {"context": Q, "question": A, "answer": "the fox\na fox"}),
    "drop": ({"section_id": "s", "query_id": "q1", "passage": Q, "question": A,
              "answers_spans": {"spans": ["3", "three"], "types": ["number", "span"]}},
             {"context": Q, "question": A, "answer": "3\nthree"}),
    "coqa": ({"source": "cnn", "story": Q, "questions": ["who", "where to"],
              "answers": {"input_text": ["the fox", "a dark wood"], "answer_start": [0, 1], "answer_end": [2, 3]}},
             {"context": Q, "question": "who\nwhere to", "answer": "the fox\na dark wood"}),
    "lambada": ({"text": Q}, {"text": Q}),
    "truthfulqa": ({"type": "Adversarial", "category": "Myths", "question": Q, "best_answer": "no",
                    "correct_answers": ["no", "it is not so"], "incorrect_answers": ["yes"], "source": "made up"},
                   {"question": Q, "answer": "no\nit is not so", "incorrect": "yes"}),
    "humaneval": ({"task_id": "X/0", "prompt": Q, "canonical_solution": A, "test": "check()", "entry_point": "f"},
                  {"question": Q, "answer": A}),
    "mbpp": ({"task_id": 11, "text": Q, "code": A, "test_list": ["assert a", "assert b"], "test_setup_code": "",
              "challenge_test_list": ["x"]}, {"question": Q, "answer": A, "tests": "assert a\nassert b"}),
    "ifeval": ({"key": 1000, "prompt": Q, "instruction_id_list": ["x:y"], "kwargs": [{"n": 3}]}, {"prompt": Q}),
    "bbh": ({"input": Q, "target": "(A) it is so"}, {"question": Q, "answer": "(A) it is so"}),
    "agieval": ({"query": Q, "choices": ["(A) x", "(B) y"], "gold": [1]}, {"question": Q}),
    "cmmlu": ({"Question": Q, **FOUR, "Answer": "B"}, {"question": Q, "choices": CHOICES}),
    "ceval": ({"id": 0, "question": Q, **FOUR, "answer": "B", "explanation": ""}, {"question": Q, "choices": CHOICES}),
    "gpqa": ({"Question": Q, "Correct Answer": "so", "Incorrect Answer 1": "not", "Incorrect Answer 2": "maybe",
              "Incorrect Answer 3": "never", "Explanation": A, "High-level domain": "Physics", "Record ID": "r1"},
             {"question": Q, "choices": "so\nnot\nmaybe\nnever", "explanation": A}),
    "ptb": ({"sentence": Q}, {"text": Q}),
    "wikitext-2": ({"text": Q}, {"text": Q}),
    "wikitext-103": ({"text": Q}, {"text": Q}),
    "enwik8": ({"text": Q}, {"text": Q}),
    "text8": ({"text": Q}, {"text": Q}),
    "1bw": ({"text": Q}, {"text": Q}),
}  # fmt: skip


def test_every_recipe_has_a_schema_here() -> None:
    assert list(load_recipes()) == list(SCHEMAS)


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.parametrize("name", SCHEMAS)
def test_a_recipe_reads_a_file_of_its_schema(tmp_path: Path, name: str, kind: str) -> None:
    record, expected = SCHEMAS[name]
    recipe = load_recipes()[name]
    place = "data/{config}.x" if recipe.configs else "data.x"
    for config in recipe.configs or ["only"]:
        path = tmp_path / place.replace("{config}", config).replace(".x", f".{kind}")
        stored(path, encoded([record], kind))
    train = stored(tmp_path / "train.txt", f"{Q}\n{A}")
    source = f"recipe:{name}@{tmp_path / place.replace('.x', f'.{kind}')}"
    outcome = call("check", "--train", train, "--test", source, "--n", "1", "-o", tmp_path / "r", "--format", "json")
    assert outcome.exit_code == 0, outcome.stderr
    (found,) = overlap.load_result(tmp_path / "r")
    assert (found.test, found.parts) == (name, tuple(expected))
    assert found.part_units.tolist() == [[len(words(text)) for text in expected.values()]] * len(found)
    assert int(found.units[0]) == len(words("\n".join(expected.values())))
    if recipe.configs:
        assert found.groups == list(recipe.configs)
    elif recipe.group:
        assert found.groups == [record[recipe.group]]
    if recipe.layout.id_field:
        assert found.ids == [str(record[recipe.layout.id_field])]


def own_table(folder: Path, text: str) -> Path:
    return stored(folder / "recipes.yaml", text)


MINE = """
mine:
  title: exams of our own
  source: "{config}/test.jsonl"
  own_train: "{config}/train.jsonl"
  configs: [law, art]
  parts: {question: q, choices: [a, b]}
  id: number
"""


@pytest.fixture
def exams(tmp_path: Path) -> Path:
    for config in ("law", "art"):
        rows = [{"number": 1, "q": f"{Q} {config}", "a": "x", "b": "y"}]
        stored(tmp_path / config / "test.jsonl", encoded(rows, "jsonl"))
        stored(tmp_path / config / "train.jsonl", encoded([{**rows[0], "q": A}], "jsonl"))
    return own_table(tmp_path, MINE)


@pytest.mark.parametrize("source", ["mine", "recipe:mine", "exam=recipe:mine"])
def test_a_recipe_of_ones_own_by_name(tmp_path: Path, exams: Path, source: str) -> None:
    outcome = call(
        "scan", "--train", stored(tmp_path / "t.txt", Q), "--test", source, "--recipes", exams, "-o", tmp_path / "r"
    )
    assert outcome.exit_code == 0, outcome.stderr
    (found,) = overlap.load_result(tmp_path / "r")
    assert found.test == ("exam" if "=" in source else "mine")
    assert found.groups == ["law", "art"]
    assert found.ids == ["law/1", "art/1"]  # one number in both: unique within a config
    assert [item.path for item in found.test_sources] == [str(tmp_path / name / "test.jsonl") for name in found.groups]


def test_the_users_table_is_found(tmp_path: Path, exams: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "overlap").mkdir()
    own_table(tmp_path / "overlap", MINE.replace('source: "', f'source: "{tmp_path}/'))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (found,) = overlap.check(str(stored(tmp_path / "t.txt", Q)), "mine")
    assert len(found) == 2
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")  # to be ignored, says the standard
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "mine" not in load_recipes()


def test_own_training_splits_by_name(tmp_path: Path, exams: Path) -> None:
    found = overlap.check([], "mine", own_train="mine", recipes=exams)
    assert [(item.train.own, item.train.documents, int(item.ngrams.sum())) for item in found] == [(True, 2, 26)]
    outcome = call("check", "--own-train", "bbh", "--test", "mine", "--recipes", exams)
    assert outcome.exit_code == 2
    assert "recipe bbh has no training split of its own" in outcome.stderr


def test_a_file_of_the_name_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stored(tmp_path / "gsm8k", Q)
    (found,) = overlap.check("gsm8k", "gsm8k")
    assert found.test_sources[0].path == "gsm8k"
    assert found.parts == ()


def test_names_that_are_no_recipe(tmp_path: Path) -> None:
    train = stored(tmp_path / "t.txt", Q)
    outcome = call("check", "--train", train, "--test", "recipe:gsm9k")
    assert outcome.exit_code == 2
    assert "no recipe is called 'gsm9k'; overlap recipes lists them" in outcome.stderr
    assert "gsm9k: no such file or directory" in refused(call("check", "--train", train, "--test", "gsm9k"))


BAD = [
    ("a: [", "not valid YAML: "),
    ("a: &x [*x]\na: 2", "'a' stands twice (line 2, column 1)"),
    ("[a, b]", "a mapping of names was expected, not a list"),
    ("1: {}", "a mapping of names was expected"),
    ("\tx", "not valid YAML"),
    ("a: 3", "a: a mapping was expected, not 3"),
    ("a b: {source: x}", "no name of a recipe: 'a b'"),
    ("a: {sauce: x}", "a: unknown key 'sauce'; there are: title, source, own_train"),
    ("a: {source: [x]}", "a: source: text was expected, not a list"),
    ("a: {source: x, gated: maybe}", "a: gated: true or false was expected, not 'maybe'"),
    ("a: {source: x, gated: 1}", "a: gated: true or false was expected, not 1"),
    ("a: {parts: {q: q}}", "a: a recipe needs a source"),
    ("a: {source: x}", "a: a recipe needs parts, or a template"),
    ("a: {source: x, parts: {q: [1]}}", "a: parts: q: text was expected, not 1"),
    ("a: {source: x, parts: {q: []}}", "a: no such examples: not a part"),
    (
        "a: {source: x, parts: {q: q}, template: '{q}'}",
        "a: no such examples: parts and a template cannot both be named",
    ),
    ("a: {source: x, template: '{q'}", "a: no such examples: not a template"),
    ("a: {source: x, parts: {q: q}, configs: [b]}", "a: configs go with {config} in the source"),
    ("a: {source: '{config}', parts: {q: q}}", "a: configs go with {config} in the source"),
    ("a: {source: '{config}', parts: {q: q}, configs: [1]}", "a: configs: text was expected, not 1"),
    ("a: !!python/object:os.system {}", "not valid YAML: could not determine a constructor"),
    ("a: 2001-99-99", "not valid YAML: month must be in 1..12"),
    ("? [a]\n: b", "not valid YAML: found unhashable key"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_broken_tables(tmp_path: Path, text: str, message: str) -> None:
    path = own_table(tmp_path, text)
    line = refused(call("recipes", "--recipes", path))
    assert line.startswith(f"{path}: ")
    assert message in line


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path / "absent.yaml", "cannot be read: No such file"),
        (tmp_path, "cannot be read: Is a directory"),
        (stored(tmp_path / "b.yaml", b"a: \xff"), "not valid UTF-8 (byte 3)"),
        (stored(tmp_path / "l.yaml", b"#" * (1 << 21)), "bytes are no settings"),
        (stored(tmp_path / "d.yaml", "[" * 5000), "not valid YAML"),
    ):
        with pytest.raises(SettingsError, match=r"^[^\n]*$") as caught:
            load_recipes(path)
        assert message in str(caught.value)
    assert list(load_recipes(stored(tmp_path / "empty.yaml", "# nothing\n"))) == list(SCHEMAS)


def test_the_list(tmp_path: Path, exams: Path) -> None:
    listed = json.loads(call("recipes", "--format", "json", "--recipes", exams).stdout)["recipes"]
    assert [item["name"] for item in listed] == [*SCHEMAS, "mine"]
    assert listed[0]["parts"] == {"question": ["question"], "answer": ["answer"]}
    assert [item["name"] for item in listed if item["gated"]] == ["gpqa"]
    assert listed[-1]["origin"] == str(exams)
    text = call("recipes").stdout
    assert all(name in text for name in SCHEMAS)
    assert (
        "| coqa | CoQA: conversations about a story | context, question, answer | source |"
        in call("recipes", "--format", "md").stdout
    )
    one = json.loads(call("recipes", "bbh", "--format", "json").stdout)
    assert len(one["configs"]) == 27
    assert "hf:openai/gsm8k:main:test" in call("recipes", "gsm8k").stdout
    outcome = call("recipes", "nothing")
    assert outcome.exit_code == 2
    assert "no recipe is called 'nothing'" in outcome.stderr


def test_the_built_in_table_is_sound() -> None:
    for recipe in load_recipes().values():
        assert isinstance(recipe, Recipe)
        assert recipe.title
        assert recipe.source.startswith(("hf:", "hf://"))
        assert recipe.own_train != recipe.source
        assert recipe.verified or recipe.name == "text8"
        assert len(set(recipe.configs)) == len(recipe.configs)
        if recipe.source.startswith("hf:") and not recipe.source.startswith("hf://"):
            assert recipe.source.count(":") == 3


def test_gsm8k_by_recipe_counts_what_is_expected(tmp_path: Path, shared_data: Path) -> None:
    """EXPECTED.tsv, row 2; and row 1 for the part that is the question alone, against the questions."""
    test, train = (shared_data / "gsm8k" / name for name in ("test.jsonl", "train.jsonl"))
    (found,) = overlap.check(f"train={train}::question,answer", f"gsm8k=recipe:gsm8k@{test}")
    assert (len(found), int(found.ngrams.sum()), int(found.hits.sum())) == (1319, 134170, 1043)
    assert found.part_ngrams.sum(0)[0] == 52891
    (alone,) = overlap.check(f"train={train}::question", f"gsm8k=recipe:gsm8k@{test}")
    assert int(alone.part_hits.sum(0)[0]) == 159
    assert int((alone.part_hits[:, 0] > 0).sum()) == 80
