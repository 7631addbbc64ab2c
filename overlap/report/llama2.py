"""Llama 2's tests as tables: as they were published where the result allows it, else by coverage of exact n-grams."""

from __future__ import annotations

from overlap.impact import Impact, ModelImpact, ZTest
from overlap.report.cells import NONE, number
from overlap.report.tables import OWN_TRAIN, Table

__all__ = ["llama2_tables"]

_SETS = ("Test set", "Training set", "Model")
_ONE_TEST = "corrected: for the finite population, which shows that clean and not clean are one test"
_SIGNS = "a positive Z: a better score (of losses, a lower one)"


def llama2_tables(found: Impact) -> list[Table]:
    """The published table, and Z at every L, of what has them; the four subsets by exact coverage of all else."""
    published = [item for item in found.models if item.llama2]
    others = [item for item in found.models if not item.llama2]
    tables = [_published_table(published), _lengths_table(published)] if published else []
    return [*tables, _coverage_table(others)] if others else tables


def _names(item: ModelImpact) -> tuple[str, str, str]:
    return item.test, OWN_TRAIN if item.own else item.train, item.label


def _cells(test: ZTest) -> tuple[str, ...]:
    shares = number(100 * test.mean_coverage), f"{test.examples:,}"
    return test.subset, *shares, number(test.score), number(test.all_score), number(test.z_published), number(test.z)


def _published_table(models: list[ModelImpact]) -> Table:
    rows = []
    for item in models:
        chosen = item.llama2_reported
        for test in chosen.tests if chosen else ():
            evidence = "yes" if chosen and chosen.evidence else "at no L"
            rows.append((*_names(item), str(chosen.least if chosen else NONE), evidence, *_cells(test)))
    head = ("L", "evidence", "subset", "avg. contam. %", "n", "score", "score of all", "Z as published", "Z corrected")
    return Table(
        "Llama 2's tests, by contaminated tokens",
        (*_SETS, *head),
        tuple(rows),
        (
            "Touvron et al. 2023, appendix A.6 and table 51: tokens in spans of at least L tokens of one training "
            "document, with at most 4 substitutions behind the first 10 tokens; clean: below 20 % of an example's "
            "tokens; dirty: from 80 % on; evidence: at this L all four |Z| as published are over 2, clean and not "
            "dirty examples do worse, not clean and dirty ones better; shown: the largest such L, or the least L where "
            "there is none; "
            f"{_ONE_TEST}; {_SIGNS}",
        ),
        labels=6,
    )


def _lengths_table(models: list[ModelImpact]) -> Table:
    rows = []
    for item in models:
        for tests in item.llama2:
            z = {test.subset: number(test.z_published) for test in tests.tests}
            cells = [z.get(subset, NONE) for subset in ("clean", "not clean", "not dirty", "dirty")]
            rows.append((*_names(item), str(tests.least), *cells, "yes" if tests.evidence else "no"))
    return Table(
        "Llama 2's tests at every L: Z as published",
        (*_SETS, "L", "clean", "not clean", "not dirty", "dirty", "evidence"),
        tuple(rows),
        (f"not corrected for the number of L, models or data sets; {NONE}: no such examples, or all are",),
        labels=3,
    )


def _coverage_table(models: list[ModelImpact]) -> Table:
    rows = tuple((*_names(item), *_cells(test)) for item in models for test in item.z_tests)
    head = ("subset", "avg. contam. %", "n", "score", "score of all", "Z as published", "Z corrected")
    return Table(
        "Llama 2's subsets, by coverage of exact n-grams (not its published measure)",
        (*_SETS, *head),
        rows,
        (
            "clean: below 20 % of the units in hits; dirty: from 80 % on; Llama 2 counts tokens in spans with "
            "substitutions: overlap scan --profile llama2 -o RESULT, then overlap impact RESULT; "
            f"{_ONE_TEST}; {_SIGNS}",
        ),
        labels=4,
    )
