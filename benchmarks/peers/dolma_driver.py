"""dolma's `dedupe` with a Bloom filter of word n-grams, in both directions.

Building: the training documents fill the filter (and are marked where they repeat themselves: it cannot leave that
out); measuring: the test set is read against it with `read_only`. Scanning: the test set fills a filter, and the
training documents are read against it, as in its recipe for decontamination. Words are those of `uniseg`, cut at
Unicode's word boundaries. It tells for each document the share of its n-grams that the filter knows; found is what
has a share above zero. Commands are timed whole; n = 8, 1e-8, two processes, compressed JSON lines.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import outside
import plain

TEST_CAPACITY = 2_000_000


def dedupe(folder: Path, documents: Path, name: str, *, bloom: str, capacity: int, read_only: bool) -> float:
    """Run `dolma dedupe`; return its seconds."""
    by_ngram = {"ngram_length": plain.N, "stride": 0, "overlap_threshold": 0.0, "skip_short_paragraphs": True}
    settings = {
        "documents": [str(documents / "*.gz")],
        "dedupe": {
            "name": name,
            "paragraphs": {"attribute_name": "known", "by_ngram": by_ngram},
            "skip_empty": True,
        },
        "bloom_filter": {
            "file": str(folder / bloom),
            "read_only": read_only,
            "estimated_doc_count": capacity,
            "desired_false_positive_rate": plain.ERROR_RATE,
        },
        "processes": outside.PROCESSES,
        "work_dir": {"input": str(folder / "in"), "output": str(folder / "out")},
    }
    config = folder / f"{name}.json"
    config.write_text(json.dumps(settings))
    return outside.timed([outside.beside_python("dolma"), "-c", str(config), "dedupe"])


def found(folder: Path, name: str) -> tuple[int, int]:
    """Return (documents, those with a paragraph of which an n-gram is known)."""
    documents = known = 0
    for record in outside.records_in(folder / "attributes" / name):
        documents += 1
        known += any(share > 0 for _, _, share in record["attributes"].get("known", []))
    return documents, known


def main() -> None:
    """Do what is asked with `--scan` or without it, and print."""
    scanning = "--scan" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--scan"]
    job = plain.parse(__doc__ or "", needs_capacity=not scanning)
    folder = outside.fresh_folder("dolma")
    train, test = folder / "train" / "documents", folder / "test" / "documents"
    outside.write_records(job.train, train, suffix=".jsonl.gz")
    outside.write_records(job.test, test, suffix=".jsonl.gz")
    first, second = (test, train) if scanning else (train, test)
    capacity = TEST_CAPACITY if scanning else job.capacity
    fill = dedupe(folder, first, "fill", bloom="bloom.bin", capacity=capacity, read_only=False)
    ask = dedupe(folder, second, "ask", bloom="bloom.bin", capacity=capacity, read_only=True)
    documents, known = found(second.parent, "ask")
    size = (folder / "bloom.bin").stat().st_size
    shutil.rmtree(folder)
    facts = {"peer": "dolma", "version": plain.version_of("dolma"), "train_bytes": job.train.bytes_read}
    remark = "two processes; uniseg's words"
    if scanning:
        plain.Scanned(
            **facts, scan_seconds=fill + ask, documents=documents, documents_found=known, remark=remark
        ).print()
        return
    plain.Outcome(
        **facts,
        build_seconds=fill,
        train_ngrams=None,
        measure_seconds=ask,
        test_ngrams=None,
        hits=None,
        index_bits_per_ngram=8 * size / job.capacity,
        examples_found=known,
        remark=remark,
    ).print()


if __name__ == "__main__":
    main()
