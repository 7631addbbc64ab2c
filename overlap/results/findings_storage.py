"""What is stored beside a result: ``findings.json``, ``runs.parquet``, ``matches.parquet``; ``fuzzy.json``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overlap.errors import OutputError, ResultFileError
from overlap.results.audits import FuzzyPair, FuzzyRule, NearDuplicates
from overlap.results.matches import ClassRule, Findings, Match, Run, match_schema, run_schema
from overlap.results.storage import SUMMARY_NAME, file_sha256, read_checked, read_sealed
from overlap.sealed import seal
from overlap.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "has_findings",
    "load_findings",
    "load_near_duplicates",
    "refuse_findings",
    "save_findings",
    "save_near_duplicates",
]

FORMAT = "overlap-findings"
FORMAT_VERSION = 1
HEAD_NAME = "findings.json"
FUZZY_FORMAT = "overlap-near-duplicates"
FUZZY_NAME = "fuzzy.json"
TABLES = {"runs": "runs.parquet", "matches": "matches.parquet"}


def save_findings(path: str | os.PathLike[str], findings: Sequence[Findings], *, force: bool = False) -> None:
    """Store findings in the folder of the result that they belong to, beside those of other training and test sets.

    Raises OutputError where no result is there, or where findings of the same sets are, unless ``force``.
    """
    import pyarrow.parquet as pq

    folder = Path(path)
    if not (folder / SUMMARY_NAME).is_file():
        raise OutputError("no result is here to store the matches with", folder)
    refuse_findings(folder, [_key(item) for item in findings], force)
    findings = [*_others(folder, findings), *findings]
    try:
        (folder / HEAD_NAME).unlink(missing_ok=True)
        digests = {}
        for name, file in TABLES.items():
            temporary = folder / (file + ".partial")
            pq.write_table(_table(findings, name), temporary)
            digests[name] = file_sha256(temporary)
            temporary.replace(folder / file)
        body = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "tool": f"overlap {__version__}",
            "sha256": digests,
            "findings": [_head(item) for item in findings],
        }
        (folder / (HEAD_NAME + ".partial")).write_bytes(seal(body))
        (folder / (HEAD_NAME + ".partial")).replace(folder / HEAD_NAME)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", folder) from error


_Key = tuple[str, bool, str]


def _key(findings: Findings) -> _Key:
    return findings.train, findings.own, findings.test


def refuse_findings(path: str | os.PathLike[str], keys: Sequence[_Key], force: bool) -> None:
    """Raise OutputError where findings of one of these (train, own, test) are stored already, unless ``force``."""
    if force or not has_findings(path):
        return
    if here := [item for item in load_findings(path) if _key(item) in keys]:
        names = f"{here[0].test} in {here[0].train}"
        raise OutputError(f"matches are here already ({names}): --force replaces them", path)


def _others(folder: Path, findings: Sequence[Findings]) -> list[Findings]:
    """What is stored of other sets; nothing where it cannot be read."""
    if not has_findings(folder):
        return []
    keys = [_key(item) for item in findings]
    try:
        return [item for item in load_findings(folder) if _key(item) not in keys]
    except ResultFileError:
        return []


def _head(findings: Findings) -> dict[str, Any]:
    plain = {name: getattr(findings, name) for name in Findings.__dataclass_fields__ if name not in TABLES}
    counts = {name: len(getattr(findings, name)) for name in TABLES}
    return {**plain, "rule": asdict(findings.rule), "counts": counts}


def _table(findings: Sequence[Findings], name: str) -> pa.Table:
    import pyarrow as pa

    schema = run_schema() if name == "runs" else match_schema()
    pairs = [(item, value) for item in findings for value in getattr(item, name)]
    sets = {"train": "train", "own_train": "own", "test": "test"}
    columns = {column: [getattr(item, field) for item, _ in pairs] for column, field in sets.items()}
    columns |= {column: [getattr(value, column) for _, value in pairs] for column in schema.names[len(sets) :]}
    return pa.table(columns, schema=schema)


def has_findings(path: str | os.PathLike[str]) -> bool:
    """Is there anything of an exact pass in this folder?"""
    return (Path(path) / HEAD_NAME).exists()


def load_findings(path: str | os.PathLike[str]) -> tuple[Findings, ...]:
    """Read the findings stored with a result. Raises ResultFileError where there are none, or damaged ones."""
    import pyarrow as pa

    folder = Path(path)
    body = read_sealed(
        folder, HEAD_NAME, FORMAT, FORMAT_VERSION, "no matches are here: run overlap locate RESULT --train TRAIN first"
    )
    try:
        runs = [_run(row) for row in _rows(folder, body, "runs")]
        matches = [Match(**row) for row in _rows(folder, body, "matches")]
        found = []
        at_run = at_match = 0
        for head in body["findings"]:
            counts = head.pop("counts")
            next_run, next_match = at_run + counts["runs"], at_match + counts["matches"]
            rule = ClassRule(**head.pop("rule"))
            of_head = tuple(runs[at_run:next_run]), tuple(matches[at_match:next_match])
            found.append(Findings(**head, rule=rule, runs=of_head[0], matches=of_head[1]))
            at_run, at_match = next_run, next_match
        return tuple(found)
    except (KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise ResultFileError(f"damaged ({type(error).__name__}: {error}): measure again", folder) from error


def _run(row: dict[str, Any]) -> Run:
    for name in ("documents", "examples"):
        row[name] = tuple(row.get(name, ()))
    return Run(**row)


def save_near_duplicates(path: str | os.PathLike[str], found: NearDuplicates, *, force: bool = False) -> None:
    """Store near-duplicates with a result, as ``fuzzy.json``. Raises OutputError."""
    target = Path(path) / FUZZY_NAME
    if target.exists() and not force:
        raise OutputError("near-duplicates are here already: --force replaces them", path)
    body = {"format": FUZZY_FORMAT, "format_version": FORMAT_VERSION, "tool": f"overlap {__version__}"}
    try:
        temporary = target.with_suffix(".partial")
        temporary.write_bytes(
            seal({**body, "rule": asdict(found.rule), "pairs": [asdict(pair) for pair in found.pairs]})
        )
        temporary.replace(target)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", path) from error


def load_near_duplicates(path: str | os.PathLike[str]) -> NearDuplicates | None:
    """Near-duplicates stored with a result, or None. Raises ResultFileError where they are damaged."""
    folder = Path(path)
    if not (folder / FUZZY_NAME).exists():
        return None
    body = read_sealed(folder, FUZZY_NAME, FUZZY_FORMAT, FORMAT_VERSION, "no near-duplicates are here")
    try:
        return NearDuplicates(FuzzyRule(**body["rule"]), tuple(FuzzyPair(**pair) for pair in body["pairs"]))
    except (KeyError, TypeError) as error:
        raise ResultFileError(f"damaged ({type(error).__name__}: {error}): measure again", folder) from error


def _rows(folder: Path, body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    raw = read_checked(folder / TABLES[name], body["sha256"][name])
    table = pq.read_table(pa.BufferReader(raw))
    names = [name for name in ("train", "own_train", "test") if name in table.column_names]
    rows: list[dict[str, Any]] = table.drop_columns(names).to_pylist()
    return rows
