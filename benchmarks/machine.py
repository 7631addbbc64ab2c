"""What a reader needs to know about the machine, and nothing that names it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

OURS = ("trainset-overlap", "numpy", "numba", "pyarrow")


def facts() -> dict[str, str]:
    """Return names and values for the head of the page."""
    return {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores usable",
        "caches": _caches(),
        "memory": f"{memory_gb():.0f} GB",
        "system": f"{platform.system()} {platform.machine()}",
        "priority": _priority(),
        "locale (of `wc`, too)": locale_name(),
        "`wc`": _wc_version(),
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {_version(name)}" for name in OURS),
    }


def locale_name() -> str:
    """Return the locale that decides what `wc` takes for a character."""
    return os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or "C"


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or "unknown"


def _caches() -> str:
    """Return the levels and sizes of the first core's caches for data, as the kernel gives them."""
    found = []
    for cache in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            level, kind, size = ((cache / name).read_text().strip() for name in ("level", "type", "size"))
        except OSError:
            continue
        if kind != "Instruction":
            found.append(f"L{level} {size}")
    return ", ".join(found) or "unknown"


def _priority() -> str:
    """Return whether other work on this machine could take the processor; children have what this process has."""
    if os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR):
        return "real time: before all other work on the machine"
    return f"normal, nice {os.nice(0)}"


def memory_gb() -> float:
    """Return all memory of this machine, in GB of 10^9 bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _wc_version() -> str:
    said = subprocess.run(["wc", "--version"], capture_output=True, text=True, check=False).stdout
    return said.splitlines()[0] if said else "unknown"


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "(not installed)"
