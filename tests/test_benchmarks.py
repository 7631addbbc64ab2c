"""The benchmarks' own logic: targets, what the page says, going on after a stop. Nothing is timed here."""

from __future__ import annotations

import json
import math
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))

import bench
import bench_large
import generate
import peer_runs
import results_page
import scale
import targets
from cases import Case
from environments import Absent, Environment
from large_page import LargePage, render, target_rows
from large_plan import LARGE, disk_needed, tasks
from measurement import Measurement, Measurements
from ours import Ours
from running import Run


def measured(contender: str, action: str, seconds: float, case: str = "text", **facts: object) -> Measurement:
    values = {"bytes_done": 100, "bytes_total": 100, "command": contender, **facts}
    return Measurement(contender, case, action, seconds, **values)  # type: ignore[arg-type]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    path = tmp_path / "corpus.txt"
    path.write_text("x" * 100)
    return Case("text", (path,), path)


def test_the_fastest_peer_is_the_one_for_the_whole_corpus(case: Case) -> None:
    found = Measurements(
        [
            measured("overlap", "build", 2.0),
            measured("wc -w", "build", 0.1),
            measured("overlap --memory 1GB", "build", 0.1),
            measured("quick on a prefix", "build", 5.0, bytes_done=10),
            measured("slow", "build", 30.0),
        ]
    )
    ((title, _, value, met),) = targets.peer_rows(found, case)
    assert "slow" in title
    assert (value, met) == ("15.00", "yes")


def test_the_fastest_peers_row_says_what_it_read(case: Case) -> None:
    ours, whole = measured("overlap", "scan", 1.0), measured("peer", "scan", 9.0)
    prefix = measured("quick", "scan", 4.0, bytes_done=50)
    ((title, *_),) = targets.peer_rows(Measurements([ours, whole]), case)
    assert "peer, on the whole corpus" in title
    ((title, *_),) = targets.peer_rows(Measurements([ours, whole, prefix]), case)
    assert "quick, extrapolated from 0 MB" in title


def test_the_start_of_a_peer_is_counted_once() -> None:
    shorter, longer = (measured("peer", "scan", seconds, bytes_done=done) for seconds, done in ((6.0, 10), (10.0, 50)))
    start = peer_runs.start_seconds(shorter, longer)
    assert start == pytest.approx(5)
    assert replace(longer, start_seconds=start).whole_seconds == pytest.approx(5 + 10)
    assert peer_runs.start_seconds(shorter, replace(longer, seconds=60.0)) == 0


ANSWER = {"version": "1", "remark": "", "hits": 3, "documents": 2, "documents_found": 1, "examples_found": 1}
ANSWER |= {"train_ngrams": 9, "test_ngrams": 9, "measure_seconds": 1, "index_bits_per_ngram": 40}


def driven(monkeypatch: pytest.MonkeyPatch, seconds: dict[int, list[float]]) -> list[tuple[int, bool]]:
    """Let a driver take the given seconds for so many bytes, one after the other; return what it is asked for."""

    def driver(command: Sequence[str]) -> Run:
        done = int(command[command.index("--limit-bytes") + 1])
        asked.append((done, "--test-limit-bytes" in command))
        took = seconds[done].pop(0)
        answer = {**ANSWER, "scan_seconds": took, "build_seconds": took, "train_bytes": done}
        return Run("driver", 9.0, 9.0, 9.0, json.dumps(answer))

    asked: list[tuple[int, bool]] = []
    monkeypatch.setattr(peer_runs, "run", driver)
    return asked


PEER = peer_runs.Peer("peer", "driver.py", 50, scans=True)


def test_a_peer_on_a_prefix_runs_on_a_fifth_of_it_too(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = driven(monkeypatch, {50: [7], 10: [3]})
    (one,) = PEER.take(case)
    assert asked == [(50, False), (10, False)]
    assert (one.seconds, one.whole_seconds, one.documents_found) == (7, pytest.approx(12), 1)
    assert (one.longer_runs, one.shorter_runs) == (1, 1)


def test_nothing_is_extrapolated_from_runs_that_take_alike(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = driven(monkeypatch, {50: [7], 10: [7] * peer_runs.TRIES})
    with pytest.raises(ValueError, match="the whole does not follow"):
        list(PEER.take(case))
    assert asked == [(50, False), *[(10, False)] * peer_runs.TRIES]


def test_a_longer_run_that_was_held_up_is_made_again(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    driven(monkeypatch, {50: [30, 7], 10: [3]})
    (one,) = PEER.take(case)
    assert (one.seconds, one.start_seconds, one.whole_seconds) == (7, pytest.approx(2), pytest.approx(12))
    assert (one.longer_runs, one.shorter_runs) == (2, 1)


def test_a_peer_without_a_start_is_taken_at_its_best(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    driven(monkeypatch, {50: [30, 28, 29], 10: [3]})
    (one,) = PEER.take(case)
    assert (one.seconds, one.start_seconds, one.longer_runs, one.shorter_runs) == (28, 0, 3, 1)
    assert one.start_known


def test_either_run_may_have_been_held_up(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    driven(monkeypatch, {50: [30, 7], 10: [5.5, 3]})
    (one,) = PEER.take(case)
    assert (one.seconds, one.start_seconds, one.longer_runs, one.shorter_runs) == (7, pytest.approx(2), 2, 2)


def test_a_repeated_run_that_builds_need_not_measure(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = driven(monkeypatch, {50: [30, 7], 10: [3]})
    build, measure = replace(PEER, scans=False).take(case)
    assert asked == [(50, False), (10, True), (50, True)]
    assert (build.action, build.seconds, measure.action) == ("build", 7, "measure")


def test_the_page_says_who_read_a_prefix_and_from_what_the_rest_follows(case: Case) -> None:
    whole = measured("quick", "build", 9.0)
    part = measured("slow", "build", 7.0, bytes_done=50, start_seconds=2.0, longer_runs=3, shorter_runs=1)
    said = results_page.render(results_page.Page("today", {}, [case], Measurements([whole, part])))
    assert "got the whole corpus: `quick`; a prefix: `slow`. The fastest: to build quick, on the whole corpus." in said
    assert "| slow | 0 | 7.00 | 2.00 | 3 | 1 |" in said
    assert "Unknown" not in said
    small = results_page.render(results_page.Page("today", {}, [replace(case, real=True)], Measurements([whole])))
    assert "Peers that got" not in small


def test_a_start_that_was_not_kept_is_unknown(case: Case, tmp_path: Path) -> None:
    old = Measurements(
        [measured("slow", "scan", 7.0, bytes_done=50), measured("slow", "build", 7.0, bytes_done=50, start_seconds=2.0)]
    )
    old.save(tmp_path / "kept.json")
    kept = json.loads((tmp_path / "kept.json").read_text())
    for one in kept["measurements"]:
        del one["longer_runs"], one["shorter_runs"]
    (tmp_path / "kept.json").write_text(json.dumps(kept))
    said = results_page.render(results_page.Page("today", {}, [case], Measurements.load(tmp_path / "kept.json")))
    assert "| slow | 0 | 7.00 | unknown | unknown | unknown |" in said
    assert "| slow | 0 | 7.00 | 2.00 | unknown | unknown |" in said
    assert "A start that is unknown is counted as none" in said
    assert "was made again" not in said


def test_old_measurements_of_which_nothing_follows_are_absent(case: Case, tmp_path: Path) -> None:
    good = measured("good", "build", 7.0, bytes_done=50, start_seconds=2.0)
    kept = Measurements([good, replace(good, contender="vain", start_seconds=7.1)])
    kept.save(tmp_path / "kept.json")
    said = results_page.render(results_page.Page("today", {}, [case], Measurements.load(tmp_path / "kept.json")))
    assert "**vain on text** could not be run: its runs on a prefix and on a part of it took nearly alike" in said
    assert "| vain |" not in said
    assert "| good |" in said


def test_exact_counts_of_text_hold_for_the_same_documents_as_records(case: Case) -> None:
    counts = peer_runs.Exact(100, 9, 8, 7, 6, 5, 4, 3, 2, 1)
    records = replace(case, name="records", documents_of=case.name)
    page = results_page.Page("today", {}, [case, records], Measurements(), exact={(case.name, None): counts})
    assert page.exact_for(records, "overlap") == page.exact_for(case, "overlap") == counts
    assert page.exact_for(replace(case, name="other"), "overlap") is None


def test_the_first_bytes_of_text_and_of_records_are_other_documents(case: Case) -> None:
    counts = peer_runs.Exact(100, 9, 8, 7, 6, 5, 4, 3, 2, 1)
    records = replace(case, name="records", documents_of=case.name)
    limits = {("peer", name): 50 for name in (case.name, records.name)}
    exact = {(case.name, limit): counts for limit in (None, 50)}
    page = results_page.Page("today", {}, [case, records], Measurements(), exact=exact, limits=limits)
    assert page.exact_for(case, "peer") == counts
    assert page.exact_for(records, "peer") is None
    assert page.exact_for(records, "overlap") == counts
    own = replace(counts, hits=4)
    assert replace(page, exact={**exact, (records.name, 50): own}).exact_for(records, "peer") == own


def test_ten_times_is_not_met_by_nine(case: Case) -> None:
    found = Measurements([measured("overlap", "scan", 1.0), measured("peer", "scan", 9.0)])
    assert [row[-1] for row in targets.peer_rows(found, case)] == ["**no**"]


def test_look_ups_are_millions_a_second(case: Case) -> None:
    found = Measurements([measured("overlap", "look up, absent", 0.5, ngrams=11_000_000, remark="one core")])
    assert [row[2:] for row in targets.look_up_rows(found, case)] == [["22.0", "yes"]]


def test_absent_peers_are_named_on_the_page(case: Case, tmp_path: Path) -> None:
    kept = Measurements([measured("peer", "build", 1.0, version="1")], {"other": "it does not install here: no"})
    kept.save(tmp_path / "kept.json")
    page = results_page.Page("today", {}, [case], Measurements.load(tmp_path / "kept.json"))
    said = results_page.render(page)
    assert "**other** could not be run: it does not install here: no" in said
    assert "| peer | 1 | builds an index of the corpus |" in said


def test_an_environment_without_a_python_is_absent() -> None:
    with pytest.raises(Absent, match=r"needs Python 3\.99"):
        Environment("none", ("nothing",), least_python=(3, 99))._base_python()


def test_a_run_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    kept, (first, second, *_) = tmp_path / "kept.jsonl", tasks(1)
    bench_large.append(kept, first, measured("overlap", "build", 1.0))
    with kept.open("a") as stream:
        stream.write('{"key": "cut o')
    assert set(bench_large.load(kept)) == {first.key}
    bench_large.append(kept, second, measured("overlap", "scan", 1.0))
    assert set(bench_large.load(kept)) == {first.key, second.key}


def test_every_task_has_a_key_of_its_own_and_large_ones_run_once() -> None:
    chosen = tasks(3)
    assert len({task.key for task in chosen}) == len(chosen)
    assert {task.number for task in chosen if task.size == LARGE} == {1}
    assert {task.section for task in tasks(1, frozenset({"formats"}))} == {"formats"}


def test_disk_that_is_too_small_ends_the_run() -> None:
    assert 25e9 < disk_needed(tasks(1), 1, keep=False) < disk_needed(tasks(1), 1, keep=True) < 50e9
    with pytest.raises(SystemExit, match="not enough free disk"):
        bench_large.check_disk(tasks(1), Namespace(scale=1e6, keep=False))


def test_growth_is_held_against_ten_times_one_gigabyte() -> None:
    bound = "overlap --memory 2GB"
    small = measured(bound, "build", 5.0, case="1GB .txt")
    large = measured(bound, "build", 56.0, case="10GB .txt", peak_mb=2000.0)
    page = LargePage("today", {}, Measurements([small, large]), 1.0)
    assert [row[1:] for row in target_rows(page)] == [["2,000", "yes"], ["1.12", "**no**"]]
    assert "A trial" not in render(page)
    assert "A trial" in render(replace(page, scale=0.1))


def test_two_workers_are_held_against_one_core_and_against_one_worker() -> None:
    seconds = {"overlap --workers 1, on one core": 19.0, "overlap --workers 1": 17.0, "overlap --workers 2": 10.0}
    seconds |= {"overlap on dask": 11.0, "overlap on ray": 12.0}
    found = [measured(contender, "build", taken, case="2GB .txt") for contender, taken in seconds.items()]
    rows = list(target_rows(LargePage("today", {}, Measurements(found), 1.0)))
    assert [row[1:] for row in rows[:2]] == [["1.90", "yes"], ["1.70", "**no**"]]
    assert [row[1:] for row in rows[2:]] == [["1.73", "yes"], ["1.55", "yes"], ["1.58", "yes"], ["1.42", "**no**"]]
    assert {task.contender for task in tasks(1) if task.one_core} == {"overlap --workers 1, on one core"}


@pytest.mark.parametrize(
    ("value", "bound", "at_least", "shown"),
    [
        (1.004, 1, False, ["1.004", "**no**"]),
        (0.9996, 1, False, ["1.00", "yes"]),
        (1.7999, 1.8, True, ["1.7999", "**no**"]),
        (1.8, 1.8, True, ["1.80", "yes"]),
        (1234.5, 150, True, ["1,234.50", "yes"]),
    ],
)
def test_a_value_is_shown_on_its_side_of_the_bound(
    value: float, bound: float, at_least: bool, shown: list[str]
) -> None:
    assert targets.judged(value, bound, at_least=at_least) == shown


def test_ratios_of_several_rounds_name_the_best_rounds(case: Case) -> None:
    found = [measured("overlap", "build", seconds) for seconds in (4.0, 5.0, 5.0)]
    found += [measured("rbloom", "build", seconds) for seconds in (200.0, 200.0, 300.0)]
    rows = {row[0]: row[2:] for row in targets.target_rows(Measurements(found), [case])}
    assert rows["build, times as fast as rbloom: at least 25"] == ["40.00 (best rounds: 50.00)", "yes"]


def test_more_rounds_are_without_peers(case: Case) -> None:
    options = Namespace(peer_rounds=1, small_memory="100MB", whole=False)
    for number, expected in ((1, True), (2, False)):
        chosen = bench.contenders_of(replace(case, peers=True), options, number, {})
        assert any(isinstance(contender, peer_runs.Peer) for contender in chosen) == expected


def test_one_core_is_one_core(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    answer = json.dumps({"ngrams": 1, "distinct": 1, "tool": "overlap 0", "test_ngrams": 1, "hits": 1})

    def run(arguments: list[str], environment: object = None) -> Run:
        ran.append([str(word) for word in arguments])
        return Run("", 1.0, 1.0, 1.0, answer)

    monkeypatch.setattr("ours.run", run)
    for one_core in (True, False):
        contender = Ours(one_core=one_core)
        contender.build(case, Path("x.index"))
        contender.scan(case)
    last = str(max(os.sched_getaffinity(0)))
    assert [words[:3] == ["taskset", "-c", last] for words in ran] == [True, False, True, False, False, False]


def test_several_processes_generate_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "_chunk", lambda seed, number: b"%d\n" % number * 10)
    monkeypatch.setattr(generate.TextGenerator, "__init__", lambda self, seed: setattr(self, "seed", seed))
    monkeypatch.setattr(generate.TextGenerator, "chunk", lambda self, number: b"%d\n" % number * 10)
    monkeypatch.setattr(generate, "ProcessPoolExecutor", ThreadPoolExecutor)
    generator = generate.TextGenerator(1)
    assert list(generate.text_chunks(generator, 95, 2)) == list(generate.text_chunks(generator, 95))


def test_the_plan_follows_its_costs() -> None:
    cheap, dear = (scale.rows(scale.Costs(build, build, "test")) for build in (1.0, 10.0))
    assert [row[0] for row in cheap] == ["WebText", "C4", "The Pile", "FineWeb"]
    assert float(dear[0][4]) == pytest.approx(10 * float(cheap[0][4]), abs=1)
    assert [row[-1] for row in cheap[:3]] == ["1", "2", "2"]
    assert int(cheap[3][-1]) > 1


def test_the_plan_takes_every_ngram_for_distinct() -> None:
    columns = dict(zip(scale.HEAD, scale.rows(scale.Costs(1.0, 1.0, "test"))[-1], strict=True))
    assert columns["indexes at 1e-8, at most"] == str(math.ceil(44e12 / 5.9 / (0.5e-8 * 2**64)))
    assert columns["index at most"] == f"{44 / 5.9 * 5.1:.1f} TB"


def test_the_plan_takes_its_costs_from_runs_without_a_cluster(tmp_path: Path) -> None:
    kept = tmp_path / "large.jsonl"
    for contender, action, seconds in (
        ("", "build", 7.0),
        ("", "build", 9.0),
        (" on dask", "build", 1.0),
        ("", "scan", 2.0),
    ):
        one = {"case": "1GB .txt", "contender": f"overlap{contender}", "action": action, "cpu_seconds": seconds}
        with kept.open("a") as stream:
            stream.write(json.dumps({"measurement": one}) + "\n")
    assert scale.costs(kept).build == 8
    assert scale.costs(kept).scan == 2
    with pytest.raises(SystemExit, match="run `make bench-large`"):
        scale.costs(tmp_path / "absent")


def test_the_table_in_the_documentation_is_of_the_measurements_at_hand() -> None:
    page = scale.PAGE.read_text()
    assert scale.written(page, scale.costs(scale.ROOT / "benchmarks" / "large.jsonl")) == page
