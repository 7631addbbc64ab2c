"""Training text against held-out text, and the distribution of samples' overlap: the commands and their tables."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from commands import call, refused
from impact_cases import ROLLING
from values import overlap_of

import overlap
from overlap.impact import ModelScores, Scores, train_heldout
from overlap.metrics import summary
from overlap.report.distributions import distribution_tables, gap_tables
from overlap.results import save_result


def scores_file(path: Path) -> Path:
    path.write_text("id,small,large\n" + "".join(f"e{n},{n % 2},{n / 7:.4f}\n" for n in range(120)))
    return path


def test_train_against_heldout(tmp_path: Path) -> None:
    for name, mean in (("train", 2.0), ("heldout", 3.0)):
        lines = [json.dumps({"id": n, "nll": 10 * mean + n % 3, "tokens": 10}) for n in range(60)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    arguments = ["--train-losses", tmp_path / "train.jsonl", "--heldout-losses", tmp_path / "heldout.jsonl"]
    outcome = call("impact", *arguments, "--tokens", "tokens", "--draws", 200, "--format", "json")
    (gap,) = json.loads(outcome.stdout)["gaps"]
    assert gap["measure"] == "perplexity"
    assert gap["train"]["value"] == pytest.approx(math.exp(2.1))
    assert gap["difference"]["value"] == pytest.approx(math.exp(2.1) - math.exp(3.1))
    assert gap["p"] == pytest.approx(2 / 201)
    assert call("impact", *arguments, "--tokens", "tokens", "--draws", 200).exit_code == 0
    assert "no model has scores in both" in refused(
        call("impact", "--train-losses", tmp_path / "train.jsonl", "--heldout-losses", scores_file(tmp_path / "s.csv"))
    )


@pytest.mark.parametrize("given", [("--level", "3"), ("--seed", "-1"), ("--draws", "0"), ("--level", "nan")])
def test_train_against_heldout_refuses_bad_draws(given: tuple[str, str], tmp_path: Path) -> None:
    scores = scores_file(tmp_path / "s.csv")
    assert call("impact", "--train-losses", scores, "--heldout-losses", scores, *given).exit_code == 2


def test_options_of_scores_are_refused_without_them(tmp_path: Path) -> None:
    scores = scores_file(tmp_path / "s.csv")
    for option in (["--strata", "length"], ["--control", "small"], ["--clusters", "example"], ["--rule", "class"],
                   ["--threshold", "0.5"], ["--at-least"], ["--class", "passage"], ["--bins", "0,0.5"],
                   ["--figure", "sweep"], ["--format", "html"]):  # fmt: skip
        outcome = call("impact", "--train-losses", scores, "--heldout-losses", scores, *option)
        assert outcome.exit_code == 2
        assert f"{' '.join(option) if 'html' in option else option[0]} goes with --scores" in outcome.stderr


def test_the_two_sides_are_named_in_every_format(tmp_path: Path) -> None:
    given = ["--train-losses", ROLLING, "--heldout-losses", ROLLING, "--metric", "bits_per_byte", "--draws", 100]
    (row,) = csv.DictReader(io.StringIO(call("impact", *given, "--format", "csv").stdout))
    assert (row["train_texts"], row["heldout_texts"], row["measure"]) == ("6", "6", "bits per byte")
    assert float(row["train"]) == float(row["heldout"]) == pytest.approx(63 / 96 / math.log(2))
    assert row["problem"] == "only 6 training texts"
    page = call("impact", *given, "--format", "md").stdout
    assert "not estimable: only 6 training texts" in page
    assert "\\[95 % intervals\\]" in page or "[95 % intervals]" in page
    assert not any(word in page for word in ("dirty", "clean"))


def test_several_p_values_are_said_to_be_uncorrected() -> None:
    def gaps(models: int) -> str:
        columns = (ModelScores(f"m{number}", "real", np.arange(30.0), np.ones(30)) for number in range(models))
        side = Scores("s", None, tuple(columns), {})
        return " ".join(gap_tables(train_heldout(side, side, draws=100))[0].notes)

    def curves(tests: int) -> str:
        made = [overlap_of([(107, [(0, hits)]) for hits in range(1, 41)], test=f"t{n}") for n in range(tests)]
        return " ".join(distribution_tables(overlap.distributions(made, reference="t0", draws=100))[1].notes)

    for said in (gaps, curves):
        assert "p is not corrected" in said(3)
    assert "p is not corrected" not in gaps(1) + curves(2)


def test_the_sides_may_be_of_any_sizes() -> None:
    """No share of examples is flagged here: 20 held-out texts are enough, however many training texts there are."""
    source = np.random.default_rng(5)
    sides = [Scores("s", None, (ModelScores("m", "real", source.random(n), np.ones(n)),), {}) for n in (2000, 20, 19)]
    (gap,) = overlap.train_heldout(sides[0], sides[1], draws=100).gaps
    assert (gap.contrast.problem, gap.contrast.p is None) == ("", False)
    (gap,) = overlap.train_heldout(sides[0], sides[2], draws=100).gaps
    assert gap.to_json()["problem"] == "only 19 held-out texts"


def test_losses_of_two_units_are_not_compared() -> None:
    words, bits = (overlap.read_scores(ROLLING, metric=name) for name in ("word_perplexity", "bits_per_byte"))
    with pytest.raises(overlap.OverlapError, match="has word perplexity here and bits per byte in"):
        overlap.train_heldout(words, bits, draws=100)


def test_cdf_of_samples_against_a_reference(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    samples = overlap_of([(107, [(0, int(hits))]) for hits in source.integers(1, 30, 80)], test="samples")
    texts = overlap_of([(107, [(0, int(hits))]) for hits in source.integers(20, 60, 90)] + [(5, [])], test="texts")
    overlaps = (samples, texts)
    save_result(tmp_path / "r", overlaps, summary(overlaps))
    outcome = call("cdf", tmp_path / "r", "--reference", "texts", "--draws", 300, "--format", "json")
    body = json.loads(outcome.stdout)
    assert [row["test"] for row in body["rows"]] == ["samples", "texts"]
    first, second = body["rows"]
    shares = samples.hits / samples.ngrams
    assert first["mean"] == pytest.approx(shares.mean())
    assert first["cdf"][body["points"].index(0.1)] == pytest.approx((shares <= 0.1).mean())
    assert first["cdf"][-1] == second["cdf"][-1] == 1.0
    assert first["p"] == pytest.approx(1 / 301)
    assert first["difference"]["high"] < 0
    assert (second["difference"], second["p"], second["too_short"]) == (None, None, 1)
    for format in ("terminal", "md", "csv", "latex"):
        assert call("cdf", tmp_path / "r", "--draws", 100, "--format", format).exit_code == 0


def test_cdf_tables_say_how_and_stop_where_all_is_said(tmp_path: Path) -> None:
    texts = overlap_of([(107, [(0, hits)]) for hits in range(1, 41)], test="texts")
    save_result(tmp_path / "r", (texts,), summary((texts,)))
    alone = call("cdf", tmp_path / "r", "--format", "md").stdout
    assert "at most 40 %" in alone
    assert "at most 50 %" not in alone
    assert "--reference TEST compares" in alone
    assert "draws" not in alone
    assert "n:8|unit:word" in alone.replace("\\", "")
    assert (
        "90 % intervals" in call("cdf", tmp_path / "r", "--reference", "texts", "--level", 0.9, "--format", "md").stdout
    )
