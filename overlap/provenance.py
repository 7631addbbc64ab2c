"""Where the numbers come from: files with sizes and digests, and one digest for a whole corpus."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from overlap.corpus import InputFile, combined_digest, digest_block, digest_count, reopened
from overlap.errors import SignatureMismatch
from overlap.results import SourceInfo

__all__ = ["corpus_digest", "file_info", "files_again", "source_infos"]


def file_info(file: InputFile, blocks: list[str]) -> SourceInfo:
    """The provenance of a file from the digests of its blocks."""
    digest = combined_digest(blocks, file)
    return SourceInfo(file.label, file.format, file.fields, file.document, file.size, digest, file.origin)


def source_infos(files: Sequence[InputFile], workers: int = 1) -> tuple[SourceInfo, ...]:
    """The provenance of files, which are read for it. Raises CorpusError."""
    tasks = [(file, i) for file in files for i in range(digest_count(file))]
    with ThreadPoolExecutor(workers) as pool:
        digests = list(pool.map(lambda task: digest_block(*task), tasks))
    blocks: dict[int, list[str]] = {}
    for (file, _), digest in zip(tasks, digests, strict=True):
        blocks.setdefault(id(file), []).append(digest)
    return tuple(file_info(file, blocks[id(file)]) for file in files)


def corpus_digest(infos: Sequence[SourceInfo]) -> str:
    """One SHA-256 for a corpus: what its files hold and how they are read, not where they lie."""
    content = [[info.format, info.fields, info.document, info.digest] for info in infos]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def files_again(infos: Sequence[SourceInfo], id_field: str | None = None) -> list[InputFile]:
    """The files of an earlier measurement, opened in the same way.

    Raises CorpusError where one is gone, SignatureMismatch where its content has changed.
    """
    files = [
        reopened(info.path, info.format, info.fields, info.document == "line", id_field, info.origin) for info in infos
    ]
    for expected, found in zip(infos, source_infos(files), strict=True):
        if expected.digest != found.digest:
            raise SignatureMismatch(
                f"{expected.path} has changed since it was measured; measure again", expected.digest, found.digest
            )
    return files
