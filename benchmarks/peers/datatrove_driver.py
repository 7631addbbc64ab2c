"""datatrove's decontamination: an index of the test set, then a pipeline of reader, filter and exclusion writer.

`NGramsDecontIndexer.run` fetches benchmarks through lighteval (and torch), which is not installed for that: its
`compute_hashes` is called on the examples, and the index written as its documentation describes it, a file of 64-bit
hashes. The pipeline is a `LocalPipelineExecutor` with two tasks on two workers. A document is found at its first
n-gram, and no more is looked for in it. n = 8 (its default: 12); words are those of spaCy's tokenizer.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import outside
import plain


def write_index(job: plain.Job, folder: Path) -> int:
    """Write the test set's hashes; return how many there are."""
    from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontIndexer

    class WithoutLighteval(NGramsDecontIndexer):
        """Made without the look whether lighteval is there: `run` alone needs it."""

        def __new__(cls, *_arguments: object, **_named: object) -> WithoutLighteval:
            return object.__new__(cls)

    folder.mkdir()
    indexer = WithoutLighteval(str(folder), config=NGramsDecontConfig(n_grams=plain.N, find_query_ngrams=True))
    hashes = {one for text in job.test for one in indexer.compute_hashes(text)}
    np.array(list(hashes), dtype=indexer.config.hash_config.np_descr).tofile(folder / "test.index.hashes")
    return len(hashes)


def scan(train: Path, index: Path, out: Path) -> None:
    """Run the pipeline of the documentation."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontFilter
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers.jsonl import JsonlWriter

    decontamination = NGramsDecontFilter(
        str(index),
        config=NGramsDecontConfig(n_grams=plain.N, find_query_ngrams=True),
        exclusion_writer=JsonlWriter(str(out / "found")),
    )
    pipeline = [JsonlReader(str(train)), decontamination, JsonlWriter(str(out / "kept"))]
    tasks = outside.PROCESSES
    LocalPipelineExecutor(pipeline=pipeline, tasks=tasks, workers=tasks, logging_dir=str(out / "logs")).run()


def main() -> None:
    """Index, scan, count, print."""
    job = plain.parse(__doc__ or "", needs_capacity=False)
    folder = outside.fresh_folder("datatrove")
    outside.write_records(job.train, folder / "train")
    train_bytes = job.train.bytes_read
    watch = plain.Stopwatch()
    test_ngrams = write_index(job, folder / "index")
    scan(folder / "train", folder / "index", folder)
    seconds = watch.seconds()
    found = sum(1 for _ in outside.records_in(folder / "found"))
    kept = sum(1 for _ in outside.records_in(folder / "kept"))
    plain.Scanned(
        peer="datatrove",
        version=plain.version_of("datatrove"),
        scan_seconds=seconds,
        train_bytes=train_bytes,
        test_ngrams=test_ngrams,
        documents=found + kept,
        documents_found=found,
        remark="two processes; spaCy's words",
    ).print()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
