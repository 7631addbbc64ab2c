"""Intervals of means: Wilson's where 0/1 scores are few or nearly all alike, the bootstrap's elsewhere."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from overlap.impact import ModelScores
from overlap.impact.contrasts import contrasts_of, group_contrasts
from overlap.impact.intervals import newcombe, wilson
from overlap.impact.resampling import Draws, bootstrap_sums, cluster_sums
from overlap.impact.splits import Split, group_splits
from overlap.impact.values import Contrast, Estimate


def dirty_mean(right: int, count: int, *, draws: int = 200, level: float = 0.95, pairs: bool = False) -> Estimate:
    """The dirty side's score: so many of ``count`` right; among 40 clean ones."""
    values = np.concatenate([np.arange(count) < right, np.arange(40) % 2 == 0]).astype(float)
    dirty, numbers = np.arange(count + 40) < count, np.arange(count + 40)
    clusters = numbers // 2 if pairs else numbers
    split = Split("bin", "", ~dirty, dirty)
    model = ModelScores("m", "binary", values, np.ones(values.size))
    return contrasts_of(model, [split], clusters, np.zeros_like(numbers), Draws(draws, 1, level), {})[0].dirty


@pytest.mark.parametrize(
    ("right", "count", "level", "low", "high"),
    [
        # (r + z^2 / 2 -+ z sqrt(r (n - r) / n + z^2 / 4)) / (n + z^2), in decimals of 40 digits
        (0, 20, 0.95, 0.0, 16.112516),
        (1, 20, 0.95, 0.888145, 23.613119),
        (10, 20, 0.95, 29.929801, 70.070199),
        (20, 20, 0.95, 83.887484, 100.0),
        (15, 30, 0.9, 35.619083, 64.380917),
        (7, 25, 0.99, 11.540149, 53.688123),
    ],
)
def test_small_sets_have_wilsons_interval(right: int, count: int, level: float, low: float, high: float) -> None:
    found = dirty_mean(right, count, level=level)
    assert found.method == "wilson"
    assert found.value == pytest.approx(100 * right / count)
    assert (found.low, found.high) == pytest.approx((low, high), abs=2e-6)


@pytest.mark.parametrize("count", [5, 20, 60, 299])
def test_wilson_covers_at_its_level_on_average_and_never_little(count: int) -> None:
    """Exactly, by the binomial law: over shares from 2 to 98 %, with Wald's interval for comparison."""
    shares = np.linspace(0.02, 0.98, 193)
    right = np.arange(count + 1)
    law = (
        np.array([math.comb(count, k) for k in right.tolist()], float)[None]
        * shares[:, None] ** right
        * (1 - shares[:, None]) ** (count - right)
    )
    limits = np.array([wilson(k, count) for k in range(count + 1)])
    covered = (law * ((limits[:, 0] <= shares[:, None]) & (shares[:, None] <= limits[:, 1]))).sum(1)
    assert covered.mean() == pytest.approx(0.95, abs=0.012)
    assert covered.min() > 0.83  # as Brown, Cai and DasGupta 2001 find it near 0 and 1
    half = 1.959964 * np.sqrt(right * (count - right) / count**3)
    wald = (np.abs(right / count - shares[:, None]) <= half) * law
    assert wald.sum(1).min() < covered.min()


@pytest.mark.parametrize(
    ("right", "count", "pairs", "method"),
    [
        (150, 299, False, "wilson"),
        (150, 300, False, "bootstrap"),
        (19, 300, False, "wilson"),
        (20, 300, False, "bootstrap"),
        (581, 600, False, "wilson"),
        (580, 600, False, "bootstrap"),
        (10, 20, True, "bootstrap"),
    ],
)
def test_where_the_bootstrap_takes_over(right: int, count: int, pairs: bool, method: str) -> None:
    found = dirty_mean(right, count, draws=2000, pairs=pairs)
    assert found.method == method
    low, high = wilson(right, count)
    if not pairs:  # and there they hardly differ
        assert (found.low, found.high) == pytest.approx((100 * low, 100 * high), abs=1.5)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        # Newcombe 1998, table 2, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 10), 0.6075, 1.0),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
    ],
)
def test_newcombes_table(one: tuple[int, int], other: tuple[int, int], low: float, high: float) -> None:
    assert newcombe(one, other) == pytest.approx((low, high), abs=6e-5)
    assert newcombe(other, one) == pytest.approx((-high, -low), abs=6e-5)


def contrast_of(right: int, count: int, clean: int, of: int, pairs: bool = False) -> Contrast:
    values = np.concatenate([np.arange(count) < right, np.arange(of) < clean]).astype(float)
    dirty, numbers = np.arange(count + of) < count, np.arange(count + of)
    model, split = ModelScores("m", "binary", values, np.ones(values.size)), Split("bin", "", ~dirty, dirty)
    (found,) = contrasts_of(model, [split], numbers // 2 if pairs else numbers, 0 * numbers, Draws(200), {})
    return found


def test_a_side_that_is_all_right_is_not_certain() -> None:
    found = contrast_of(25, 25, 150, 300).difference
    assert (found.method, found.value) == ("newcombe", 50.0)
    low, high = newcombe((25, 25), (150, 300))
    assert (found.low, found.high) == pytest.approx((100 * low, 100 * high))
    assert found.low < 40  # as 25 of 25 may come of 87 %
    assert contrast_of(5, 25, 300, 300).difference.method == "newcombe"
    assert contrast_of(40, 80, 150, 300).difference.method == "bootstrap"
    assert contrast_of(40, 40, 150, 300, pairs=True).difference.method == "bootstrap"


@pytest.mark.parametrize(("count", "dirty", "of", "clean"), [(25, 0.95, 300, 0.5), (60, 0.02, 600, 0.1)])
def test_differences_of_extreme_shares_are_covered(count: int, dirty: float, of: int, clean: float) -> None:
    """Where the bootstrap's interval covers the truth in 88 and 89 %: Newcombe's does not."""
    source, covered, rounds = np.random.default_rng(8), 0, 4000
    drawn = np.stack([source.binomial(count, dirty, rounds), source.binomial(of, clean, rounds)], 1).tolist()
    for right, other in drawn:
        low, high = newcombe((right, count), (other, of))
        covered += low <= dirty - clean <= high
    assert covered / rounds == pytest.approx(0.955, abs=0.015)


def test_wilson_is_the_root_of_its_equation() -> None:
    for right, count in ((0, 7), (3, 7), (50, 100), (299, 300)):
        for limit in wilson(right, count):
            if 0 < limit < 1:
                assert (right / count - limit) ** 2 == pytest.approx(1.959963985**2 * limit * (1 - limit) / count)


def contrasts_by_loops(values: list[float], dirty: list[bool], groups: list[str]) -> dict[str, list[Fraction | int]]:
    found: dict[str, list[Fraction | int]] = {}
    for name in sorted(set(groups)):
        mine = [(Fraction(v), d) for v, d, g in zip(values, dirty, groups, strict=True) if g == name]
        sides = [[v for v, d in mine if d is side] for side in (False, True)]
        found[name] = [len(sides[0]), len(sides[1]), sum((v for v, _ in mine), Fraction(0)) / len(mine)]
        found[name] += [sum(side, Fraction(0)) / len(side) if side else -1 for side in sides]
    return found


def of_groups(kind: str, count: int, names: int, together: int) -> tuple[ModelScores, list[str], Split, np.ndarray]:
    source = np.random.default_rng([41, together])
    values = source.integers(0, 2 if kind == "binary" else 9, count).astype(float)
    groups = [f"g{number}" for number in source.integers(0, names, count).tolist()]
    dirty = source.random(count) < 0.4
    clusters = (
        np.arange(count)
        if together == 1
        else np.unique(source.integers(0, count // together, count), return_inverse=True)[1]
    )
    return ModelScores("m", kind, values, np.ones(count)), groups, Split("rule", "", ~dirty, dirty), clusters


@pytest.mark.parametrize("kind", ["binary", "real"])
@pytest.mark.parametrize("together", [1, 3])
def test_groups_are_what_loops_over_them_give(kind: str, together: int) -> None:
    model, groups, split, clusters = of_groups(kind, 400, 12, together)
    strata = np.zeros(400, np.int64)
    found = group_contrasts(model, group_splits(groups, split), clusters, strata, Draws(300, 2))
    assert [contrast.name for contrast in found] == list(dict.fromkeys(groups))
    wanted = contrasts_by_loops(model.values.tolist(), split.dirty.tolist(), groups)
    unit = 100 if kind == "binary" else 1
    for contrast in found:
        clean, dirty, *means = wanted[contrast.name]
        assert (contrast.kind, contrast.clean_examples, contrast.dirty_examples) == ("group", clean, dirty)
        scores = contrast.everything.value, contrast.clean.value, contrast.dirty.value
        assert scores == pytest.approx([unit * float(mean) for mean in means])
        assert contrast.p is None
    dense = dense_contrasts(model, groups, split, clusters, Draws(300, 2))
    assert [contrast.problem for contrast in found] == [contrast.problem for contrast in dense]
    for mine, other in zip(found, dense, strict=True):  # the same sums drawn, though not by the same numbers
        for one, two in ((mine.clean, other.clean), (mine.dirty, other.dirty), (mine.difference, other.difference)):
            wide = two.high - two.low
            if not math.isnan(one.value):
                assert (one.low, one.high) == pytest.approx((two.low, two.high), abs=0.3 * wide)


def dense_contrasts(
    model: ModelScores, groups: list[str], split: Split, clusters: np.ndarray, draws: Draws
) -> tuple[Contrast, ...]:
    """With masks over all examples, and all clusters drawn together."""
    names = np.array(groups)
    masks = {name: names == name for name in dict.fromkeys(groups)}
    splits = [Split("group", name, split.clean & mine, split.dirty & mine) for name, mine in masks.items()]
    return contrasts_of(model, splits, clusters, np.zeros(names.size, np.int64), draws, {})


def test_thousands_of_groups_take_no_masks_over_all() -> None:
    model, groups, split, clusters = of_groups("binary", 30_000, 2_000, 1)
    pieces = group_splits(groups, split)
    assert sum(piece.dirty.size for _, piece in pieces) == 30_000
    assert sorted(np.concatenate([mine for mine, _ in pieces]).tolist()) == list(range(30_000))
    found = group_contrasts(model, pieces, clusters, np.zeros(30_000, np.int64), Draws(100))
    assert len(found) == 2_000
    assert sum(contrast.dirty_examples for contrast in found) == split.dirty.sum()


def test_clusters_with_equal_sums_are_drawn_as_one() -> None:
    """How many of each kind are drawn follows the same law as drawing each cluster: counts, means and spread."""
    source = np.random.default_rng(42)
    alike = np.stack([source.random(30_000) < 0.3, np.ones(30_000)], 1).astype(float)
    drawn = bootstrap_sums(alike, Draws(4000, 7))
    share = alike[:, 0].mean()
    assert (drawn[:, 1] == 30_000).all()
    assert drawn[:, 0].mean() == pytest.approx(30_000 * share, abs=4 * math.sqrt(30_000 * share / 4000))
    assert drawn[:, 0].std() == pytest.approx(math.sqrt(30_000 * share * (1 - share)), rel=0.05)
    assert (drawn == bootstrap_sums(alike, Draws(4000, 7))).all()
    unlike = np.stack([alike[:, 0] + source.normal(0, 1e-6, 30_000), alike[:, 1]], 1)
    other = bootstrap_sums(unlike[:3000], Draws(2000, 7))
    assert other[:, 0].std() == pytest.approx(math.sqrt(3000 * share * (1 - share)), rel=0.07)


def test_cluster_sums_are_sums() -> None:
    source = np.random.default_rng(43)
    columns, clusters = source.random((50, 3)), np.unique(source.integers(0, 12, 50), return_inverse=True)[1]
    found = cluster_sums(columns, clusters)
    for number in range(clusters.max() + 1):
        assert found[number] == pytest.approx(columns[clusters == number].sum(0))
