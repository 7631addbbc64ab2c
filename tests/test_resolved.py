"""What a configuration names is what is in its own folder; what is stored of a run means the same from anywhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import call, refused
from inputs import encoded, stored
from samples import OTHER, SENTENCE
from webserver import serving

import overlap

RECIPE = "my: {source: none.jsonl, parts: {q: q}}"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a corpus."""
    stored(tmp_path / "web.txt", SENTENCE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def exam(path: Path, text: str = SENTENCE, field: str = "text") -> Path:
    return stored(path, encoded([{field: text}], "jsonl"))


def measured(*arguments: object) -> float:
    """The overlap of the only test set, in percent."""
    outcome = call("check", "--n", "4", "-o", "r", "--force", *arguments)
    assert outcome.exit_code == 0, outcome.stderr
    (found,) = overlap.load_result("r")
    return 100 * found.hits.sum() / found.ngrams.sum()


def configuration() -> Any:
    return yaml.safe_load(Path("r/config.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["x:y/t.jsonl", "q::r.jsonl", "a=b.jsonl", "recipe:my@t.jsonl"])
def test_any_name_is_of_the_files_own_folder(name: str, place: Path) -> None:
    """One of the same name in the working folder is another file."""
    here, there = exam(place / name, OTHER), exam(place / "project" / name)
    stored(place / "project" / "a.yaml", yaml.safe_dump({"train": "../web.txt", "test": name}))
    assert measured("--config", "project/a.yaml") == 100
    assert configuration()["test"][0]["source"] == str(there)
    here.unlink()
    assert measured("--config", "project/a.yaml") == 100


def test_recipes_are_of_their_tables_folder(place: Path) -> None:
    exam(place / "project" / "x:y" / "t.jsonl", field="q")
    stored(place / "project" / "mine.yaml", "my: {source: 'x:y/t.jsonl', parts: {q: q}}")
    assert measured("--train", "web.txt", "--test", "my", "--recipes", "project/mine.yaml") == 100


def test_what_is_stored_runs_from_anywhere(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exam(place / "x:y" / "t.jsonl")
    assert measured("--train", "web.txt", "--test", "x:y/t.jsonl") == 100
    (place / "other").mkdir()
    monkeypatch.chdir(place / "other")
    assert measured("--config", "../r/config.yaml") == 100


def test_a_tokenizer_is_stored_with_its_whole_path(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    words = {word: number for number, word in enumerate(["?", *SENTENCE.split()])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="?"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made.save("tok.json")
    exam(place / "t.jsonl")
    assert measured("--train", "web.txt", "--test", "t.jsonl", "--unit", "tokens:tok.json") == 100
    assert configuration()["unit"] == f"tokens:{place / 'tok.json'}"
    (place / "other").mkdir()
    monkeypatch.chdir(place / "other")
    assert measured("--config", "../r/config.yaml") == 100


def test_a_recipe_keeps_its_path_under_another_name(place: Path) -> None:
    exam(place / "a=b" / "t.jsonl", field="q")
    exam(place / "b" / "t.jsonl", OTHER, field="q")
    stored(place / "mine.yaml", RECIPE)
    config = "{train: web.txt, recipes: mine.yaml, test: [{name: mine, source: 'recipe:my@a=b/t.jsonl'}]}"
    stored(place / "a.yaml", config)
    assert measured("--config", "a.yaml") == 100
    assert configuration()["test"] == [f"mine=recipe:my@{place}/a=b/t.jsonl"]
    stored(place / "a.yaml", config.replace("mine, source", "'my: own', source"))
    assert "test: my: own: no name of a test set" in refused(call("check", "--config", "a.yaml"))


def test_no_secret_is_stored(place: Path) -> None:
    stored(place / "mine.yaml", RECIPE)
    with serving({"t.jsonl": encoded([{"q": SENTENCE}], "jsonl")}) as web:
        host = web.address.removeprefix("http://")
        address = f"http://me:SECRETPW@{host}/t.jsonl?token=SECRETTOK"
        for test in (f"recipe:my@{address}", f"e=recipe:my@{address}", f"e={address}::q"):
            assert measured("--train", "web.txt", "--test", test, "--recipes", "mine.yaml") == 100
            kept = b"".join(path.read_bytes() for path in Path("r").iterdir())
            assert b"SECRET" not in kept
            assert f"http://{host}/t.jsonl" in str(configuration()["test"])


@pytest.mark.parametrize("source", ["http://me:SECRET@h/t.jsonl::a,,b", "e=http://h/t.jsonl?token=SECRET::a,,b"])
def test_no_secret_is_in_an_error(source: str, place: Path) -> None:
    stored(place / "a.yaml", yaml.safe_dump({"train": "web.txt", "test": source}))
    assert "SECRET" not in refused(call("check", "--config", "a.yaml"))
    stored(place / "a.yaml", yaml.safe_dump({"train": "web.txt", "test": {"source": source, "sauce": "x"}}))
    assert "SECRET" not in refused(call("check", "--config", "a.yaml"))
    outcome = call("check", "--train", "web.txt", "--test", source)
    assert outcome.exit_code == 2
    assert "SECRET" not in outcome.stderr


def test_no_secret_is_in_the_line_that_says_how_to_resume(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(overlap, "build_index", interrupted)
    for source, said in (
        ("c=http://me:SECRET@h/c.jsonl", "run the same command again (it has secrets in it and is not shown)"),
        ("c=http://h/c.jsonl?a=(1)&token=SECRET::text", "run the same command again"),
        ("c=http://h/c.jsonl?part=1::text", "overlap build 'c=http://h/c.jsonl?part=1::text' -o i"),
    ):
        monkeypatch.setattr(sys, "argv", ["overlap", "build", source, "-o", "i"])
        outcome = call("build", source, "-o", "i")
        assert outcome.exit_code == 130
        assert f"to resume: {said}" in outcome.stderr
        assert "SECRET" not in outcome.stderr


def test_a_result_has_its_configuration_from_the_first_moment(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends the command as soon as the result is in its place."""
    exam(place / "t.jsonl")
    replace = Path.replace

    def replaced_and_ended(self: Path, target: Path) -> Path:
        found = replace(self, target)
        if target == Path("r"):
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(Path, "replace", replaced_and_ended)
    outcome = call("check", "--train", "web.txt", "--test", "t.jsonl", "--n", "4", "-o", "r")
    assert outcome.exit_code == 130
    monkeypatch.undo()
    assert yaml.safe_load((place / "r" / "config.yaml").read_text())["n"] == 4
