"""The numbers that the papers print, from our formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from values import overlap_of

from overlap import metrics
from overlap.impact import formulas
from overlap.impact.published import z_tests
from overlap.impact.scores import ModelScores
from overlap.impact.sweep import sweep_points

# Touvron et al. 2023, table 51, 70B: subset, n, mean of the subset, mean of all, Z as printed, Z of the printed inputs.
HELLASWAG = [
    ("clean", 7391, 80.0, 82.5, -5.73, -5.66),
    ("not clean", 2651, 89.5, 82.4, 9.56, 9.60),
    ("not dirty", 9194, 81.6, 82.5, -2.27, -2.27),
    ("dirty", 848, 92.2, 82.5, 7.42, 7.43),
]
HUMANITIES = [
    ("clean", 3996, 62.2, 65.3, -4.08, -4.12),
    ("not clean", 709, 82.7, 65.3, 9.71, 9.73),
    ("not dirty", 4185, 62.7, 65.3, -3.50, -3.53),
    ("dirty", 520, 85.8, 65.3, 9.80, 9.82),
]


@pytest.mark.parametrize(("subset", "n", "mean", "of_all", "printed", "computed"), HELLASWAG + HUMANITIES)
def test_llama_2_table_51(subset: str, n: int, mean: float, of_all: float, printed: float, computed: float) -> None:
    found = formulas.llama2_z(mean / 100, of_all / 100, n)
    assert found == pytest.approx(computed, abs=0.005)
    assert found == pytest.approx(printed, abs=0.08)  # their inputs had more digits than they print


def test_llama_2_with_the_finite_population_is_one_test_for_two_complements() -> None:
    total = 7391 + 2651
    clean = formulas.finite_population(formulas.llama2_z(0.800, 0.825, 7391), 7391, total)
    not_clean = formulas.finite_population(formulas.llama2_z(0.895, 0.824, 2651), 2651, total)
    assert clean == pytest.approx(-11.0, abs=0.05)
    assert not_clean == pytest.approx(11.2, abs=0.05)


def test_z_tests_of_scores_are_the_formula() -> None:
    values = np.array([1.0] * 50 + [0] * 30 + [1] * 15 + [0] * 5)
    coverage = np.concatenate([np.zeros(80), np.full(12, 0.5), np.full(7, 0.9), [np.nan]])
    found = {test.subset: test for test in z_tests(ModelScores("m", "binary", values, np.ones(100)), coverage)}
    assert [found[name].examples for name in metrics.LLAMA2_SUBSETS] == [80, 19, 92, 7]
    mean = 65 / 99
    assert found["clean"].z_published == pytest.approx(formulas.llama2_z(50 / 80, mean, 80))
    assert found["dirty"].z_published == pytest.approx(formulas.llama2_z(3 / 7, mean, 7))
    assert found["clean"].z == pytest.approx(-found["not clean"].z)  # complements
    assert found["clean"].score == pytest.approx(62.5)


@pytest.mark.parametrize(
    ("name", "everything", "clean", "printed"), [("QuAC", 44.3, 54.1, 20), ("DROP", 36.5, 29.5, -21)]
)
def test_gpt_3_relative_difference_is_symmetric(name: str, everything: float, clean: float, printed: int) -> None:
    assert round(formulas.gpt3_relative_difference(everything, clean)) == printed
    assert round(100 * (clean - everything) / everything) != printed


@pytest.mark.parametrize(("everything", "clean", "printed"), [(76.00, 83.61, 10.01), (72.73, 60.00, -17.50)])
def test_gpt_4_table_10(everything: float, clean: float, printed: float) -> None:
    assert formulas.gpt4_degradation(everything, clean) == pytest.approx(printed, abs=0.005)


def test_contam_arithmetic() -> None:
    """1,000 items at 60 %, 700 clean ones at 55 %: EPG 5.0, z 2.70."""
    assert formulas.estimated_performance_gain(60.0, 55.0) == 5.0
    assert formulas.contam_z(0.05, math.sqrt(0.24), 700) == pytest.approx(2.70, abs=0.005)


def test_contam_arithmetic_from_scores() -> None:
    values = np.concatenate([np.repeat([1.0, 0.0], [385, 315]), np.repeat([1.0, 0.0], [215, 85])])
    contamination = np.repeat([0.0, 1.0], [700, 300])
    numbers, zeros = np.arange(1000), np.zeros(1000, np.int64)
    (point,) = sweep_points({"fraction": contamination}, values, np.ones(1000), numbers, zeros, [0.5])
    assert (point.clean, point.dirty) == (700, 300)
    assert point.gain == pytest.approx(0.05)
    assert point.z_published == pytest.approx(2.70, abs=0.005)
    assert point.z_corrected == pytest.approx(point.z_published / math.sqrt(0.3))
    error = math.sqrt((0.55 * 0.45 / 700 + 215 * 85 / 300**3) * 1000 / 999)
    assert point.z == pytest.approx((215 / 300 - 0.55) / error)
    assert point.gain == pytest.approx(0.3 * (215 / 300 - 0.55))  # EPG = (dirty / all) x (dirty - clean)


def test_token_match_and_longest_match() -> None:
    """40 tokens: three windows of 8 apart from each other, or 24 in a row."""
    overlap = overlap_of([(40, [(0, 1), (16, 1), (32, 1)]), (40, [(8, 17)])])
    assert metrics.token_coverage(overlap).tolist() == [0.6, 0.6]
    assert metrics.longest_match(overlap).tolist() == [0.2, 0.6]


def test_an_ngram_fraction_is_no_coverage() -> None:
    overlap = overlap_of([(20, [(0, 2)])])
    assert metrics.ngram_fraction(overlap).tolist() == [2 / 13]
    assert metrics.token_coverage(overlap).tolist() == [9 / 20]


@pytest.mark.parametrize(
    ("lengths", "n"),
    [([3] * 100, 8), ([9] * 100, 9), ([13] * 100, 13), ([90] * 100, 13), ([9] * 5 + [50] * 95, 13),
     ([9] * 6 + [50] * 94, 9), ([7], 8)],
)  # fmt: skip
def test_gpt_3_n_is_the_fifth_percentile_from_8_to_13(lengths: list[int], n: int) -> None:
    assert metrics.gpt3_n(lengths) == n


def test_gpt_3_n_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no examples"):
        metrics.gpt3_n([])


@pytest.mark.parametrize(
    "value", [metrics.ngram_fraction, metrics.token_coverage, metrics.longest_match, metrics.any_collision]
)
def test_what_is_too_short_is_not_clean(value: object) -> None:
    found = value(overlap_of([(7, []), (8, []), (8, [(0, 1)])]))  # type: ignore[operator]
    assert np.isnan(found[0])
    assert found[1:].tolist() == [0.0, 1.0]


def test_infini_gram_mini_and_llama_2_limits_belong_to_the_upper_side() -> None:
    values = np.array([0.0, 0.1999, 0.2, 0.7999, 0.8, 1.0, np.nan])
    assert metrics.by_limits(values, (0.2, 0.8)).tolist() == [0, 0, 1, 1, 2, 2, -1]
    subsets = metrics.llama2_subsets(values)
    assert subsets["clean"].tolist() == [True, True, False, False, False, False, False]
    assert subsets["dirty"].tolist() == [False, False, False, False, True, True, False]
    assert (subsets["clean"] ^ subsets["not clean"]).tolist() == [True] * 6 + [False]


def test_gpt_4_windows_follow_the_seed_and_all_windows_miss_nothing() -> None:
    overlap = overlap_of([(149, [(number, 30)]) for number in range(60)], n=50)
    first, again, other = (metrics.sampled_windows(overlap, seed=seed) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()
    assert metrics.any_collision(overlap).all()
    share = np.mean([metrics.sampled_windows(overlap, seed=seed).mean() for seed in range(40)])
    assert share == pytest.approx(1 - (70 * 69 * 68) / (100 * 99 * 98), abs=0.03)  # 30 of 100 windows are hits
    assert metrics.sampled_windows(overlap, windows=100).all()


def test_gpt_4_windows_of_short_and_of_clean_examples() -> None:
    overlap = overlap_of([(49, []), (51, []), (51, [(0, 2)])], n=50)
    found = metrics.sampled_windows(overlap)
    assert np.isnan(found[0])
    assert found[1:].tolist() == [0.0, 1.0]
    with pytest.raises(ValueError, match="windows"):
        metrics.sampled_windows(overlap, windows=0)
