"""Published rules by name: each runs on real data, names its source, and refuses what it cannot do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import call
from inputs import trained_tokenizer

import overlap
from overlap.profiles import PROFILES, profile_of
from overlap.report.profiles import profile_text

WORDS = [f"word{number}" for number in range(60)]
OF_TOKENS = {name for name, profile in PROFILES.items() if profile.unit == "tokens"}


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made of the words of the small case."""
    return trained_tokenizer(tmp_path_factory.mktemp("tokenizer") / "tokenizer.json", [" ".join(WORDS)], 400)


@pytest.fixture(scope="session")
def real_tokenizer(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """Made of real questions: with few tokens, eight in a row are a word, and everything matches everything."""
    text = (shared_data / "agieval" / "sat-math.jsonl").read_text(encoding="utf-8")
    return trained_tokenizer(tmp_path_factory.mktemp("tokenizer") / "real.json", text.splitlines(), 4000)


def write(path: Path, texts: list[str]) -> Path:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


def small(tmp_path: Path) -> list[object]:
    train = write(tmp_path / "train.jsonl", [" ".join(WORDS[:30]), " ".join(WORDS[30:])])
    test = write(
        tmp_path / "test.jsonl", [" ".join(WORDS[:20]), " ".join(WORDS[25:40]), " ".join(["new", *WORDS[::2]])]
    )
    return ["--train", f"train={train}", "--test", f"test={test}"]


def rows(*arguments: object) -> list[dict[str, Any]]:
    outcome = call(*arguments, "--format", "json")
    assert outcome.exit_code == 0, outcome.output
    found: list[dict[str, Any]] = json.loads(outcome.stdout)["results"]
    return found


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_runs_on_real_data(name: str, shared_data: Path, real_tokenizer: Path) -> None:
    """The test set is the training set: whatever is measured is found throughout; the report names rule and source."""
    questions = f"{shared_data}/agieval/sat-math.jsonl::question,options"
    unit = ["--unit", f"tokens:{real_tokenizer}"] if name in OF_TOKENS else []
    sources = ["--train", f"sat={questions}", "--test", f"again={questions}"]
    outcome = call("scan", *sources, *unit, "--profile", name, "--format", "json")
    assert outcome.exit_code == 0, outcome.output
    body = json.loads(outcome.stdout)
    profile, found = PROFILES[name], body["results"]
    said = profile.name, profile.rule, profile.source, profile.standing, list(profile.chosen)
    assert tuple(body["profile"][key] for key in ("name", "rule", "source", "standing", "chosen")) == said
    assert "train:sat#" in body["signature"]
    assert found
    wholly = {"any_hit", "dirty", "contaminated", "overlapping", "any_window", "contained_whole", "any_overlap", "hit"}
    for row in found:
        measured = row["examples"] - row["too_short"]
        assert measured > 150
        if row.get("least_length", 0) > row["n"]:
            continue  # an example of fewer tokens than a span must have can hold none
        assert {row[key] for key in (wholly | {"over_80_percent"}) & set(row)} <= {measured}, row


@pytest.mark.parametrize("name", PROFILES)
def test_every_report_names_its_rule_and_source(name: str, tmp_path: Path, tokenizer: Path) -> None:
    unit = ["--unit", f"tokens:{tokenizer}"] if name in OF_TOKENS else []
    outcome = call("scan", *small(tmp_path), *unit, "--profile", name, "--format", "md")
    assert outcome.exit_code == 0, outcome.output
    profile = PROFILES[name]
    assert f"Profile {name}" in outcome.stdout
    assert f"rule: {profile.rule}" in outcome.stdout
    assert f"source: {profile.source}" in outcome.stdout
    assert profile.chosen[0] in outcome.stdout
    assert ("not verified at its source" in outcome.stdout) != profile.is_faithful


SECONDARY = ["palm", "contam-token", "contam-ngram", "contam-extend", "contam-longest", "c4-exact"]
WARNING = "not verified: the rule was read in other authors' words only, do not call this faithful"


def test_what_was_read_in_others_words_only_is_said_in_every_list() -> None:
    assert [name for name, profile in PROFILES.items() if not profile.is_faithful] == SECONDARY
    for name, profile in PROFILES.items():
        one = call("profiles", name).stdout
        assert profile.standing in one
        assert (WARNING in one) == (name in SECONDARY)
    listed = {line.split(" | ")[0].lstrip("| "): line for line in call("profiles", "--format", "md").stdout.split("\n")}
    assert [name for name in PROFILES if "others' words only: not verified" in listed[name]] == SECONDARY
    assert call("profiles").stdout.count(WARNING) == len(SECONDARY)
    body = json.loads(call("profiles", "--format", "json").stdout)
    assert [item["name"] for item in body if item["standing"] == WARNING] == SECONDARY


@pytest.mark.parametrize("format", ["terminal", "md", "csv", "json", "latex"])
@pytest.mark.parametrize("name", ["palm", "c4-exact", "gpt2", "s1"])
def test_every_format_says_where_the_rule_is_from(name: str, format: str, tmp_path: Path) -> None:
    outcome = call("scan", *small(tmp_path), "--profile", name, "--format", format)
    said = " ".join(outcome.stdout.replace("\\_", "_").split())
    assert PROFILES[name].standing in said
    assert PROFILES[name].source.split(",")[0] in said
    assert PROFILES[name].rule[:40] in said.replace("\\%", "%")
    assert (WARNING in said) == (name in SECONDARY)


def test_what_the_rules_say_of_a_small_case(tmp_path: Path) -> None:
    sources = small(tmp_path)
    (gpt2,) = rows("scan", *sources, "--profile", "gpt2")
    assert (gpt2["any_hit"], gpt2["over_15_percent"], gpt2["overlap_percent"]) == (2, 2, 100 * 16 / 45)
    (gpt3,) = rows("scan", *sources, "--profile", "gpt3")
    assert (gpt3["n"], gpt3["total"], gpt3["dirty"], gpt3["clean"]) == (13, 3, 1, 2)
    (palm,) = rows("scan", *sources, "--profile", "palm")
    assert palm["contaminated"] == 1
    (tulu,) = rows("scan", *sources, "--profile", "tulu3")
    assert (tulu["overlapping"], tulu["is_contaminated"]) == (2, True)
    assert (tulu["overlapping_documents"], tulu["training_documents"]) == (2, 2)
    assert tulu["overlapping_percent"] == pytest.approx(200 / 3)
    (exact,) = rows("scan", *sources, "--profile", "c4-exact")
    assert exact["contained_whole"] == 1
    (removed,) = rows("scan", *sources, "--profile", "s1")
    assert (removed["removed"], removed["removed_percent"]) == (2, 100.0)


def test_percent_and_flag_of_tulu_3_are_of_all_examples(tmp_path: Path) -> None:
    """One of 50 is 2 %, which is not more than 2 %, however many of the 50 are too short for an 8-gram."""
    train = write(tmp_path / "train.jsonl", [" ".join(WORDS)])
    for others, flagged in ((49, False), (48, True)):
        texts = [" ".join(WORDS[:20]), *("too short" for _ in range(others - 9)), *(" ".join("abcdefghij"),) * 9]
        test = write(tmp_path / "test.jsonl", texts)
        (row,) = rows("scan", "--train", f"t={train}", "--test", f"p={test}", "--profile", "tulu3")
        assert (row["examples"], row["too_short"], row["overlapping"]) == (others + 1, others - 9, 1)
        assert row["overlapping_percent"] == pytest.approx(100 / (others + 1))
        assert row["is_contaminated"] is flagged


def test_gpt_3_has_an_n_for_each_data_set(tmp_path: Path) -> None:
    sources = small(tmp_path)
    short = write(tmp_path / "short.jsonl", [" ".join(WORDS[number : number + 9]) for number in range(30)] + ["a b"])
    found = rows("scan", *sources, "--test", f"short={short}", "--profile", "gpt3")
    assert {row["test"]: row["n"] for row in found} == {"short": 9, "test": 13}
    (row,) = [row for row in found if row["test"] == "short"]
    assert (row["ignored_under_8"], row["too_short"], row["total"]) == (1, 1, 30)


def test_gpt_3_looks_for_the_whole_of_what_is_shorter_than_n(tmp_path: Path) -> None:
    """Of 60 examples one has 8 words and one 9: n is 13, and these two are dirty where training has them whole."""
    texts = [" ".join(f"x{number}y{word}" for word in range(20)) for number in range(58)]
    test = write(
        tmp_path / "test.jsonl", [*texts, " ".join(WORDS[:8]), " ".join(WORDS[20:29]), "seven words are ignored"]
    )
    dirty, clean = " ".join(["so", *WORDS[:8], "on"]), " ".join(WORDS[20:28])
    for name, text in (("a", clean), ("b", f"{dirty} {texts[0]}"), ("c", clean + " " + WORDS[28])):
        write(tmp_path / f"{name}.jsonl", [text, " ".join("abcdefghijklmn")])
    trains = [item for name in "abc" for item in ("--train", f"{name}={tmp_path / name}.jsonl")]
    found = {row["train"]: row for row in rows("scan", *trains, "--test", f"t={test}", "--profile", "gpt3")}
    assert {(row["n"], row["total"], row["ignored_under_8"], row["too_short"]) for row in found.values()} == {
        (13, 60, 1, 3)
    }
    assert {name: row["dirty"] for name, row in found.items()} == {"a": 0, "b": 2, "c": 1, "union": 3}
    assert all(row["dirty"] + row["clean"] == 60 for row in found.values())


def test_llama_2_has_a_row_for_each_length(tmp_path: Path, tokenizer: Path) -> None:
    found = rows("scan", *small(tmp_path), "--profile", "llama2", "--unit", f"tokens:{tokenizer}")
    assert [row["least_length"] for row in found] == [10, 20, 30, 40, 50]
    shares = [row["contamination_percent"] for row in found]
    assert shares == sorted(shares, reverse=True)
    assert all(row["clean"] + row["not_clean"] == row["not_dirty"] + row["dirty"] for row in found)


def test_the_seed_of_gpt_4_is_printed(tmp_path: Path) -> None:
    outcome = call("scan", *small(tmp_path), "--profile", "gpt4", "--seed", 7, "--format", "md")
    assert "seed of the random windows: 7" in outcome.stdout


def test_check_and_report_with_an_index(tmp_path: Path) -> None:
    sources = small(tmp_path)
    scanned = rows("scan", *sources, "--profile", "gpt2", "-o", tmp_path / "scanned")
    checked = rows("check", *sources, "--profile", "gpt2", "-o", tmp_path / "checked")
    assert checked == scanned == rows("report", tmp_path / "checked", "--profile", "gpt2")
    characters = rows("check", *sources, "--profile", "gpt4")
    assert characters == rows("scan", *sources, "--profile", "gpt4")
    assert characters[0]["n"] == 50


@pytest.mark.parametrize("format", ["terminal", "md", "csv", "latex"])
def test_formats(format: str, tmp_path: Path) -> None:
    outcome = call("scan", *small(tmp_path), "--profile", "gpt2", "--format", format)
    assert outcome.exit_code == 0, outcome.output
    assert "35.5" in outcome.stdout.replace("35.56", "35.55")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scan", "--profile", "gpt5"], "no profile gpt5; there are: gpt2, gpt3"),
        (["scan", "--profile", "llama3"], "name the tokenizer with --unit tokens:TOKENIZER"),
        (["scan", "--profile", "gpt2", "--unit", "chars"], "not of chars: leave --unit out"),
        (["scan", "--profile", "gpt2", "--n", "13"], "not of 13-grams: leave --n out"),
        (["scan", "--profile", "gpt2", "--passage-units", "9"], "without the limits of the classes"),
        (["scan", "--profile", "gpt2", "--fail-above", "9"], "without --fail-above"),
        (["check", "--profile", "tulu3"], "must read the training text: overlap scan --profile tulu3"),
        (["check", "--profile", "gpt3"], "must read the training text: overlap scan --profile gpt3"),
        (["check", "--profile", "llama3"], "name the tokenizer"),
    ],
)
def test_refusals(arguments: list[str], message: str, tmp_path: Path) -> None:
    outcome = call(arguments[0], *small(tmp_path), *arguments[1:])
    assert outcome.exit_code == 2
    assert message in " ".join(outcome.stderr.split())


def test_a_result_of_other_ngrams_is_refused(tmp_path: Path) -> None:
    rows("scan", *small(tmp_path), "--profile", "gpt2", "-o", tmp_path / "r")
    outcome = call("report", tmp_path / "r", "--profile", "gpt4")
    assert outcome.exit_code == 2
    assert "overlap scan --profile gpt4, or an index of such n-grams" in " ".join(outcome.stderr.split())
    assert "must read the training text" in call("report", tmp_path / "r", "--profile", "s1").stderr


def test_a_result_of_other_documents_says_how_they_were_compared(tmp_path: Path) -> None:
    rows("scan", *small(tmp_path), "--profile", "c4-exact", "-o", tmp_path / "r")
    outcome = call("report", tmp_path / "r", "--profile", "llama2")
    assert outcome.exit_code == 2
    said = " ".join(outcome.stderr.split())
    assert (
        "compared by 8-grams with at most 0 substitutions; the profile asks for 10-grams of tokens with at most 4"
        in said
    )


def test_the_list_of_profiles() -> None:
    for format in ("terminal", "md"):
        text = "".join(call("profiles", "--format", format).stdout.split())
        assert all(name in text for name in PROFILES)
    body = json.loads(call("profiles", "--format", "json").stdout)
    assert [item["name"] for item in body] == list(PROFILES)
    one, everything = (call("profiles", *name).stdout for name in (["llama2"], []))
    assert PROFILES["llama2"].source in one
    assert "chosen by us" in one
    assert one.strip() in everything
    for profile in PROFILES.values():
        assert all(text in everything for text in (profile.rule, profile.source, *profile.chosen))
    assert call("profiles", "none").exit_code == 2
    assert "leave palm out" in call("profiles", "palm", "--format", "md").stderr


def test_a_profile_in_words_fits_the_terminal() -> None:
    lines = profile_text(PROFILES["gpt3"], 60).split("\n")
    assert max(map(len, lines)) <= 60
    assert lines[0] == "gpt3"
    assert " ".join(" ".join(lines).split()) == " ".join(profile_text(PROFILES["gpt3"], 1000).split())


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_says_where_it_is_from_and_what_is_ours(name: str) -> None:
    profile = profile_of(name)
    assert profile.verified in ("paper", "code", "secondary")
    assert len(profile.source) > 20
    assert profile.chosen
    assert profile.name == name


def test_profiles_from_python(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [" ".join(WORDS)])
    test = write(tmp_path / "test.jsonl", [" ".join(WORDS[:20])])
    found, overlaps, findings = overlap.scan_profile("gpt2", str(train), str(test))
    assert found.rows[0]["overlap_percent"] == 100.0
    assert overlap.report_of_result("gpt2", overlaps) == found
    assert len(findings) == 1
