"""corpus-assay by its commands: `build-index` of the test set, `scan` of Parquet shards on two workers.

n = 8, one hit is enough, no stop words and no rejected patterns, words are runs of letters and digits: its own
settings (13-grams, three hits, forty stop words) would look for something else. The index is built from a local file
through `datasets`, as its documentation shows; both commands are timed whole.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import outside
import plain

WORDS = {"version": "1.0.0", "stop_words": [], "word_re": r"[\p{L}\p{N}]+", "ngram_reject_patterns": []}


def write_shards(job: plain.Job, folder: Path) -> None:
    """Write the documents as Parquet, a shard for each worker."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir()
    texts = list(job.train)
    step = -(-len(texts) // outside.PROCESSES)
    for number, start in enumerate(range(0, len(texts), step)):
        part = texts[start : start + step]
        ids = [f"doc-{start + row}" for row in range(len(part))]
        pq.write_table(pa.table({"id": ids, "text": part}), folder / f"part-{number}.parquet")


def write_settings(job: plain.Job, folder: Path) -> Sequence[str]:
    """Write the test set and the settings; return the beginning of each command."""
    (test,) = outside.write_records(job.test, folder / "test", files=1)
    benchmark = {"name": "test", "dataset": "json", "data_files": {"test": str(test)}}
    benchmark |= {"splits": ["test"], "fields": ["text"]}
    settings = {"benchmarks": [benchmark], "ngram": plain.N, "min_hits": 1, "min_coverage": 0.0}
    (folder / "words.json").write_text(json.dumps(WORDS))
    (folder / "config.yaml").write_text(json.dumps(settings))  # JSON is YAML
    return [outside.beside_python("corpus-assay"), "--ngram-config", str(folder / "words.json")]


def main() -> None:
    """Index, scan, read its summary and its report, print."""
    job = plain.parse(__doc__ or "", needs_capacity=False)
    folder = outside.fresh_folder("corpus-assay")
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "cache")}
    write_shards(job, folder / "train")
    begin = write_settings(job, folder)
    config = ["--config", str(folder / "config.yaml")]
    index, out = str(folder / "test.native"), folder / "out"
    seconds = outside.timed([*begin, "build-index", *config, "--out-index", index, "--allow-unpinned"])
    paths = ["--input", str(folder / "train"), "--out-dir", str(out)]
    workers = ["--id-key", "id", "--workers", str(outside.PROCESSES)]
    seconds += outside.timed([*begin, "scan", *config, "--index", index, *paths, *workers])
    outside.timed([*begin, "report", "--scan-dir", str(out)])
    summary = json.loads((out / "_FINAL_SUMMARY.json").read_text())
    leak = json.loads((out / "report" / "report.json").read_text())["leak_by_benchmark"][0]
    plain.Scanned(
        peer="corpus-assay",
        version=plain.version_of("corpus-assay"),
        scan_seconds=seconds,
        train_bytes=job.train.bytes_read,
        test_ngrams=leak["total_hashes_in_index"],
        documents=summary["total_docs_scanned"],
        documents_found=summary["total_contaminated"],
        remark=f"two processes; documents of fewer than {plain.N} words are not counted",
    ).print()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
