"""A candidate's process, from the judge's side: started, asked, limited in time and memory, ended with its offspring.

It is forked from a process that has imported torch and nothing of a candidate's, and leads a session of its own.
Whatever it starts is found as its descendant, by its session, or as an orphan that fell to the judge.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from suite.device.memory import free_bytes, memory_kills
from suite.judge import messages
from suite.judge.processes import Stat, offspring, own_bytes, resident_bytes, state_of
from suite.scratch import Scratch
from suite.worker.process import die_with_parent, forking, how_it_ended

PR_SET_CHILD_SUBREAPER = 36
F_SETPIPE_SZ = 1031
LOOK_EVERY_S = 0.02
KEPT_BYTES = 1 << 16
"""So much of what a candidate prints; the rest is read and dropped, so that it never waits for a reader."""

EndKind = Literal["crashed", "timeout", "no_memory"]


class Ended(Exception):
    """The candidate's process is gone, or was ended for its time or its memory; the message is one line."""

    def __init__(self, kind: EndKind, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason


@dataclass(frozen=True)
class Limits:
    """Seconds that each step may take, and the memory that the candidate's processes may hold beside the operands."""

    load_s: float = 240.0  # a build by nvcc takes about one minute
    bind_s: float = 180.0  # the slowest honest one tunes
    launch_s: float = 30.0
    memory_bytes: int = 0  # 0: half of what the host has free


class Candidate:
    """The process of one candidate. A context manager: at its end nothing of the candidate's is left."""

    def __init__(self, kind: str, limits: Limits) -> None:
        """kind: cuda or cpu, the device that it works on."""
        self.limits = limits
        self.printed = bytearray()
        self._seen: dict[int, Stat] = {}
        self._ever: set[int] = set()
        self._folder = Scratch()
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
        context = forking()
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._output, written = context.Pipe(duplex=False)
        with suppress(OSError):
            fcntl.fcntl(written.fileno(), F_SETPIPE_SZ, 1 << 20)
        self._kills = memory_kills()
        self._process = context.Process(
            target=_start, args=(theirs, written, kind, str(self._folder.path)), daemon=True
        )
        self._process.start()
        theirs.close()
        written.close()
        self._memory = limits.memory_bytes or free_bytes() // 2
        threading.Thread(target=self._drain, daemon=True).start()

    def __enter__(self) -> Candidate:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Its process, which leads its session."""
        pid = self._process.pid
        assert pid is not None
        return pid

    def ask(self, what: str, limit_s: float | None = None, descriptor: int = -1, **content: Any) -> dict[str, Any]:
        """The answer to a request. Raises Ended."""
        self.tell(what, descriptor, **content)
        return self.answer(what, self.limits.launch_s if limit_s is None else limit_s)

    def tell(self, what: str, descriptor: int = -1, **content: Any) -> None:
        """Send a request that is not answered, or whose answer is fetched later. Raises Ended."""
        try:
            messages.send(self._channel, {"what": what, **content}, descriptor)
        except messages.Closed:
            raise self._epitaph() from None

    def answer(self, what: str, limit_s: float) -> dict[str, Any]:
        """Wait for an answer, and watch the candidate's memory meanwhile. Raises Ended."""
        until = time.monotonic() + limit_s
        while not select.select([self._channel], [], [], LOOK_EVERY_S)[0]:
            self._watch()
            if time.monotonic() > until:
                self.close()
                raise Ended("timeout", f"no answer within {limit_s:.0f} s of {WORDS.get(what, what)}")
        try:
            content, _ = messages.receive(self._channel)
        except messages.Closed:
            raise self._epitaph() from None
        except messages.BadMessage as error:
            self.close()
            raise Ended("crashed", f"its process wrote into the judge's channel: {error}") from None
        if messages.FORKED in content:
            self.close()
            raise Ended("crashed", "it forked, and came back in both processes")
        return content

    def frozen(self) -> bool:
        """Whether it has stopped itself, every thread of it; waits for that a second."""
        until = time.monotonic() + 1
        while time.monotonic() < until:
            if state_of(self.pid) in "TZX":
                return True
            time.sleep(0.0005)
        return False

    def go_on(self) -> None:
        """Let a frozen process work again."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End the process and all that it started, and remove its folder."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGSTOP)  # so that it starts nothing more; it lives, so its start is known
        self._note_offspring()
        for _ in range(100):
            for pid in self._seen:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.kill()
            self._process.join(0.05)
            alive = self._note_offspring()
            self._reap()
            if not alive and not self._process.is_alive():
                break
        self._channel.close()
        self._folder.close()

    def _reap(self) -> None:
        """Take leave of ended orphans that fell to this process; until then each keeps its number."""
        for pid in self._ever:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def _note_offspring(self) -> list[int]:
        """Remember every process that descends from the candidate or is of its session; those that live now."""
        self._seen |= offspring(self.pid, self._seen)
        self._ever |= self._seen.keys()
        alive = [pid for pid, stat in self._seen.items() if stat.is_alive()]
        self._seen = {pid: self._seen[pid] for pid in alive}
        return alive

    def _watch(self) -> None:
        family = (self.pid, *self._note_offspring())
        # What forked processes still share counts once for each of them, until it is looked at more closely.
        if all(sum(size(pid) for pid in family) > self._memory for size in (resident_bytes, own_bytes)):
            self.close()
            raise Ended("no_memory", f"its process took more than {self._memory / 2**30:.1f} GiB beside the operands")

    def _epitaph(self) -> Ended:
        self._process.join(5)
        code = self._process.exitcode
        self.close()
        if code == messages.CUT_OFF:
            return Ended("crashed", "it closed descriptors that are not its own: the judge's channel among them")
        return Ended(*how_it_ended(code, self._kills))

    def _drain(self) -> None:
        with suppress(OSError, ValueError):
            room = bytearray(1 << 20)
            while size := os.readv(self._output.fileno(), [room]):
                if len(self.printed) < KEPT_BYTES:
                    self.printed += room[: min(size, KEPT_BYTES - len(self.printed))]


WORDS = {"load": "its import", "bind": "bind", "launch": "a launch", "prepare": "bind and capture", "take": "a sample"}


def _close_all_but(kept: int) -> None:
    """Close what the forking server left open, its own pipes among them: a candidate could end it through those."""
    from multiprocessing import forkserver, resource_tracker

    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 1 << 20 else 1 << 20)
    forkserver._forkserver._forkserver_alive_fd = None  # type: ignore[attr-defined]
    resource_tracker._resource_tracker._fd = None  # type: ignore[attr-defined]


def _start(channel: socket.socket, output: Connection, kind: str, folder: str) -> None:
    """The candidate's process, from its first instruction on."""
    die_with_parent()
    os.setsid()
    os.environ["TORCH_EXTENSIONS_DIR"] = str(Path(folder, "extensions"))  # a build that is killed leaves no lock
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output.fileno(), 1), (output.fileno(), 2)):
        os.dup2(source, target)
    _close_all_but(channel.fileno())
    from suite.judge.candidate_side import serve

    serve(channel, kind)
