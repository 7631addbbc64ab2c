"""Sample logs of lm-evaluation-harness, as they are: ``samples_TASK_DATE.jsonl``, written with ``--log_samples``.

The format is that of lm-eval 0.4.13 (``loggers/evaluation_tracker.py``, ``evaluator.py``, ``api/task.py``): one JSON
object a line, with ``doc_id`` (number of the document in its split), ``doc``, ``filter``, ``metrics`` (names, since
0.4.8) and each metric's value under its name; one line for each filter, whatever the number of repeats, and one file
for each task of a group. ``perplexity`` is the log-likelihood of an example's target; ``word_perplexity``,
``byte_perplexity`` and ``bits_per_byte`` are [log-likelihood of the whole text, its words or bytes]. A metric that the
harness makes of all examples together (f1, mcc, brier_score, bleu) is logged as a list of what it is made of, which is
no score of an example.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from overlap.errors import ScoresError
from overlap.impact.scores import ModelScores, Record, Scores, column, model_scores

__all__ = ["is_sample_log", "read_sample_log"]

_KNOWN = {
    "doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics", "doc_hash", "prompt_hash",
    "target_hash",
}  # fmt: skip
_UNITS = {
    "perplexity": "perplexity of targets",
    "word_perplexity": "word perplexity",
    "byte_perplexity": "byte perplexity",
    "bits_per_byte": "bits per byte",
}


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
    """The scores of one task: the first filter, and its first metric of single examples, unless others are named.

    Ids are the numbers of the documents, or a field of the document (``id_field``, as ``doc.task_id``). Raises
    ScoresError.
    """
    filters = list(dict.fromkeys(str(record.get("filter", "none")) for record in records))
    chosen = filter_name or filters[0]
    if chosen not in filters:
        raise ScoresError(f"{where}: no filter {chosen} in this sample log (there are: {', '.join(filters)})")
    rows = [record for record in records if str(record.get("filter", "none")) == chosen]
    name = _metric(rows[0], where, metric)
    ids = tuple(map(str, column(rows, id_field or "doc_id", where)))
    model = replace(_model(rows, where, name), read=f"{name}, filter {chosen}")
    kept = {field: tuple(map(str, column(rows, field, where))) for field in labels}
    return Scores(where, ids, (model,), kept, by_row=id_field is None)


def _metric(record: Record, where: str, wanted: str | None) -> str:
    """The metric that is asked for, or the first that gives every example a score. Raises ScoresError."""
    named = record.get("metrics")
    names = [str(name) for name in named] if isinstance(named, list) else [n for n in record if n not in _KNOWN]
    scores = [name for name in names if not isinstance(record.get(name), (list, dict)) or name in _UNITS]
    listed = ", ".join(scores) or "none"
    if wanted is not None and wanted not in names:
        raise ScoresError(f"{where}: no metric {wanted} in this sample log (there are: {listed})")
    if wanted is not None and wanted not in scores:
        raise ScoresError(
            f"{where}: {wanted} is made of all examples together, no score of each; choose another --metric "
            f"(there are: {listed})"
        )
    if not scores:
        raise ScoresError(f"{where}: no metric in this sample log gives every example a score")
    return wanted or scores[0]


def _model(rows: list[Record], where: str, name: str) -> ModelScores:
    values = column(rows, name, where)
    model = _model_name(where)
    if name not in _UNITS:
        return model_scores(model, where, values)
    sums, counts = [], []
    for value in values:
        log_likelihood, count = value if isinstance(value, list) and len(value) == 2 else (value, 1)
        sums.append(-log_likelihood if isinstance(log_likelihood, (int, float)) else log_likelihood)
        counts.append(count)
    found = replace(model_scores(model, where, sums, counts), unit=_UNITS[name])
    return replace(found, kind="loss", values=found.values / math.log(2)) if name == "bits_per_byte" else found


def _model_name(where: str) -> str:
    """The model's folder, as the harness names it; else the file's own name."""
    path = Path(where)
    dated = re.fullmatch(r"samples_.+_\d{4}-\d\d-\d\dT[\d\-.]+\.jsonl(\.gz)?", path.name)
    return path.parent.name if dated and path.parent.name else path.name.split(".")[0]
