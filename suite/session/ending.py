"""The end of a run: whether it is whole, which is shown and never inferred from an exit status, and what is written.

Whole: pytest's loop returned, every collected item reported, and nobody asked for the end.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pytest_benchmark.session import PerformanceRegression

from backends import CannotDo
from suite.command_line import CRASHED, UNHEARD, crash
from suite.session import welcome
from suite.session.destination import Destination
from suite.session.interrupts import Interrupts
from suite.session.progress import Progress
from suite.session.streams import Heard

if TYPE_CHECKING:
    from suite.session.bench import Bench


class Ending:
    """A plugin that watches one session, and completes its run."""

    def __init__(self, progress: Progress) -> None:
        self.interrupts = Interrupts()
        self.bench: Bench | None = None  # from when it is first needed
        self.destination: Destination | None = None  # None: nothing is written
        self.output: dict[str, Any] | None = None  # pytest-benchmark's JSON, once it is made
        self._progress = progress
        self.path: Path | None = None  # of the record, once it has its name
        self._reported: set[str] = set()
        self._items: set[str] | None = None  # of a loop that returned

    @property
    def whole(self) -> bool:
        """Whether everything that was collected has been done."""
        return self._items is not None and self._reported >= self._items and not self.interrupts.seen

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """The loop returns when it has come to its end, and raises where it was stopped."""
        result = yield
        self._items = {item.nodeid for item in session.items}
        return result

    def pytest_runtest_logstart(self) -> None:
        """An interrupt that a library has swallowed ends the run here."""
        self.interrupts.check()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """One more item has reported."""
        self._reported.add(nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let the worker go, then name the run: pytest-benchmark has written its file by now."""
        if self.bench is None:
            return
        self._progress.done()
        self.bench.close()  # an interrupted test may have left it busy
        if self.destination is not None:
            self._name(session, self.bench, self.destination)

    def _name(self, session: pytest.Session, bench: Bench, destination: Destination) -> None:
        if not self.whole:
            destination.discard()
            kept = "; the same command goes on from here" if bench.journal.path else ""
            self._progress.say(f"stopped early, so no record is written{kept}")
        elif self.output is None:
            bench.journal.discard()  # the next try begins anew
            self._progress.say("nothing got to a number, so no record is written")
            for line in welcome.without_a_number(bench):
                self._progress.say(line)
            if any("contender" in _parameters(item) for item in session.items):
                _fail(session)
        else:
            self._complete(session, destination.complete)

    def broken_off(self, session: pytest.Session, error: Exception) -> None:
        """What comes after the last test has failed: the run is safe by then, or is made safe."""
        if isinstance(error, OSError):
            self.rescue(session, error)
        elif isinstance(error, PerformanceRegression):  # pytest-benchmark has said of what
            _fail(session)
        else:
            self._progress.say(f"{crash(error)}{self._where()}")
            session.exitstatus = session.exitstatus or CRASHED

    def _where(self) -> str:
        return f"; the run is in {self.path}" if self.path else ""

    def rescue(self, session: pytest.Session, error: OSError) -> None:
        """pytest-benchmark could not write its file: keep a whole run where there still is space, and say where."""
        self._progress.say(f"cannot write {error.filename or 'the end of the run'}: {error.strerror}")
        output, destination = self.output, self.destination
        if self.path is None and self.whole and output is not None and destination is not None:
            self._complete(session, lambda: destination.rescue(output))
            if self.path is not None:
                self._progress.say(f"the run is whole in {self.path}")
        _fail(session)

    def heard(self, session: pytest.Session, output: Heard) -> None:
        """Where standard output took nothing more: say so, and where the run is."""
        output.flush()
        if output.lost:
            self._progress.say(f"standard output could not be written: {output.lost}{self._where()}")
            session.exitstatus = session.exitstatus or UNHEARD

    def _complete(self, session: pytest.Session, write: Callable[[], Path]) -> None:
        try:
            self.path = write()
        except CannotDo as error:
            self._progress.say(str(error))
            _fail(session)
        else:
            assert self.bench is not None
            self.bench.journal.discard()


def _parameters(item: pytest.Item) -> dict[str, object]:
    return item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}


def _fail(session: pytest.Session) -> None:
    session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
