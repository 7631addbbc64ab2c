"""A run described in a file: ``--config``. What stands on the command line replaces what the file says.

The keys are the names of the command's options, as in Python. Relative paths start from the file's folder. What was
resolved is stored with the result, so that it can be run again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from overlap.corpus import Source

__all__ = ["configurable", "store_configuration"]

F = TypeVar("F", bound=Callable[..., Any])
FILE_NAME = "config.yaml"
_STATE = "overlap.configuration"
_SOURCES = ("train", "own_train", "test")
_NOT_IN_A_FILE = ("config", "verbose")
_NOT_STORED = ("config", "verbose", "output", "force", "progress")
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
        context.meta[_STATE] = (context.command.name, {name: options[name] for name in parameters if name in options})
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
        if name in _SOURCES:
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
        typed(value, (float, int, str), name, config)  # YAML takes 1e-8 for text
    else:
        typed(value, (str,) if name != "memory" else (str, int), name, config)
    try:
        converted = parameter.type.convert(value, parameter, context)
    except click.BadParameter as error:
        raise SettingsError(f"{name}: was expected otherwise: {error.message}", config) from error
    if isinstance(parameter.type, click.Path):
        return str(folder / converted)
    prefix, colon, path = str(converted).partition(":")
    if name == "unit" and colon and (folder / path).exists():
        return f"{prefix}:{folder / path}"
    return converted


def _source(item: Any, key: str, recipes: str | None, config: str, folder: Path) -> str | Source:
    """An entry of ``train``, ``own_train`` or ``test``: a source, or a mapping with what it is made of."""
    from overlap.errors import BadArgument, SettingsError
    from overlap.recipes.settings import check_keys, typed

    where = f"{key}: {item.get('name', item.get('source', ''))}" if isinstance(item, dict) else key
    try:
        if not isinstance(item, dict):
            return _placed(typed(item, (str,), key, config), recipes, folder)
        check_keys(item, _SOURCE_KEYS, where, config)
        for name, value in item.items():
            typed(value, _SOURCE_KEYS[name], f"{where}: {name}", config)
        if not item.get("source"):
            raise SettingsError(f"{where}: a source is needed", config)
        placed = _placed(item["source"], recipes, folder)
        if isinstance(placed, str):
            if set(item) - {"name", "source"}:
                raise SettingsError(f"{where}: a recipe says itself what its examples are made of", config)
            return f"{item['name']}={placed.rpartition('=')[2]}" if "name" in item else placed
        return _described(placed, item, where, config)
    except BadArgument as error:
        raise SettingsError(f"{where}: no such source: {error}", config) from error


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


def _placed(text: str, recipes: str | None, folder: Path) -> str | Source:
    """A source with its path from the file's folder; a recipe stays a name."""
    from dataclasses import replace

    from overlap.corpus import parse_source
    from overlap.recipes import is_recipe, load_recipes

    if is_recipe(text):
        name, at, path = text.partition("@")
        return f"{name}@{_absolute(path, folder)}" if at else text
    if "/" not in text and not (folder / text).exists() and text in load_recipes(recipes):
        return f"recipe:{text}"
    source = parse_source(text)
    return replace(source, path=_absolute(source.path, folder))


def _absolute(path: str, folder: Path) -> str:
    """A local path from a folder on; addresses, and standard input, stay as they are."""
    if path == "-" or ":" in path.partition("/")[0]:
        return path
    return os.path.normpath(folder / path)


def store_configuration(result: str, n: int) -> None:
    """Write what the command was run with into the folder of its result, if it is one that can be run from a file.

    ``n`` is what it came to where nothing was said.
    """
    state = click.get_current_context().meta.get(_STATE)
    if state is None:
        return
    import yaml

    from overlap.errors import OutputError

    command, options = state
    options = {**options, "n": n}
    stored = {"command": command}
    for name, value in options.items():
        if name in _SOURCES:
            value = [_stored_source(item, options.get("recipes")) for item in value]
        elif name in ("recipes", "index_dir") and value is not None:
            value = os.path.abspath(value)
        elif isinstance(value, tuple):
            value = list(value)
        if name not in _NOT_STORED and value not in (None, []):
            stored[name] = value
    target = Path(result) / FILE_NAME
    try:
        target.write_text(yaml.safe_dump(stored, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", target) from error


def _stored_source(item: str | Source, recipes: str | None) -> Any:
    """A source as it can be read again from anywhere, without the secrets of an address."""
    from overlap.corpus.addresses import shown

    source = _placed(item, recipes, Path.cwd()) if isinstance(item, str) else item
    if isinstance(source, str):
        return source
    layout = source.layout
    said = {
        "name": source.name,
        "source": shown(source.path),
        "fields": list(source.fields),
        "parts": {part.name: list(part.fields) for part in layout.parts},
        "template": layout.template.text if layout.template else None,
        "id": layout.id_field,
        "group": layout.group_field,
    }
    return {name: value for name, value in said.items() if value}
