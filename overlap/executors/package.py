"""This package as a process has it: its version and its files, which must be the same on every worker."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

__all__ = ["Package", "difference", "look_at_package", "package_here"]


class Package(NamedTuple):
    """``sources``: a digest of all files of the package, data included; ``missing``: what it needs and is not there.

    Workers answer with such a tuple, not with this class, which they may not have.
    """

    version: str
    sources: str
    missing: tuple[str, ...] = ()


@cache
def package_here() -> Package:
    """The package of this process; some ten milliseconds, once."""
    return Package(*look_at_package()())


def look_at_package() -> Callable[[], tuple[str, str, tuple[str, ...]]]:
    """What is asked of a worker; it needs nothing of this package there."""

    def look() -> tuple[str, str, tuple[str, ...]]:
        import hashlib
        from importlib import import_module
        from importlib.util import find_spec
        from pathlib import Path

        missing = tuple(name for name in ("overlap", "numba", "numpy", "pyarrow") if find_spec(name) is None)
        if missing:
            return "", "", missing
        module = import_module("overlap.version")
        folder = Path(str(module.__file__)).parent
        digest = hashlib.sha256()
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in name.parts):
                digest.update(str(name).encode() + b"\0" + path.read_bytes())
        return module.__version__, digest.hexdigest(), ()

    return look


def difference(worker: str, there: Package, here: Package) -> str:
    """What is wrong with a worker that has one package where the command has the other; empty where they are alike."""
    if there.missing:
        return (
            f"the worker {worker} lacks {', '.join(there.missing)} (overlap {here.version} is here): "
            "install trainset-overlap there, of this version"
        )
    same = "install the same version everywhere"
    if there.version != here.version:
        return f"the worker {worker} has overlap {there.version}, here it is {here.version}: {same}"
    if there.sources != here.sources:
        return (
            f"the worker {worker} has other files of overlap {here.version} ({there.sources[:12]}) than are here "
            f"({here.sources[:12]}): {same}, and start its worker processes again"
        )
    return ""
