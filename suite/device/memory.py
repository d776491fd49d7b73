"""Memory of the host that this process can still take: what is free, and what its cgroups and `ulimit -v` leave."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")

UNLIMITED = 1 << 60
"""Bytes; cgroup v1 writes a limit that is none as the largest multiple of a page."""


def free_bytes() -> int:
    """The least of all that limits it; the host's whole memory where nothing says how much of it is free."""
    return max(0, min([_of_host(), *_of_cgroups(), *_of_address_space()]))


def _of_host() -> int:
    available = _fields(PROC / "meminfo").get("MemAvailable")
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if available is None else available


def _of_address_space() -> Iterator[int]:
    """What `ulimit -v` leaves, if it is set."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY:
        yield limit - _fields(PROC / "self" / "status").get("VmSize", 0)


def _of_cgroups() -> Iterator[int]:
    """What each memory cgroup that this process is in leaves; pages of files it gives back when it must."""
    for folder in _cgroups():
        for limit, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
            most, taken = _number(folder / limit), _number(folder / used)
            if most is not None and most < UNLIMITED and taken is not None:
                yield most - taken + _words(folder / "memory.stat").get("inactive_file", 0)


def memory_kills() -> int:
    """How many processes the kernel has ended because memory ran out, here or in this process's cgroup."""
    counters = [
        PROC / "vmstat",
        *(folder / name for folder in _cgroups() for name in ("memory.events", "memory.oom_control")),
    ]
    return sum(_words(path).get("oom_kill", 0) for path in counters)


def _cgroups() -> list[Path]:
    """This process's memory cgroup and those above it, of version 2 or 1, as far as they can be seen from here."""
    found: list[Path] = []
    for line in _lines(PROC / "self" / "cgroup"):
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers in ("", "memory"):
            mounted = CGROUPS / controllers
            own = mounted / path.lstrip("/")
            # In a container the path may be the host's, while the mount begins at the container's own cgroup.
            own = own if own.is_dir() else mounted
            found += [own, *(above for above in own.parents if above == mounted or mounted in above.parents)]
    return found


def _fields(path: Path) -> dict[str, int]:
    """Name -> bytes of the lines `Name:  123 kB`."""
    return {name.rstrip(":"): value * 1024 for name, value in _words(path).items()}


def _words(path: Path) -> dict[str, int]:
    """First word -> second word of each line whose second word is a number."""
    split = (line.split() for line in _lines(path))
    return {words[0]: int(words[1]) for words in split if len(words) > 1 and words[1].isdecimal()}


def _number(path: Path) -> int | None:
    with suppress(IndexError, ValueError):
        return int(_lines(path)[0])
    return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
