"""Sources that name a recipe -> sources with a path and a layout.

``gsm8k`` (where no file is called so), ``recipe:gsm8k``, and ``recipe:gsm8k@PATH``, which reads a local copy as the
recipe says; each also as ``NAME=...``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from overlap.corpus import NO_LAYOUT, Source, is_data_set, parse_source
from overlap.errors import BadArgument
from overlap.recipes.recipe import CONFIG, Recipe
from overlap.recipes.table import load_recipes

__all__ = ["expand", "named_recipe"]

_EXPLICIT = re.compile(r"(?:([^=/\\:*?]+)=)?recipe:([^@]+)(?:@(.+))?", re.DOTALL)
_BARE = re.compile(r"[\w.-]+")


def expand(sources: Any, recipes: str | PathLike[str] | None = None, *, own_train: bool = False) -> Any:
    """The sources, with recipes replaced by what they stand for; everything else as it is.

    ``own_train``: by the benchmarks' own training splits. Raises BadArgument for a recipe that is not there, or has no
    such split, SettingsError for a table of recipes that cannot be read.
    """
    if isinstance(sources, str):
        return _expanded(sources, recipes, own_train)
    if isinstance(sources, (PathLike, Source)) or is_data_set(sources):
        return sources
    if isinstance(sources, Mapping):
        return {name: expand(item, recipes, own_train=own_train) for name, item in sources.items()}
    return [expand(item, recipes, own_train=own_train) for item in sources]


def named_recipe(source: str, folder: str | PathLike[str] = "") -> tuple[str, str, str] | None:
    """Name, recipe and path of a source that says outright that it is a recipe: ``[NAME=]recipe:NAME[@PATH]``.

    Name and path are empty where they are not there. None for any other source, and for what is in the folder.
    """
    match = None if _is_there(str(Path(folder, source))) else _EXPLICIT.fullmatch(source)
    return None if match is None else ((match[1] or "").strip(), match[2].strip(), match[3] or "")


def _expanded(source: str, recipes: str | PathLike[str] | None, own_train: bool) -> str | list[Source]:
    said = named_recipe(source)
    if said is None:
        if _is_there(source) or not _BARE.fullmatch(source):
            return source
        recipe = load_recipes(recipes).get(source)  # a name that is none is a file that is not there
        return source if recipe is None else _sources(recipe, source, "", own_train)
    label, name, path = said
    found = load_recipes(recipes)
    if name not in found:
        raise BadArgument(f"no recipe is called {name!r}; overlap recipes lists them")
    return _sources(found[name], label or name, path, own_train)


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def _sources(recipe: Recipe, label: str, path: str, own_train: bool) -> list[Source]:
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
