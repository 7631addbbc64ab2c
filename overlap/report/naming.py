"""Names for what a report shows: no two different training sets, and no two different test sets, share one.

Results that are reported together may have measured other fields, files or n-grams under the same name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from overlap.metrics import located
from overlap.results import Findings, MeasuredFile, Overlap
from overlap.signature import noun_of

__all__ = [
    "OWN_TRAIN",
    "RowIdentity",
    "named_apart",
    "names_apart",
    "row_identity",
    "row_name",
    "row_names",
    "row_names_by_identity",
]

OWN_TRAIN = "Dataset train"  # the paper's name for its first row
RowIdentity = tuple[bool, str, str, int, int]


def row_identity(overlap: Overlap) -> RowIdentity:
    """What makes a row: own training splits share one, any other training set has its own."""
    train = overlap.train
    return (True, "", "", 0, 0) if train.own else (False, train.name, train.signature, train.documents, train.ngrams)


def row_names_by_identity(overlaps: Sequence[Overlap]) -> dict[RowIdentity, str]:
    """A name for each row; where two training sets have one name, with their documents and signatures."""
    rows = list(dict.fromkeys(map(row_identity, overlaps)))
    names: dict[RowIdentity, str] = {}
    for row in rows:
        own, name, signature, documents, _ = row
        alike = [other for other in rows if other[1] == name and not other[0]]
        distinct = f" ({documents:,} documents, {signature})" if len(alike) > 1 else ""
        names[row] = OWN_TRAIN if own else name + distinct
    return names


def row_names(overlaps: Sequence[Overlap]) -> list[str]:
    """For each overlap the name of its row in Table 6: no two different training sets of one n share one."""
    of_n = {
        n: row_names_by_identity([overlap for overlap in overlaps if overlap.n == n])
        for n in {overlap.n for overlap in overlaps}
    }
    return [of_n[overlap.n][row_identity(overlap)] for overlap in overlaps]


def row_name(overlap: Overlap) -> str:
    """What a row is called: its training set, or the paper's name for a test set's own."""
    return OWN_TRAIN if overlap.train.own else overlap.train.name


def named_apart(
    overlaps: Sequence[Overlap], findings: Sequence[Findings] = (), *, by_n: bool = False
) -> tuple[tuple[Overlap, ...], tuple[Findings, ...]]:
    """The same values, their test sets renamed by ``names_apart``; findings are renamed as the overlap they are of."""
    names = names_apart(overlaps, by_n=by_n)
    if names == [overlap.test for overlap in overlaps]:
        return tuple(overlaps), tuple(findings)
    new = {id(found): name for found, name in zip(located(overlaps, findings), names, strict=True) if found is not None}
    renamed = [
        item if item.test == name else replace(item, test=name) for item, name in zip(overlaps, names, strict=True)
    ]
    return tuple(renamed), tuple(replace(item, test=new.get(id(item), item.test)) for item in findings)


def names_apart(overlaps: Sequence[Overlap], *, by_n: bool = False) -> list[str]:
    """For each overlap the name of its test set, with what tells it from others of that name: ``gsm8k (question)``.

    That is the n, the unit, the fields, the files or their digest: no more of them than it takes. ``by_n``: the n
    stands beside the name already, and makes no difference.
    """
    names = [overlap.test for overlap in overlaps]
    groups: dict[tuple[str, int], list[int]] = {}
    for number, overlap in enumerate(overlaps):
        groups.setdefault((overlap.test, overlap.n if by_n else 0), []).append(number)
    for (test, _), members in groups.items():
        chosen = [overlaps[number] for number in members]
        for number, label in zip(members, _numbered(chosen, _labels(chosen)), strict=True):
            names[number] = f"{test} ({label})" if label else test
            if label and any(names[number] == other.test for other in overlaps):
                names[number] += f" {_digest(overlaps[number])}"
    return names


def _labels(overlaps: Sequence[Overlap]) -> list[str]:
    """What tells each of these, all of one name, from the others; empty where all measured the same."""
    features = [_features(overlap) for overlap in overlaps]
    wanted, labels = len(set(map(_variant, overlaps))), [""] * len(overlaps)
    for column in zip(*features, strict=True):
        if len(set(labels)) == wanted:
            break
        longer = [f"{label}, {feature}" if label else feature for label, feature in zip(labels, column, strict=True)]
        if len(set(longer)) > len(set(labels)):
            labels = longer
    return labels


def _variant(overlap: Overlap) -> tuple[object, ...]:
    """What was measured under the name: wherever the files lie, their content and how it was read."""
    made_of = tuple(
        (
            source.digest,
            source.fields,
            source.document,
            *((source.parts, source.template) if isinstance(source, MeasuredFile) else ((), None)),
        )
        for source in overlap.test_sources
    )
    return overlap.n, overlap.unit, overlap.norm, made_of


def _features(overlap: Overlap) -> tuple[str, ...]:
    sources = overlap.test_sources
    return (
        f"n = {overlap.n}",
        noun_of(overlap.unit),
        ", ".join(dict.fromkeys(field for source in sources for field in source.fields)) or "all text",
        "+".join(overlap.parts) or "no parts",
        f"one {overlap.document} each",
        ", ".join(dict.fromkeys(PurePath(source.path).name for source in sources)),
        _digest(overlap),
    )


def _digest(overlap: Overlap) -> str:
    return hashlib.sha256(repr(_variant(overlap)).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _numbered(overlaps: Sequence[Overlap], labels: Sequence[str]) -> list[str]:
    """With a number where one cell of a table would have two numbers all the same: two own training splits, say."""
    outcomes: dict[tuple[object, ...], list[tuple[object, ...]]] = {}
    found = []
    for overlap, label in zip(overlaps, labels, strict=True):
        known = outcomes.setdefault((label, overlap.n, row_identity(overlap)), [])
        outcome = (*_outcome(overlap), overlap.train.signature)
        if outcome not in known:
            known.append(outcome)
        rank = known.index(outcome) + 1
        found.append(label if rank == 1 else f"{label}, result {rank}" if label else f"result {rank}")
    return found


def _outcome(overlap: Overlap) -> tuple[object, ...]:
    counts = len(overlap), int(overlap.ngrams.sum()), int(overlap.hits.sum())
    return *counts, overlap.test_distinct, overlap.distinct_hits, overlap.train.documents
