"""Write JSON lines in another format: `python benchmarks/formats.py corpus.jsonl corpus.parquet`.

The suffix says which: `.jsonl.gz` and `.jsonl.zst` at the compressors' usual levels, `.parquet` in row groups of 16 MB
of text, compressed by Snappy, as data sets on the hub are.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

BLOCK = 1 << 24
CODECS = {".gz": "gzip", ".zst": "zstd"}


def convert(source: Path, target: Path) -> None:
    """Write `target`, whole or not at all."""
    unfinished = target.with_name(target.name + ".unfinished")
    if target.suffix in CODECS:
        _compress(source, unfinished, CODECS[target.suffix])
    else:
        _tabulate(source, unfinished)
    unfinished.rename(target)


def _compress(source: Path, target: Path, codec: str) -> None:
    import pyarrow as pa

    with source.open("rb") as stream, pa.CompressedOutputStream(str(target), codec) as out:
        shutil.copyfileobj(stream, out, BLOCK)


def _tabulate(source: Path, target: Path) -> None:
    import pyarrow as pa
    import pyarrow.json as pj
    import pyarrow.parquet as pq

    batches = pj.open_json(source, read_options=pj.ReadOptions(block_size=BLOCK))
    with pq.ParquetWriter(target, batches.schema, compression="snappy") as writer:
        for batch in batches:
            writer.write_table(pa.Table.from_batches([batch]))


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
