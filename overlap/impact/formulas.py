"""The published formulas of score impact, each by its paper's name, with the numbers that the papers print.

A = score on all examples, C = on the clean ones, D = on the dirty ones. Relative forms differ from paper to paper,
which is why none here is just called relative.
"""

from __future__ import annotations

import math

__all__ = [
    "contam_z",
    "estimated_performance_gain",
    "finite_population",
    "gpt3_relative_difference",
    "gpt4_degradation",
    "llama2_z",
]


def estimated_performance_gain(all_score: float, clean_score: float) -> float:
    """EPG = A - C (ConTAM: Singh et al. 2024; Llama 3: Grattafiori et al. 2024, section 5.1.4). Not D - C.

    >>> estimated_performance_gain(60.0, 55.0)
    5.0
    """
    return all_score - clean_score


def gpt3_relative_difference(all_score: float, clean_score: float) -> float:
    """(C - A) / ((C + A) / 2) in percent: "Relative Difference Clean vs All" of Brown et al. 2020, table C.1.

    The symmetric form is what the table's numbers have; dividing by A does not give QuAC's and DROP's rows (20 % and
    -21 %).

    >>> round(gpt3_relative_difference(44.3, 54.1)), round(gpt3_relative_difference(36.5, 29.5))
    (20, -21)
    """
    middle = (clean_score + all_score) / 2
    return 100 * (clean_score - all_score) / middle if middle else float("nan")


def gpt4_degradation(all_score: float, clean_score: float) -> float:
    """(C - A) / A in percent: "Degradation" of OpenAI 2023, table 10. Its caption says something else.

    >>> round(gpt4_degradation(76.00, 83.61), 2), round(gpt4_degradation(72.73, 60.00), 2)  # LSAT, AP English Lit.
    (10.01, -17.5)
    """
    return 100 * (clean_score - all_score) / all_score if all_score else float("nan")


def llama2_z(subset_mean: float, mean: float, examples: int) -> float:
    """Z of a subset of 0/1 scores: (mean of the subset - mean of all) / sqrt(mean (1 - mean) / examples).

    Touvron et al. 2023, A.6 and table 51, without the finite-population correction; as HellaSwag's clean subset at 70B
    (printed: -5.73, of inputs with more digits):

    >>> round(llama2_z(0.800, 0.825, 7391), 2)
    -5.66
    """
    deviation = math.sqrt(mean * (1 - mean) / examples) if examples and 0 < mean < 1 else 0.0
    return (subset_mean - mean) / deviation if deviation else float("nan")


def finite_population(z: float, examples: int, of: int) -> float:
    """Z / sqrt(1 - n / N): the subset is drawn, without replacement, from the very examples that it is compared with.

    Complements (clean and not clean) then have the same Z but for the sign: two of Llama 2's four tests are one.

    >>> finite_population(-5.0, 750, 1000)
    -10.0
    """
    return z / math.sqrt(1 - examples / of) if examples < of else float("nan")


def contam_z(gain: float, deviation: float, clean_examples: int) -> float:
    """ConTAM's z = EPG / (sigma / sqrt(N_clean)), as published, sigma being that of all scores (Singh et al. 2024).

    1,000 items at 60 %, of them 700 clean at 55 %:

    >>> round(contam_z(0.60 - 0.55, math.sqrt(0.6 * 0.4), 700), 2)
    2.7
    """
    return gain / (deviation / math.sqrt(clean_examples)) if deviation and clean_examples else float("nan")
