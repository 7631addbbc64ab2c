"""Sample logs of lm-evaluation-harness, as they are: ``samples_TASK_DATE.jsonl``, written with ``--log_samples``.

The format is that of lm-eval 0.4.13 (``loggers/evaluation_tracker.py`` and ``evaluator.py``): one JSON object a line,
with ``doc_id`` (number of the document in its split), ``doc``, ``filter``, ``metrics`` (names, since 0.4.8) and each
metric's value under its name; one line for each filter. Perplexities are logged as log-likelihoods, alone or with a
count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from overlap.errors import ScoresError
from overlap.impact.scores import ModelScores, Record, Scores, column, model_scores

__all__ = ["is_sample_log", "read_sample_log"]

_KNOWN = {
    "doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics", "doc_hash", "prompt_hash",
    "target_hash",
}  # fmt: skip
_LOG_LIKELIHOODS = ("perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte")


def is_sample_log(record: Record) -> bool:
    """Is this a line of a sample log?"""
    return "doc_id" in record and "doc" in record and "filtered_resps" in record


def read_sample_log(
    records: Sequence[Record],
    where: str,
    metric: str | None,
    filter_name: str | None,
    id_field: str | None,
    labels: Sequence[str],
) -> Scores:
    """The scores of one task: the first metric and the first filter, unless others are named. Raises ScoresError.

    Ids are the numbers of the documents, or a field of the document (``id_field``, as ``doc.task_id``).
    """
    filters = list(dict.fromkeys(str(record.get("filter", "none")) for record in records))
    chosen = filter_name or filters[0]
    if chosen not in filters:
        raise ScoresError(f"{where}: no filter {chosen} in this sample log (there are: {', '.join(filters)})")
    rows = [record for record in records if str(record.get("filter", "none")) == chosen]
    metrics = _metrics(rows[0])
    name = metric or (metrics[0] if metrics else "")
    if name not in metrics:
        raise ScoresError(f"{where}: no metric {name} in this sample log (there are: {', '.join(metrics) or 'none'})")
    ids = tuple(map(str, column(list(rows), id_field or "doc_id", where)))
    model = _model(rows, where, name)
    kept = {field: tuple(map(str, column(list(rows), field, where))) for field in labels}
    return Scores(where, ids, (model,), kept, by_row=id_field is None)


def _metrics(record: Record) -> list[str]:
    named = record.get("metrics")
    if isinstance(named, list):
        return [str(name) for name in named]
    return [name for name in record if name not in _KNOWN]


def _model(rows: Sequence[Record], where: str, name: str) -> ModelScores:
    values = column(list(rows), name, where)
    model = _model_name(where)
    if name not in _LOG_LIKELIHOODS:
        return model_scores(model, where, values)
    sums, counts = [], []
    for value in values:
        log_likelihood, count = value if isinstance(value, list) and len(value) == 2 else (value, 1)
        sums.append(-log_likelihood if isinstance(log_likelihood, (int, float)) else log_likelihood)
        counts.append(count)
    return model_scores(model, where, sums, counts)


def _model_name(where: str) -> str:
    """The model's folder, as the harness names it; else the file's own name."""
    path = Path(where)
    dated = re.fullmatch(r"samples_.+_\d{4}-\d\d-\d\dT[\d\-.]+\.jsonl(\.gz)?", path.name)
    return path.parent.name if dated and path.parent.name else path.name.split(".")[0]
