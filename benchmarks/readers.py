"""What readers of JSON lines and decompressors cost: `python benchmarks/readers.py corpus.jsonl`.

They are in json_readers.py and decompressors.py. `corpus.jsonl.gz`, `.zst` and `.frames`, zstd frames of 4 MB, are made
beside the corpus. Every measurement is a process of its own; the rounds take turns; the best is shown. A library that
is not installed is passed over:
`pip install polars pysimdjson orjson msgspec duckdb isal zlib-ng rapidgzip zstandard`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import decompressors as unpack
import json_readers as lines
from json_readers import Work, blocks

FRAME = 4 << 20

CASES: dict[str, tuple[str, dict[str, tuple[Callable[[], Work], int]]]] = {
    "JSON lines": (
        "",
        {
            "pyarrow": (lines.json_pyarrow, 2),
            "overlap (pyarrow, damage looked for)": (lines.json_overlap, 2),
            "polars, read": (lines.json_polars, 2),
            "polars, scan": (lines.json_polars_scan, 2),
            "DuckDB": (lines.json_duckdb, 2),
            "msgspec": (lines.json_msgspec, 2),
            "orjson": (lines.json_orjson, 2),
            "pysimdjson": (lines.json_simdjson, 1),
            "Python": (lines.json_stdlib, 2),
        },
    ),
    "gzip": (
        ".gz",
        {
            "Python (zlib)": (unpack.gz_stdlib, 1),
            "pyarrow (zlib)": (unpack.gz_pyarrow, 1),
            "zlib-ng": (unpack.gz_zlib_ng, 1),
            "isal": (unpack.gz_isal, 1),
            "rapidgzip": (unpack.gz_rapidgzip, 2),
        },
    ),
    "zstd, one frame": (".zst", {"pyarrow": (unpack.zst_pyarrow, 1), "zstandard": (unpack.zst_zstandard, 1)}),
    "zstd, frames of 4 MB": (".frames", {"zstandard, frame by frame": (unpack.frames_apart, 2)}),
}


def prepare(corpus: Path) -> None:
    """Make the compressed forms of the corpus that are missing."""
    from formats import convert

    for suffix in (".gz", ".zst"):
        target = corpus.with_name(corpus.name + suffix)
        if not target.exists():
            convert(corpus, target)
    target = corpus.with_name(corpus.name + ".frames")
    if not target.exists():
        import pyarrow as pa

        frames = [pa.compress(block, "zstd", asbytes=True) for block in blocks(corpus, FRAME)]
        target.with_suffix(".sizes").write_text(json.dumps([len(frame) for frame in frames]))
        target.write_bytes(b"".join(frames))


def measure(corpus: Path, case: str, name: str, threads: int) -> None:
    """Print what one run found and took, as JSON."""
    suffix, readers = CASES[case]
    try:
        work = readers[name][0]()
    except ImportError as error:
        print(json.dumps({"missing": str(error)}))
        return
    path = corpus.with_name(corpus.name + suffix)
    if case == "JSON lines":
        work(path.with_name("warm-" + path.name), threads)
    start, used = time.perf_counter(), time.process_time()
    found = work(path, threads)
    print(json.dumps({"found": found, "s": time.perf_counter() - start, "cpu": time.process_time() - used}))


def run(corpus: Path, case: str, name: str, threads: int) -> dict[str, Any]:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, str(corpus), "--one", case, name, str(threads)]
    environment = {**os.environ, "POLARS_MAX_THREADS": str(threads)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"missing": (done.stderr.strip() or f"exit {done.returncode}").splitlines()[-1]}
    return dict(json.loads(done.stdout))


def compare(corpus: Path, case: str, rounds: int) -> None:
    """Print a table of one case."""
    size = corpus.stat().st_size / 1e6
    tasks = [(name, threads) for name, (_, most) in CASES[case][1].items() for threads in range(1, most + 1)]
    results: dict[tuple[str, int], list[dict[str, Any]]] = {task: [] for task in tasks}
    for _ in range(rounds):
        for task in tasks:
            results[task].append(run(corpus, case, *task))
    print(f"\n| {case} | threads | MB/s | MB/s a core | bytes found |\n|---|---|---|---|---|")
    for (name, threads), runs in results.items():
        if "missing" in runs[0]:
            print(f"| {name} | {threads} | {runs[0]['missing']} | | |")
            continue
        wall, cpu = (size / min(run[key] for run in runs) for key in ("s", "cpu"))
        print(f"| {name} | {threads} | {wall:.0f} | {cpu:.0f} | {runs[0]['found']:,} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=3, metavar=("CASE", "NAME", "THREADS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure(options.corpus, options.one[0], options.one[1], int(options.one[2]))
    else:
        prepare(options.corpus)
        warm = options.corpus.with_name("warm-" + options.corpus.name)
        warm.write_bytes(b"".join(block for block, _ in zip(blocks(options.corpus), range(2), strict=False)))
        for each in CASES:
            compare(options.corpus, each, options.rounds)
        warm.unlink()
