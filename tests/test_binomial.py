"""Clopper-Pearson limits, against exact sums and published values."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overlap.binomial import lower_limit, upper_limit


def at_most(hits: int, trials: int, rate: float) -> Fraction:
    """The exact probability of at most so many hits."""
    p = Fraction(rate)
    return sum((math.comb(trials, i) * p**i * (1 - p) ** (trials - i) for i in range(hits + 1)), Fraction(0))


def counts(most: int) -> st.SearchStrategy[tuple[int, int]]:
    """(hits, trials)."""
    return st.integers(1, most).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


CONFIDENCES = st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999, 1 - 5e-7])


@settings(max_examples=80)
@given(counts(30), CONFIDENCES)
def test_limits_solve_the_exact_sums(numbers: tuple[int, int], confidence: float) -> None:
    hits, trials = numbers
    upper, lower = upper_limit(hits, trials, confidence), lower_limit(hits, trials, confidence)
    if hits < trials:
        assert float(at_most(hits, trials, upper)) == pytest.approx(1 - confidence, rel=1e-8)
    else:
        assert upper == 1
    if hits:
        assert float(1 - at_most(hits - 1, trials, lower)) == pytest.approx(1 - confidence, rel=1e-8)
    else:
        assert lower == 0


@pytest.mark.parametrize(
    ("hits", "trials", "confidence", "expected"),
    [
        (0, 1_000_000, 0.95, 2.995728e-6),
        (0, 1_000_000, 0.99, 4.605160e-6),
        (0, 299_573_226, 0.95, 1e-8),
        (0, 10, 0.95, 0.2588656),
        (1, 10, 0.95, 0.3941633),
        (5, 10, 0.975, 0.8129140),
        (1, 10**9, 0.95, 4.743865e-9),  # chi-square tables for the Poisson limit
        (10, 10**9, 0.95, 16.96222e-9),
        (100, 10**9, 0.95, 118.0793e-9),
    ],
)
def test_upper_limits_that_are_known(hits: int, trials: int, confidence: float, expected: float) -> None:
    assert upper_limit(hits, trials, confidence) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("hits", "trials", "confidence", "expected"),
    [
        (1, 10, 0.95, 0.005116197),
        (5, 10, 0.975, 0.1870860),
        (10, 10, 0.95, 0.7411344),
        (1, 10**9, 0.95, 0.05129329e-9),
        (10, 10**9, 0.95, 5.425406e-9),
        (100, 10**9, 0.95, 84.13928e-9),
    ],
)
def test_lower_limits_that_are_known(hits: int, trials: int, confidence: float, expected: float) -> None:
    assert lower_limit(hits, trials, confidence) == pytest.approx(expected, rel=1e-6)


def test_certifying_1e_8_needs_299_573_226_probes() -> None:
    assert upper_limit(0, 299_573_226) <= 1e-8 < upper_limit(0, 299_573_225)


@pytest.mark.parametrize(("hits", "trials"), [(1_000, 10**9), (500_000, 10**6), (10**6, 10**9), (5 * 10**8, 10**9)])
def test_large_numbers_approach_the_normal_limits(hits: int, trials: int) -> None:
    rate = hits / trials
    error = math.sqrt(rate * (1 - rate) / trials)
    assert (upper_limit(hits, trials) - rate) / error == pytest.approx(1.645, rel=0.05)
    assert (rate - lower_limit(hits, trials)) / error == pytest.approx(1.645, rel=0.05)


@settings(max_examples=60)
@given(counts(10**6), CONFIDENCES)
def test_hits_and_misses_are_symmetric(numbers: tuple[int, int], confidence: float) -> None:
    hits, trials = numbers
    mirrored = 1 - upper_limit(trials - hits, trials, confidence)
    assert lower_limit(hits, trials, confidence) == pytest.approx(mirrored, rel=1e-6, abs=1e-12)


@settings(max_examples=60)
@given(counts(10**6), CONFIDENCES)
def test_limits_enclose_the_rate_and_are_monotone(numbers: tuple[int, int], confidence: float) -> None:
    hits, trials = numbers
    assert lower_limit(hits, trials, 0.9999) <= lower_limit(hits, trials, confidence if confidence < 0.9999 else 0.99)
    if confidence >= 0.9:
        assert lower_limit(hits, trials, confidence) <= hits / trials <= upper_limit(hits, trials, confidence)
    if hits < trials:
        assert upper_limit(hits, trials, confidence) < upper_limit(hits + 1, trials, confidence)
        assert lower_limit(hits, trials, confidence) < lower_limit(hits + 1, trials, confidence)
    assert upper_limit(hits, trials + 1, confidence) <= upper_limit(hits, trials, confidence)


@pytest.mark.parametrize(
    ("hits", "trials", "confidence"), [(-1, 10, 0.95), (11, 10, 0.95), (0, 0, 0.95), (1, 10, 0.0), (1, 10, 1.0)]
)
def test_impossible_counts_are_refused(hits: int, trials: int, confidence: float) -> None:
    for limit in (upper_limit, lower_limit):
        with pytest.raises(ValueError, match=f"no such proportion: {hits} of {trials} at confidence {confidence}"):
            limit(hits, trials, confidence)
