"""Score files, sample logs, and how they are joined to examples."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from impact_cases import LOG, ROLLING, many, scores_of
from values import overlap_of

import overlap
from overlap.errors import ScoresError
from overlap.impact.joining import join


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
    """The file is what ``EvaluationTracker.save_results_samples`` of lm-eval 0.4.13 wrote of six made-up questions."""
    found = overlap.read_scores(LOG)
    assert found.by_row
    assert found.ids == tuple(map(str, range(6)))
    assert [(model.name, model.kind, model.values.tolist()) for model in found.models] == [
        ("our__tiny-model", "binary", [1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    ]
    other = overlap.read_scores(LOG, filter_name="flexible-extract", metric="chars", id_field="doc.task_id")
    assert other.ids == tuple(f"sum-{number}" for number in range(6))
    assert not other.by_row
    assert other.models[0].values.tolist() == [3.0, 4.0, 5.0, 6.0, 7.0, 8.0]


@pytest.mark.parametrize(("metric", "tokens"), [("word_perplexity", 4), ("byte_perplexity", 20), ("perplexity", None)])
def test_perplexities_of_the_harness_are_log_likelihoods(metric: str, tokens: int | None) -> None:
    (model,) = overlap.read_scores(ROLLING, metric=metric).models
    assert model.kind == "nll"
    assert model.weights.tolist() == ([1.0] * 6 if tokens is None else [tokens + number for number in range(6)])
    assert model.values.tolist() == [(0.5 * n if tokens is None else 1.5 * (n + 1)) for n in range(6)]


@pytest.mark.parametrize(("options", "message"), [({"metric": "acc"}, "no metric acc .*exact_match, chars"),
                                                  ({"filter_name": "x"}, "no filter x .*strict-match")])  # fmt: skip
def test_what_a_sample_log_does_not_have(options: dict[str, str], message: str) -> None:
    with pytest.raises(ScoresError, match=message):
        overlap.read_scores(LOG, **options)  # type: ignore[arg-type]
