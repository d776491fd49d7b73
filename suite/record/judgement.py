"""What is said of a kernel from outside: the verdict, where it holds, the times, and what to look at next."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import AwareDatetime, Field, model_validator

from suite.record.compiled import Compiled
from suite.record.machine import Machine
from suite.record.typed import Typed

JudgementVerdict = Literal[
    "right", "incorrect", "refused", "implausible", "crashed", "timeout", "no_memory", "unjudged"
]
Check = Literal[
    "load",
    "contract",
    "gate",
    "guards",
    "probes",
    "repeats",
    "patched",
    "threads",
    "graph",
    "secret",
    "steady",
    "clock",
    "ceiling",
]
"""The judge's checks, each of which can be left out by name."""

CHECKS: tuple[Check, ...] = get_args(Check)


class FirstWrong(Typed):
    """The first element of C that is wrong; values as Python writes them, for they may be NaN or infinite."""

    row: int
    col: int
    expected: str
    found: str


class WrongElements(Typed):
    """How many elements of C are wrong, and where they lie."""

    case: str
    count: int
    of: int
    first: FirstWrong
    where: str  # rows, columns and tail, in words


class JudgedTime(Typed):
    """The candidate's time in one case, measured beside ceilings and references in its own process."""

    case: str
    median_s: float
    ceiling: str
    of_ceiling: float | None = None  # None: the host's clock took its times, and the device's the ceiling's
    of_ceiling_ci99: tuple[float, float] | None = None
    against: dict[str, tuple[float, float, float]]  # reference -> time of this one / its time, low, high
    control_ci99: tuple[float, float]  # a reference against itself, in the same rounds
    rounds: int
    launch_s: float | None = None  # what the host spends to enqueue one launch
    call_s: float | None = None  # on what a user writes, from tensors to a new C; on bind and launch in older ones


class Judgement(Typed):
    """One kernel file, judged: what `tox -e judge --json` writes."""

    schema_version: Literal[1] = 1
    utc: AwareDatetime
    file: str
    sha256: str
    seed: int  # of every value that was drawn
    machine: Machine
    verdict: JudgementVerdict
    caught_by: Check | None = None
    reason: str = ""  # one line
    wrong: WrongElements | None = None
    right_for: tuple[str, ...] = ()
    wrong_for: tuple[str, ...] = ()
    raises_for: tuple[str, ...] = ()  # what it declines, with the reason it gives
    times: tuple[JudgedTime, ...] = ()
    compiled: tuple[Compiled, ...] = ()
    counters: dict[str, dict[str, int | float]] = Field(default_factory=dict)  # kernel -> metric -> value; see Profile
    counters_case: str = ""  # the case of the launch that was counted
    notes: tuple[str, ...] = ()  # what the reader must know: the stream, the form of the file, its own output
    look_at: tuple[str, ...] = ()  # what to look at next, from facts

    @model_validator(mode="after")
    def _no_time_stands_for_what_is_not_right(self) -> Judgement:
        if self.times and self.verdict not in ("right", "implausible"):
            raise ValueError(f"{self.verdict}, so it can hold no time")
        return self

    @property
    def exit_code(self) -> int:
        """0: right; 1: wrong; 3: it could not be judged."""
        if self.verdict == "right":
            return 0
        return 1 if self.verdict in ("incorrect", "refused", "implausible") else 3
