"""Layouts: how the records of a test set become examples, with named parts, ids and groups.

A text is literals and fields by turns. Without a template the literals are single newlines between the fields; with
one they are what the template says. A part is a stretch of fields; of a template, each field is one. Where a part
stands in its text is kept in bytes, for ``overlap.hashing`` to count its units. Training texts have no parts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING

import numpy as np

from overlap.errors import BadArgument

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NO_LAYOUT", "Layout", "Part", "Template", "field_ranges", "make_layout", "parse_part", "part_edges"]

_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}


@dataclass(frozen=True)
class Part:
    """A named part of an example: these fields, joined by newlines."""

    name: str
    fields: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}={','.join(self.fields)}"


@dataclass(frozen=True)
class Template:
    """A text as ``literals[0]``, field 0, ``literals[1]``, field 1, ...: one literal more than there are fields."""

    text: str
    literals: tuple[str, ...]
    fields: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        r"""Read ``'{passage}\n{question}'``: names in braces, ``{{`` and ``}}`` for braces, ``\n`` for a newline.

        Raises ValueError.

        >>> Template.parse(r"Q: {question}\n").literals
        ('Q: ', '\n')
        """
        plain = re.sub(r"\\[nt\\]", lambda match: _ESCAPES[match[0]], text)
        literals, fields = [""], []
        try:
            for literal, field, spec, conversion in Formatter().parse(plain):
                literals[-1] += literal
                if field is None:
                    continue
                if not field.strip() or spec or conversion or re.search(r"[\[\]{}]", field):
                    raise BadArgument("a brace holds a field's name, as {question} or {a.b}, and nothing else")
                fields.append(field.strip())
                literals.append("")
        except ValueError as error:
            raise BadArgument(f"not a template: {text!r}: {error} ({{{{ and }}}} are plain braces)") from None
        if not fields:
            raise BadArgument(f"not a template: {text!r}: it names no field, as {{question}}")
        return cls(text, tuple(literals), tuple(fields))


@dataclass(frozen=True)
class Layout:
    """What a test set's records are: parts or a template (not both), an id, a group.

    ``parts``, ``template``: what the text is made of, nothing for the source's plain fields; ``id_field``: what
    identifies a record; ``group_field``: what it is counted with (a subject, a domain); ``group_label``: the group of
    all records of a source, where no field says it.
    """

    parts: tuple[Part, ...] = ()
    template: Template | None = None
    id_field: str | None = None
    group_field: str | None = None
    group_label: str | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that the text is made of, in order; none where the source says them."""
        if self.template:
            return self.template.fields
        return tuple(field for part in self.parts for field in part.fields)

    @property
    def named_parts(self) -> tuple[Part, ...]:
        """The parts; of a template, every field once."""
        if self.template:
            return tuple(Part(field, (field,)) for field in dict.fromkeys(self.template.fields))
        return self.parts


NO_LAYOUT = Layout()


def parse_part(text: str) -> Part:
    """Read ``NAME=FIELD[,FIELD...]``; a bare ``FIELD`` is named after itself. Raises ValueError.

    >>> parse_part("choices=A,B")
    Part(name='choices', fields=('A', 'B'))
    """
    name, separator, listed = text.partition("=")
    return _part(name, listed.split(",") if separator else [name], text)


def _part(name: str, fields: Sequence[str], shown: str) -> Part:
    name, fields = name.strip(), [field.strip() for field in fields]
    if not name or not all(fields) or not fields:
        raise BadArgument(f"not a part: {shown!r}; write NAME=FIELD[,FIELD...]")
    return Part(name, tuple(fields))


def make_layout(
    parts: Mapping[str, str | Sequence[str]] | Sequence[str | Part] = (),
    template: str | None = None,
    id_field: str | None = None,
    group: str | None = None,
    group_label: str | None = None,
) -> Layout:
    """A layout from what a user says. ``parts``: ``{"question": "question", "choices": ["A", "B"]}``, or the strings
    of ``--part``. Raises ValueError.
    """
    if isinstance(parts, str):
        raise BadArgument(f"parts are a mapping of names to fields, or a list of NAME=FIELD, not {parts!r}")
    if isinstance(parts, Mapping):
        named = [
            _part(name, [fields] if isinstance(fields, str) else list(fields), f"{name}={fields}")
            for name, fields in parts.items()
        ]
    else:
        named = [part if isinstance(part, Part) else parse_part(part) for part in parts]
    names = [part.name for part in named]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        shown = ", ".join(repeated)
        raise BadArgument(f"two parts have one name: {shown}; name all fields of a part at once: NAME=A,B")
    if named and template is not None:
        raise BadArgument("parts and a template cannot both be named: each field of a template is a part")
    for what, value in (("id field", id_field), ("group", group)):
        if value is not None and not value.strip():
            raise BadArgument(f"the {what} has no name")
    return Layout(tuple(named), None if template is None else Template.parse(template), id_field, group, group_label)


def field_ranges(parts: Sequence[Part], fields: Sequence[str], template: Template | None) -> list[tuple[int, int]]:
    """For each part, the first and last + 1 of its fields among all; a template's, where it first stands."""
    if template:
        return [(fields.index(part.name), fields.index(part.name) + 1) for part in parts]
    ranges, first = [], 0
    for part in parts:
        ranges.append((first, first + len(part.fields)))
        first += len(part.fields)
    return ranges


def part_edges(
    lengths: NDArray[np.int64], literals: Sequence[str], ranges: Sequence[tuple[int, int]]
) -> NDArray[np.int64]:
    """Where each part stands in its text: (first, last + 1) byte, shape (documents, parts, 2).

    ``lengths``: bytes of each field, shape (documents, fields); ``literals``: what stands before, between, after.
    """
    fixed = np.array([len(literal.encode("utf-8", "replace")) for literal in literals[:-1]], np.int64)
    stops = np.cumsum(lengths + fixed, axis=1)
    starts = stops - lengths
    edges = np.empty((lengths.shape[0], len(ranges), 2), np.int64)
    for number, (first, last) in enumerate(ranges):
        edges[:, number, 0] = starts[:, first]
        edges[:, number, 1] = stops[:, last - 1]
    return edges
