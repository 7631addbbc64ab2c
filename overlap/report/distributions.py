"""Distributions of overlap, and training text against held-out text, as tables, CSV and JSON."""

from __future__ import annotations

from overlap.impact import Distribution, Distributions, Estimate, TrainHeldout
from overlap.impact.resampling import Draws
from overlap.report.cells import NONE, estimate, flat, p_value, rendered
from overlap.report.tables import OWN_TRAIN, Table, percent

__all__ = ["distribution_tables", "gap_tables", "render_distributions", "render_gaps"]

NOT_CORRECTED = "; p is not corrected for there being several"


def gap_tables(found: TrainHeldout) -> tuple[Table, ...]:
    """Training texts against held-out texts."""
    rows = []
    for gap in found.gaps:
        both, problem = gap.contrast, gap.to_json()["problem"]
        difference = f"not estimable: {problem}" if problem else estimate(both.difference)
        sizes = f"{both.dirty_examples:,}", f"{both.clean_examples:,}"
        rows.append((gap.label, *sizes, estimate(both.dirty), estimate(both.clean), difference, p_value(both.p)))
    return (
        Table(
            "Training text against held-out text",
            ("Model", "train", "held-out", "score on train", "score on held-out", "train - held-out", "p"),
            tuple(rows),
            (
                f"train: {found.train}; held-out: {found.heldout}; perplexities and losses are weighted by tokens or "
                f"bytes; {_intervals(found.draws)}{NOT_CORRECTED if len(found.gaps) > 1 else ''}",
                "Doing better on training texts (a lower perplexity, a higher accuracy) than on others of the same "
                "source is what memorising looks like; texts of two sources may differ for other reasons.",
            ),
        ),
    )


def _intervals(draws: Draws) -> str:
    return f"[{100 * draws.level:g} % intervals] and p by {draws.draws:,} draws and permutations, seed {draws.seed}"


def distribution_tables(found: Distributions) -> tuple[Table, ...]:
    """The CDFs beside each other, and the comparison with the reference."""
    columns = [_distribution_name(row) for row in found.rows]
    all_at = max((row.cdf.index(1.0) for row in found.rows if 1.0 in row.cdf), default=len(found.points) - 1)
    points = [
        (f"at most {100 * point:g} %", *(_share(row.cdf[i]) for row in found.rows))
        for i, point in enumerate(found.points[: all_at + 1])
    ]
    facts: list[tuple[str, ...]] = [("examples", *(f"{row.examples - row.too_short:,}" for row in found.rows))]
    facts.append(("too short", *(f"{row.too_short:,}" for row in found.rows)))
    facts.append(("mean %", *(_share(row.mean) for row in found.rows)))
    facts += [
        (f"{100 * share:g} % have at most", *(_share(row.quantiles[i]) for row in found.rows))
        for i, share in enumerate(found.quantile_points)
    ]
    if found.reference is not None:
        facts.append((f"mean - {found.reference}", *(_difference(row) for row in found.rows)))
        facts.append(
            ("largest distance", *(NONE if row.distance is None else f"{row.distance:.3f}" for row in found.rows))
        )
        facts.append(("p", *(p_value(row.p) for row in found.rows)))
    what = {"fraction": "n-grams that are hits", "coverage": "units in hits", "longest": "units in the longest match"}
    signatures = tuple(dict.fromkeys(row.signature for row in found.rows if row.signature))
    notes = (_reference_note(found), *signatures)
    return (
        Table(f"Share of examples with so many of their {what[found.metric]}", ("%", *columns), tuple(points)),
        Table(f"Share of {what[found.metric]}, per example", ("", *columns), tuple(facts), notes),
    )


def _reference_note(found: Distributions) -> str:
    if found.reference is None:
        return "examples: those long enough; --reference TEST compares the others with one of the test sets"
    return (
        f"against {found.reference}: a positive difference: these texts repeat more of the training text than those; "
        "largest distance of the two curves, with its p; texts as independent, best of one length; "
        f"{_intervals(found.draws)}{NOT_CORRECTED if sum(row.p is not None for row in found.rows) > 1 else ''}"
    )


def _distribution_name(row: Distribution) -> str:
    return f"{row.test} in {OWN_TRAIN if row.own else row.train}"


def _difference(row: Distribution) -> str:
    if row.difference is None:
        return NONE
    value = row.difference
    return estimate(Estimate(100 * value.value, 100 * value.low, 100 * value.high))


def _share(value: float) -> str:
    return NONE if value != value else percent(100 * value)


def render_gaps(found: TrainHeldout, format: str) -> str:
    """Train against held-out as ``md``, ``csv``, ``json`` or ``latex``. Raises ValueError."""
    rows = [flat(gap.to_json()) for gap in found.gaps]
    return rendered(format, gap_tables(found), found.to_json(), rows)


def render_distributions(found: Distributions, format: str) -> str:
    """Distributions as ``md``, ``csv`` (a line for each point), ``json`` or ``latex``. Raises ValueError."""
    rows = [
        {"train": row.train, "own_train": row.own, "test": row.test, "at_most": point, "share": share}
        for row in found.rows
        for point, share in zip(found.points, row.cdf, strict=True)
    ]
    return rendered(format, distribution_tables(found), found.to_json(), rows)
