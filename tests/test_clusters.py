"""The same bytes and numbers from threads, Dask and Ray: real clusters of two worker processes, which are killed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from clusters import ENVIRONMENT, Cluster, dask_cluster, dask_worker, ray_cluster, started, wait_until
from commands import COMMAND, ROOT, spawn
from samples import SENTENCE, kept_bytes

import overlap
from overlap.errors import BadRecord, ExecutorError
from overlap.executors import Pool, opened
from overlap.executors.package import Package, package_here


@pytest.fixture(scope="module")
def on_dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with dask_cluster(tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def both_rays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Cluster]]:
    place = Path("/tmp") / f"overlap-ray-{os.getpid()}"  # sockets are made there: their paths must be short
    with pytest.MonkeyPatch.context() as patch:
        try:
            with ray_cluster(place) as clusters:
                for name, value in clusters[0].environment.items():
                    patch.setenv(name, value)
                yield clusters
        finally:
            shutil.rmtree(place, ignore_errors=True)
            place.with_suffix(".log").unlink(missing_ok=True)


@pytest.fixture(params=["dask", "ray"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Each of the two, one after the other."""
    if request.param == "dask":
        found: Cluster = request.getfixturevalue("on_dask")
    else:
        found = request.getfixturevalue("both_rays")[0]
    return found


@pytest.fixture(scope="module")
def undisturbed(large_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The index as threads build it."""
    place = tmp_path_factory.mktemp("threads") / "i"
    overlap.build_index(str(large_corpus), place, name="corpus", by_line=True)
    return kept_bytes(place)


@pytest.fixture(scope="module")
def asked(large_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A test set: some lines of the corpus, and one that is not in it."""
    place = tmp_path_factory.mktemp("asked") / "asked.txt"
    lines = [(large_corpus / f"{number}.txt").read_text().splitlines()[7 * number] for number in range(8)]
    place.write_text("\n".join([*lines, SENTENCE]) + "\n")
    return place


def _numbers(found: Any) -> Any:
    """All that a scan has found, to be compared."""
    overlaps, findings = found
    values = []
    for item in overlaps:
        fields = {
            name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in vars(item).items()
        }
        values.append({name: value for name, value in fields.items() if not name.startswith("_")})
    return values, [asdict(item) for item in findings]


def _killing(cluster: Cluster, stage: str, after: int = 1) -> tuple[Callable[[str, int, int], None], list[int]]:
    """A progress callback that kills a worker in the middle of a stage; and who was killed."""
    killed: list[int] = []
    seen: list[int] = []

    def report(reached: str, done: int, total: int) -> None:
        if reached == stage and 0 < done < total:
            seen.append(done)
            if len(seen) == after and not killed:
                killed.append(cluster.kill_a_worker())

    return report, killed


def _is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_the_same_index(cluster: Cluster, large_corpus: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    reports: list[tuple[str, int, int]] = []
    overlap.build_index(
        str(large_corpus), tmp_path / "i", name="corpus", by_line=True, executor=cluster.executor,
        progress=lambda *report: reports.append(report),
    )  # fmt: skip
    assert kept_bytes(tmp_path / "i") == undisturbed
    for stage in ("hash", "fill"):
        done = [report[1:] for report in reports if report[0] == stage]
        assert done == sorted(done)
        assert done[-1][0] == done[-1][1] > 0


def test_the_same_index_with_a_fuse_filter(cluster: Cluster, large_corpus: Path, tmp_path: Path) -> None:
    for name, executor in (("here", None), ("there", cluster.executor)):
        options = {"name": "corpus", "by_line": True, "filter": "fuse", "executor": executor}
        overlap.build_index(str(large_corpus), tmp_path / name, **options)  # type: ignore[arg-type]
    assert kept_bytes(tmp_path / "there") == kept_bytes(tmp_path / "here")


@pytest.mark.parametrize("stage", ["hash", "fill"])
def test_a_worker_killed_in_a_build(
    stage: str, cluster: Cluster, large_corpus: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    wait_until(lambda: bool(cluster.workers()))
    report, killed = _killing(cluster, stage)
    overlap.build_index(
        str(large_corpus), tmp_path / "i", name="corpus", by_line=True, executor=cluster.executor, progress=report
    )
    assert len(killed) == 1
    assert _is_gone(killed[0])
    assert kept_bytes(tmp_path / "i") == undisturbed


def test_a_worker_killed_in_a_scan(cluster: Cluster, large_corpus: Path, asked: Path) -> None:
    expected = _numbers(overlap.scan(str(large_corpus), str(asked), by_line=True))
    assert expected[0][0]["run_counts"] == [1] * 8 + [0]
    wait_until(lambda: bool(cluster.workers()))
    report, killed = _killing(cluster, "scan")
    found = overlap.scan(str(large_corpus), str(asked), by_line=True, executor=cluster.executor, progress=report)
    assert len(killed) == 1
    assert _is_gone(killed[0])
    assert _numbers(found) == expected


def test_long_documents_over_several_shards(cluster: Cluster, large_corpus: Path, asked: Path, tmp_path: Path) -> None:
    """A text file that is one document is cut into shards, and is one document again when they come back."""
    whole = tmp_path / "whole.txt"
    whole.write_bytes(b"".join((large_corpus / f"{number}.txt").read_bytes() for number in range(4)))
    reading = {"train": str(whole), "test": str(asked)}
    assert _numbers(overlap.scan(**reading, executor=cluster.executor)) == _numbers(overlap.scan(**reading))


def _folder(place: Path) -> dict[str, bytes]:
    return {str(item.relative_to(place)): item.read_bytes() for item in place.rglob("*") if item.is_file()}


def test_check_locate_clean_and_audit(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From another working folder than the workers', by relative paths."""
    monkeypatch.chdir(tmp_path)
    for name, texts in {"train": [SENTENCE, "nothing of it " * 9, SENTENCE.upper()], "test": [SENTENCE, "x"]}.items():
        Path(name).mkdir()
        for number in range(2):
            records = [{"text": f"{text} {number}", "id": f"{name}{number}"} for text in texts]
            Path(name, f"{number}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    with opened(cluster.executor) as pool:
        here = overlap.check("train", "test", index_dir="here")
        there = overlap.check("train", "test", index_dir="there", executor=pool)
        assert overlap.Report(there).render("json") == overlap.Report(here).render("json")
        assert [kept_bytes(place) for place in sorted(Path("there").iterdir())] == [
            kept_bytes(place) for place in sorted(Path("here").iterdir())
        ]
        assert overlap.locate(there, "train", id_field="id", executor=pool) == overlap.locate(
            here, "train", id_field="id"
        )
        for rule in ("drop", "cut"):
            clean = {"rule": rule, "min_piece": 1, "window": 0}
            assert overlap.clean_train("train", here, f"{rule}-there", **clean, executor=pool) == overlap.clean_train(
                "train", here, f"{rule}-here", **clean
            )
            assert _folder(Path(f"{rule}-there")) == _folder(Path(f"{rule}-here"))
        assert len(_folder(Path("drop-here"))) == 3
        splits = ["train=train", "test=test"]
        assert repr(overlap.audit(splits, executor=pool)) == repr(overlap.audit(splits))


def test_errors_arrive_as_they_are(cluster: Cluster, tmp_path: Path) -> None:
    lines = ['{"text": "one two three"}\n'] * 5
    lines[3] = '{"text": }\n'
    (tmp_path / "a.jsonl").write_text("".join(lines))
    with pytest.raises(BadRecord) as expected:
        overlap.build_index(str(tmp_path / "a.jsonl"), tmp_path / "i")
    with pytest.raises(BadRecord) as found:
        overlap.build_index(str(tmp_path / "a.jsonl"), tmp_path / "j", executor=cluster.executor)
    assert (str(found.value), found.value.path, found.value.row) == (str(expected.value), expected.value.path, 4)
    assert "on the worker" in found.value.__notes__[0]


def test_another_version(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overlap.executors.checks.package_here", lambda: Package("9.9", ""))
    with (
        pytest.raises(
            ExecutorError, match=rf"^the worker .+ has overlap {overlap.__version__}, here it is 9\.9: install"
        ),
        opened(cluster.executor),
    ):
        pass


def test_another_version_on_a_worker_that_comes_late(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was not there when all were asked: its first task says so, of other files, too."""
    ours = package_here()
    with opened(cluster.executor) as pool:
        for package, found in (
            (Package("9.9", ours.sources), rf"has overlap {ours.version}, here it is 9\.9"),
            (
                Package(ours.version, "0" * 64),
                rf"has other files of overlap .+ \({ours.sources[:12]}\) than are here \(0{{12}}\)",
            ),
        ):
            monkeypatch.setattr("overlap.executors.pool.package_here", lambda package=package: package)
            with pytest.raises(ExecutorError, match=found):
                list(pool.in_order(abs, [1]))


def _while_hidden(pool: Pool, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers look while the path is another one: to them it is not there."""
    engine: Any = pool._engine
    ask_each = engine.ask_each

    def ask(question: Callable[[], Any]) -> Any:
        path.rename(path.with_suffix(".hidden"))
        try:
            return ask_each(question)
        finally:
            path.with_suffix(".hidden").rename(path)

    monkeypatch.setattr(engine, "ask_each", ask)


@pytest.mark.parametrize("hidden", ["output", "input"])
def test_storage_that_is_not_shared(
    hidden: str, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    (tmp_path / "i").mkdir()
    with opened(cluster.executor) as pool:
        _while_hidden(pool, tmp_path / ("i" if hidden == "output" else "a.txt"), monkeypatch)
        with pytest.raises(ExecutorError) as refusal:
            overlap.build_index(str(tmp_path / "a.txt"), tmp_path / "i", executor=pool)
    message = str(refusal.value)
    if hidden == "output":
        assert f"does not share the folder {tmp_path / 'i' / 'work'} (No such file or directory)" in message
    else:
        assert f"does not see {tmp_path / 'a.txt'}, or it has another size there" in message
    assert "every worker must see" in message
    assert [item.name for item in (tmp_path / "i" / "work").iterdir() if item.suffix == ".partial"] == []


def test_a_worker_without_the_package(on_dask: Cluster, tmp_path: Path) -> None:
    """A third worker, whose environment has everything but overlap."""
    packages = Path(np.__file__).parent.parent
    port = int(on_dask.executor.rpartition(":")[2])
    command = dask_worker(port, "--no-nanny", "--local-directory", tmp_path)
    command.insert(1, "-S")  # no .pth files: what is installed in editable form is not found
    bare = {**ENVIRONMENT, "PYTHONPATH": str(packages)}
    probe = [sys.executable, "-S", "-c", "import overlap"]
    if subprocess.run(probe, env=bare, cwd=tmp_path, capture_output=True, check=False).returncode == 0:
        pytest.skip("overlap is installed among the packages")
    with started(command, tmp_path / "log", bare):
        _refused_with(on_dask.executor, rf"lacks overlap \(overlap {overlap.__version__} is here\): install")


def test_an_older_checkout_on_a_worker(on_dask: Cluster, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "overlap", tmp_path / "old" / "overlap", ignore=shutil.ignore_patterns("__pycache__"))
    with open(tmp_path / "old" / "overlap" / "hashing.py", "a", encoding="utf-8") as stream:
        stream.write("# older\n")
    port = int(on_dask.executor.rpartition(":")[2])
    old = {**ENVIRONMENT, "PYTHONPATH": str(tmp_path / "old")}
    with started(dask_worker(port, "--no-nanny", "--local-directory", tmp_path), tmp_path / "log", old):
        version = re.escape(overlap.__version__)
        _refused_with(on_dask.executor, rf"has other files of overlap {version} \([0-9a-f]{{12}}\) than are here")


def _refused_with(executor: str, words: str) -> None:
    """The third worker joins after a moment: then nothing runs on this cluster."""

    def knock() -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with opened(executor):
                time.sleep(0.1)

    with pytest.raises(ExecutorError, match=rf"^the worker tcp://\S+ {words}"):
        knock()


@pytest.mark.parametrize("which", ["dask", "ray", "ray client"])
def test_the_command_says_no_more_than_with_threads(
    which: str, on_dask: Cluster, both_rays: tuple[Cluster, Cluster], tmp_path: Path
) -> None:
    cluster = {"dask": on_dask, "ray": both_rays[0], "ray client": both_rays[1]}[which]
    (tmp_path / "a.txt").write_text(SENTENCE)
    command = ["build", "a.txt", "-o", "i", "--executor", cluster.executor]
    outcome = spawn(*command, cwd=tmp_path, env={**ENVIRONMENT, **cluster.environment})
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout.startswith("i: 1 documents, 10 8-grams")


def test_interrupted_and_resumed(
    cluster: Cluster, large_corpus: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """Ctrl-C on a cluster ends the command at once; threads go on where it was."""
    place = tmp_path / "i"
    command = [*COMMAND, "build", f"corpus={large_corpus}", "-o", str(place), "--by-line"]
    child = subprocess.Popen(
        [*command, "--executor", cluster.executor],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**ENVIRONMENT, **cluster.environment},
    )
    wait_until(lambda: child.poll() is not None or bool(list((place / "work").glob("*.spill"))))
    child.send_signal(2)
    output, errors = child.communicate(timeout=60)
    assert (child.returncode, output) == (130, "")
    assert errors.startswith("overlap: stopped; to resume: overlap build corpus=")
    assert errors.count("\n") == 1
    overlap.build_index(f"corpus={large_corpus}", place, by_line=True)
    assert kept_bytes(place) == undisturbed
