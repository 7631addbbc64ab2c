"""Score files, sample logs, and how they are joined to examples."""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from impact_cases import LOG, ROLLING, many, scores_of
from values import overlap_of

import overlap
from overlap.errors import ScoresError
from overlap.impact.joining import join, pooled


def test_scores_are_joined_by_id_in_any_order() -> None:
    made = many(ids=True)
    joined = join(scores_of(range(120), ids=[f"e{number}" for number in reversed(range(120))]), made)
    assert joined.models[0].values.tolist() == list(reversed(range(120)))


def test_missing_and_extra_ids_are_listed() -> None:
    made = many(ids=True)
    ids = [f"e{number}" for number in range(20, 120)] + ["x", "y"]
    with pytest.raises(
        ScoresError, match=r"20 examples without a score \(e0, e1, e2, e3, e4, \.\.\.\), 2 scores"
    ) as caught:
        join(scores_of([0.0] * 102, ids=ids), made)
    assert caught.value.missing == tuple(f"e{number}" for number in range(20))
    assert caught.value.extra == ("x", "y")


def test_ids_that_stand_twice_are_refused() -> None:
    with pytest.raises(ScoresError, match="stand twice: e0"):
        join(scores_of([0.0] * 121, ids=["e0", *(f"e{number}" for number in range(120))]), many(ids=True))


def test_scores_without_ids_are_in_the_order_of_the_examples() -> None:
    assert join(scores_of(range(120)), many()).models[0].values.tolist() == list(range(120))
    with pytest.raises(ScoresError, match="119 scores without ids for the 120 examples"):
        join(scores_of(range(119)), many())


def test_record_numbers_of_several_files_are_no_ids() -> None:
    made = overlap_of([(8, [])] * 4, files=("a", "b"))
    with pytest.raises(ScoresError, match="2 files"):
        join(scores_of([0.0] * 4, ids=["0", "2", "4", "6"]), made)


@pytest.mark.parametrize("format", ["csv", "tsv", "jsonl", "json", "parquet", "jsonl.gz"])
def test_score_files(format: str, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / f"scores.{format}"
    rows = [{"id": f"e{number}", "right": number % 2 == 0, "loss": number / 2, "note": "x"} for number in range(3)]
    lines = "\n".join(map(json.dumps, rows))
    if format in ("csv", "tsv"):
        mark = "," if format == "csv" else "\t"
        path.write_text(mark.join(rows[0]) + "\n" + "\n".join(mark.join(map(str, row.values())) for row in rows))
    elif format == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif format == "jsonl.gz":
        path.write_bytes(gzip.compress(lines.encode()))
    else:
        path.write_text(json.dumps(rows) if format == "json" else lines)
    found = overlap.read_scores(path)
    assert found.ids == ("e0", "e1", "e2")
    assert [(model.name, model.kind, model.values.tolist()) for model in found.models] == [
        ("right", "binary", [1.0, 0.0, 1.0]),
        ("loss", "real", [0.0, 0.5, 1.0]),
    ]


def test_nested_models_and_tokens(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text("\n".join(json.dumps({"a": {"nll": 2 * n, "n": n + 1}, "kind": "k"}) for n in range(3)))
    found = overlap.read_scores(path, models=["big=a.nll"], tokens=["big=a.n"], labels=["kind"])
    (model,) = found.models
    assert (model.name, model.kind, model.weights.tolist()) == ("big", "nll", [1.0, 2.0, 3.0])
    assert found.ids is None
    assert found.labels == {"kind": ("k", "k", "k")}


@pytest.mark.parametrize(
    ("name", "data", "options", "message"),
    [
        ("a.jsonl", b"", {}, "no scores"),
        ("a.jsonl", b"{", {}, "line 1: not valid JSON"),
        ("a.jsonl", b"[1]", {}, "a JSON object"),
        ("a.jsonl", b'{"id": 1, "s": "x"}', {}, "no field holds numbers"),
        ("a.jsonl", b'{"id": 1, "s": NaN}', {}, "not a finite number"),
        ("a.jsonl", b'{"id": 1, "s": 1}\n{"id": 2, "s": 0}\n{"id": 3, "s": null}', {}, "record 3: no field s"),
        ("a.jsonl", b'{"id": 1}\n{"id": 2, "s": 0}\n{"id": 3, "s": 1}', {}, "record 1: no field s"),
        ("a.csv", b"id,s\n1,1\n2,0\n3,n/a\n", {}, "record 3: score 'n/a' of s is not a finite number"),
        ("a.jsonl", b'{"id": 1, "s": 1}', {"models": ["t"]}, "no field t"),
        ("a.jsonl", b'{"id": 1, "s": 1}', {"id_field": "key"}, "no field key"),
        ("a.jsonl", b'{"id": 1, "s": 1, "n": 0}', {"models": ["s"], "tokens": ["n"]}, "token counts"),
        ("a.jsonl", b'{"id": 1, "s": -1, "n": 1}', {"models": ["s"], "tokens": ["n"]}, "turn the sign"),
        ("a.jsonl", b'{"id": 1, "s": 1, "n": 1}', {"tokens": ["x=n"]}, "no model here"),
        ("a.jsonl", b'{"id": 1, "s": 1}', {"models": ["m=s", "m=s"]}, "two models"),
        ("a.jsonl", b'{"id": 1, "s": 1}', {"metric": "acc"}, "no sample log of lm-evaluation-harness: --model chooses"),
        ("a.csv", b"id,s\n1,2\n", {"filter_name": "none"}, "no sample log of lm-evaluation-harness"),
        ("a.jsonl", b"\xff\xfe", {}, "not valid UTF-8, at byte 0"),
        ("a.csv", b"id,s\n1\n", {}, "line 2: not as many cells"),
        ("a.csv", b"id,s\n1,2,3\n", {}, "line 2: not as many cells"),
        ("a.parquet", b"PAR1", {}, "cannot be read"),
        ("a.jsonl.gz", b"no gzip", {}, "cannot be read"),
        ("a.jsonl.gz", gzip.compress(b"x" * 999)[:12] + b"\xff" * 20, {}, "cannot be read"),
    ],
)
def test_hostile_score_files(
    name: str, data: bytes, options: dict[str, list[str]], message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ScoresError, match=message):
        overlap.read_scores(tmp_path / name, **options)  # type: ignore[arg-type]


def test_a_missing_score_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoresError, match="cannot be read"):
        overlap.read_scores(tmp_path / "none.csv")


def test_sample_logs_of_the_harness() -> None:
    """The files are what lm-eval 0.4.13 itself wrote of made-up questions (tools/make_sample_logs.py)."""
    found = overlap.read_scores(LOG)
    assert found.by_row
    assert found.ids == tuple(map(str, range(6)))
    assert [(model.name, model.kind, model.read, model.values.tolist()) for model in found.models] == [
        ("our__tiny-model", "binary", "exact_match, filter strict-match", [0.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    ]
    other = overlap.read_scores(LOG, filter_name="flexible-extract", id_field="doc.task_id")
    assert other.ids == tuple(f"sums-{number}" for number in range(6))
    assert not other.by_row
    assert other.models[0].values.tolist() == [0.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert other.models[0].read == "exact_match, filter flexible-extract"


def log_of(task: str) -> Path:
    return LOG.with_name(LOG.name.replace("sums", task))


@pytest.mark.parametrize("task", ["sums", "sums_choice", "sums_easy", "sums_hard", "sums_last", "sums_rolling"])
def test_every_kind_of_task_is_read_without_an_option(task: str) -> None:
    (model,) = overlap.read_scores(log_of(task)).models
    records = [json.loads(line) for line in log_of(task).read_text().splitlines()]
    name, _, chosen = model.read.partition(", filter ")
    rows = [record for record in records if record["filter"] == chosen]
    assert len(rows) == model.values.size == 6
    if model.higher_is_better:
        assert model.values.tolist() == [record[name] for record in rows]


def test_what_the_harness_makes_of_all_examples_is_no_score_of_one() -> None:
    (choice,) = overlap.read_scores(log_of("sums_choice")).models
    assert (choice.read, choice.values.tolist()) == ("acc, filter none", [1.0] * 6)
    with pytest.raises(ScoresError, match=r"brier_score is made of all examples together.* acc, acc_norm\)"):
        overlap.read_scores(log_of("sums_choice"), metric="brier_score")


@pytest.mark.parametrize(
    ("metric", "unit", "weights"),
    [("word_perplexity", "word perplexity", 5), ("byte_perplexity", "byte perplexity", 16)],
)
def test_perplexities_of_the_harness_are_log_likelihoods(metric: str, unit: str, weights: int) -> None:
    (model,) = overlap.read_scores(ROLLING, metric=metric).models
    assert (model.kind, model.measure, model.read) == ("nll", unit, f"{metric}, filter none")
    assert model.weights.tolist() == [weights] * 6
    assert model.values.tolist() == [8.0, 9.0, 10.0, 11.0, 12.0, 13.0]
    assert model.shown(np.array(2.0)) == pytest.approx(math.exp(2))


def test_bits_per_byte_are_bits() -> None:
    """As the harness has it: minus the log-likelihood of all texts / their bytes / ln 2, no perplexity."""
    (model,) = overlap.read_scores(ROLLING, metric="bits_per_byte").models
    assert (model.kind, model.measure, model.higher_is_better) == ("loss", "bits per byte", False)
    shown = model.shown(np.array(model.values.sum() / model.weights.sum()))
    assert shown == pytest.approx(63 / (6 * 16) / math.log(2))


def test_the_perplexity_of_a_last_word_is_of_targets() -> None:
    (model,) = overlap.read_scores(log_of("sums_last")).models
    assert (model.kind, model.measure, model.weights.tolist()) == ("nll", "perplexity of targets", [1.0] * 6)
    assert model.values.tolist() == [0.5] * 6
    assert overlap.read_scores(log_of("sums_last"), metric="acc").models[0].measure == "%"


def test_logs_of_a_group_are_one_by_their_ids() -> None:
    """One file for each task of a group; doc_id begins at 0 in each, fields of the documents do not."""
    easy, hard = (overlap.read_scores(log_of(f"sums_{name}"), id_field="doc.task_id") for name in ("easy", "hard"))
    made = overlap_of([(27, [(0, 1)] if number % 2 else []) for number in range(12)])
    ids = [f"sums_{name}-{number}" for number in range(6) for name in ("hard", "easy")]
    found = overlap.score_impact([replace(made, ids=ids)], {"gsm8k": [easy, hard]}, draws=100)
    (model,) = found.models
    assert (model.examples, model.main.everything.value) == (12, pytest.approx(100 * 8 / 12))
    assert model.label == "our__tiny-model (exact_match, filter strict-match; %)"
    numbers = [overlap.read_scores(log_of(f"sums_{name}")) for name in ("easy", "hard")]
    with pytest.raises(ValueError, match=r"have one name.*put together by --id-field"):
        overlap.score_impact([replace(made, ids=ids)], {"gsm8k": numbers}, draws=100)


def test_files_of_one_model_are_put_together_only_where_nothing_else_differs() -> None:
    first, second = (scores_of([1.0, 0.0], "binary", [f"{name}0", f"{name}1"]) for name in "ab")
    (both,) = pooled([first, second])
    assert (both.ids, both.models[0].kind) == (("a0", "a1", "b0", "b1"), "binary")
    (mixed,) = pooled([first, scores_of([0.5], "real", ["c"])])
    assert (mixed.models[0].kind, mixed.models[0].values.tolist()) == ("real", [1.0, 0.0, 0.5])
    lost = replace(second.models[0], kind="nll")
    assert len(pooled([first, replace(second, models=(lost,)), replace(second, ids=None)])) == 3


@pytest.mark.parametrize(("options", "message"), [({"metric": "acc"}, "no metric acc .*exact_match"),
                                                  ({"filter_name": "x"}, "no filter x .*strict-match")])  # fmt: skip
def test_what_a_sample_log_does_not_have(options: dict[str, str], message: str) -> None:
    with pytest.raises(ScoresError, match=message):
        overlap.read_scores(LOG, **options)  # type: ignore[arg-type]


def test_a_log_without_any_score_of_examples(tmp_path: Path) -> None:
    record = {"doc_id": 0, "doc": {}, "filtered_resps": [""], "filter": "none", "metrics": ["f1"], "f1": [0, 1]}
    (tmp_path / "s.jsonl").write_text(json.dumps(record))
    with pytest.raises(ScoresError, match="no metric in this sample log gives every example a score"):
        overlap.read_scores(tmp_path / "s.jsonl")
