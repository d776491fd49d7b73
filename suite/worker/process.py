"""The process that owns the device. The pytest process asks it for one thing at a time and survives whatever it does.

A backend that hangs, segfaults or corrupts the CUDA context takes this process down, not the run. `Worker.request`
then raises WorkerFailed with the backend that was at work, and the next request starts a fresh process.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Literal

from backends import Entry
from suite.device import locks, memory
from suite.record.measurement import OutcomeKind
from suite.scratch import Scratch
from suite.worker.messages import Measure, Request

PR_SET_PDEATHSIG = 1
SILENCE_S = 180.0
"""A worker that reports nothing for so long is taken to hang; the slowest honest step is a first compilation."""


CHOICES = ("TORCHINDUCTOR_CACHE_DIR",)
"""Where what a tuner chose outlives its process. The other caches hold machine code, which follows from its source."""


QUIET_THREADS = {"GOMP_SPINCOUNT": "5000"}
"""How long an idle thread of OpenMP's looks for work before it sleeps: 0.1 ms, longer than it takes to launch again.

torch and Numba each bring a libgomp, whose threads would look for 4 ms by themselves. On two cores they then kept the
next contender of a round from its own for most of a sample. With other work on the machine it took ten times as long.
"""


class WorkerFailed(Exception):
    """The worker died, hung or lost its device; `doing` names the backend at work, or is empty."""

    def __init__(self, kind: OutcomeKind, doing: str, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.doing, self.reason = kind, doing, reason


class Worker:
    """The pytest process's end. Starts a process at the first request and after each failure.

    What its compilers and tuners keep on disk, they find again in a process that starts after a failure. A process
    that starts after `renew` tunes anew.
    """

    def __init__(self, silence_s: float = SILENCE_S, caches: Sequence[str] = (), forked: bool = False) -> None:
        """caches: the environment variables that say where compilers keep what they made.

        forked: by `forking`, which is quick. Such processes share how their memory is laid out. So times of two of
        them would be alike for no good reason.
        """
        self._silence_s, self._caches, self._forked = silence_s, tuple(caches), forked
        self._scratch = Scratch()
        self.kept = self._scratch.path / "caches"
        self.kept.mkdir()
        self._began = time.monotonic()
        self._kills = 0
        self._process: Any = None
        self._connection: Connection | None = None
        self._next: tuple[Any, Connection] | None = None

    def request(self, request: Request, progress: Callable[[int, float], None] = lambda rounds, width: None) -> Any:
        """The answer to a request. progress(rounds, widest half-width) is called as a campaign goes on.

        Raises WorkerFailed.
        """
        with locks.turn(alone=isinstance(request, Measure) and request.series not in ("cold", "hot")):
            return self._answer(request, progress)

    def _answer(self, request: Request, progress: Callable[[int, float], None]) -> Any:
        connection = self._connected()
        doing = ""
        try:
            connection.send(request)
            while connection.poll(self._silence_s):
                tag, *content = connection.recv()
                if tag == "doing":
                    doing = content[0]
                elif tag == "progress":
                    progress(*content)
                elif tag == "failed":
                    raise WorkerFailed(*content)
                else:
                    return content[0]
            raise WorkerFailed("timeout", doing, f"no sign of life for {self._silence_s:.0f} s")
        except (EOFError, ConnectionError):
            kind, reason = self._epitaph()
            raise WorkerFailed(kind, doing, reason) from None
        except BaseException:
            self.stop()
            raise

    def stand_by(self, entries: Iterable[Entry]) -> None:
        """Start the process that comes next, which imports what these backends need and touches no device so far."""
        if self._next is None:
            self._next = self._started([entry.name for entry in entries])

    def renew(self) -> None:
        """End the process, and let the next one find nothing that a tuner chose."""
        self.stop()
        for name in CHOICES:
            shutil.rmtree(self._place(name), ignore_errors=True)

    def _place(self, cache: str) -> Path:
        return self.kept / cache.lower()

    def close(self) -> None:
        """End the process and the one that stands by, and take away what their compilers kept."""
        self.stop()
        self._process, self._connection = self._next or (None, None)
        self.stop()
        self._scratch.close()

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None

    def _connected(self) -> Connection:
        if self._connection is None:
            self._kills = memory.memory_kills()
            self._process, self._connection = self._next or self._started()
            self._next = None
        return self._connection

    def _started(self, imports: Sequence[str] = ()) -> tuple[Any, Connection]:
        """A process, and this end of the connection to it; imports: the backends to import at once."""
        context: Any = forking() if self._forked else multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        environment = QUIET_THREADS | os.environ | {name: str(self._place(name)) for name in self._caches}
        process = context.Process(target=_serve, args=(theirs, self._began, environment, imports), daemon=True)
        process.start()
        theirs.close()
        return process, ours

    def _epitaph(self) -> tuple[OutcomeKind, str]:
        process = self._process
        process.join(10)
        code = process.exitcode
        self.stop()
        return how_it_ended(code, self._kills)


def how_it_ended(code: int | None, kills: int) -> tuple[Literal["crashed", "no_memory"], str]:
    """The kind and the reason for a process that ended early; kills: memory.memory_kills() when it was started."""
    if code == -signal.SIGKILL and memory.memory_kills() > kills:
        return "no_memory", "the kernel ended its process, for the host's memory, or its cgroup's, ran out"
    return "crashed", epitaph(code)


def epitaph(code: int | None) -> str:
    """How a process ended, from its exit code as multiprocessing gives it."""
    if code is not None and code < 0:
        names = {number.value: number.name for number in signal.Signals}
        return f"its process was ended by {names.get(-code, f'signal {-code}')}"
    return f"its process ended by itself, with exit code {code}"


def die_with_parent() -> None:
    """On Linux: let this process end when its parent does, whatever it is doing then."""
    with suppress(AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    asked_by = multiprocessing.parent_process()
    if asked_by is not None and not asked_by.is_alive():  # it ended before it could be depended on
        os._exit(1)


def dependent(command: Sequence[str]) -> list[str]:
    """The command as one that ends when this process does, whatever it is doing then."""
    return [sys.executable, "-S", "-I", str(Path(__file__).with_name("dependent.py")), str(os.getpid()), *command]


LONGEST_FOLDER = 60
"""Characters of a folder in which multiprocessing can bind a socket: its whole path may have 107."""


@cache
def _keep_sockets() -> None:
    """Give multiprocessing a folder for its sockets: one of a short path, which the next run sweeps after a kill."""
    usual = Path(tempfile.gettempdir())
    short = [place for place in (usual, Path("/tmp"), Path("/dev/shm")) if len(str(place)) <= LONGEST_FOLDER]
    scratch = Scratch(next((place for place in short if os.access(place, os.W_OK)), usual))
    multiprocessing.current_process()._config["tempdir"] = str(scratch.path)  # type: ignore[attr-defined]
    Finalize(None, scratch.close, exitpriority=-100)


def forking() -> ForkServerContext:
    """Processes forked from one that has imported what every one of them needs, and touches no device."""
    _keep_sockets()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["suite.worker.server_of_forks", "torch", "triton.testing", "scipy.stats"])
    return context


def _serve(connection: Connection, began: float, environment: Mapping[str, str], imports: Sequence[str]) -> None:
    # Imported in the child only: the pytest process stays without array libraries and without a device context.
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's goes to every process: the parent ends this one
    os.environ.clear()  # of what was there when the server of forks was started
    os.environ.update(environment)
    try:
        from suite.worker.server import serve
    except ImportError as error:
        connection.send(("failed", "crashed", "", f"{error.name} is not installed, or broken: {error}"))
        return
    serve(connection, began, imports)
