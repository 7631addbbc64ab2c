"""The configuration of a run as it was resolved: ``config.yaml`` in its result, from which it can be run again.

Paths in it are absolute; what opens an address (passwords, signatures, tokens) is left out.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from overlap.cli.configuring import SOURCE_OPTIONS, STATE, placed_source, placed_unit

if TYPE_CHECKING:
    from overlap.corpus import Source

__all__ = ["resolved_configuration"]

_NOT_STORED = ("config", "verbose", "output", "force", "progress")


def resolved_configuration(n: int) -> str:
    """What the command was run with, as YAML; empty for a command that cannot be run from a file.

    ``n`` is what it came to where nothing was said.
    """
    state = click.get_current_context().meta.get(STATE)
    if state is None:
        return ""
    import yaml

    command, options = state
    stored = {"command": command}
    for name, value in {**options, "n": n}.items():
        value = _stored(name, value, options.get("recipes"))
        if name not in _NOT_STORED and value not in (None, []):
            stored[name] = value
    text: str = yaml.safe_dump(stored, sort_keys=False, allow_unicode=True, width=120)
    return text


def _stored(name: str, value: Any, recipes: str | None) -> Any:
    """The value of an option as it means the same from anywhere."""
    from overlap.corpus.addresses import shown_source

    if name in SOURCE_OPTIONS:
        return [_stored_source(item, recipes) for item in value]
    if value is None:
        return None
    if name in ("recipes", "index_dir"):
        return os.path.abspath(value)
    if name == "unit":
        return placed_unit(value, Path.cwd())
    if name == "executor":
        return shown_source(value)
    return list(value) if isinstance(value, tuple) else value


def _stored_source(item: str | Source, recipes: str | None) -> Any:
    """A source as it can be read again from anywhere, without the secrets of an address."""
    from overlap.corpus.addresses import shown, shown_source

    source = placed_source(item, recipes, Path.cwd()) if isinstance(item, str) else item
    if isinstance(source, str):
        return shown_source(source)
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
