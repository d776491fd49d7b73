"""What a machine says of its caches and its memory, and what is made of machines that say nothing or nonsense."""

from __future__ import annotations

import errno
import resource
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from suite.cases import Case
from suite.device import machine, memory
from suite.measure.timing import sets_needed
from suite.session.welcome import machine as in_one_line
from suite.worker.failures import why
from suite.worker.process import how_it_ended


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        (["32K", "1M", "64M"], 64 << 20),
        (["32K", "49152K"], 48 << 20),
        (["32K", "1G"], 1 << 30),
        (["0K"], None),
        (["64G"], None),
        (["", "K", "many", "-8M", "\u0664M"], None),
        ([], None),
    ],
)
def test_a_cache_that_cannot_be_is_not_believed(
    sizes: list[str], told: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "CORE", tmp_path)
    for number, size in enumerate(sizes):
        folder = tmp_path / "cache" / f"index{number}"
        folder.mkdir(parents=True)
        (folder / "size").write_text(f"{size}\n", encoding="utf-8")
    described = machine.describe("cpu")
    assert described.cache_bytes == (told or 32 << 20)
    assert described.cache_assumed is (told is None)
    assert ("assumed" in in_one_line(described)) is (told is None)
    assert sets_needed(Case(1024, 1024).bytes_moved, described.cache_bytes) > 5


def test_a_gpu_that_tells_no_l2_is_measured_with_more_than_any_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(L2_cache_size=0))
    assert machine.cache_bytes("cuda") == 128 << 20


def test_a_card_is_told_from_others_and_its_uuid_is_not() -> None:
    one, other = "12345678-1234-1234-1234-123456789abc", "12345678-1234-1234-1234-123456789abd"
    assert machine.card(one) == machine.card(one) != machine.card(other)
    assert len(machine.card(one)) == 12
    assert not any(part in machine.card(one) for part in one.split("-"))


GIB = 1 << 30


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up /proc and /sys/fs/cgroup, both empty."""
    monkeypatch.setattr(memory, "PROC", tmp_path / "proc")
    monkeypatch.setattr(memory, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(resource, "getrlimit", lambda which: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return tmp_path


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("meminfo", [None, "", "MemTotal: 8 kB\n", "MemAvailable: much kB\n"])
def test_a_host_that_does_not_tell_what_is_free_has_all_of_it(meminfo: str | None, host: Path) -> None:
    if meminfo is not None:
        put(host / "proc" / "meminfo", meminfo)
    assert memory.free_bytes() > 1 << 28


def test_a_cgroup_s_limit_counts_with_the_files_that_it_can_give_back(host: Path) -> None:
    put(host / "proc" / "meminfo", f"MemAvailable: {32 * GIB // 1024} kB\n")
    put(host / "proc" / "self" / "cgroup", "0::/jobs/7\n")
    above, own = host / "cgroup" / "jobs", host / "cgroup" / "jobs" / "7"
    put(above / "memory.max", "max\n")
    put(own / "memory.max", f"{4 * GIB}\n")
    put(own / "memory.current", f"{3 * GIB}\n")
    put(own / "memory.stat", f"anon {2 * GIB}\ninactive_file {GIB}\n")
    assert memory.free_bytes() == 2 * GIB
    put(above / "memory.max", f"{GIB}\n")
    put(above / "memory.current", f"{2 * GIB}\n")
    assert memory.free_bytes() == 0


def test_a_cgroup_of_version_1_in_a_container(host: Path) -> None:
    put(host / "proc" / "self" / "cgroup", "4:memory:/docker/of-the-host\n0::/\n")
    put(host / "cgroup" / "memory" / "memory.limit_in_bytes", f"{2 * GIB}\n")
    put(host / "cgroup" / "memory" / "memory.usage_in_bytes", f"{GIB}\n")
    assert memory.free_bytes() == GIB


def test_the_limit_of_ulimit_counts(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(host / "proc" / "self" / "status", f"VmSize: {GIB // 1024} kB\n")
    monkeypatch.setattr(resource, "getrlimit", lambda which: (3 * GIB, 3 * GIB))
    assert memory.free_bytes() == 2 * GIB


def test_a_process_that_the_kernel_ended_for_memory_is_not_said_to_crash(host: Path) -> None:
    assert how_it_ended(-signal.SIGKILL, memory.memory_kills())[0] == "crashed"
    put(host / "proc" / "self" / "cgroup", "0::/\n")
    put(host / "cgroup" / "memory.events", "oom 1\noom_kill 1\n")
    kind, reason = how_it_ended(-signal.SIGKILL, 0)
    assert (kind, "memory" in reason) == ("no_memory", True)
    assert how_it_ended(-signal.SIGSEGV, 0)[0] == "crashed"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("std::bad_alloc"),
        torch.OutOfMemoryError("CUDA out of memory"),
    ],
    ids=repr,
)
def test_a_lack_of_memory_is_not_the_backend_s_crash(error: BaseException) -> None:
    assert why(error)[0] == "no_memory"
