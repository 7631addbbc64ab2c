"""Score impact as tables, CSV and JSON. Words: differences are associated with overlap; nothing here says why."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from overlap.impact import Impact, ModelImpact
from overlap.report.cells import NONE, estimate, flat, number, p_value, rendered
from overlap.report.llama2 import llama2_tables
from overlap.report.tables import OWN_TRAIN, Table

__all__ = ["impact_tables", "render_impact"]


def impact_tables(found: Impact) -> tuple[Table, ...]:
    """Clean and dirty under the rule, the other splits, the sweep, Llama 2's tests, and the control."""
    tables = [_main_table(found), _split_table(found), _sweep_table(found), _curve_table(found), *llama2_tables(found)]
    if any(item.control for item in found.models):
        tables.append(_control_table(found))
    return tuple(tables)


def _names(item: ModelImpact) -> tuple[str, str, str]:
    return item.test, OWN_TRAIN if item.own else item.train, item.label


def _main_table(found: Impact) -> Table:
    rows = []
    stratified = found.strata != "none"
    for item in found.models:
        main = item.main
        cells = [f"{main.all_examples:,}", f"{item.too_short:,}", f"{main.dirty_examples:,}"]
        cells += [estimate(value) for value in (main.everything, main.clean, main.dirty)]
        cells += [estimate(main.difference) if not main.problem else f"not estimable: {main.problem}"]
        if stratified:
            cells += [NONE if main.standardised is None else estimate(main.standardised)]
        cells += [estimate(main.gain), number(main.relative), number(main.degradation)]
        cells += [p_value(main.p), p_value(main.p_holm), number(main.detectable)]
        rows.append((*_names(item), *cells))
    header: tuple[str, ...] = (
        "examples",
        "too short",
        "dirty",
        "all",
        "clean score",
        "dirty score",
        "dirty - clean",
        *(("within strata",) if stratified else ()),
        "EPG: all - clean",
    )
    header += ("GPT-3 relative %", "GPT-4 degradation %", "p", "p (Holm)", "detectable")
    level = f"{100 * found.draws.level:g} %"
    return Table(
        "Scores of clean and dirty examples",
        ("Test set", "Training set", "Model", *header),
        tuple(rows),
        (
            f"dirty: {found.rule}; clusters: {found.clusters}; strata: {found.strata}; [{level} intervals] by "
            f"{found.draws.draws:,} bootstrap draws of clusters (Wilson's for few 0/1 scores), p by as many "
            f"permutations and as many turns of sign (the larger of both), two-sided, seed {found.draws.seed}; "
            "detectable: the true difference that 80 % of such data sets would show; Holm's correction: over the tests "
            "of this table, and over the sweeps apart",
            "A difference is associated with overlap, which need not be its reason: clean and dirty examples may "
            "differ in kind. Clean examples that score higher mostly show selection, not that nothing leaked.",
        ),
        labels=3,
    )


def _split_table(found: Impact) -> Table:
    rows = []
    for item in found.models:
        for contrast in item.contrasts[1:]:
            if not contrast.dirty_examples:
                continue
            cells = [f"{contrast.kind}: {contrast.name}" if contrast.kind != contrast.name else contrast.name]
            cells += [f"{contrast.dirty_examples:,}", f"{contrast.clean_examples:,}", estimate(contrast.dirty)]
            cells += [
                estimate(contrast.clean),
                estimate(contrast.difference),
                estimate(contrast.gain),
                p_value(contrast.p),
            ]
            rows.append((*_names(item), *cells))
    return Table(
        "Other splits of the same examples",
        (
            *("Test set", "Training set", "Model", "Split", "examples", "against", "their score", "score against"),
            *("difference", "EPG without them", "p"),
        ),
        tuple(rows),
        (
            "any hit, bins of hit n-grams, classes and 'only' parts: against examples without any hit; a part: "
            "against examples without a hit in it; groups: dirty against clean in the group; p is not corrected; "
            f"{NONE}: fewer than 20 on a side, or under 2 % or over 98 % of them dirty",
        ),
        labels=4,
    )


def _sweep_table(found: Impact) -> Table:
    rows: list[tuple[str, ...]] = []
    for item in found.models:
        best, sweep = item.sweep.best, item.sweep
        if best is None:
            rows.append((*_names(item), *("no threshold is estimable", *(NONE,) * 7)))
            continue
        cells = [f"{best.metric} > {100 * best.threshold:g} %", f"{100 * best.dirty / (best.dirty + best.clean):.1f}"]
        cells += [
            number(best.gain),
            number(best.z_published),
            number(best.z),
            p_value(sweep.p),
            p_value(sweep.p_holm),
        ]
        rows.append((*_names(item), *cells, estimate(sweep.crossfit_gain) if sweep.crossfit_gain else NONE))
    within = "" if found.strata == "none" else "; z and p are within strata, every EPG is of all examples together"
    return Table(
        "Sweep over thresholds (ConTAM)",
        (
            *("Test set", "Training set", "Model", "best threshold", "dirty %", "EPG there", "z as published", "z"),
            *("p of the largest z", "p (Holm)", "EPG, cross-fitted"),
        ),
        tuple(rows),
        (
            "the threshold with the largest z is chosen on these very scores, so its EPG is too large: p counts "
            "how often permuted scores reach this z at any threshold of any metric; cross-fitted: each tenth of the "
            "examples at the threshold that was best on those before it; a positive z: dirty examples do better "
            f"(for perplexities, which are then lower, the EPG is negative){within}",
        ),
        labels=4,
    )


def _curve_table(found: Impact) -> Table:
    """EPG and z at every threshold that flags other examples than the one before it; a column for each model."""
    models = list(dict.fromkeys(item.label for item in found.models))
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for item in found.models:
        before = (-1, "")
        for point in item.sweep.points:
            if not point.dirty or (point.dirty, point.metric) == before:
                continue
            before = point.dirty, point.metric
            threshold = f"{point.metric} > {100 * point.threshold:g} %"
            key = (*_names(item)[:2], threshold, f"{point.dirty:,}")
            rows.setdefault(key, {})[_names(item)[2]] = (
                f"{number(point.gain)} ({number(point.z)})" if point.estimable else NONE
            )
    return Table(
        "The whole sweep: EPG (z)",
        ("Test set", "Training set", "threshold", "dirty", *models),
        tuple((*key, *(cells.get(model, NONE) for model in models)) for key, cells in rows.items()),
        (
            f"z: dirty minus clean over its cluster-robust error; {NONE}: not estimable; as published, and for the "
            "finite population: --format json",
        ),
        labels=3,
    )


def _control_table(found: Impact) -> Table:
    rows = tuple(
        (*_names(item), item.control.model, estimate(item.control.value), p_value(item.control.p))
        for item in found.models
        if item.control
    )
    return Table(
        "Against a control model: difference in differences",
        ("Test set", "Training set", "Model", "control", "(dirty - clean) - (dirty - clean) of the control", "p"),
        rows,
        ("what makes the dirty examples easier or harder for both models goes away; p is not corrected",),
        labels=4,
    )


def render_impact(found: Impact, format: str) -> str:
    """The analysis as ``md``, ``csv`` (a line for each model and split), ``json`` or ``latex``. Raises ValueError."""
    return rendered(format, impact_tables(found), found.to_json(), _impact_rows(found))


def _impact_rows(found: Impact) -> list[dict[str, Any]]:
    return [
        {
            "train": item.train,
            "own_train": item.own,
            "test": item.test,
            "model": item.model,
            "measure": item.measure,
            "read": item.read,
            "too_short": item.too_short,
            **flat(asdict(contrast)),
        }
        for item in found.models
        for contrast in item.contrasts
    ]
