"""The answer to a question, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from backends import CATALOGUE
from reports.answers.called import WORDS, Called
from reports.answers.evidence import Run
from suite.cases import Case, Regime

Status = Literal["measured", "interpolated", "predicted", "unknown"]

EXIT_CODES: dict[Status, int] = {"measured": 0, "interpolated": 3, "predicted": 4, "unknown": 5}
"""1 and 2 are every command's own: what cannot be done, and wrong arguments."""

TUNES = frozenset(entry.name for entry in CATALOGUE if entry.tunes)
EAGER = next(entry.name for entry in CATALOGUE if entry.baseline)


def measuring(case: Case, memory_bytes: int | None = None) -> str:
    """The command that measures the case; empty where there is nothing to do, or no room in so much memory."""
    fits = memory_bytes is None or case.bytes_moved <= memory_bytes
    return f"tox -e bench -- --sweep {case.id}" if case.rows * case.cols and fits else ""


@dataclass(frozen=True)
class Rival:
    """Another backend beside the one that is recommended: its time over the fastest's, at best and at worst."""

    backend: str
    best: float
    worst: float
    share: tuple[float, float] | None = None  # of the best copy, the ends of the widest interval of these runs
    elsewhere: float | None = None  # how far its ratio differed between runs of another case, where not of this one


@dataclass(frozen=True)
class Answer:
    """The answer to a question; `backend` is empty where it is not known. Every number is of committed records."""

    status: Status
    case: str
    called: Called
    calls: int
    device: str  # its own name; as it was asked for where it is not known
    backend: str = ""
    reliable: bool = True  # its ratio did not differ by more than 5 % between runs or restarts
    elsewhere: float | None = None  # how far its ratio differed between runs of another case, if by more than that
    worst: float | None = None  # its time over the fastest's, at worst over all runs and restarts
    regime: Regime | None = None
    cases: tuple[str, ...] = ()  # the measured cases that decided, nearest first
    across: bool = False  # not all of them are of the class of the question's
    host_case: str = ""  # where the host's time was taken
    seconds: tuple[float, float] | None = None  # per call, smallest and largest of these runs; None: not measured
    eager: tuple[float, float] | None = None  # the time of plain PyTorch over that of the backend
    share: tuple[float, float] | None = None  # of the best copy, by device time: the widest interval of these runs
    doubtful: bool = False  # faster than any copy we timed, beyond the noise
    tied: tuple[Rival, ...] = ()  # never slower than the fastest by more than 1 %
    unreliable: tuple[Rival, ...] = ()  # as fast in some run, and much slower in another
    caveat: str = ""
    runs: tuple[Run, ...] = ()  # that hold the numbers, newest first
    timed_in: int = 0  # so many of them timed the cases; others hold the host's part or a first use
    restarts: int = 0  # fresh processes in all
    predicted_s: tuple[float, float] | None = None  # by the model, of the compiled kernel; nothing of it is measured
    bound_s: float | None = None  # the case's bytes at the device's peak bandwidth
    model_errors: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # measured device -> its errors there
    why: str = ""  # why it is not known, or on what a prediction rests
    nearest: tuple[str, ...] = ()  # if not known: the nearest measured case of the device, or device
    measure: str = ""  # the command that would tell

    @property
    def exit_code(self) -> int:
        """0 measured, 3 interpolated, 4 predicted, 5 unknown."""
        return EXIT_CODES[self.status]

    @property
    def said(self) -> str:
        """How the product is called, in words."""
        words = WORDS[self.called]
        return f"{words}, {self.calls} calls" if self.called == "first-use" else words
