"""Processes as Linux lists them under /proc: who descends from whom, in what state, with how much memory."""

from __future__ import annotations

import os
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stat:
    """One process, told from a later one of the same number by its start."""

    pid: int
    state: str
    parent: int
    session: int
    started: int

    def is_alive(self) -> bool:
        """Whether this very process still runs; one that only waits to be reaped does not."""
        now = stat(self.pid)
        return now is not None and now.started == self.started and now.state not in "ZX"


def stat(pid: int) -> Stat | None:
    """The process of this number, or None."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (OSError, ValueError):
        return None
    fields = text.rpartition(")")[2].split()
    return Stat(pid, fields[0], int(fields[1]), int(fields[3]), int(fields[19]))


def state_of(pid: int) -> str:
    """Its state as ps writes it: T is stopped, Z waits to be reaped; X where there is none."""
    found = stat(pid)
    return found.state if found else "X"


def offspring(leader: int, known: Container[int] = ()) -> dict[int, Stat]:
    """Processes that descend from the leader or from one that is known, or are of its session, or fell to this process.

    Orphans fall to this process where it is their subreaper. Its own children are of its own session; theirs are not.
    """
    everyone = [one for path in Path("/proc").glob("[0-9]*") if (one := stat(int(path.name)))]
    children: dict[int, list[Stat]] = {}
    for each in everyone:
        children.setdefault(each.parent, []).append(each)
    ours, since = os.getsid(0), next((each.started for each in everyone if each.pid == leader), 0)
    fell = [each for each in everyone if each.parent == os.getpid() and each.session != ours and each.started >= since]
    found = {each.pid: each for each in everyone if each.session == leader and each.pid != leader}
    found |= {each.pid: each for each in fell if since and each.pid != leader}
    waiting = [leader, *found, *(each.pid for each in everyone if each.pid in known)]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child.pid not in found:
                found[child.pid] = child
                waiting.append(child.pid)
    return found


def resident_bytes(pid: int) -> int:
    """Memory of the process that no file backs; shared operands do not count."""
    return _kilobytes(Path(f"/proc/{pid}/status"), "RssAnon:") * 1024


def own_bytes(pid: int) -> int:
    """The same, less what it shares with the process that it was forked from: its part of each shared page."""
    return _kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss_Anon:") * 1024


def _kilobytes(path: Path, name: str) -> int:
    try:
        lines = path.read_text().splitlines()
    except (OSError, ValueError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
