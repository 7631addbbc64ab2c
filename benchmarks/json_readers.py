"""Readers of JSON lines that readers.py compares: each takes one text column and tells how many bytes of text it found.

Those that read blocks get the same ones, of whole lines; those that read files only get the file.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

BLOCK = 1 << 20
Work = Callable[[Path, int], int]
"""What reads a file in so many threads, and returns the bytes found."""


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
