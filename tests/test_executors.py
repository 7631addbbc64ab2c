"""Pools without a cluster: names, order, bounds, other tries, and what comes back from another process."""

from __future__ import annotations

import inspect
import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from commands import call, refused
from elsewhere import Elsewhere
from samples import SENTENCE, kept_bytes

import overlap
import overlap.errors
from overlap.corpus import Shard, Source, read_shard, resolve
from overlap.errors import BadArgument, BadRecord, ExecutorError, OutputError, OverlapError, SignatureMismatch
from overlap.executors import opened, tasks
from overlap.executors.engines import ForeignExecutor
from overlap.executors.names import ExecutorName, parse_executor
from overlap.executors.on_dask import DaskCluster
from overlap.executors.on_ray import RayCluster
from overlap.executors.package import package_here
from overlap.executors.stopping import Stopped, raise_if_stopped, run_until
from overlap.executors.tasks import Failure, Task

FAMILY = [
    kind for _, kind in inspect.getmembers(overlap.errors, inspect.isclass) if issubclass(kind, overlap.OverlapError)
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("threads", ExecutorName("threads")),
        ("threads:8", ExecutorName("threads", workers=8)),
        ("dask://scheduler:8786", ExecutorName("dask", "scheduler:8786")),
        ("dask://10.0.0.1:8786/", ExecutorName("dask", "10.0.0.1:8786")),
        ("ray://[::1]:10001", ExecutorName("ray", "[::1]:10001")),
        ("ray", ExecutorName("ray")),
    ],
    ids=str,
)
def test_names(text: str, expected: ExecutorName) -> None:
    assert parse_executor(text) == expected


@pytest.mark.parametrize(
    "text", ["", "threads:0", "threads:-1", "threads:x", "dask", "dask://", "dask://host", "ray://host:port", "spark://a:1"]
)  # fmt: skip
def test_names_of_nothing(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="threads"):
        parse_executor(text)
    (tmp_path / "a.txt").write_text(SENTENCE)
    outcome = call("build", tmp_path / "a.txt", "-o", tmp_path / "i", "--executor", text)
    assert outcome.exit_code == 2
    assert not (tmp_path / "i").exists()


@pytest.mark.parametrize("command", ["check", "build", "scan", "audit"])
def test_workers_and_executor_are_one_too_many(command: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    source = tmp_path / "a.txt"
    arguments = {
        "check": ["--train", source, "--test", source],
        "build": [source, "-o", tmp_path / "i"],
        "scan": ["--train", source, "--test", source],
        "audit": ["--split", f"a={source}", "--split", f"b={source}"],
    }[command]
    outcome = call(command, *arguments, "--workers", 2, "--executor", "threads:2")
    assert outcome.exit_code == 2
    assert "name either workers or an executor, not both" in outcome.stderr


def test_no_executor_for_the_reference(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    with pytest.raises(BadArgument, match="takes no executor"):
        overlap.check(str(tmp_path / "a.txt"), str(tmp_path / "a.txt"), engine="reference", executor="threads")


def test_what_is_no_executor() -> None:
    unfit: Any = 8
    with pytest.raises(BadArgument, match="not int"), opened(unfit):
        pass


@pytest.mark.parametrize("kind", sorted(FAMILY, key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__)
def test_errors_travel(kind: type[OverlapError]) -> None:
    """Through pickle, with all that they carry."""
    known = {"path": "a.txt", "row": 3, "expected": "n:8", "found": "n:9", "missing": ("x",), "extra": ("y",)}
    asked = [known[name] for name in inspect.signature(kind.__init__).parameters if name in known]
    error = kind("some words", *asked)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def _late_first(item: int) -> int:
    time.sleep(0.02 if item == 0 else 0)
    return item * item


def test_results_in_order_and_as_they_come() -> None:
    with opened("threads:4") as pool:
        assert list(pool.in_order(_late_first, range(9))) == [(item, item * item) for item in range(9)]
        as_done = list(pool.as_done(_late_first, range(9)))
    assert sorted(as_done) == [(item, item * item) for item in range(9)]
    assert as_done[0][0] != 0


def test_no_more_than_asked_is_under_way() -> None:
    """A million items make no million futures."""
    begun: list[int] = []
    running: set[int] = set()

    def items() -> Iterator[int]:
        for item in range(10**6):
            begun.append(item)
            yield item

    with opened("threads:3") as pool:
        loop = pool.in_order(running.add, items())
        for _ in range(5):
            next(loop)
        loop.close()
    assert len(begun) <= 5 + 4


def test_an_error_ends_the_rest() -> None:
    begun = []

    def task(item: int) -> None:
        begun.append(item)
        if item == 2:
            raise OutputError("disk full", "x")

    before = threading.active_count()
    with opened("threads:2") as pool, pytest.raises(OutputError):
        list(pool.in_order(task, range(1000)))
    assert max(begun) <= 8
    assert threading.active_count() <= before


def test_what_was_taken_back_ends_in_the_middle() -> None:
    """A large compressed file is one task: Ctrl-C must not wait for its end."""
    begun, stopped = threading.Event(), threading.Event()
    deadline = time.monotonic() + 30

    def task(item: int) -> None:
        if item == 0:
            begun.wait(30)
            raise OutputError("disk full", "x")
        begun.set()
        try:
            while time.monotonic() < deadline:
                raise_if_stopped()
        except Stopped:
            stopped.set()
        raise AssertionError("nobody looks at this end")

    with opened("threads:2") as pool, pytest.raises(OutputError):
        list(pool.in_order(task, range(2)))
    assert stopped.is_set()


def test_files_are_read_until_the_task_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a line\n" * 1000)
    (file,) = resolve([Source("a", str(tmp_path / "a.txt"))], by_line=True)
    stop = threading.Event()

    def read() -> int:
        count = 0
        for count, _ in enumerate(read_shard(Shard(file, 0, file.size, file.size), 700), 1):
            if count == 3:
                stop.set()
        return count

    with pytest.raises(Stopped):
        run_until(stop, read)
    raise_if_stopped()  # outside of a task nothing stops it


def _fails_twice(item: str) -> str:
    """Ends with an error of its machine until two traces lie in the folder."""
    traces = Path(item)
    if len(list(traces.iterdir())) < 2:
        (traces / str(time.monotonic_ns())).touch()
        raise OSError(28, "No space left on device")
    return "done"


def _fails_for_good(item: str) -> None:
    (Path(item) / str(time.monotonic_ns())).touch()
    raise BadRecord("a broken one", "x.jsonl", 7)


def _no_memory(item: str) -> None:
    (Path(item) / str(time.monotonic_ns())).touch()
    raise MemoryError


class _Closed(Exception):
    """An error that does not survive pickling."""

    def __init__(self) -> None:
        super().__init__("its lock cannot travel")
        self.lock = threading.Lock()


def _cannot_travel(item: int) -> None:
    raise _Closed


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    """Its workers are asked by value, which only a cluster's pickle can do: here they are not asked."""
    monkeypatch.setattr("overlap.executors.pool.check_workers", lambda engine: None)
    with Elsewhere() as executor:
        yield executor


def test_errors_of_a_machine_are_tried_again(elsewhere: Elsewhere, tmp_path: Path) -> None:
    with opened(elsewhere) as pool:
        assert [result for _, result in pool.in_order(_fails_twice, [str(tmp_path)])] == ["done"]
    assert elsewhere.submitted == 3


def test_but_not_for_ever(elsewhere: Elsewhere, tmp_path: Path) -> None:
    with opened(elsewhere) as pool, pytest.raises(MemoryError):
        list(pool.as_done(_no_memory, [str(tmp_path)]))
    assert len(list(tmp_path.iterdir())) == 3


class _Mistaken(Elsewhere):
    """Takes the first results for errors, as Dask's executor does with one whose worker is lost while it is fetched."""

    def __init__(self, results: list[Any]) -> None:
        super().__init__()
        self.results = results

    def submit(self, function: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        if not self.results:
            return super().submit(function, *arguments, **named)
        self.submitted += 1
        future: Future[Any] = Future()
        result = self.results.pop()
        if result is CANCELLED:
            future.cancel()
            future.set_running_or_notify_cancel()
            return future
        try:
            _, error, trace = result
            raise error.with_traceback(trace)
        except Exception as error:
            future.set_exception(error)
        return future


CANCELLED = "cancelled"


def _as_on_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overlap.executors.pool.check_workers", lambda engine: None)
    monkeypatch.setattr(ForeignExecutor, "mistaken", DaskCluster.mistaken)


def test_elsewhere_than_on_dask_an_error_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a process pool that cannot pickle the task."""
    monkeypatch.setattr("overlap.executors.pool.check_workers", lambda engine: None)
    with _Mistaken([None] * 9) as executor, opened(executor) as pool:
        work = pool.in_order(abs, [-1])
        with pytest.raises(ExecutorError, match=r"a task was given up \(TypeError"):
            list(work)
        assert executor.submitted == 1


@pytest.mark.parametrize("result", [None, "a digest", ("a.pages", [1], ["x"]), CANCELLED], ids=str)
@pytest.mark.parametrize("way", ["in_order", "as_done"])
def test_results_taken_for_errors_are_asked_for_again(way: str, result: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _as_on_dask(monkeypatch)
    with _Mistaken([result, result]) as executor, opened(executor) as pool:
        assert sorted(found for _, found in getattr(pool, way)(abs, [-1, -2])) == [1, 2]
        assert executor.submitted == 4
    with _Mistaken([result] * 9) as executor, opened(executor) as pool:
        work = getattr(pool, way)(abs, [-1])
        with pytest.raises(ExecutorError, match="a task was given up"):
            list(work)
        assert executor.submitted == 3


@pytest.mark.parametrize("way", ["in_order", "as_done"])
def test_an_executor_that_was_shut_down_gives_up(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _as_on_dask(monkeypatch)
    with _Mistaken([CANCELLED]) as executor, opened(executor) as pool:
        work = getattr(pool, way)(abs, [-1])
        submit = executor.submit

        def shut(*given: Any, **named: Any) -> Future[Any]:
            future = submit(*given, **named)
            executor.shutdown()
            return future

        monkeypatch.setattr(executor, "submit", shut)
        with pytest.raises(ExecutorError, match=r"a task was given up \(CancelledError"):
            list(work)


def test_the_size_of_ray_is_not_asked_for_before_each_task(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Ray:
        @staticmethod
        def cluster_resources() -> dict[str, float]:
            asked.append(1)
            return {"CPU": 2.0}

    monkeypatch.setattr("overlap.executors.on_ray.import_module", lambda name: Ray)
    cluster = RayCluster("ray", is_ours=False)
    assert [cluster.workers() for _ in range(5)] == [2] * 5
    assert len(asked) == 1
    monkeypatch.setattr("overlap.executors.on_ray._LOOK_AGAIN", 0.0)
    assert cluster.workers() == 2
    assert len(asked) == 2


def test_errors_of_the_input_are_an_answer(elsewhere: Elsewhere, tmp_path: Path) -> None:
    with opened(elsewhere) as pool, pytest.raises(BadRecord) as error:
        list(pool.in_order(_fails_for_good, [str(tmp_path)]))
    assert str(error.value) == "x.jsonl, record 7: a broken one"
    assert error.value.row == 7
    assert len(list(tmp_path.iterdir())) == 1


def test_errors_that_cannot_travel(elsewhere: Elsewhere) -> None:
    with opened(elsewhere) as pool, pytest.raises(RuntimeError, match=r"^_Closed: its lock cannot travel"):
        list(pool.in_order(_cannot_travel, [1]))


def test_shared_values_are_unpacked_once(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_unpacked", {})
    with opened(elsewhere) as pool:
        results = [result for _, result in pool.in_order(_identity, range(6), ([1, 2],))]
    assert len(set(results)) == 1
    assert len(tasks._unpacked) == 1


def test_what_a_worker_lacks_comes_back_as_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its C library, or what any system call may say: a cluster must not try again what fails again."""

    def refuses(name: object) -> None:
        raise TypeError("a name is needed")

    monkeypatch.setattr(tasks.ctypes, "CDLL", refuses)
    assert tasks.keep_memory.__wrapped__() is False
    monkeypatch.setattr(tasks, "keep_memory", lambda: refuses(None))
    answer = tasks.run(Task(abs, package_here(), ""), -1, tasks.pack(()))
    assert isinstance(answer, Failure)
    assert isinstance(answer.error, TypeError)


def _identity(item: int, shared: list[int]) -> int:
    return id(shared)


def _dies(item: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_pool_of_ones_own(tmp_path: Path) -> None:
    """The same bytes; a pool that breaks is an error; a pool that is not ours is left open."""
    (tmp_path / "a.txt").write_text(SENTENCE * 50)
    overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "j", executor=processes)
        assert kept_bytes(tmp_path / "i") == kept_bytes(tmp_path / "j")
        with opened(processes) as pool, pytest.raises(ExecutorError, match=r"a task was given up \(BrokenProcessPool"):
            list(pool.in_order(_dies, [1]))


def test_the_first_task_of_a_kind_runs_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads stand for two processes: each opens the list for itself."""
    monkeypatch.setattr(tasks, "_compiled_list", lambda: tmp_path / "list")
    monkeypatch.setattr(tasks, "_compiled", _Forgetful())
    events: list[str] = []

    def work() -> None:
        with tasks._compiling_alone("hash text"):
            events.append("in")
            time.sleep(0.05)
            events.append("out")

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert events[:2] == ["in", "out"]
    assert events.count("out") == 3
    assert (tmp_path / "list").read_text() == "hash text\n"


class _Forgetful(set[str]):
    """A process that has compiled nothing yet, whatever others did."""

    def __contains__(self, item: object) -> bool:
        return False


@pytest.mark.parametrize(("name", "package"), [("dask://127.0.0.1:1", "distributed"), ("ray", "ray")], ids=str)
def test_without_the_package(name: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("on_dask", "on_ray"):
        monkeypatch.setattr(f"overlap.executors.{module}.find_spec", lambda wanted: None)
    (tmp_path / "a.txt").write_text(SENTENCE)
    line = refused(call("build", tmp_path / "a.txt", "-o", tmp_path / "i", "--executor", name))
    assert line == f"{name} needs the package {package}: pip install 'trainset-overlap[{name.partition(':')[0]}]'"


def test_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overlap.executors.on_dask._PATIENCE", 1)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    (tmp_path / "a.txt").write_text(SENTENCE)
    line = refused(call("build", tmp_path / "a.txt", "-o", tmp_path / "i", "--executor", "dask://127.0.0.1:1"))
    assert line.startswith("dask://127.0.0.1:1: no scheduler answers there (")


def test_data_in_memory_stays_here(elsewhere: Elsewhere, tmp_path: Path) -> None:
    from datasets import Dataset

    data = Dataset.from_dict({"text": [SENTENCE]})
    with pytest.raises(overlap.errors.CorpusError, match="a data set in memory cannot be read by the workers"):
        overlap.build_index(data, tmp_path / "i", name="x", executor=elsewhere)


def test_mismatches_keep_both_sides() -> None:
    again = pickle.loads(pickle.dumps(SignatureMismatch("others", "n:8", "n:9")))
    assert (again.expected, again.found) == ("n:8", "n:9")
