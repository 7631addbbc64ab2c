"""The numbers that the papers print, from our formulas."""

from __future__ import annotations

import math
from collections.abc import Callable

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


# Brown et al. 2020, table C.1: data set, score of all, of the clean ones, "Relative Difference Clean vs All" (%).
TABLE_C1 = [
    ("QuAC", 44.3, 54.1, 20), ("SQuADv2", 69.8, 68.4, -2), ("DROP", 36.5, 29.5, -21), ("Symbols", 66.9, 67.1, 0),
    ("CoQA", 86.0, 87.1, 1), ("ReCoRD", 89.5, 88.2, -1), ("Winograd", 88.6, 86.2, -3), ("BoolQ", 76.0, 76.3, 0),
    ("MultiRC", 74.2, 75.3, 1), ("RACE-h", 46.8, 46.7, 0), ("LAMBADA", 86.4, 86.0, 0), ("No blanks", 77.8, 77.2, -1),
    ("WSC", 76.9, 79.0, 3), ("PIQA", 82.3, 79.3, -4), ("RACE-m", 58.5, 60.4, 3), ("De-En", 43.0, 40.8, -5),
    ("En-De", 30.9, 29.9, -3), ("En-Ro", 25.8, 26.1, 1), ("Ro-En", 41.3, 41.6, 1), ("WebQs", 41.5, 41.5, 0),
    ("ANLI R1", 36.8, 35.9, -3), ("ANLI R2", 34.0, 35.0, 3), ("TriviaQA", 71.2, 71.3, 0), ("ANLI R3", 40.2, 40.5, 1),
    ("En-Fr", 39.9, 40.3, 1), ("Fr-En", 41.4, 41.4, 0), ("WiC", 51.4, 51.3, 0), ("RTE", 71.5, 71.5, 0),
    ("CB", 80.4, 78.8, -2), ("Anagrams 2", 40.2, 37.4, -7), ("Reversed", 0.4, 0.3, -26), ("OpenBook", 65.4, 65.9, 1),
    ("ARC easy", 70.1, 69.8, 0), ("Anagrams 1", 15.0, 13.8, -8), ("COPA", 93.0, 92.8, 0), ("ARC hard", 51.6, 51.8, 0),
    ("HellaSwag", 79.3, 79.2, 0), ("NQs", 29.9, 29.8, 0), ("Cycled", 38.6, 38.7, 0), ("SAT", 65.8, 65.6, 0),
    ("StoryCloze", 87.7, 87.6, 0), ("Winogrande", 77.7, 77.7, 0),
]  # fmt: skip
# OpenAI 2023, table 10: score of all questions, of the non-contaminated ones, "Degradation" in percent.
TABLE_10 = [
    (72.73, 60.00, -17.50), (95.45, 100.00, 4.76), (96.36, 100.00, 3.77), (90.91, 80.00, -12.00),
    (53.33, 47.62, -10.71), (76.00, 83.61, 10.01), (82.50, 88.46, 7.23), (100.00, 100.00, 0.00), (94.55, 92.50, -2.16),
    (97.50, 96.67, -0.85), (82.35, 85.71, 4.08), (70.45, 67.65, -3.98), (89.09, 88.10, -1.12), (90.38, 90.00, -0.43),
    (74.72, 75.11, 0.52), (71.67, 71.43, -0.33), (72.92, 72.50, -0.57), (95.00, 95.24, 0.25), (59.78, 62.50, 4.55),
    (76.67, 73.08, -4.68), (60.00, 61.11, 1.85), (86.24, 86.40, 0.18), (87.93, 87.04, -1.02), (55.56, 57.14, 2.86),
    (71.25, 72.00, 1.05), (92.23, 92.14, -0.09), (60.00, 59.65, -0.58), (77.14, 77.24, 0.12), (40.00, 41.67, 4.17),
    (20.00, 20.83, 4.17), (90.00, 89.66, -0.38), (96.67, 96.61, -0.06), (81.25, 81.01, -0.29),
]  # fmt: skip


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


def fits(formula: Callable[[float, float], float], everything: float, clean: float, printed: float, last: int) -> bool:
    """Can the formula give what is printed, of some inputs that are printed as these? (One and ``last`` decimals.)"""
    half = 0.05 if last == 0 else 0.005
    ends = [formula(everything + half, clean - half), formula(everything - half, clean + half)]
    return round(min(ends), last) <= printed <= round(max(ends), last)


def plainly(everything: float, clean: float) -> float:
    """What "relative difference" would be taken for."""
    return 100 * (clean - everything) / everything


@pytest.mark.parametrize(("name", "everything", "clean", "printed"), TABLE_C1, ids=[row[0] for row in TABLE_C1])
def test_gpt_3_table_c1(name: str, everything: float, clean: float, printed: int) -> None:
    assert fits(formulas.gpt3_relative_difference, everything, clean, printed, 0)


def test_gpt_3_relative_difference_is_symmetric() -> None:
    """Divided by the score of all examples, two of its rows would be others."""
    assert [row[0] for row in TABLE_C1 if not fits(plainly, *row[1:], 0)] == ["QuAC", "DROP"]
    exact = {row[0]: round(formulas.gpt3_relative_difference(*row[1:3])) for row in TABLE_C1}
    assert (exact["QuAC"], exact["DROP"]) == (20, -21)


@pytest.mark.parametrize(("everything", "clean", "printed"), [(76.00, 83.61, 10.01), (72.73, 60.00, -17.50)])
def test_gpt_4_table_10(everything: float, clean: float, printed: float) -> None:
    assert formulas.gpt4_degradation(everything, clean) == pytest.approx(printed, abs=0.005)


def test_gpt_4_table_10_throughout() -> None:
    """Its caption says non-contaminated minus contaminated; its numbers are relative to all questions."""
    assert [row for row in TABLE_10 if not fits(formulas.gpt4_degradation, *row, 2)] == []
    assert len([row for row in TABLE_10 if not fits(formulas.gpt3_relative_difference, *row, 2)]) > 5


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
