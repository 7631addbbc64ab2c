"""What the machine has: memory, cores, and sizes as people write them. No settings of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from overlap.errors import BadArgument

__all__ = ["default_memory", "default_workers", "free_memory", "parse_size"]

_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_BINARY = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", re.IGNORECASE)
_FALLBACK = 4 << 30
_NO_LIMIT = 1 << 63
SMALLEST_MEMORY = 32 << 20
CLUSTER_MEMORY = 2 << 30  # of each worker process, where nothing is said: what is free here says nothing of there


def parse_size(text: str | int) -> int:
    """Bytes of ``2GB``, ``512MiB``, ``100_000`` ... Raises ValueError for anything else.

    >>> parse_size("2GB"), parse_size("1.5 GiB"), parse_size("300m")
    (2000000000, 1610612736, 300000000)
    """
    if isinstance(text, int):
        return text
    match = _SIZE.fullmatch(text.replace("_", ""))
    if not match:
        raise BadArgument(f"not a size: {text!r}; write 500MB, 2GB or 1GiB")
    letter = match[2].upper()
    if match[3] and not letter:
        raise BadArgument(f"not a size: {text!r}; write 500MB, 2GB or 1GiB")
    return int(float(match[1]) * (_BINARY[letter] if match[3] else _UNITS[letter]))


def default_workers() -> int:
    """The cores that this process may use."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def default_memory() -> int:
    """Half of what is free, in bytes."""
    return max(SMALLEST_MEMORY, free_memory() // 2)


def free_memory(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """What is free, in bytes: of the machine, or of its control groups (the container) where that is less."""
    free = [_available(proc / "meminfo")]
    for folder, names in _groups(proc / "self" / "cgroup", cgroups):
        with suppress(OSError, ValueError):
            free.append(_left(folder, names))
    return min(free)


def _available(meminfo: Path) -> int:
    """What the machine has free without swapping, by the kernel's own estimate; a guess where it makes none."""
    with suppress(OSError, ValueError, KeyError):
        return int(_numbers(meminfo)["MemAvailable:"]) << 10
    return _FALLBACK


@dataclass(frozen=True)
class _Names:
    """What a version of control groups calls its files, and in its statistics what it can take back."""

    limits: tuple[str, ...]
    used: str
    reclaimable: tuple[str, ...]


# Pages of files that are in the cache: the kernel drops them before it refuses memory (Documentation/admin-guide,
# cgroup-v2.rst and cgroup-v1/memory.rst). Files in memory (tmpfs) and locked pages are in neither list. All numbers
# include the groups below.
_FIRST = _Names(("memory.limit_in_bytes",), "memory.usage_in_bytes", ("total_inactive_file", "total_active_file"))
_SECOND = _Names(("memory.max", "memory.high"), "memory.current", ("inactive_file", "active_file"))


def _groups(own: Path, root: Path) -> Iterator[tuple[Path, _Names]]:
    """The control groups that bound this process: its own and all above it, as far as they are seen from here.

    A container may be told its path on the host, and see its own group as the root.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2) if line.count(":") >= 2 else ("", "none", "")
        if controllers and "memory" not in controllers.split(","):
            continue
        top, names = (root / "memory", _FIRST) if controllers else (root, _SECOND)
        group = PurePosixPath(path)
        inside = group.relative_to("/") if group.is_absolute() and ".." not in group.parts else PurePosixPath()
        for folder in (inside, *inside.parents):
            yield top / folder, names


def _left(folder: Path, names: _Names) -> int:
    """What a control group has left. Raises OSError or ValueError where it does not say."""
    limit = min(_limit(folder / name) for name in names.limits)
    used = int((folder / names.used).read_text())
    cached = 0
    with suppress(OSError, ValueError):
        numbers = _numbers(folder / "memory.stat")
        cached = sum(int(numbers.get(name, 0)) for name in names.reclaimable)
    return max(0, limit - max(0, used - cached))


def _limit(path: Path) -> int:
    """A limit, in bytes; one that is not set is beyond any memory."""
    try:
        text = path.read_text().strip()
    except FileNotFoundError:
        return _NO_LIMIT
    return _NO_LIMIT if text == "max" else int(text)


def _numbers(path: Path) -> dict[str, str]:
    """The lines of a file of the kernel: a name, its number."""
    return {words[0]: words[1] for line in path.read_text().splitlines() if len(words := line.split()) > 1}
