"""YAML files that people write: read with care, every mistake named with its file and key."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from overlap.errors import SettingsError

__all__ = ["check_keys", "read_yaml", "typed"]

_LARGEST = 1 << 20  # bytes of a file that a person wrote
_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a mapping",
    type(None): "nothing",
}


def read_yaml(path: str | PathLike[str]) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty one. Raises SettingsError."""
    import yaml

    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror or error}", path) from error
    except ValueError as error:
        raise SettingsError(f"cannot be read: {error}", path) from error
    if len(raw) > _LARGEST:
        raise SettingsError(f"{len(raw):,} bytes are no settings", path)
    try:
        body = yaml.load(raw.decode("utf-8"), _loader())
    except UnicodeDecodeError as error:
        raise SettingsError(f"not valid UTF-8 (byte {error.start:,})", path) from error
    except yaml.YAMLError as error:
        raise SettingsError(f"not valid YAML: {_place(error)}", path) from error
    except (RecursionError, ValueError) as error:
        raise SettingsError(f"not valid YAML: {error}", path) from error
    if body is None:
        return {}
    if not isinstance(body, dict) or not all(isinstance(key, str) for key in body):
        raise SettingsError(f"a mapping of names was expected, not {_kind(body)}", path)
    return body


def _loader() -> Any:
    """PyYAML's safe loader, but that a key which stands twice is an error."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            seen: set[str] = set()
            for key, _ in node.value:
                if not isinstance(key.value, str):
                    continue  # a list or a mapping: PyYAML refuses it
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands twice", key.start_mark)
                seen.add(key.value)
            found: dict[Any, Any] = super().construct_mapping(node, deep)
            return found

    return Loader


def _place(error: Any) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = " ".join(str(getattr(error, "problem", None) or error).split())
    return f"{problem} (line {mark.line + 1}, column {mark.column + 1})" if mark else problem


def check_keys(body: Mapping[str, Any], known: Mapping[str, Any], where: str, path: str | PathLike[str]) -> None:
    """Raise SettingsError for a key that is not known; ``where`` names the mapping, empty for the whole file."""
    for key in body:
        if key not in known:
            prefix = f"{where}: " if where else ""
            raise SettingsError(f"{prefix}unknown key {key!r}; there are: {', '.join(known)}", path)


def typed(value: Any, kinds: tuple[type, ...], where: str, path: str | PathLike[str]) -> Any:
    """The value, if it is of one of these types (whole numbers are numbers too). Raises SettingsError."""
    if float in kinds and isinstance(value, int) and not isinstance(value, bool):
        return float(value) if int not in kinds else value
    matches = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
    if not matches:
        expected = " or ".join(_NAMES[kind] for kind in kinds)
        raise SettingsError(f"{where}: {expected} was expected, not {_kind(value)}", path)
    return value


def _kind(value: Any) -> str:
    shown = isinstance(value, (bool, int, float)) or (isinstance(value, str) and len(value) < 40)
    return repr(value) if shown else _NAMES.get(type(value), type(value).__name__)
