"""Tables of recipes in YAML: the package's own, the user's, and one that is named."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from overlap.corpus import Layout, make_layout
from overlap.corpus.finding import placed
from overlap.errors import BadArgument, SettingsError
from overlap.recipes.recipe import CONFIG, Recipe
from overlap.recipes.settings import check_keys, read_yaml, typed

__all__ = ["layout_of", "load_recipes", "user_recipes_path"]

_BUILT_IN = Path(__file__).parent / "benchmarks.yaml"
_LAYOUT_KEYS: dict[str, tuple[type, ...]] = {"parts": (dict,), "template": (str,), "id": (str,), "group": (str,)}
_KEYS: dict[str, tuple[type, ...]] = {
    "title": (str,),
    "source": (str,),
    "own_train": (str,),
    "configs": (list,),
    **_LAYOUT_KEYS,
    "gated": (bool,),
    "note": (str,),
    "verified": (str,),
}


def user_recipes_path() -> Path:
    """Where a user's own recipes are looked for: ``overlap/recipes.yaml`` in the folder of configurations (XDG)."""
    home = os.environ.get("XDG_CONFIG_HOME")
    return Path(home if home and os.path.isabs(home) else Path.home() / ".config") / "overlap" / "recipes.yaml"


def load_recipes(path: str | os.PathLike[str] | None = None) -> dict[str, Recipe]:
    """All recipes by name: the package's, then the user's, then those of ``path``; the last of a name holds.

    Raises SettingsError for a file that cannot be read, or says what no recipe can.
    """
    found = dict(_built_in())
    user = user_recipes_path()
    if user.is_file():
        found.update(_read(user))
    if path is not None:
        found.update(_read(Path(path)))
    return found


@lru_cache(maxsize=1)
def _built_in() -> dict[str, Recipe]:
    return _read(_BUILT_IN)


def _read(path: Path) -> dict[str, Recipe]:
    body = read_yaml(path)
    return {name: _recipe(name, typed(entry, (dict,), name, path), path) for name, entry in body.items()}


def _recipe(name: str, entry: dict[str, Any], path: Path) -> Recipe:
    if not name or not all(letter.isalnum() or letter in "-_." for letter in name):
        raise SettingsError(f"no name of a recipe: {name!r}; letters, digits, - _ and . make one", path)
    check_keys(entry, _KEYS, name, path)
    for key, value in entry.items():
        typed(value, _KEYS[key], f"{name}: {key}", path)
    if not entry.get("source"):
        raise SettingsError(f"{name}: a recipe needs a source", path)
    configs = tuple(typed(item, (str,), f"{name}: configs", path) for item in entry.get("configs", []))
    if bool(configs) != (CONFIG in entry["source"]):
        raise SettingsError(f"{name}: configs go with {CONFIG} in the source, and it with them", path)
    layout = layout_of(entry, name, path)
    if not layout.fields:
        raise SettingsError(f"{name}: a recipe needs parts, or a template", path)
    return Recipe(
        name=name,
        title=entry.get("title", ""),
        source=_placed(entry["source"], path),
        own_train=_placed(entry.get("own_train", ""), path),
        configs=configs,
        layout=layout,
        gated=entry.get("gated", False),
        note=entry.get("note", ""),
        verified=entry.get("verified", ""),
        origin="" if path == _BUILT_IN else str(path),
    )


def layout_of(entry: Mapping[str, Any], where: str, path: str | os.PathLike[str]) -> Layout:
    """The layout that ``parts``, ``template``, ``id`` and ``group`` of a mapping make. Raises SettingsError."""
    parts: dict[str, list[str]] = {}
    for name, fields in entry.get("parts", {}).items():
        place = f"{where}: parts: {name}"
        typed(name, (str,), place, path)
        listed = typed(fields, (str, list), place, path)
        parts[name] = [typed(field, (str,), place, path) for field in ([listed] if isinstance(listed, str) else listed)]
    try:
        return make_layout(parts, entry.get("template"), entry.get("id"), entry.get("group"))
    except BadArgument as error:
        raise SettingsError(f"{where}: no such examples: {error}", path) from error


def _placed(source: str, path: Path) -> str:
    """A source as it is, or relative to the file that names it."""
    return placed(source, path.parent) if source else ""
