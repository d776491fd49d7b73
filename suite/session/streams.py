"""Standard output that is closed, full, or cannot show every character ends no run: what was measured is worth more."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any


class Heard:
    """A text stream that is given up, and not raised from, where nothing can be written to it any more."""

    def __init__(self, stream: Any) -> None:
        """stream: a text stream; None where it was closed before Python began."""
        self.lost = "" if stream is not None else "it is closed"
        self.stream = stream if stream is not None else open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        with suppress(AttributeError, ValueError, OSError):  # put there by a test
            self.stream.reconfigure(errors="backslashreplace")  # whatever the locale can show

    def write(self, text: str) -> int:
        """Write the text, or lose it."""
        try:
            return int(self.stream.write(text))
        except (OSError, ValueError) as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Write what is held back, or lose it."""
        try:
            self.stream.flush()
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """The descriptor becomes the null device, so that Python does not try again when it ends."""
        self.lost = self.lost or getattr(error, "strerror", "") or str(error)
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.stream.fileno())
            os.close(null)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def heard() -> Heard:
    """Standard output as a Heard, which takes its place."""
    if not isinstance(sys.stdout, Heard):
        sys.stdout = Heard(sys.stdout)  # as much of a text stream as it takes
    if sys.stderr is None:
        sys.stderr = Heard(None)
    return sys.stdout
