"""What no build, index, result or reader may give way to: kills at random moments, mutations, mutilated inputs.

``make torture`` runs it in full (python tests/torture.py); tests/test_torture.py runs a short form. Everything follows
from a seed, which a failure names. Children are forked: they begin with the kernels compiled, and what kills them
(a signal of ours, or a fault below Python) leaves this process alive to say so.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from inputs import encoded, one_file, stored
from samples import OTHER, SENTENCE, kept_bytes, vocabulary

import overlap
from overlap.corpus import plan_shards, read_shard
from overlap.errors import BAD_RECORD_KINDS, CorpusError, OverlapError
from overlap.executors import Pool

KINDS = ("text", "jsonl", "json", "csv", "tsv", "parquet", "arrow", "arrow-stream")
COMPRESSIONS = ("", "", "", ".gz", ".bz2", ".xz", ".zst")
PATIENCE = 20  # seconds for one input


def in_child(work: Callable[[], None], kill_after: float | None = None) -> int:
    """Run this in a forked child, and kill it after so many seconds; its status, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            sys.stderr.flush()
            os._exit(1)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _corpus(folder: Path, source: random.Random) -> list[str]:
    """Text by line, JSON lines and many small files; some bad records."""
    words = vocabulary(3000)
    folder.mkdir()
    for number in range(3):
        lines = [" ".join(source.choices(words, k=30)) for _ in range(8000)]
        (folder / f"{number}.txt").write_text("\n".join(lines) + "\n")
    rows = [json.dumps({"text": " ".join(source.choices(words, k=25))}) for _ in range(6000)]
    rows[100::500] = ["broken"] * len(rows[100::500])
    (folder / "rows.jsonl").write_text("\n".join(rows))
    (folder / "small").mkdir()
    for number in range(60):
        (folder / "small" / f"{number}.txt").write_text(" ".join(source.choices(words, k=200)))
    return [str(folder)]


def _build(corpus: list[str], place: Path, seed: int) -> None:
    """A build with any number of workers that takes up its work in any order."""
    source = random.Random(seed)
    plain = Pool.as_done

    def shuffled(pool: Pool, task: Any, items: Iterable[Any], *more: Any) -> Iterator[Any]:
        tasks = list(items)
        return plain(pool, task, source.sample(tasks, len(tasks)), *more)

    Pool.as_done = shuffled  # type: ignore[method-assign]
    try:
        options = {"memory": source.choice(["32MB", "100MB"]), "workers": source.randint(1, 4)}
        overlap.build_index(corpus, place, name="c", by_line=True, on_bad_record="skip", **options)  # type: ignore[arg-type]
    finally:
        Pool.as_done = plain  # type: ignore[method-assign]


def kills(count: int, seed: int, folder: Path) -> int:
    """Builds that are killed at a random moment, up to three times each, and resumed: always the same bytes."""
    source = random.Random(seed)
    corpus = _corpus(folder / "c", source)
    _build(corpus, folder / "whole", seed)
    expected = kept_bytes(folder / "whole")
    begun = time.perf_counter()
    assert in_child(lambda: _build(corpus, folder / "timed", seed)) == 0
    duration = time.perf_counter() - begun
    killed = tried = 0
    while killed < count:
        place = folder / "i"
        tried += 1
        for _ in range(source.randint(1, 3)):
            run = source.getrandbits(32)
            status = in_child(lambda run=run, place=place: _build(corpus, place, run), source.uniform(0, duration))  # type: ignore[misc]
            assert status in (0, -signal.SIGKILL), f"seed {seed}, build {tried}: status {status}"
            killed += status == -signal.SIGKILL
        _build(corpus, place, source.getrandbits(32))
        assert kept_bytes(place) == expected, f"seed {seed}, build {tried}: other bytes"
        shutil.rmtree(place)
        assert tried < 20 * count, "builds end before they can be killed"
    return killed


def mutated(raw: bytes, source: random.Random) -> bytes:
    """The bytes with one to three random changes."""
    data = bytearray(raw)
    for _ in range(source.randint(1, 3)):
        at = source.randrange(len(data) + 1)
        size = min(source.choice([1, 1, 2, 8, 64, 1000]), max(1, len(data) - at))
        kind = source.randrange(7)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << source.randrange(8)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            del data[at : at + size]
        elif kind == 3:
            data[at:at] = source.randbytes(size)
        elif kind == 4:
            data[at : at + size] = bytes(size)
        elif kind == 5:
            other = source.randrange(len(data) + 1)
            data[at:at] = data[other : other + size]
        else:
            tokens = [b"\xff", b"\x00", b"\n", b"\r\n", b'"', b"{", b"}", b"[", b",", b"null", b"\xef\xbb\xbf", b"\xc3"]
            data[at:at] = source.choice(tokens)
    return bytes(data)


def mutations(count: int, seed: int, folder: Path) -> dict[str, int]:
    """Files of an index and of a result with random changes: each is refused, or changes no number at all."""
    source = random.Random(seed)
    (folder / "a.txt").write_text("\n".join(f"{SENTENCE} {number} {OTHER}" for number in range(500)))
    (folder / "t.jsonl").write_text("\n".join(json.dumps({"text": f"{SENTENCE} {i}"}) for i in range(50)))
    index, result = folder / "i", folder / "r"
    overlap.build_index(str(folder / "a.txt"), index, by_line=True)
    overlaps, findings = overlap.scan(str(folder / "a.txt"), str(folder / "t.jsonl"), by_line=True)
    overlap.Report(overlaps, findings).save(result)

    def numbers() -> tuple[str, str]:
        overlap.verify_index(index)
        measured = overlap.measure(index, str(folder / "t.jsonl"))
        overlap.load_findings(result)
        return overlap.Report(measured).render("json"), overlap.Report.load(result).render("json")

    expected = numbers()
    files = sorted(path for place in (index, result) for path in place.iterdir())
    outcomes = {"refused": 0, "harmless": 0, "over several lines": 0}
    for number in range(count):
        path = source.choice(files)
        raw = path.read_bytes()
        path.write_bytes(mutated(raw, source))
        try:
            assert numbers() == expected, f"seed {seed}, mutation {number} of {path.name}: other numbers"
            outcomes["harmless"] += 1
        except OverlapError as error:
            outcomes["refused"] += 1
            outcomes["over several lines"] += "\n" in str(error)
        path.write_bytes(raw)
    assert numbers() == expected
    return outcomes


def _give_up(number: int, frame: object) -> None:
    raise TimeoutError(f"no end after {PATIENCE} s")


def _read(path: Path, by_line: bool) -> None:
    """Read a file in both modes; only a CorpusError may come of it."""
    for mode in ("stop", "skip"):
        try:
            file = one_file(path, by_line=by_line, on_bad_record=mode)
            for shard in plan_shards([file]):
                for batch in read_shard(shard, 4096):
                    assert set(batch.skipped) <= set(BAD_RECORD_KINDS)
                    assert len(batch.row_numbers()) == len(batch)
        except CorpusError as error:
            if "\n" in str(error):
                raise AssertionError(f"over several lines: {error}") from error


def _some_inputs(first: int, count: int, seed: int, folder: Path) -> None:
    signal.signal(signal.SIGALRM, _give_up)
    for number in range(first, first + count):
        source = random.Random(f"{seed} {number}")
        kind, compression = source.choice(KINDS), source.choice(COMPRESSIONS)
        rows = [{"text": f'word {i} née 漢字 "q" ' + OTHER[: source.randrange(90)], "n": i} for i in range(12)]
        if source.random() < 0.3 and kind not in ("csv", "tsv", "text"):
            rows[source.randrange(12)]["text"] = None  # type: ignore[assignment]
        extension = {"text": "txt", "arrow-stream": "arrow"}.get(kind, kind)
        raw = encoded(rows, kind)
        inside = source.random() < 0.5  # the damage is in the data, or in what they were compressed to
        path = stored(folder / f"{first}.{extension}{compression}", mutated(raw, source) if inside else raw)
        if not inside:
            path.write_bytes(mutated(path.read_bytes(), source))
        signal.alarm(PATIENCE)
        try:
            _read(path, source.random() < 0.5)
        except BaseException as error:
            kept = folder.parent / f"failed-{number}-{path.name}"
            shutil.copy(path, kept)
            raise RuntimeError(f"seed {seed}, input {number} ({kind}{compression}): {error!r}; kept: {kept}") from error
        finally:
            signal.alarm(0)
        path.unlink()


def fuzz(count: int, seed: int, folder: Path, at_once: int = 250) -> int:
    """So many mutilated inputs of every kind for the readers: no other exception than theirs, no hang, no crash."""
    _some_inputs(-1, 1, seed, folder)  # compiles what the readers need
    for first in range(0, count, at_once):
        size = min(at_once, count - first)
        status = in_child(lambda first=first, size=size: _some_inputs(first, size, seed, folder))  # type: ignore[misc]
        assert status == 0, f"seed {seed}, inputs {first} to {first + size - 1}: status {status}"
    return count


def main(seed: int) -> None:
    """All of it, in a few minutes."""
    for name, work in (
        ("builds killed and resumed to the same bytes", lambda place: kills(100, seed, place)),
        ("mutations of index and result files", lambda place: mutations(1000, seed, place)),
        ("mutilated inputs read", lambda place: fuzz(10_000, seed, place)),
    ):
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="torture-") as place:
            found = work(Path(place))  # type: ignore[no-untyped-call]
        sys.stdout.write(f"{name}: {found} ({time.perf_counter() - begun:.0f} s)\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
