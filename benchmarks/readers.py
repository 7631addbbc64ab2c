"""What readers of JSON lines and decompressors cost: `python benchmarks/readers.py corpus.jsonl`.

JSON lines: every reader takes one text column out of the same blocks of whole lines, and tells how many bytes of text
it found; those that read files only get the file. Decompression: `corpus.jsonl.gz`, `.zst` and `.frames`, zstd frames
of 4 MB, are made beside the corpus. Every measurement is a process of its own; the rounds take turns; the best is
shown. A library that is not installed is passed over:
`pip install polars pysimdjson orjson msgspec duckdb isal zlib-ng rapidgzip zstandard`.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

BLOCK = 1 << 20
FRAME = 4 << 20
Work = Callable[[Path, int], int]


def blocks(path: Path, size: int = BLOCK) -> Iterator[bytes]:
    """Yield a file's whole lines, about `size` bytes at a time."""
    rest = b""
    with path.open("rb") as stream:
        while piece := stream.read(size):
            cut = piece.rfind(b"\n") + 1
            yield rest + piece[:cut]
            rest = piece[cut:]
    if rest:
        yield rest


def by_block(take: Callable[[bytes], int], size: int = BLOCK) -> Work:
    """Return what takes the text out of a file's blocks, in so many threads."""

    def work(path: Path, threads: int) -> int:
        if threads == 1:
            return sum(map(take, blocks(path, size)))
        with ThreadPoolExecutor(threads) as pool:
            return sum(pool.map(take, list(blocks(path, size))))

    return work


def by_line(parse: Callable[[bytes], Any]) -> Work:
    """Return the same for a parser of single records."""
    return by_block(lambda block: sum(len(parse(line)["text"].encode()) for line in block.splitlines()))


def json_pyarrow() -> Work:
    """pyarrow.json, one column asked for."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.json as pj

    schema = pa.schema([("text", pa.string())])

    def take(block: bytes) -> int:
        options = pj.ReadOptions(use_threads=False, block_size=len(block) + 1)
        parsing = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        return pc.sum(pc.binary_length(pj.read_json(pa.BufferReader(block), options, parsing)["text"])).as_py()

    return by_block(take)


def json_polars() -> Work:
    """polars.read_ndjson with a schema, in blocks of 16 MB (of 1 MB it is slower)."""
    import io

    import polars as pl

    def take(block: bytes) -> int:
        return pl.read_ndjson(io.BytesIO(block), schema={"text": pl.String})["text"].str.len_bytes().sum()

    return by_block(take, 16 << 20)


def json_polars_scan() -> Work:
    """polars.scan_ndjson over the file, streaming; POLARS_MAX_THREADS says how many threads."""
    import polars as pl

    def work(path: Path, threads: int) -> int:
        frame = pl.scan_ndjson(path, schema={"text": pl.String}).select(pl.col("text").str.len_bytes().sum())
        return frame.collect(engine="streaming").item()

    return work


def json_duckdb() -> Work:
    """DuckDB's read_json over the file, one column."""
    import duckdb

    def work(path: Path, threads: int) -> int:
        query = "SELECT sum(strlen(text)) FROM read_json(?, format='newline_delimited', columns={'text': 'VARCHAR'})"
        with duckdb.connect(config={"threads": threads}) as connection:
            return int(connection.execute(query, [str(path)]).fetchone()[0])

    return work


def json_simdjson() -> Work:
    """pysimdjson, one parser for all records (it has no reader of many documents)."""
    import simdjson

    parser = simdjson.Parser()
    return by_line(lambda line: parser.parse(line))


def json_msgspec() -> Work:
    """msgspec, a decoder of the one field."""
    import msgspec

    record = msgspec.defstruct("record", [("text", str)])
    decoder = msgspec.json.Decoder(record)
    return by_block(lambda block: sum(len(item.text.encode()) for item in decoder.decode_lines(block)))


def json_orjson() -> Work:
    """orjson, a whole record at a time."""
    return by_line(importlib.import_module("orjson").loads)


def json_stdlib() -> Work:
    """Python's json."""
    return by_line(json.loads)


def json_overlap() -> Work:
    """What `overlap` does with the same file, looking for damage included."""
    from overlap.corpus import Source, plan_shards, read_shard, resolve

    def work(path: Path, threads: int) -> int:
        shards = plan_shards(resolve([Source("corpus", str(path), ("text",))]))
        with ThreadPoolExecutor(threads) as pool:
            return sum(pool.map(lambda shard: sum(batch.text_bytes for batch in read_shard(shard)), shards))

    return work


def drained(stream: Any) -> int:
    """Read a stream to its end through one buffer."""
    buffer = memoryview(bytearray(BLOCK))
    total = 0
    with stream:
        while count := stream.readinto(buffer):
            total += count
    return total


def gz_stdlib() -> Work:
    """Python's gzip, which is zlib."""
    return lambda path, threads: drained(gzip.open(path))


def gz_pyarrow() -> Work:
    """pyarrow's gzip codec, also zlib."""
    import pyarrow as pa

    return lambda path, threads: drained(pa.CompressedInputStream(pa.OSFile(str(path)), "gzip"))


def gz_isal() -> Work:
    """python-isal's igzip in place of gzip."""
    from isal import igzip

    return lambda path, threads: drained(igzip.open(path))


def gz_zlib_ng() -> Work:
    """zlib-ng's gzip_ng in place of gzip."""
    from zlib_ng import gzip_ng

    return lambda path, threads: drained(gzip_ng.open(path))


def gz_rapidgzip() -> Work:
    """rapidgzip, which looks for places to enter and decodes from there in several threads."""
    import rapidgzip

    return lambda path, threads: drained(rapidgzip.open(str(path), parallelization=threads))


def zst_pyarrow() -> Work:
    """pyarrow's zstd codec."""
    import pyarrow as pa

    return lambda path, threads: drained(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))


def zst_zstandard() -> Work:
    """python-zstandard."""
    import zstandard

    return lambda path, threads: drained(zstandard.open(path, "rb"))


def frames_apart() -> Work:
    """The same library; frames of known size decoded side by side."""
    import zstandard

    def work(path: Path, threads: int) -> int:
        raw = memoryview(path.read_bytes())
        sizes = json.loads(path.with_suffix(".sizes").read_text())
        edges = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
        with ThreadPoolExecutor(threads) as pool:
            parts = [raw[a:b] for a, b in pairwise(edges)]
            return sum(pool.map(lambda part: len(zstandard.ZstdDecompressor().decompress(part)), parts))

    return work


CASES: dict[str, tuple[str, dict[str, tuple[Callable[[], Work], int]]]] = {
    "JSON lines": (
        "",
        {
            "pyarrow": (json_pyarrow, 2),
            "overlap (pyarrow, damage looked for)": (json_overlap, 2),
            "polars, read": (json_polars, 2),
            "polars, scan": (json_polars_scan, 2),
            "DuckDB": (json_duckdb, 2),
            "msgspec": (json_msgspec, 2),
            "orjson": (json_orjson, 2),
            "pysimdjson": (json_simdjson, 1),
            "Python": (json_stdlib, 2),
        },
    ),
    "gzip": (
        ".gz",
        {
            "Python (zlib)": (gz_stdlib, 1),
            "pyarrow (zlib)": (gz_pyarrow, 1),
            "zlib-ng": (gz_zlib_ng, 1),
            "isal": (gz_isal, 1),
            "rapidgzip": (gz_rapidgzip, 2),
        },
    ),
    "zstd, one frame": (".zst", {"pyarrow": (zst_pyarrow, 1), "zstandard": (zst_zstandard, 1)}),
    "zstd, frames of 4 MB": (".frames", {"zstandard, frame by frame": (frames_apart, 2)}),
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
