"""Sizes as people write them, and what the machine has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from overlap.resources import SMALLEST_MEMORY, default_memory, default_workers, free_memory, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1234", 1234),
        ("100_000", 100_000),
        ("512B", 512),
        ("2K", 2_000),
        ("2kb", 2_000),
        ("2KiB", 2_048),
        ("300m", 300_000_000),
        ("300 MB", 300_000_000),
        ("512MiB", 512 << 20),
        (" 1.5 GiB ", 3 << 29),
        ("0.5g", 500_000_000),
        ("2TB", 2 * 10**12),
        ("1Ti", 1 << 40),
        (4096, 4096),
    ],
)
def test_sizes_by_example(text: str | int, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "big", "GB", "-1GB", "1e9", "1.GB", ".5GB", "1 P", "1iB", "2GBB", "1,000", "2 G i B"]
)
def test_other_texts_are_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a size: .*write 500MB, 2GB or 1GiB"):
        parse_size(text)


needs_affinity = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity")


@needs_affinity
def test_workers_are_the_cores_of_this_process() -> None:
    assert default_workers() == len(os.sched_getaffinity(0))


@needs_affinity
def test_fewer_cores_are_fewer_workers() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert default_workers() == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_without_affinity_all_cores_are_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert default_workers() == os.cpu_count()


class Machine:
    """What the kernel of a machine says, in files; sizes in MiB."""

    def __init__(self, folder: Path) -> None:
        self._proc, self._cgroups = folder / "proc", folder / "cgroup"
        self.write("proc/meminfo", "MemTotal:  99999 kB\nMemAvailable:    8388608 kB\nHugePages_Total:  0\n")

    def write(self, name: str, text: str) -> None:
        path = self._proc.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def second(self, group: str, limit: str, used: int, inactive: int = 0, active: int = 0, high: str = "max") -> None:
        """A group of cgroup v2, with a limit in MiB or ``max``."""
        for name, text in (("max", limit), ("high", high)):
            self.write(f"cgroup/{group}/memory.{name}", text if text == "max" else str(int(text) << 20))
        self.write(f"cgroup/{group}/memory.current", f"{used << 20}\n")
        stat = f"anon 1\nfile {(inactive + active + 5) << 20}\ninactive_file {inactive << 20}\n"
        self.write(f"cgroup/{group}/memory.stat", f"{stat}active_file {active << 20}\n")

    def first(self, group: str, limit: int, used: int, inactive: int, active: int) -> None:
        """A group of cgroup v1."""
        self.write(f"cgroup/memory/{group}/memory.limit_in_bytes", f"{limit << 20}\n")
        self.write(f"cgroup/memory/{group}/memory.usage_in_bytes", f"{used << 20}\n")
        stat = f"inactive_file 7\nactive_file 7\ntotal_inactive_file {inactive << 20}\n"
        self.write(f"cgroup/memory/{group}/memory.stat", f"{stat}total_active_file {active << 20}\n")

    def free(self) -> float:
        return free_memory(self._proc, self._cgroups) / (1 << 20)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_memory_of_a_machine_without_groups(machine: Machine) -> None:
    assert machine.free() == 8192


def test_memory_of_a_system_that_does_not_tell(tmp_path: Path) -> None:
    assert free_memory(tmp_path, tmp_path) == 4 << 30


def test_the_cache_in_a_container_is_free(machine: Machine) -> None:
    machine.write("proc/self/cgroup", "0::/\n")
    machine.second(".", "2000", used=1900, inactive=1000, active=300)
    assert machine.free() == 2000 - (1900 - 1300)


def test_no_more_is_free_than_the_machine_has(machine: Machine) -> None:
    machine.write("proc/self/cgroup", "0::/\n")
    machine.second(".", "9000", used=100, inactive=50)
    assert machine.free() == 8192


def test_a_full_container_has_nothing(machine: Machine) -> None:
    machine.write("proc/self/cgroup", "0::/\n")
    machine.second(".", "100", used=120)
    assert machine.free() == 0


def test_no_limit_is_no_limit(machine: Machine) -> None:
    machine.write("proc/self/cgroup", "0::/a\n")
    machine.second("a", "max", used=100)
    assert machine.free() == 8192


def test_the_limit_where_the_kernel_slows_down(machine: Machine) -> None:
    machine.write("proc/self/cgroup", "0::/a\n")
    machine.second("a", "max", used=100, high="500")
    assert machine.free() == 400


@pytest.mark.parametrize(("inner", "outer", "free"), [("500", "3000", 400), ("3000", "500", 300), ("max", "500", 300)])
def test_the_groups_above_bound_it_too(inner: str, outer: str, free: int, machine: Machine) -> None:
    machine.write("proc/self/cgroup", "0::/jobs/one\n")
    machine.second("jobs/one", inner, used=100)
    machine.second("jobs", outer, used=250, inactive=50)
    machine.second("jobs/other", "1", used=1)
    assert machine.free() == free


@pytest.mark.parametrize("path", ["/docker/0123", "/../elsewhere", "/"])
def test_a_path_that_is_not_seen_from_here(path: str, machine: Machine) -> None:
    """The root is the own group then: in a container that is told its path on the host."""
    machine.write("proc/self/cgroup", f"0::{path}\n")
    machine.second(".", "700", used=100)
    assert machine.free() == 600


def test_a_limit_without_statistics(machine: Machine) -> None:
    machine.write("proc/self/cgroup", "0::/\n")
    machine.write("cgroup/memory.max", f"{500 << 20}\n")
    machine.write("cgroup/memory.current", f"{100 << 20}\n")
    assert machine.free() == 400


@pytest.mark.parametrize("path", ["/", "/slurm/job_1"])
def test_the_first_version_of_groups(path: str, machine: Machine) -> None:
    machine.write("proc/self/cgroup", f"11:cpu,cpuacct:/x\n4:memory:{path}\n1:name=systemd:/y\n0::/z\n")
    machine.first(path.strip("/"), 1000, used=900, inactive=500, active=200)
    machine.second("x", "1", used=0)
    assert machine.free() == 1000 - (900 - 700)


def test_lines_that_say_nothing(machine: Machine) -> None:
    machine.write("proc/self/cgroup", "0::/a\nnonsense\n")
    machine.second("a", "800", used=0)
    machine.write("cgroup/memory.max", "many\n")
    assert machine.free() == 800


def test_memory_is_half_of_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overlap.resources.free_memory", lambda: 1 << 30)
    assert default_memory() == 1 << 29
    monkeypatch.setattr("overlap.resources.free_memory", lambda: SMALLEST_MEMORY)
    assert default_memory() == SMALLEST_MEMORY


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="no /proc here")
def test_what_is_free_here() -> None:
    """No more than the machine has."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 <= free_memory() <= physical
