"""Test sets: the files of each, and their examples hashed, with parts, ids and groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.corpus import (
    NO_LAYOUT,
    Documents,
    InputFile,
    Layout,
    Shard,
    Source,
    Sources,
    group_sources,
    read_file,
    refuse_all_bad,
    resolve,
)
from overlap.errors import BadArgument, BadRecord, CorpusError
from overlap.hashing import HashedSet, NgramHasher, UnitHasher, word_starts
from overlap.recipes import expand
from overlap.segmenting import Segmenter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Parts", "group_tests", "hash_test_set", "read_test_sets", "refuse_empty"]

Parts = Mapping[str, str | Sequence[str]] | Sequence[str]


def group_tests(test: Sources, recipes: str | PathLike[str] | None = None) -> dict[str, list[Source]]:
    """The sources of each test set, by name; a name of a recipe is what it stands for. Raises BadArgument."""
    groups = group_sources(expand(test, recipes))
    if not groups:
        raise BadArgument("no test set was named")
    return groups


def read_test_sets(
    test: Sources,
    *,
    text_field: str,
    by_line: bool,
    input_format: str | None,
    layout: Layout = NO_LAYOUT,
    on_bad_record: str = "stop",
    recipes: str | PathLike[str] | None = None,
) -> dict[str, list[InputFile]]:
    """The files of each test set, by name. Raises ValueError where a layout is asked for that no test set can have."""
    groups = group_tests(test, recipes)
    reading: dict[str, Any] = {"text_field": text_field, "by_line": by_line, "input_format": input_format}
    reading["on_bad_record"] = on_bad_record
    sets = {name: resolve(sources, layout=layout, **reading) for name, sources in groups.items()}
    _refuse_idle(layout, [file for group in sets.values() for file in group])
    for name, group in sets.items():
        part_names = {tuple(part.name for part in file.parts) for file in group}
        if len(part_names) > 1:
            raise BadArgument(f"the sources of test set {name} have different parts; give each its own name")
    return sets


def _refuse_idle(layout: Layout, files: Sequence[InputFile]) -> None:
    """Raise BadArgument for what was asked of the test sets and none of them took, having its own or being text."""
    said = (layout.named_parts, layout.template)
    if layout.fields and not any((file.parts, file.template) == said for file in files):
        raise BadArgument(
            "no test set takes parts or a template: all name fields of their own, are recipes, or are plain text"
        )
    records = [file for file in files if file.format != "text"]
    if (layout.id_field or layout.group_field) and not records:
        raise BadArgument("no test set has ids or groups: all are plain text")
    if layout.id_field and not any(file.id_field == layout.id_field for file in records):
        raise BadArgument(f"no test set takes the id field {layout.id_field!r}: recipes name their own")
    if layout.group_field and not any(file.group_field == layout.group_field for file in records):
        raise BadArgument(f"no test set takes the group field {layout.group_field!r}: recipes name their own")


def refuse_empty(tested: HashedSet, name: str, files: Sequence[InputFile], n: int, segmenter: Segmenter) -> None:
    """Raise CorpusError for a test set without any n-gram: 0 % of nothing is no answer."""
    if not tested.hashes.size:
        raise CorpusError(
            f"no {n}-gram in test set {name}: {tested.units.size:,} examples, none with {n} {segmenter.noun} "
            "(a wrong field, or a wrong format?)",
            files[0].label,
        )


def hash_test_set(files: Sequence[InputFile], n: int, segmenter: Segmenter, *, keep_texts: bool = False) -> HashedSet:
    """Read and hash all examples of a test set; ``keep_texts`` keeps their texts in memory too.

    Raises CorpusError and its kin, BadRecord for an id that two examples have.
    """
    examples = _Examples()
    hasher, units = NgramHasher(n, segmenter), UnitHasher(segmenter)
    for number, file in enumerate(files):
        shard = Shard(file, 0, file.size)
        bad: Counter[str] = Counter()
        before = len(examples.sources)
        for documents in read_file(file):
            bad.update(documents.skipped)
            out = np.empty(hasher.read(documents, shard), np.uint64)
            _, counts = hasher.write(out, 0)
            examples.add(number, file, documents, counts, out)
            if (starts := word_starts(segmenter, documents)) is not None:
                examples.word_starts.append(starts)
            if documents.part_edges is not None:
                examples.add_parts(*units.parts(documents))
            if keep_texts:
                examples.batches.append(documents)
        refuse_all_bad(file, sum(part.size for part in examples.sources[before:]), bad)
        examples.skipped.append(bad)
    found = examples.joined(tuple(part.name for part in files[0].parts))
    _refuse_repeated_ids(found, files)
    return found


class _Examples:
    """The examples of a test set, batch by batch."""

    def __init__(self) -> None:
        self.sources: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
        self.rows, self.units = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        self.hashes = [np.empty(0, np.uint64)]
        self.ids: list[str] = []
        self.groups: list[str] = []
        self.starts: list[NDArray[np.int64]] = []
        self.part_units: list[NDArray[np.int64]] = []
        self.batches: list[Documents] = []
        self.skipped: list[Counter[str]] = []
        self.word_starts: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []

    def add(
        self,
        number: int,
        file: InputFile,
        documents: Documents,
        units: NDArray[np.int64],
        hashes: NDArray[np.uint64],
    ) -> None:
        self.hashes.append(hashes)
        self.units.append(units)
        self.rows.append(documents.row_numbers())
        self.sources.append(np.full(len(documents), number, np.int32))
        self.ids += _ids(documents, file)
        self.groups += documents.groups if documents.groups is not None else [file.group_label or ""] * len(documents)

    def add_parts(self, starts: NDArray[np.int64], units: NDArray[np.int64]) -> None:
        self.starts.append(starts)
        self.part_units.append(units)

    def joined(self, parts: tuple[str, ...]) -> HashedSet:
        found = HashedSet(
            sources=np.concatenate(self.sources),
            rows=np.concatenate(self.rows),
            units=np.concatenate(self.units),
            hashes=np.concatenate(self.hashes),
            ids=self.ids if any(self.ids) else None,
            batches=self.batches,
            groups=self.groups if any(self.groups) else None,
            word_starts=self._joined_starts(),
            skipped=self.skipped,
        )
        if not parts:
            return found
        none = [np.empty((0, len(parts)), np.int64)]
        starts, units = (np.concatenate(none + rows) for rows in (self.starts, self.part_units))
        return replace(found, parts=parts, part_starts=starts, part_units=units)

    def _joined_starts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        if not self.word_starts:
            return None
        counts, starts = zip(*self.word_starts, strict=True)
        return np.concatenate(counts), np.concatenate(starts)


def _ids(documents: Documents, file: InputFile) -> Sequence[str]:
    """What the id field says; where a whole source is one group, its ids need be unique in the group only."""
    if documents.ids is None:
        return [""] * len(documents)
    return [f"{file.group_label}/{name}" for name in documents.ids] if file.group_label else documents.ids


def _refuse_repeated_ids(found: HashedSet, files: Sequence[InputFile]) -> None:
    if found.ids is None or len(set(found.ids)) == len(found.ids):
        return
    seen: dict[str, int] = {}
    for example, name in enumerate(found.ids):
        if name and name in seen:
            first = seen[name]
            where = f"{files[int(found.sources[first])].label}, record {int(found.rows[first]) + 1}"
            raise BadRecord(
                f"its id {name!r} is also that of {where}: ids must be unique in a test set",
                files[int(found.sources[example])].label,
                int(found.rows[example]) + 1,
            )
        seen[name] = example
