"""Decompressors that readers.py compares: each reads a file to its end and tells how many bytes came out."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

from json_readers import BLOCK, Work


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
