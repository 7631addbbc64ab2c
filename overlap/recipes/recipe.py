"""A recipe: where a benchmark lies, and what its records are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from overlap.corpus import NO_LAYOUT, Layout

__all__ = ["CONFIG", "Recipe"]

CONFIG = "{config}"  # stands in a source for each of the configs


@dataclass(frozen=True)
class Recipe:
    """A benchmark by name.

    ``source`` and ``own_train`` (its own training split, empty where it has none) are paths or addresses, with
    ``{config}`` in them for each of ``configs``, which then are the groups. ``layout``: parts or template, id, group.
    ``gated``: it can be had only by who has accepted its terms; ``note``: what is peculiar; ``verified``: where its
    fields were looked up, empty where they were not; ``origin``: the file that the recipe stands in.
    """

    name: str
    title: str
    source: str
    own_train: str = ""
    configs: tuple[str, ...] = ()
    layout: Layout = field(default=NO_LAYOUT)
    gated: bool = False
    note: str = ""
    verified: str = ""
    origin: str = ""

    @property
    def group(self) -> str:
        """What the groups are, as a user says it: a field, or the configs."""
        return self.layout.group_field or ("config" if self.configs else "")

    def to_json(self) -> dict[str, Any]:
        """The recipe as JSON values, with the keys of the YAML file."""
        template = self.layout.template
        return {
            "name": self.name,
            "title": self.title,
            "source": self.source,
            "own_train": self.own_train,
            "configs": list(self.configs),
            "parts": {part.name: list(part.fields) for part in self.layout.parts},
            "template": template.text if template else "",
            "id": self.layout.id_field or "",
            "group": self.group,
            "gated": self.gated,
            "note": self.note,
            "verified": self.verified,
            "origin": self.origin,
        }
