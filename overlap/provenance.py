"""Where the numbers come from: files with sizes and digests, and one digest for a whole corpus."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from overlap.corpus import (
    NO_LAYOUT,
    InputFile,
    combined_digest,
    make_layout,
    reopened,
)
from overlap.digests import Block, blocks_of
from overlap.errors import SignatureMismatch
from overlap.executors import Pool
from overlap.results import MeasuredFile, SourceInfo

__all__ = ["corpus_digest", "file_info", "files_again", "source_infos"]


Counts = Mapping[str, int]


def file_info(file: InputFile, blocks: list[str], skipped: Counts | None = None) -> SourceInfo:
    """The provenance of a file from the digests of its blocks and the bad records that were skipped in it."""
    digest = combined_digest(blocks, file)
    return SourceInfo(
        file.label, file.format, file.fields, file.document, file.size, digest, file.origin, _in_order(skipped)
    )


def _in_order(skipped: Counts | None) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((kind, count) for kind, count in (skipped or {}).items() if count))


def source_infos(
    files: Sequence[InputFile],
    pool: Pool | None = None,
    skipped: Sequence[Counts] = (),
    digests: Mapping[Block, str] = MappingProxyType({}),
) -> tuple[MeasuredFile, ...]:
    """The provenance of files: blocks that are not among ``digests`` are read for it, in ``pool`` or here.

    ``skipped``: bad records of each, by kind. Raises CorpusError.
    """
    blocks = blocks_of(files)
    left = [block for block in blocks if block not in digests]
    more = dict(pool.in_order(Block.digest, left)) if pool else {block: block.digest() for block in left}
    of_files: dict[InputFile, list[str]] = {}
    for block in blocks:
        of_files.setdefault(block.file, []).append(more[block] if block in more else digests[block])
    counts = skipped or [{}] * len(files)
    return tuple(_measured_file(file, of_files[file], bad) for file, bad in zip(files, counts, strict=True))


def _measured_file(file: InputFile, blocks: list[str], skipped: Counts) -> MeasuredFile:
    info = file_info(file, blocks, skipped)
    return MeasuredFile(
        **{name: getattr(info, name) for name in SourceInfo.__dataclass_fields__},
        parts=() if file.template else tuple(map(str, file.parts)),
        template=None if file.template is None else file.template.text,
        id_field=file.id_field,
        group_field=file.group_field,
        group_label=file.group_label,
    )


def corpus_digest(infos: Sequence[SourceInfo]) -> str:
    """One SHA-256 for a corpus: what its files hold and how they are read, not where they lie."""
    content = [[info.format, info.fields, info.document, info.digest] for info in infos]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def files_again(infos: Sequence[SourceInfo], id_field: str | None = None) -> list[InputFile]:
    """The files of an earlier measurement, opened in the same way; ``id_field`` where none was named then.

    Raises CorpusError where one is gone, SignatureMismatch where its content has changed.
    """
    files = [_again(info, id_field) for info in infos]
    for expected, found in zip(infos, source_infos(files), strict=True):
        if expected.digest != found.digest:
            raise SignatureMismatch(
                f"{expected.path} has changed since it was measured; measure again", expected.digest, found.digest
            )
    return files


def _again(info: SourceInfo, id_field: str | None) -> InputFile:
    layout = NO_LAYOUT
    if isinstance(info, MeasuredFile):
        layout = make_layout(info.parts, info.template, id_field or info.id_field, info.group_field, info.group_label)
    file = reopened(info.path, info.format, info.fields, info.document == "line", id_field, layout, info.origin)
    return replace(file, skip=bool(info.skipped))
