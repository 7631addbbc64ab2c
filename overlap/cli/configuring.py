"""A run described in a file: ``--config``. What stands on the command line replaces what the file says.

The keys are the names of the command's options, as in Python. Relative paths start from the file's folder. What was
resolved is stored with the result: see ``overlap.cli.resolved``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from overlap.corpus import Source

__all__ = ["SOURCE_OPTIONS", "STATE", "configurable", "placed_source", "placed_unit"]

F = TypeVar("F", bound=Callable[..., Any])
STATE = "overlap.configuration"
SOURCE_OPTIONS = ("train", "own_train", "test")
_NOT_IN_A_FILE = ("config", "verbose")
_RECIPE = "recipe:"
_OF_A_TEST_SET = ("parts", "template", "id", "group")
_SOURCE_KEYS = {
    "name": (str,),
    "source": (str,),
    "fields": (str, list),
    "parts": (dict,),
    "template": (str,),
    "id": (str,),
    "group": (str,),
}


def configurable(function: F) -> F:
    """Give a command the option ``--config``; ``--test`` must then stand in the file or on the command line."""

    @wraps(function)
    def run(config: str | None, **options: Any) -> Any:
        context = click.get_current_context()
        if config is not None:
            options = {**options, **_from_file(config, context, options)}
        parameters = {str(item.name): item for item in context.command.params}
        if not options["test"]:
            raise click.MissingParameter(ctx=context, param=parameters["test"])
        context.meta[STATE] = (context.command.name, {name: options[name] for name in parameters if name in options})
        return function(**options)

    option = click.option(
        "--config", type=click.Path(), metavar="FILE", help="Take what is not named here from this YAML file."
    )
    return option(run)  # type: ignore[return-value]


def _from_file(config: str, context: click.Context, options: dict[str, Any]) -> dict[str, Any]:
    """What the file says of the options that the command line does not name. Raises SettingsError."""
    from overlap.errors import SettingsError
    from overlap.recipes.settings import check_keys, read_yaml

    body = read_yaml(config)
    command = context.command.name
    if body.pop("command", command) != command:
        raise SettingsError(f"command: this file is of another command than {command}", config)
    parameters = {str(item.name): item for item in context.command.params if isinstance(item, click.Option)}
    known = {name: item for name, item in parameters.items() if name not in _NOT_IN_A_FILE}
    check_keys(body, known, "", config)
    found: dict[str, Any] = {}
    folder = Path(config).resolve().parent
    if body.get("recipes") is not None and _is_default(context, "recipes"):
        found["recipes"] = _value(known["recipes"], body["recipes"], context, config, folder)
    table = found.get("recipes", options.get("recipes"))
    for name, value in body.items():
        if value is None or name == "recipes" or not _is_default(context, name):
            continue
        if name in SOURCE_OPTIONS:
            found[name] = tuple(_source(item, name, table, config, folder) for item in _listed(value))
        elif name == "parts":
            found[name] = tuple(_parts(value, config))
        else:
            found[name] = _value(known[name], value, context, config, folder)
    return found


def _is_default(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) in (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP, None)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _parts(value: Any, config: str) -> list[str]:
    from overlap.recipes.settings import typed
    from overlap.recipes.table import layout_of

    if isinstance(value, dict):
        return [str(part) for part in layout_of({"parts": value}, "parts", config).parts]
    return [typed(item, (str,), "parts", config) for item in _listed(value)]


def _value(parameter: click.Option, value: Any, context: click.Context, config: str, folder: Path) -> Any:
    """A value of the file as its option takes it. Raises SettingsError."""
    from overlap.errors import SettingsError
    from overlap.recipes.settings import typed

    name = str(parameter.name)
    if parameter.multiple:
        return tuple(typed(item, (str,), name, config) for item in _listed(value))
    if parameter.is_flag:
        return typed(value, (bool,), name, config)
    if isinstance(parameter.type, (click.types.IntParamType, click.IntRange)):
        typed(value, (int,), name, config)
    elif isinstance(parameter.type, (click.types.FloatParamType, click.FloatRange)):
        typed(value, (float,) if not isinstance(value, str) else (str,), name, config)  # YAML takes 1e-8 for text
    else:
        typed(value, (str,) if name != "memory" else (str, int), name, config)
    try:
        converted = parameter.type.convert(value, parameter, context)
    except click.BadParameter as error:
        raise SettingsError(f"{name}: was expected otherwise: {error.message}", config) from error
    if isinstance(parameter.type, click.Path):
        return str(folder / converted)
    return placed_unit(str(converted), folder) if name == "unit" else converted


def _source(item: Any, key: str, recipes: str | None, config: str, folder: Path) -> str | Source:
    """An entry of ``train``, ``own_train`` or ``test``: a source, or a mapping with what it is made of."""
    from overlap.corpus.addresses import shown_source
    from overlap.errors import BadArgument, SettingsError
    from overlap.recipes.settings import check_keys, typed

    where = f"{key}: {shown_source(str(item.get('name', item.get('source', ''))))}" if isinstance(item, dict) else key
    try:
        if not isinstance(item, dict):
            return placed_source(typed(item, (str,), key, config), recipes, folder)
        check_keys(item, _SOURCE_KEYS, where, config)
        for name, value in item.items():
            typed(value, _SOURCE_KEYS[name], f"{where}: {name}", config)
        if key != "test" and any(name in item for name in _OF_A_TEST_SET):
            raise SettingsError(f"{where}: training sets have no {', '.join(_OF_A_TEST_SET)}", config)
        if not item.get("source"):
            raise SettingsError(f"{where}: a source is needed", config)
        placed = placed_source(item["source"], recipes, folder)
        if isinstance(placed, str):
            if set(item) - {"name", "source"}:
                raise SettingsError(f"{where}: a recipe says itself what its examples are made of", config)
            return _renamed(placed, item, where, config)
        return _described(placed, item, where, config)
    except BadArgument as error:
        raise SettingsError(f"{where}: no such source: {error}", config) from error


def _renamed(recipe: str, item: dict[str, Any], where: str, config: str) -> str:
    """A recipe under the name that the mapping gives it."""
    from overlap.errors import SettingsError
    from overlap.recipes import named_recipe

    if "name" not in item:
        return recipe
    renamed = f"{item['name']}={recipe[recipe.index(_RECIPE) :]}"
    if named_recipe(renamed) is None:
        raise SettingsError(f"{where}: no name of a test set; it has none of = / \\ : * ?", config)
    return renamed


def _described(source: Source, item: dict[str, Any], where: str, config: str) -> Source:
    from dataclasses import replace

    from overlap.errors import SettingsError
    from overlap.recipes.settings import typed
    from overlap.recipes.table import layout_of

    fields = item.get("fields", list(source.fields))
    fields = tuple(typed(name, (str,), f"{where}: fields", config) for name in _listed(fields))
    layout = layout_of(item, where, config)
    if fields and layout.fields:
        raise SettingsError(f"{where}: fields go without parts or a template", config)
    return replace(source, name=item.get("name", source.name), fields=fields, layout=layout)


def placed_source(text: str, recipes: str | None, folder: Path) -> str | Source:
    """A source with its path from the folder; a recipe stays a name."""
    from dataclasses import replace

    from overlap.corpus import parse_source
    from overlap.corpus.finding import placed
    from overlap.recipes import load_recipes, named_recipe

    if said := named_recipe(text, folder):
        name, recipe, path = said
        return _recipe_as(name, recipe + (f"@{placed(path, folder)}" if path else ""))
    if "/" not in text and not (folder / text).exists() and text in load_recipes(recipes):
        return _recipe_as("", text)
    source = parse_source(text, folder)
    return replace(source, path=placed(source.path, folder))


def _recipe_as(name: str, recipe: str) -> str:
    return f"{name}={_RECIPE}{recipe}" if name else f"{_RECIPE}{recipe}"


def placed_unit(unit: str, folder: Path) -> str:
    """``tokens:FILE`` with its path from the folder, where the file is there; any other unit as it is."""
    prefix, colon, path = unit.partition(":")
    return f"{prefix}:{folder / path}" if colon and (folder / path).exists() else unit
