"""SIGINT and SIGTERM end a run in the same order, once; what repeats the first of them changes nothing.

tox sends SIGINT after the terminal has, then SIGTERM: the end of a run must not be cut short by its own beginning.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Whether the user has asked for the end. `install` and `restore` only act in the main thread."""

    def __init__(self) -> None:
        self.seen = False
        self._ending = False
        self._before: dict[signal.Signals, Any] = {}

    def install(self) -> None:
        """From now on the first signal raises KeyboardInterrupt, and the others nothing."""
        if threading.current_thread() is threading.main_thread() and not self._before:
            self._before = {number: signal.signal(number, self._arrived) for number in SIGNALS}

    def ending(self) -> None:
        """The run has come to its end, which is short: a signal is noted from now on, and raises nothing."""
        self._ending = True

    def check(self) -> None:
        """Raise KeyboardInterrupt where one was asked for and something has swallowed it."""
        if self.seen:
            raise KeyboardInterrupt

    def restore(self) -> None:
        """Let the signals do again what they did before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        first, self.seen = not self.seen, True
        if first and not self._ending:
            raise KeyboardInterrupt
