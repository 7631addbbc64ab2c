"""From sources to the files that they stand for, each with how it is read.

Names, sizes and versions only; ``overlap.corpus.readers`` opens the files.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace

from overlap.corpus.addresses import address_name, is_hub, is_remote, parse_hub, shown
from overlap.corpus.finding import Found, find, find_again
from overlap.corpus.layout import NO_LAYOUT, Layout
from overlap.corpus.objects import named_splits, size_of
from overlap.corpus.sources import COMPRESSIONS, EXTENSIONS, FORMATS, ON_BAD_RECORD, InputFile, Source, readable
from overlap.errors import BadArgument, CorpusError, UnsupportedFormat

__all__ = ["document_kind", "hub_splits", "reopened", "resolve"]


def resolve(
    sources: Sequence[Source],
    *,
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    id_field: str | None = None,
    on_bad_record: str = "stop",
    layout: Layout = NO_LAYOUT,
) -> list[InputFile]:
    """All files that the sources stand for, directories and globs in sorted order.

    Raises CorpusError where nothing is found, UnsupportedFormat for a format that has no reader or
    fields asked of plain text, ValueError for an unknown ``input_format``. ``id_field`` names the field that
    identifies a record; plain text has none. ``on_bad_record``: ``stop``, or ``skip`` to count them and go on.
    ``layout`` holds for what a source of a test set does not say itself.
    """
    if on_bad_record not in ON_BAD_RECORD:
        raise BadArgument(f"on_bad_record must be one of {', '.join(ON_BAD_RECORD)}, not {on_bad_record!r}")
    if input_format is not None and input_format not in FORMATS:
        raise BadArgument(f"input_format must be one of {', '.join(FORMATS)}, not {input_format!r}")
    found: list[InputFile] = []
    for source in sources:
        if source.data is not None or is_hub(source.path):
            files = _data_sets(source, text_field)
        else:
            files = [_input_file(source, item, text_field, by_line, input_format) for item in find(source.path)]
        files = [replace(file, skip=on_bad_record == "skip") for file in files]
        found += [_laid_out(replace(file, id_field=id_field), source, layout) for file in files]
    return found


def _laid_out(file: InputFile, source: Source, layout: Layout) -> InputFile:
    """The file with the layout that its source has of its own, and the general one for what that does not say."""
    own = source.layout
    label = own.group_label or layout.group_label
    if file.format == "text":  # it has no fields, and so none of these
        return replace(file, id_field=None, group_label=label)
    if not source.fields:
        text = own if own.fields else layout
        if text.fields:
            file = replace(file, fields=text.fields, parts=text.named_parts, template=text.template)
    group = own.group_field or (None if own.group_label else layout.group_field)
    return replace(
        file,
        id_field=own.id_field or layout.id_field or file.id_field,
        group_field=group,
        group_label=None if group else label,
    )


def reopened(
    path: str,
    kind: str,
    fields: Sequence[str],
    by_line: bool,
    id_field: str | None,
    layout: Layout = NO_LAYOUT,
    origin: str = "",
) -> InputFile:
    """A file that was resolved before, to be read in the same way. Raises CorpusError where it is gone."""
    source = Source("", path, () if layout.fields else tuple(fields), layout)
    if kind == "dataset":
        place = origin.partition(" ")[0]
        if not is_hub(place):
            raise CorpusError("a data set in memory cannot be read again: save it, and measure from the file", path)
        (file,) = _data_sets(replace(source, path=place), "")
        file = replace(file, path=path, label=path)
    else:
        file = _input_file(source, find_again(path), "", by_line, kind)
    return _laid_out(replace(file, id_field=id_field), source, NO_LAYOUT)


def _input_file(source: Source, found: Found, text_field: str, by_line: bool, input_format: str | None) -> InputFile:
    kind, compression = _format(found)
    kind = input_format or kind
    label = readable(shown(found.path) if found.label is None else found.label)
    if kind == "text" and source.fields:
        raise UnsupportedFormat(
            f"plain text has no fields (asked: {', '.join(source.fields)}); leave them out, "
            "or name its format with --input-format",
            label,
        )
    fields = () if kind == "text" else (source.fields or (text_field,))
    path = found.path if is_remote(found.path) else os.path.abspath(found.path)  # workers may stand elsewhere
    return InputFile(
        path,
        label,
        kind,
        compression,
        fields,
        by_line and kind == "text",
        found.size,
        version=found.version,
        guessed=kind == "text" and input_format is None,
    )


def _data_sets(source: Source, text_field: str) -> list[InputFile]:
    """The splits of a data set of the ``datasets`` library, or of the hub. Raises CorpusError."""
    if source.data is None:
        from overlap.corpus.hub import load

        found = load(source.path)
    else:
        found = named_splits(source.data)
    if not found:
        raise CorpusError("a data set without splits", source.path or "dataset:unnamed")
    return [
        InputFile(
            path=split.label,
            label=split.label,
            format="dataset",
            compression="",
            fields=source.fields or (text_field,),
            by_line=False,
            size=size_of(split.data),
            version=split.version,
            data=split.data,
            origin=split.origin,
        )
        for split in found
    ]


def hub_splits(path: str) -> dict[str, list[str]]:
    """The splits of a hub data set by name, each with its own address. Raises CorpusError, ValueError."""
    from overlap.corpus.hub import load

    return {parse_hub(split.label).split: [split.label] for split in load(path)}


def _format(found: Found) -> tuple[str, str]:
    """(format, compression) by the file's name."""
    name = (address_name(found.path) if is_remote(found.path) else found.label or found.path).lower()
    compression = next((kind for suffix, kind in COMPRESSIONS.items() if name.endswith(suffix)), "")
    if compression:
        name = name.rpartition(".")[0]
    return next((kind for suffix, kind in EXTENSIONS.items() if name.endswith(suffix)), "text"), compression


def document_kind(files: Iterable[InputFile]) -> str:
    """What one document is in all these files: ``record``, ``line``, ``file``, or ``mixed``."""
    kinds = {file.document for file in files}
    return kinds.pop() if len(kinds) == 1 else "mixed"
