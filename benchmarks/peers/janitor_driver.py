"""lm-evaluation-harness's janitor: `register_contaminant` for each test example, `clean` for each document.

A document is found when `clean` does not give it back whole; `minimum_slice_length` is 0, since short documents are
dropped otherwise. Words are split at white space after ASCII punctuation is deleted. n = 8 (its default: 13). Its C++
extension is not in the package on PyPI: where the environment has a compiled `janitor_util`, janitor takes that by
itself, and the outcome says which of the two has run.
"""

from __future__ import annotations

import contextlib
import os

import plain


def main() -> None:
    """Register, clean, count, print."""
    job = plain.parse(__doc__ or "", needs_capacity=False)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        # it prints a warning at each call
        from lm_eval.decontamination import janitor

        watch = plain.Stopwatch()
        cleaner = janitor.Janitor(ngram_n=plain.N, minimum_slice_length=0)
        for text in job.test:
            cleaner.register_contaminant(text)
        documents = found = 0
        for text in job.train:
            documents += 1
            found += cleaner.clean(text) != [text]
        seconds = watch.seconds()
    plain.Scanned(
        peer="janitor",
        version=plain.version_of("lm-eval"),
        scan_seconds=seconds,
        train_bytes=job.train.bytes_read,
        test_ngrams=len(cleaner.dirt_ngrams),
        documents=documents,
        documents_found=found,
        remark="C++ extension" if janitor.JANITOR_CPP else "pure Python: PyPI has no C++ extension",
    ).print()


if __name__ == "__main__":
    main()
