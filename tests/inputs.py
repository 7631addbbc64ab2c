"""Writing and reading input files of every kind, for the tests of the corpus readers."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import itertools
import json
import lzma
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from overlap.corpus import Documents, InputFile, Shard, Source, plan_shards, read_shard, resolve
from overlap.corpus.readers import BLOCK
from overlap.errors import CorpusError

FORMATS = ["text", "jsonl", "ndjson", "json", "csv", "tsv", "parquet", "arrow", "arrow-stream"]
COMPRESSIONS = ["", ".gz", ".bz2", ".xz", ".zst"]


def stored(path: Path, data: bytes | str) -> Path:
    """A file with these bytes, compressed as its last extension says."""
    raw = data.encode() if isinstance(data, str) else data
    if path.suffix == ".zst":
        with pa.output_stream(path, compression="zstd") as stream:
            stream.write(raw)
        return path
    compress = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}.get(path.suffix, bytes)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(compress(raw))
    return path


def encoded(rows: Sequence[dict[str, Any]], kind: str) -> bytes:
    """The rows in one of ``FORMATS``. As ``text`` it is the values, one a line."""
    if kind in ("csv", "tsv"):
        return _delimited(rows, "\t" if kind == "tsv" else ",")
    if kind in ("parquet", "arrow", "arrow-stream"):
        return tabular(pa.Table.from_pylist(list(rows)), kind)
    if kind == "json":
        return json.dumps(list(rows), indent=2).encode()
    if kind == "text":
        return "".join(f"{value}\n" for row in rows for value in row.values()).encode()
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _delimited(rows: Sequence[dict[str, Any]], delimiter: str) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def tabular(table: pa.Table, kind: str) -> bytes:
    """The table as Parquet or Arrow, two rows in a group."""
    sink = pa.BufferOutputStream()
    if kind == "parquet":
        pq.write_table(table, sink, row_group_size=2)
    else:
        new = pa.ipc.new_stream if kind == "arrow-stream" else pa.ipc.new_file
        with new(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=2)
    return bytes(sink.getvalue())


def one_file(path: Path | str, *fields: str, **options: Any) -> InputFile:
    """The one file that a source of this path and these fields stands for."""
    (file,) = resolve([Source("test", str(path), fields)], **options)
    return file


def whole(file: InputFile) -> Shard:
    """One shard of all of a file."""
    (first, *_, last) = [*plan_shards([file]), plan_shards([file])[-1]]
    return Shard(file, first.start, last.stop)


def cut(file: InputFile, places: Sequence[int]) -> list[Shard]:
    """A file in shards that begin and end at these bytes (modulo its size)."""
    edges = [*sorted({0, *(place % max(1, file.size) for place in places)}), file.size]
    return [Shard(file, start, stop) for start, stop in itertools.pairwise(edges)]


def texts_of(batches: Sequence[Documents]) -> list[str]:
    """The documents of batches, pieces put together again."""
    found: list[str] = []
    for batch in batches:
        texts = [batch.text(index) for index in range(len(batch))]
        if batch.continued:
            found[-1] += texts.pop(0)
        found += texts
    return found


def read(path: Path | str, *fields: str, block: int = BLOCK, **options: Any) -> list[str]:
    """The documents of a file, through the same shards and batches as in a build."""
    file = one_file(path, *fields, **options)
    return texts_of([batch for shard in plan_shards([file]) for batch in read_shard(shard, block)])


def refused(path: Path | str, *fields: str, block: int = BLOCK, **options: Any) -> CorpusError:
    """The error that a file is refused with; it names the file."""
    with pytest.raises(CorpusError) as caught:
        read(path, *fields, block=block, **options)
    assert caught.value.path == str(path)
    assert "\n" not in str(caught.value)
    return caught.value


def outcome(path: Path | str, *fields: str, block: int = BLOCK, **options: Any) -> list[str] | CorpusError:
    """The documents of a file, or what it is refused with."""
    try:
        return read(path, *fields, block=block, **options)
    except CorpusError as error:
        return error


def trained_tokenizer(path: Path, texts: Sequence[str], size: int) -> Path:
    """The file of a tokenizer of byte pairs, trained by the library itself."""
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(texts, trainer)
    made.save(str(path))
    return path
