"""Whole backends judged before a run, several at a time where the host has the cores: nothing of this is timed.

Each is judged in a fresh process, since the judge takes every orphan that falls to its process for the candidate's.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterable
from multiprocessing.connection import Connection, wait
from typing import Any

from backends import Entry
from suite.judge import checks, contender
from suite.record.measurement import Outcome
from suite.worker.process import die_with_parent, epitaph

CORES_EACH = 2
"""The judge, and the candidate or what it compiles with: one waits for the other."""

MOST = 8
"""At a time: each holds a context of the device, some 0.5 GB on a GPU."""


class Judges:
    """The judge's answers on whole backends. A context manager: at its end no process of theirs is left."""

    def __init__(self, width: int = 0) -> None:
        """width: how many are judged at a time; 0: as the host's cores allow."""
        self._width = width or min(MOST, len(os.sched_getaffinity(0)) // CORES_EACH)
        self._context = multiprocessing.get_context("spawn")
        self._alone = self._context.Lock()
        self._waiting: dict[str, Entry] = {}
        self._running: dict[Connection, tuple[str, Any]] = {}
        self._answers: dict[str, Outcome | None] = {}

    def __enter__(self) -> Judges:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def expect(self, entries: Iterable[Entry]) -> None:
        """Tell which will be asked for, so that they are judged side by side, those that compile longest first."""
        longest_first = sorted(entries, key=lambda entry: (not entry.tunes, not entry.caches))
        self._waiting = {entry.name: entry for entry in longest_first}

    def judged(self, entry: Entry) -> Outcome | None:
        """Why it may take part in no case; None where it may."""
        if self._width < 2:
            return contender.judged(entry)
        if entry.name not in self._expected():
            self._waiting[entry.name] = entry
        while entry.name not in self._answers:
            self._start()
            for ready in wait(list(self._running)):
                self._take(ready)  # type: ignore[arg-type]  # wait returns what it was given
        return self._answers[entry.name]

    def _expected(self) -> set[str]:
        return {name for name, _ in self._running.values()} | self._answers.keys() | self._waiting.keys()

    def _start(self) -> None:
        while self._waiting and len(self._running) < self._width:
            entry = self._waiting.pop(next(iter(self._waiting)))
            ours, theirs = self._context.Pipe(duplex=False)
            process = self._context.Process(target=_judge, args=(theirs, entry, self._alone))
            process.start()
            theirs.close()
            self._running[ours] = entry.name, process

    def _take(self, ready: Connection) -> None:
        name, process = self._running.pop(ready)
        try:
            self._answers[name] = ready.recv()
        except EOFError:
            process.join(10)
            said = f"its judge broke off: {epitaph(process.exitcode)}"
            self._answers[name] = Outcome(backend=name, kind="crashed", reason=said)
        ready.close()
        process.join()

    def close(self) -> None:
        """End those at work."""
        for connection, (_, process) in self._running.items():
            process.kill()
            process.join()
            connection.close()
        self._running.clear()


def _judge(connection: Connection, entry: Entry, alone: Any) -> None:
    """A judge's process. alone: held while operands are as large as the device's memory lets one judge have."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's goes to every process: the parent ends this one
    checks.alone = alone
    connection.send(contender.judged(entry))
