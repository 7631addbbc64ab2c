"""Score files -> Scores: CSV, TSV, JSON lines, Parquet, and lm-evaluation-harness sample logs.

Small files by nature (one record an example): they are read whole.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from overlap.errors import ScoresError
from overlap.impact.harness import is_sample_log, read_sample_log
from overlap.impact.scores import Record, Scores, column, model_scores

__all__ = ["read_scores"]

ID_FIELDS = ("id", "example_id", "task_id", "doc_id")
MOST_MODELS = 200


def read_scores(
    path: str | os.PathLike[str],
    *,
    id_field: str | None = None,
    models: Sequence[str] = (),
    tokens: Sequence[str] = (),
    labels: Sequence[str] = (),
    metric: str | None = None,
    filter_name: str | None = None,
) -> Scores:
    """Read a score file.

    ``models`` are ``[NAME=]FIELD``, nested ones as ``a.b``; by default every field that holds numbers in most records
    (the others are then an error), but for the id, the tokens and the labels. ``tokens`` are ``FIELD``, for all
    models, or ``NAME=FIELD``: scores are then sums of negative log-likelihoods. ``labels``: fields kept as text.
    ``metric`` and ``filter_name`` choose among those of a sample log. Raises ScoresError.
    """
    where = os.fspath(path)
    records = _records(Path(path), where)
    if not records:
        raise ScoresError(f"{where}: no scores in this file")
    if is_sample_log(records[0]):
        if models or tokens:
            raise ScoresError(
                f"{where}: this is a sample log, of one model: --metric and --filter choose its scores, "
                "not --model and --tokens"
            )
        return read_sample_log(records, where, metric, filter_name, id_field, labels)
    if metric is not None or filter_name is not None:
        raise ScoresError(
            f"{where}: this is no sample log of lm-evaluation-harness: --model chooses its scores, not --metric and "
            "--filter"
        )
    id_field = id_field or next((name for name in ID_FIELDS if name in records[0]), None)
    counted = _token_fields(tokens)
    fields = _model_fields(records, where, models, id_field, [*counted.values(), *labels])
    if unknown := set(counted) - {"", *fields}:
        raise ScoresError(
            f"{where}: tokens of {', '.join(sorted(unknown))}, which is no model here: {', '.join(fields)}"
        )
    found = []
    for name, field in fields.items():
        count = counted.get(name, counted.get(""))
        weights = None if count is None else column(records, count, where)
        found.append(model_scores(name, where, column(records, field, where), weights))
    ids = None if id_field is None else tuple(map(str, column(records, id_field, where)))
    return Scores(where, ids, tuple(found), {name: tuple(map(str, column(records, name, where))) for name in labels})


def _records(path: Path, where: str) -> list[Record]:
    try:
        raw = path.read_bytes()
        if path.suffix == ".gz":
            raw, path = gzip.decompress(raw), path.with_suffix("")
        if path.suffix in (".parquet", ".pq"):
            return _parquet(raw)
        text = raw.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise ScoresError(f"{where}: this score file cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise ScoresError(f"{where}: this score file is not valid UTF-8, at byte {error.start}") from error
    except ValueError as error:  # pyarrow's own errors are of this kind
        raise ScoresError(f"{where}: this score file cannot be read: {error}") from error
    if path.suffix in (".csv", ".tsv"):
        return _csv(text, "\t" if path.suffix == ".tsv" else ",", where)
    if path.suffix == ".json" and text.lstrip().startswith("["):
        return _checked(_json(text, where), where)
    return _checked(
        [_json(line, f"{where}, line {n}") for n, line in enumerate(text.split("\n"), 1) if line.strip()], where
    )


def _parquet(raw: bytes) -> list[Record]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows: list[Record] = pq.read_table(pa.BufferReader(raw)).to_pylist()
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error
    return rows


def _csv(text: str, delimiter: str, where: str) -> list[Record]:
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        records: list[Record] = list(reader)
    except csv.Error as error:
        raise ScoresError(f"{where}: this score file cannot be read: {error}") from error
    for number, record in enumerate(records, 2):
        if None in record or None in record.values():
            raise ScoresError(f"{where}, line {number}: not as many cells as the header has names")
    return records


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ScoresError(f"{where}: not valid JSON in the scores: {error}") from error


def _checked(records: Any, where: str) -> list[Record]:
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            raise ScoresError(f"{where}, record {number}: a JSON object with scores was expected")
    return records  # type: ignore[no-any-return]


def _token_fields(tokens: Sequence[str]) -> dict[str, str]:
    """Field of token counts by model; under the empty name, that of all others."""
    return {
        name if found else "": field if found else name for name, found, field in (t.partition("=") for t in tokens)
    }


def _model_fields(
    records: list[Record], where: str, models: Sequence[str], id_field: str | None, taken: Sequence[str]
) -> dict[str, str]:
    """Field of each model's scores, by name."""
    if models:
        pairs = [(name, field) if found else (name, name) for name, found, field in (m.partition("=") for m in models)]
        if len({name for name, _ in pairs}) < len(pairs):
            raise ScoresError(f"{where}: two models have one name: {', '.join(name for name, _ in pairs)}")
        return dict(pairs)
    fields = {
        name: name
        for name in dict.fromkeys(name for record in records for name in record)
        if name != id_field and name not in taken and _is_mostly_scores(name, records)
    }
    if not fields:
        raise ScoresError(
            f"{where}: no field holds numbers in most records; name one with --model (there are: "
            f"{', '.join(list(records[0])[:20])})"
        )
    if len(fields) > MOST_MODELS:
        raise ScoresError(f"{where}: {len(fields):,} fields hold numbers; name those that are scores with --model")
    return fields


def _is_mostly_scores(name: str, records: list[Record]) -> bool:
    """Do most records hold a number there? Those that do not are then an error, and no model goes missing silently."""
    return 2 * sum(_is_score(record.get(name)) for record in records) > len(records)


def _is_score(value: object) -> bool:
    if isinstance(value, (bool, int, float)):
        return True
    if not isinstance(value, str):
        return False
    try:
        float(value)
    except ValueError:
        return value.strip().lower() in ("true", "false")
    return True
