"""Which remote files an address stands for: one, those that match a pattern, or all of a directory."""

from __future__ import annotations

import logging
from typing import Any

from overlap.corpus.addresses import is_web, shown
from overlap.corpus.remote import RemoteEntry, entry_of, filesystem, look, patiently
from overlap.corpus.saved import without_bookkeeping
from overlap.errors import CorpusError

__all__ = ["find_remote"]

_log = logging.getLogger("overlap")


def find_remote(path: str) -> list[RemoteEntry]:
    """The files that an address stands for: itself, those that match its pattern, or all in its directory.

    In sorted order; hidden ones (names that begin with . or _) of a directory are left out. Raises CorpusError.
    """
    system, place = filesystem(path)
    if _has_pattern(path):
        found = patiently(lambda: system.glob(place, detail=True), path)
        entries = {
            name: info
            for name, info in found.items()
            if info.get("type") != "directory" and not name.rpartition("/")[2].startswith(".")  # as in a shell
        }
        if not entries:
            raise CorpusError("no file matches this pattern", shown(path))
        return _entries(path, system, entries)
    if is_web(path):
        is_folder = path.partition("?")[0].endswith("/")
    else:
        is_folder = patiently(lambda: system.info(place), path).get("type") == "directory"
    if not is_folder:
        return [look(path)]
    found = patiently(lambda: system.find(place, detail=True), path)
    found = {name: info for name, info in found.items() if name.rstrip("/") != place.rstrip("/")}  # the page itself
    entries = {name: info for name, info in found.items() if not _is_hidden(name, place)}
    if len(entries) < len(found):
        _log.info("%s: %d hidden files left out (names that begin with . or _)", shown(path), len(found) - len(entries))
    if not entries:
        raise CorpusError("no files in this directory (names that begin with . or _ are left out)", shown(path))
    return _entries(path, system, entries)


def _has_pattern(path: str) -> bool:
    """Is it a glob? In addresses of HTTP ``?`` begins a query, and brackets may stand around a host."""
    place = path.partition("://")[2]
    if is_web(path):
        place = place.partition("?")[0].partition("/")[2]
        return "*" in place or "[" in place
    return any(mark in place for mark in "*?[")


def _is_hidden(name: str, folder: str) -> bool:
    relative = name.strip("/").removeprefix(folder.strip("/"))
    return any(part.startswith((".", "_")) for part in relative.split("/"))


def _entries(path: str, system: Any, found: dict[str, dict[str, Any]]) -> list[RemoteEntry]:
    from concurrent.futures import ThreadPoolExecutor

    links = path.split("::")
    at = next(number for number, link in enumerate(links) if "://" in link)  # simplecache:: and the like name no place
    scheme = links[at].partition("://")[0]
    addresses = {
        "::".join([*links[:at], name if "://" in name else f"{scheme}://{name}", *links[at + 1 :]]): info
        for name, info in found.items()
    }
    ordered = without_bookkeeping(
        sorted(addresses, key=lambda address: address.split("/")),
        lambda address: patiently(lambda: _small_file(address), address),
    )
    with ThreadPoolExecutor(8) as pool:
        return list(
            pool.map(
                lambda address: (
                    look(address) if addresses[address].get("size") is None else entry_of(address, addresses[address])
                ),
                ordered,
            )
        )


def _small_file(path: str) -> bytes:
    system, place = filesystem(path)
    raw: bytes = system.cat_file(place)
    return raw
