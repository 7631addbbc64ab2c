"""What ``overlap recipes`` shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from overlap.report.rendering import to_markdown
from overlap.report.tables import Table

__all__ = ["recipe_tables", "render_recipes"]

_NOTES = (
    "gated: its terms must be accepted on the hub first; verified: where its fields were looked up (–: nowhere)",
    "overlap check --train ... --test NAME measures it; recipe:NAME@PATH reads a local copy in the same way",
)


def recipe_tables(recipes: Sequence[Mapping[str, Any]], *, one: bool) -> list[Table]:
    """All recipes in a table, or one of them line by line."""
    if one:
        (recipe,) = recipes
        rows = tuple((key.replace("_", " "), _shown(value)) for key, value in recipe.items())
        return [Table(f"Recipe {recipe['name']}", ("Key", "Value"), rows, (), labels=2)]
    header = ("Name", "What", "Parts", "Groups", "Gated", "Verified")
    lines = [
        (
            str(recipe["name"]),
            recipe["title"],
            ", ".join(recipe["parts"]) or "template",
            recipe["group"] or "–",
            "gated" if recipe["gated"] else "–",
            "yes" if recipe["verified"] else "–",
        )
        for recipe in recipes
    ]
    return [Table("Recipes", header, tuple(lines), _NOTES, labels=len(header))]


def render_recipes(recipes: Sequence[Mapping[str, Any]], format: str, *, one: bool) -> str:
    """The recipes as ``md`` or ``json``."""
    if format == "json":
        body = recipes[0] if one else {"recipes": list(recipes)}
        return json.dumps(body, indent=1, ensure_ascii=False) + "\n"
    return to_markdown(recipe_tables(recipes, one=one))


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name}={', '.join(fields)}" for name, fields in value.items()) or "–"
    if isinstance(value, (list, tuple)):
        return ", ".join(value) or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value else "–"
