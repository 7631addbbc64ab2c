"""Data sets of the hub: from a hub on this machine, from the cache, and without either.

The library reads its settings when it is imported, so every test runs the command in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import PYTHON, refused, spawn
from hubserver import Hub, serving_hub
from inputs import encoded, stored

from overlap.corpus.addresses import HubAddress, parse_hub
from overlap.corpus.sources import parse_source

FIRST, SECOND = "a" * 40, "b" * 40
ROWS = [
    {"question": f"how many of the apples did number {i} eat before noon", "answer": f"it ate exactly {i} of them"}
    for i in range(20)
]
CARD = b"""---
configs:
- config_name: main
  data_files:
  - split: train
    path: main/train-*
  - split: test
    path: main/test-*
- config_name: other
  data_files:
  - split: test
    path: other/test-*
---
"""
TEST = "hf:org/toy:main:test"


def repository(first_test_row: int) -> dict[str, bytes]:
    return {
        "README.md": CARD,
        "main/train-00000.parquet": encoded(ROWS, "parquet"),
        "main/test-00000.parquet": encoded(ROWS[first_test_row : first_test_row + 5], "parquet"),
        "other/test-00000.parquet": encoded(ROWS[:2], "parquet"),
    }


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    revisions = {"main": (FIRST, repository(0)), "v2": (SECOND, repository(10))}
    with serving_hub({"org/toy": revisions}) as server:
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, hub: Hub) -> Path:
    """A cache with both revisions of the data set's main config."""
    home = tmp_path_factory.mktemp("home")
    for _, text in read_all(home, hub, f"{TEST}@v2::question", f"{TEST}::question"):
        assert text.startswith("how many of the apples")
    return home


def run(home: Path, hub: Hub | None, *arguments: object, **options: Any) -> Any:
    """The command with this cache, and this hub or none."""
    where = {"HF_ENDPOINT": hub.address} if hub else {"HF_HUB_OFFLINE": "1"}
    return spawn(*arguments, env={**os.environ, "HF_HOME": str(home), **where}, **options)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("hf:gsm8k", HubAddress("gsm8k")),
        ("hf:openai/gsm8k:main", HubAddress("openai/gsm8k", "main")),
        ("hf:openai/gsm8k:main:test@refs/pr/1", HubAddress("openai/gsm8k", "main", "test", "refs/pr/1")),
        ("hf-stream:a/b@v1", HubAddress("a/b", revision="v1", streaming=True)),
    ],
)
def test_addresses(text: str, address: HubAddress) -> None:
    assert parse_hub(text) == address
    assert str(address) == text
    assert parse_source(f"{text}::question,answer").fields == ("question", "answer")
    assert parse_source(f"x={text}").path == text
    assert parse_source(text).name == address.name.rpartition("/")[2]


@pytest.mark.parametrize("text", ["hf:", "hf:a:b:c:d", "hf:a::", "hf:a/b/c", "hf:a@", "hf::b"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a hub data set: .*write hf:NAME"):
        parse_hub(text)


def test_revisions_and_fingerprints_are_kept(tmp_path: Path, home: Path, hub: Hub) -> None:
    """The whole way on the command line, with nothing of the libraries on the terminal."""
    train = "web=hf:org/toy:main:train::question,answer"
    built = run(home, hub, "build", train, "-o", tmp_path / "index", "--progress", "never")
    assert (built.returncode, built.stderr) == (0, "")
    (source,) = json.loads((tmp_path / "index" / "manifest.json").read_text())["sources"]
    assert source["path"] == "hf:org/toy:main:train"
    assert source["digest"].startswith("sha256-texts:")
    assert source["origin"].startswith(f"hf:org/toy:main:train@{FIRST} fingerprint:")
    again = run(home, None, "build", train, "-o", tmp_path / "index", "--progress", "never")
    assert (again.returncode, again.stdout) == (0, built.stdout)
    measured = run(home, None, "measure", "--index", tmp_path / "index", f"{TEST}::question,answer", "-o",
                   tmp_path / "result", "--format", "json", "--progress", "never")  # fmt: skip
    assert (measured.returncode, measured.stderr) == (0, "")
    (row,) = json.loads(measured.stdout)["results"]
    assert (row["test"], row["examples"], row["overlap_percent"]) == ("toy", 5, 100.0)
    located = run(home, None, "locate", tmp_path / "result", "--train", train, "--progress", "never")
    assert located.returncode == 0, located.stderr
    cleaned = run(home, None, "clean", tmp_path / "result", "-o", tmp_path / "split")
    assert cleaned.returncode == 0, cleaned.stderr
    import datasets

    dirty = datasets.Dataset.from_file(str(tmp_path / "split" / "toy" / "dirty" / "test.arrow"))
    assert list(dirty["question"]) == [row["question"] for row in ROWS[:5]]


def test_all_splits_where_none_is_named(tmp_path: Path, home: Path) -> None:
    built = run(home, None, "build", "hf:org/toy:main::question", "-o", tmp_path / "index")
    assert built.returncode == 0, built.stderr
    sources = json.loads((tmp_path / "index" / "manifest.json").read_text())["sources"]
    assert [source["path"] for source in sources] == ["hf:org/toy:main:train", "hf:org/toy:main:test"]
    audited = run(home, None, "audit", "hf:org/toy:main", "--text-field", "question")
    assert (audited.returncode, audited.stderr) == (0, "")
    assert "train" in audited.stdout


def test_a_stream_gives_the_same_index(tmp_path: Path, home: Path, hub: Hub) -> None:
    for kind in ("hf", "hf-stream"):
        source = f"web={kind}:org/toy:main:train::question"
        built = run(home, hub, "build", source, "-o", tmp_path / kind, "--progress", "never")
        assert (built.returncode, built.stderr) == (0, "")
    pages = [(tmp_path / kind / "filter.bin").read_bytes() for kind in ("hf", "hf-stream")]
    assert pages[0] == pages[1]
    (source,) = json.loads((tmp_path / "hf-stream" / "manifest.json").read_text())["sources"]
    assert source["origin"] == f"hf-stream:org/toy:main:train@{FIRST}"
    assert source["digest"].startswith("sha256-revision:")
    measured = run(home, hub, "measure", "--index", tmp_path / "hf", "hf-stream:org/toy:main:test@v2::question",
                   "--format", "json")  # fmt: skip
    assert json.loads(measured.stdout)["results"][0]["overlap_percent"] == 100.0


_READ_ALL = """
import json, sys
from overlap.corpus import parse_source, read_file, resolve
from overlap.errors import OverlapError
for source in sys.argv[1:]:
    try:
        files = resolve([parse_source(source)])
        print(json.dumps([files[0].origin, next(read_file(files[0])).text(0)]))
    except OverlapError as error:
        print(json.dumps(["error", str(error)]))
"""


def read_all(home: Path, hub: Hub | None, *sources: str) -> list[list[str]]:
    """For each source, its origin and first text; or ``error`` and what it says."""
    where = {"HF_ENDPOINT": hub.address} if hub else {"HF_HUB_OFFLINE": "1"}
    command = [*PYTHON, "-c", _READ_ALL, *sources]
    outcome = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "HF_HOME": str(home), **where}
    )
    assert outcome.stderr == ""
    return [json.loads(line) for line in outcome.stdout.splitlines()]


def test_without_a_network_the_revision_that_was_asked_for(home: Path) -> None:
    """Of two that are cached; the library itself takes the one that was loaded last."""
    first = ["", "@main", f"@{FIRST}"]
    revisions = [*first, f"@{SECOND}", "@v2"]
    found = read_all(home, None, *(f"{TEST}{revision}::question" for revision in revisions))
    for revision, (origin, text) in zip(revisions, found, strict=True):
        commit, row = (FIRST, 0) if revision in first else (SECOND, 10)
        assert origin.startswith(f"{TEST}@{commit} fingerprint:"), revision
        assert text == ROWS[row]["question"], revision


def test_what_is_not_cached(home: Path) -> None:
    expected = {
        "hf:org/none": "not in the cache, and the hub cannot be reached: load it once with a network",
        "hf:org/toy:other:test": "not in the cache (['main'] is), and the hub cannot be reached",
        "hf:org/toy:main:nope": "no such config or split: Unknown split",
        f"{TEST}@v9": f"cached is revision {FIRST}, and the hub cannot be asked for v9: name the revision",
        f"{TEST}@{'c' * 40}": f"cached is revision {FIRST}, and the hub cannot be asked for ccc",
    }
    found = read_all(home, None, *expected)
    for (source, message), (kind, said) in zip(expected.items(), found, strict=True):
        assert kind == "error"
        assert said.startswith(f"{source}: {message}")


def test_what_the_hub_does_not_have(home: Path, hub: Hub) -> None:
    expected = {
        "hf:org/none": "no such data set on the hub, or no access to it (HF_TOKEN)",
        "hf:org/toy": "no such config or split: Config name is missing",
        "hf:org/toy:nope": "no such config or split: BuilderConfig 'nope' not found. Available: ['main', 'other']",
        f"{TEST}@v9": "no such data set on the hub, or no access to it (HF_TOKEN): Revision 'v9'",
        TEST: "no field 'text'; it has: answer, question",
    }
    found = read_all(home, hub, *expected)
    for (source, message), (kind, said) in zip(expected.items(), found, strict=True):
        assert kind == "error"
        assert said.startswith(f"{source}: {message}")


def test_errors_are_one_line(home: Path) -> None:
    source = "hf:org/none"
    assert refused(run(home, None, "scan", "--train", source, "--test", source)).startswith(
        f"{source}: not in the cache"
    )


def test_a_folder_of_the_same_name_is_not_taken(tmp_path: Path, home: Path) -> None:
    stored(tmp_path / "org" / "toy" / "test.jsonl", '{"question": "something else entirely"}\n')
    outcome = run(home, None, "inspect", "--phrase", "apples did number 3 eat", "--train", f"{TEST}::question",
                  "--format", "json", cwd=tmp_path)  # fmt: skip
    assert outcome.returncode == 0, outcome.stderr
    assert len(json.loads(outcome.stdout)) == 1
