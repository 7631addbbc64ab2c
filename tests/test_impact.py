"""Scores joined to results, and what overlap impact and overlap cdf say of them."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import call, refused
from impact_cases import LOG, many, scores_of
from values import overlap_of, train_of

import overlap
from overlap.errors import ScoresError
from overlap.impact import DirtyRule, ModelScores, Scores, read_scores
from overlap.impact.clusters import chosen_strata, shared_documents
from overlap.impact.rules import labels_of
from overlap.metrics import summary
from overlap.report.impact import impact_tables, render_impact
from overlap.results import save_result


@pytest.fixture
def result(tmp_path: Path) -> Path:
    overlaps = (many(ids=True),)
    save_result(tmp_path / "result", overlaps, summary(overlaps))
    return tmp_path / "result"


def scores_file(path: Path, count: int = 120, skip: Sequence[int] = ()) -> Path:
    lines = [f"e{number},{number % 2},{number / 7:.4f}" for number in range(count) if number not in skip]
    path.write_text("id,small,large\n" + "\n".join(reversed(lines)) + "\n")
    return path


def test_the_analysis_is_what_is_worked_out_by_hand() -> None:
    values = [float(number % 3 == 0) + number / 1000 for number in range(120)]
    found = overlap.score_impact([many()], scores_of(values), draws=200)
    main = found.models[0].main
    measured = np.array(values[1:])
    dirty = np.arange(1, 120) % 3 == 0
    assert (main.all_examples, main.dirty_examples, main.clean_examples) == (119, 39, 80)
    assert found.models[0].too_short == 1
    assert main.everything.value == pytest.approx(measured.mean())
    assert main.difference.value == pytest.approx(measured[dirty].mean() - measured[~dirty].mean())
    assert main.gain.value == pytest.approx(measured.mean() - measured[~dirty].mean())
    assert main.gain.value == pytest.approx(39 / 119 * main.difference.value)
    assert main.p == pytest.approx(2 / 201)
    assert main.p_holm == main.p
    assert main.difference.low <= main.difference.value <= main.difference.high


def test_perplexity_is_weighted_by_tokens() -> None:
    tokens = np.arange(1, 121, dtype=float)
    nll = tokens * np.where(np.arange(120) % 3 == 0, 1.0, 2.0)
    model = ModelScores("m", "nll", nll, tokens)
    main = overlap.score_impact([many()], Scores("s", None, (model,), {}), draws=100).models[0].main
    assert main.dirty.value == pytest.approx(math.e)
    assert main.clean.value == pytest.approx(math.e**2)
    assert main.everything.value == pytest.approx(math.exp(nll[1:].sum() / tokens[1:].sum()))
    assert main.everything.value != pytest.approx(np.exp(nll[1:] / tokens[1:]).mean(), rel=0.02)


def test_the_sweep_of_losses_looks_for_lower_ones() -> None:
    tokens = np.full(120, 50.0)
    nll = tokens * np.where(np.arange(120) % 3 == 0, 1.0, 2.0)
    found = overlap.score_impact([many()], Scores("s", None, (ModelScores("m", "nll", nll, tokens),), {}), draws=100)
    sweep, main = found.models[0].sweep, found.models[0].main
    assert sweep.best is not None
    assert sweep.best.z > 0
    assert sweep.best in sweep.points
    assert sweep.best.gain < 0  # perplexity of all is lower than that of the clean ones
    assert sweep.best.gain == pytest.approx(main.gain.value)
    assert sweep.crossfit_gain is not None
    assert sweep.crossfit_gain.value < 0
    assert found.models[0].z_tests[0].z < 0  # the clean subset does worse


def test_one_unit_in_a_row_of_the_report() -> None:
    """All gains are perplexities, or percent; error and detectable effect too."""
    source, tokens = np.random.default_rng(4), np.full(120, 50.0)
    nll = tokens * np.where(np.arange(120) % 3 == 0, 2.0, 4.0) * source.uniform(0.9, 1.1, 120)
    models = ModelScores("l", "nll", nll, tokens), ModelScores("b", "binary", (nll < 150).astype(float), np.ones(120))
    found = overlap.score_impact([many()], Scores("s", None, models, {}), draws=200)
    for item in found.models:
        point = item.sweep.points[0]
        assert point.gain == pytest.approx(item.main.gain.value)
        assert point.gain * (1 if item.measure == "%" else -1) > 0
    (main, _) = (item.main for item in found.models)
    assert main.error > 1  # nats would be about 0.01
    assert main.detectable == pytest.approx(2.8 * main.error, rel=0.05)
    (row, _) = (table for table in impact_tables(found) if "ConTAM" in table.title).__next__().rows
    assert row[5] == f"{found.models[0].sweep.best.gain:.2f}"  # type: ignore[union-attr]


def test_no_tokens_are_no_examples() -> None:
    """A model without tokens in its dirty examples has no test, and takes none from the others."""
    tokens = np.where(np.arange(120) % 3 == 0, 0.0, 10.0)
    lost = ModelScores("lost", "nll", 2 * tokens, tokens)
    source = np.random.default_rng(3)
    other = ModelScores("other", "real", source.random(120) + (np.arange(120) % 3 == 0), np.ones(120))
    found = overlap.score_impact([many()], Scores("s", None, (lost, other), {}), draws=200).models
    assert (found[0].main.problem, found[0].main.p, found[0].main.p_holm) == ("only 0 dirty examples", None, None)
    assert found[1].main.p == found[1].main.p_holm == pytest.approx(2 / 201)
    assert found[1].sweep.p_holm == found[1].sweep.p


def test_too_few_are_not_estimable() -> None:
    examples = [(27, [(0, 1)])] * 19 + [(27, [])] * 60
    found = overlap.score_impact([overlap_of(examples)], scores_of([0.0, 1.0] * 39 + [1.0]), draws=100)
    main = found.models[0].main
    assert main.problem == "only 19 dirty examples"
    assert math.isnan(main.difference.value)
    assert main.p is None
    assert main.dirty.value == pytest.approx(9 / 19)
    assert "not estimable: only 19 dirty examples" in render_impact(found, "md")
    assert json.loads(render_impact(found, "json"))["models"][0]["contrasts"][0]["difference"]["value"] is None


def test_few_binary_scores_have_wilsons_interval() -> None:
    found = overlap.score_impact([many()], scores_of([0.0, 1.0] * 60, "binary"), draws=100)
    assert found.models[0].main.dirty.method == "wilson"
    assert found.models[0].measure == "%"


def test_seeds_make_it_and_make_it_again() -> None:
    scores = scores_of(np.random.default_rng(0).random(120).tolist())
    first, again, other = (overlap.score_impact([many()], scores, draws=150, seed=seed) for seed in (1, 1, 2))
    assert first.to_json() == again.to_json() != other.to_json()


def test_holm_counts_all_models_and_training_sets() -> None:
    values = np.random.default_rng(3).random(120)
    models = tuple(ModelScores(name, "real", values + shift, np.ones(120)) for shift, name in enumerate("abc"))
    overlaps = [many(), replace(many(), train=train_of("books"))]
    found = overlap.score_impact(overlaps, Scores("s", None, models, {}), draws=200)
    assert len(found.models) == 6
    p = found.models[0].main.p
    assert p is not None
    assert found.models[0].main.p_holm == pytest.approx(min(1.0, 6 * p))


def test_groups_and_parts_are_split() -> None:
    made = many()
    groups = [("algebra", "history")[number % 2] for number in range(120)]
    parts = np.stack([np.full(120, 13), np.full(120, 14)], 1)
    made = replace(made, groups=groups, parts=("question", "answer"), part_units=parts,
                   part_starts=np.stack([np.zeros(120, np.int64), np.full(120, 13)], 1))  # fmt: skip
    found = overlap.score_impact([made], scores_of([float(n % 2) for n in range(120)]), draws=100, strata="group")
    contrasts = {(item.kind, item.name): item for item in found.models[0].contrasts}
    assert contrasts["group", "algebra"].dirty_examples == 19
    assert contrasts["group", "algebra"].everything.value == 0.0
    assert contrasts["part", "question"].dirty_examples == 39
    assert contrasts["part", "answer"].dirty_examples == 0
    assert contrasts["part", "question only"].dirty_examples == 39
    assert contrasts["part", "several parts"].dirty_examples == 0
    standardised = found.models[0].main.standardised
    assert standardised is not None
    assert standardised.value == pytest.approx(0.0)  # within a group all scores are alike
    assert found.models[0].main.difference.value != 0.0
    assert found.models[0].main.p == 1.0


def test_strata_by_length_are_fifths() -> None:
    examples = [(20 + number, [(0, 1)] if number % 2 else []) for number in range(200)]
    scores = scores_of([number / 200 for number in range(200)])
    found = overlap.score_impact([overlap_of(examples)], scores, draws=200, strata="length")
    assert found.models[0].main.standardised is not None
    assert "within strata" in impact_tables(found)[0].header
    assert (
        "within strata" not in impact_tables(overlap.score_impact([overlap_of(examples)], scores, draws=100))[0].header
    )


def test_a_cluster_is_in_the_fifth_of_its_mean_length() -> None:
    """Examples of any lengths may share a document: moved whole, they need one stratum."""
    examples = [(20 + number, [(0, 1)] if number % 2 else []) for number in range(100)]
    made, scores = overlap_of(examples), scores_of([number % 3 for number in range(100)])
    alone = chosen_strata("length", made, scores, np.arange(100))
    assert alone.tolist() == [0] * 20 + [1] * 20 + [2] * 20 + [3] * 20 + [4] * 20
    apart = np.where(np.isin(np.arange(100), [0, 90]), 7, np.arange(100) + 10)
    together = chosen_strata("length", made, scores, apart)
    assert together[[0, 90]].tolist() == [2, 2]  # of 20 and 110 units
    assert np.delete(together, [0, 90]).tolist() == np.delete(alone, [0, 90]).tolist()
    labelled = replace(scores, labels={"passage": tuple(map(str, apart.tolist()))})
    found = overlap.score_impact([made], labelled, draws=100, clusters="passage", strata="length")
    assert found.models[0].main.standardised is not None


def test_only_a_sweep_within_strata_says_that_its_gain_is_not() -> None:
    scores = scores_of([number / 120 for number in range(120)])
    for strata, is_said in ((None, False), ("length", True)):
        found = overlap.score_impact([many()], scores, draws=100, strata=strata)
        (sweep,) = (table for table in impact_tables(found) if table.title.startswith("Sweep over"))
        assert sweep.notes[0].endswith("every EPG is of all examples together") is is_said


def test_examples_that_share_a_document_are_one_cluster() -> None:
    class Shared:
        train = "web"

        def __init__(self, *matches: tuple[int, int, str]):
            self.matches = [type("M", (), {"example": e, "source": "f", "row": r, "kind": k}) for e, r, k in matches]

    item = Shared((0, 5, "passage"), (3, 5, "duplicate"), (3, 9, "passage"), (4, 9, "passage"), (1, 7, "common phrase"),
                  (2, 7, "common phrase"))  # fmt: skip
    assert shared_documents(6, [item]).tolist() == [0, 1, 2, 0, 0, 5]  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("rule", "dirty"),
    [(DirtyRule(), [0, 1, 1, 1]), (DirtyRule("fraction", 0.1), [0, 0, 1, 1]),
     (DirtyRule("fraction", 0.1, True), [0, 1, 1, 1]), (DirtyRule("coverage", 0.5), [0, 0, 1, 1]),
     (DirtyRule("longest", 10), [0, 0, 0, 1]), (DirtyRule("longest", 9), [0, 1, 0, 1])],
    ids=str,
)  # fmt: skip
def test_rules(rule: DirtyRule, dirty: list[int]) -> None:
    examples = [(27, []), (27, [(0, 2)]), (27, [(0, 1), (3, 1), (6, 1)]), (27, [(0, 20)]), (6, [])]
    assert labels_of(overlap_of(examples), rule).tolist() == [*dirty, -1]


@pytest.mark.parametrize(
    "make",
    [lambda: DirtyRule("all"), lambda: DirtyRule("fraction", 1.5), lambda: DirtyRule("longest", 0.5),
     lambda: labels_of(many(), DirtyRule("class")),
     lambda: overlap.score_impact([many()], scores_of([0.0] * 120), draws=1),
     lambda: overlap.score_impact([many()], scores_of([0.0] * 120), level=1.0),
     lambda: overlap.score_impact([many()], scores_of([0.0] * 120), seed=-1),
     lambda: overlap.score_impact([many()], scores_of([0.0] * 120), bins=[0.5, 0.1]),
     lambda: overlap.score_impact([many()], scores_of([0.0] * 120), bins=[math.nan]),
     lambda: DirtyRule("longest", math.nan), lambda: DirtyRule("fraction", math.nan),
     lambda: overlap.distributions([many()], level=7), lambda: overlap.distributions([many()], level=math.nan),
     lambda: overlap.distributions([many()], seed=-3), lambda: overlap.distributions([many()], draws=0),
     lambda: overlap.score_impact([many()], scores_of([0.0] * 120), clusters="document"),
     lambda: overlap.score_impact([many()], scores_of([0.0] * 120), strata="group"),
     lambda: overlap.score_impact([many()], scores_of([0.0] * 120), control="other"),
     lambda: overlap.score_impact([many(), replace(many(), test="b")], scores_of([0.0] * 120)),
     lambda: overlap.score_impact([many()], {"b": [scores_of([0.0] * 120)]}),
     lambda: overlap.distributions([many()], reference="none"), lambda: overlap.distributions([many()], metric="x")],
)  # fmt: skip
def test_bad_arguments(make: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        make()  # type: ignore[operator]


def test_a_sample_log_is_joined_by_record_number(tmp_path: Path) -> None:
    overlaps = (replace(overlap_of([(27, [(0, 1)] if n % 2 else []) for n in range(6)]), rows=np.arange(6)),)
    save_result(tmp_path / "r", overlaps, summary(overlaps))
    outcome = call("impact", tmp_path / "r", "--scores", LOG, "--draws", 100, "--format", "csv")
    assert outcome.exit_code == 0, outcome.output
    rows = list(csv.DictReader(io.StringIO(outcome.stdout)))
    assert (rows[0]["model"], rows[0]["problem"]) == ("our__tiny-model", "only 3 dirty examples")
    assert float(rows[0]["dirty"]) == pytest.approx(200 / 3)
    assert (rows[0]["read"], rows[0]["measure"]) == ("exact_match, filter strict-match", "%")
    page = call("impact", tmp_path / "r", "--scores", LOG, "--draws", 100, "--format", "md").stdout
    assert "our\\_\\_tiny-model (exact\\_match, filter strict-match; %)" in page


@pytest.mark.parametrize("format", ["terminal", "md", "csv", "json", "latex"])
def test_the_command(format: str, result: Path, tmp_path: Path) -> None:
    scores = scores_file(tmp_path / "s.csv")
    outcome = call("impact", result, "--scores", scores, "--draws", 200, "--control", "small", "--format", format,
                   "--model", "small", "--model", "big=large", "--control", "small") if format == "csv" else call(
        "impact", result, "--scores", scores, "--draws", 200, "--format", format)  # fmt: skip
    if format == "csv":  # one model is a percentage, the other a mean: no difference of the two
        assert outcome.exit_code == 2
        assert "the control small has other scores (%) than big (mean)" in outcome.stderr
        return
    assert outcome.exit_code == 0, outcome.output
    if format == "json":
        body = json.loads(outcome.stdout)
        assert body["rule"]["words"] == "any hit"
        assert body["draws"] == {"draws": 200, "seed": 0, "level": 0.95}
        assert [item["model"] for item in body["models"]] == ["small", "large"]
        assert len(body["models"][0]["sweep"]["points"]) == 60
    else:
        assert "associated with" in " ".join(outcome.stdout.split()) or format == "latex"
    assert "caused" not in outcome.stdout


def test_the_words_are_associated_with(result: Path, tmp_path: Path) -> None:
    outcome = call("impact", result, "--scores", scores_file(tmp_path / "s.csv"), "--draws", 100, "--format", "md")
    assert "associated with overlap" in outcome.stdout
    assert "caus" not in outcome.stdout


def test_scores_that_do_not_fit_are_one_line(result: Path, tmp_path: Path) -> None:
    message = refused(call("impact", result, "--scores", scores_file(tmp_path / "s.csv", skip=[4, 5])))
    assert "2 examples without a score (e4, e5), no score without an example" in message


def test_scores_of_another_test_set_are_no_path(result: Path, tmp_path: Path) -> None:
    scores = scores_file(tmp_path / "s.csv")
    outcome = call("impact", result, "--scores", f"nosuch={scores}")
    assert outcome.exit_code == 2
    assert "scores of no test set here: nosuch; the result has: " in " ".join(outcome.stderr.split())
    assert "cannot be read" in refused(call("impact", result, "--scores", f"nosuch={tmp_path / 'none.csv'}"))
    scores.rename(tmp_path / "nosuch=s.csv")  # a name of a file may have the sign
    assert call("impact", result, "--scores", tmp_path / "nosuch=s.csv", "--draws", 100).exit_code == 0


def test_what_is_not_estimable_is_empty_in_csv(result: Path, tmp_path: Path) -> None:
    outcome = call("impact", result, "--scores", scores_file(tmp_path / "s.csv"), "--draws", 100, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(outcome.stdout)))
    assert any(row["problem"] and not row["difference"] and not row["p"] for row in rows)
    assert not any(cell == "nan" for row in rows for cell in row.values())


def test_a_control_needs_another_model() -> None:
    with pytest.raises(ValueError, match="the control m is the only model with scores of gsm8k: name another one"):
        overlap.score_impact([many()], scores_of([0.0, 1.0] * 60), control="m", draws=100)


@pytest.mark.parametrize(
    "arguments",
    [[], ["--rule", "fraction"], ["--threshold", "0.5"], ["--at-least"], ["--class", "passage"], ["--bins", "x"],
     ["--train-losses", "a"], ["--rule", "class"], ["--clusters", "document"], ["--draws", "3"], ["--control", "x"]],
)  # fmt: skip
def test_usage(arguments: list[str], result: Path, tmp_path: Path) -> None:
    given = [] if not arguments else [result, "--scores", scores_file(tmp_path / "s.csv"), *arguments]
    assert call("impact", *given).exit_code == 2


@pytest.mark.parametrize("score", ["1e308", "-1e101", "inf", "nan"])
def test_scores_too_large_for_squares_are_refused(score: str, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(f"id,m\na,1\nb,{score}\n")
    with pytest.raises(ScoresError, match=r"record 2: score .* of m is not a finite number"):
        read_scores(tmp_path / "s.csv")


def test_a_model_and_tokens_of_a_sample_log_are_refused(result: Path) -> None:
    for option in (["--model", "m"], ["--tokens", "t"]):
        assert "is a sample log" in refused(call("impact", result, "--scores", LOG, *option))


def test_cdfs_of_one_distribution_are_seldom_apart() -> None:
    source, found = np.random.default_rng(9), []
    for seed in range(200):
        pair = [
            overlap_of([(17, [(0, int(hits))] if hits else []) for hits in source.integers(0, 9, 40)], test=name)
            for name in ("a", "b")
        ]
        first, _ = overlap.distributions(pair, reference="b", draws=199, seed=seed).rows
        assert first.p is not None
        found.append(first.p)
    assert sum(p <= 0.05 for p in found) <= 20
