"""For the peers that are commands of their own: their input files, their folders, their processes.

Each gets the same documents in the format that it reads best; this is done before the clock starts.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import plain

WORK = Path(__file__).resolve().parent.parent / "work" / "peers"
PROCESSES = 2


def fresh_folder(peer: str) -> Path:
    """Return an empty folder for what a peer reads and writes; the driver removes it at the end."""
    folder = WORK / peer / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write_records(
    corpus: plain.Corpus,
    folder: Path,
    *,
    files: int = PROCESSES,
    suffix: str = ".jsonl",
    change: Callable[[str], str] = str,
) -> list[Path]:
    """Write the documents in turn to JSON lines files (id, text, source), compressed for `.gz`; return these."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"part-{number}{suffix}" for number in range(files)]
    opened = partial(gzip.open, compresslevel=1) if suffix.endswith(".gz") else open
    with ExitStack() as stack:
        streams = [stack.enter_context(opened(path, "wb")) for path in paths]
        for number, text in enumerate(corpus):
            record = {"id": f"doc-{number}", "text": change(text), "source": "benchmark"}
            streams[number % files].write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
    return paths


def records_in(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of all compressed JSON lines under a folder."""
    for path in sorted(folder.rglob("*.gz")):
        with gzip.open(path) as lines:
            yield from map(json.loads, lines)


def timed(command: Sequence[str]) -> float:
    """Run a command and return its seconds; what it says goes to stderr, since stdout is the driver's."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    return time.perf_counter() - start


def beside_python(name: str) -> str:
    """Return a command of the environment that this runs in."""
    return str(Path(sys.executable).parent / name)
