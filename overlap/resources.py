"""What the machine has: memory, cores, and sizes as people write them. No settings of its own."""

from __future__ import annotations

import os
import re
from pathlib import Path

from overlap.errors import BadArgument

__all__ = ["default_memory", "default_workers", "free_memory", "parse_size"]

_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_BINARY = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", re.IGNORECASE)
_FALLBACK = 2 << 30
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


def free_memory() -> int:
    """What is free, in bytes: of the machine, or of the container where that is less."""
    free = [_FALLBACK * 2]
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                free = [int(line.split()[1]) << 10]
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        if limit != "max":
            free.append(max(0, int(limit) - used))
    except (OSError, ValueError):
        pass
    return min(free)
