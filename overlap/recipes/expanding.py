"""Sources that name a recipe -> sources with a path and a layout.

``gsm8k`` (where no file is called so), ``recipe:gsm8k``, and ``recipe:gsm8k@PATH``, which reads a local copy as the
recipe says; each also as ``NAME=...``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from os import PathLike
from pathlib import Path

from overlap.corpus import NO_LAYOUT, Source, parse_source
from overlap.errors import BadArgument
from overlap.recipes.recipe import CONFIG, Recipe
from overlap.recipes.table import load_recipes

__all__ = ["expand"]

_EXPLICIT = re.compile(r"(?:([^=/\\:*?]+)=)?recipe:([^@]+)(?:@(.+))?", re.DOTALL)
_BARE = re.compile(r"[\w.-]+")


def expand(
    sources: Iterable[str | Source], recipes: str | PathLike[str] | None = None, *, own_train: bool = False
) -> list[str | Source]:
    """The sources, with recipes replaced by what they stand for; everything else as it is.

    ``own_train``: by the benchmarks' own training splits. Raises BadArgument for a recipe that is not there, or has no
    such split, SettingsError for a table of recipes that cannot be read.
    """
    table: dict[str, Recipe] | None = None
    found: list[str | Source] = []
    for item in sources:
        named = _named(item)
        if named is None:
            found.append(item)
            continue
        if table is None:
            table = load_recipes(recipes)
        label, name, path, is_bare = named
        if name not in table:
            if is_bare:  # a file that is not there: the readers say so
                found.append(item)
                continue
            raise BadArgument(f"no recipe is called {name!r}; overlap recipes lists them")
        found += _sources(table[name], label or name, path, own_train)
    return found


def _named(item: str | Source) -> tuple[str, str, str, bool] | None:
    """(name for the tables, recipe, local path, whether it may be a file too), or None for any other source."""
    if not isinstance(item, str) or _is_there(item):
        return None
    if match := _EXPLICIT.fullmatch(item):
        return (match[1] or "").strip(), match[2].strip(), match[3] or "", False
    return ("", item, "", True) if _BARE.fullmatch(item) else None


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def _sources(recipe: Recipe, label: str, path: str, own_train: bool) -> list[str | Source]:
    place = path or (recipe.own_train if own_train else recipe.source)
    if not place:
        raise BadArgument(f"recipe {recipe.name} has no training split of its own")
    layout = recipe.layout
    if path:
        parse_source(path)  # refuses what is no path
    fields = layout.fields if own_train else ()  # a training text has no parts
    source = Source(label, place, fields, NO_LAYOUT if own_train else layout)
    if CONFIG not in place or not recipe.configs:
        return [source]
    return [
        replace(
            source,
            path=place.replace(CONFIG, config),
            layout=source.layout if own_train or layout.group_field else replace(layout, group_label=config),
        )
        for config in recipe.configs
    ]
