"""One contender in one case and series: its measurement, or the outcome that stands for one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from suite.cases import Case, Layout, Regime, parse
from suite.record.typed import Bytes, Count, Interval, Positive, Seconds, Typed
from suite.verdict import Verdict

Series = Literal["cold", "hot", "launch", "call", "as_called", "as_called_host"]
Method = Literal["cuda_graph", "cuda_events", "host_clock"]
StopReason = Literal["precise", "max_rounds", "budget", "smoke"]
OutcomeKind = Literal[
    "unavailable",
    "unsupported",
    "incorrect",
    "refused",
    "implausible",
    "crashed",
    "timeout",
    "no_memory",
    "throttled",
    "invalid",
]


class Outcome(Typed):
    """A backend that did not get to a number, and why. It has no field for a time."""

    backend: str  # "all" for a case that no backend could be given
    case: str | None = None  # None: every case of the run
    series: Series | None = None  # None: every series
    kind: OutcomeKind
    reason: str


class Restart(Typed):
    """What one contender gave in one fresh process of a campaign."""

    rounds: int
    median_s: float = Field(gt=0)
    of_ceiling: float | None = None  # of the campaign's ceiling, in this process
    form: str = ""  # what it chose here


class Measurement(Typed):
    """One candidate in one case and series. Times are seconds per launch.

    Intervals are 99 %: those of a repeat, in fresh processes, where `restarts` says that there were several. Without
    any, as in older records, they are of one process and say nothing of a repeat.
    """

    schema_version: Literal[1] = 1
    backend: str
    role: Literal["backend", "ceiling", "control"]
    gate: Literal["passed", "not_applicable"]  # not_applicable: a ceiling computes no product
    case: str
    rows: Count
    cols: Count
    dtype: str
    layout: Layout
    regime: Regime
    series: Series
    bytes_moved: Bytes
    median_s: Seconds
    mean_s: Seconds
    p5_s: Seconds
    p95_s: Seconds
    noise_relative_iqr: Annotated[float, Field(ge=0)]
    bandwidth_bytes_per_s: Positive
    ceiling: str | None = None  # the candidate that was the ceiling; None but in the series cold and hot
    of_ceiling: Positive | None = None  # time of the ceiling / time of this one, from paired rounds
    of_ceiling_ci99: Interval | None = None
    of_ceiling_within_ci99: Interval | None = None  # within this run's own processes
    # `!`: faster than any copy we timed, by more than the A/A control explains, where every launch had to fetch its
    # operands from DRAM
    above_ceiling: bool = False
    of_peak: Positive | None = None
    reference: str  # what `ratio` and `verdict` compare with: the fastest correct backend of the case and series
    ratio: Positive  # time of this one / time of the reference
    ratio_ci99: Interval
    ratio_within_ci99: Interval | None = None  # within this run's own processes
    verdict: Verdict  # of this one against the reference
    margin: Positive  # δ: differences under it are not claimed, max(1 %, 2 · the A/A half-width)
    control_ratio: Positive | None = None  # the A/A control of this campaign: one candidate against itself
    control_ci99: Interval | None = None
    method: Method
    launches_per_sample: Count
    buffer_sets: Count
    buffer_sets_needed: Count  # so many make every launch of the series cold find its operands in DRAM
    rounds: Count
    rounds_dropped: Annotated[int, Field(ge=0)] = 0
    stop_reason: StopReason
    allocates: bool = False
    # Each call is what a user writes, from tensors to a new C. Else one of the series call binds and launches once, as
    # in older records.
    fresh: bool = False
    form: str = ""  # which of its forms or configs the backend ran, as it words it; "x or y" where restarts chose both
    restarts: tuple[Restart, ...] = ()  # in order; () where one process took all rounds
    apart: bool = False  # in a campaign of its own beside the reference and the ceilings: its rounds are no one else's

    @model_validator(mode="after")
    def _no_time_without_the_gate(self) -> Measurement:
        if self.role != "ceiling" and self.gate != "passed":
            raise ValueError(f"{self.backend} did not pass the gate, so it can hold no time")
        return self

    @model_validator(mode="after")
    def _the_rounds_of_its_restarts(self) -> Measurement:
        if self.restarts and sum(restart.rounds for restart in self.restarts) != self.rounds:
            raise ValueError(f"{self.rounds} rounds, but those of its restarts are others")
        return self

    @property
    def chosen(self) -> tuple[str, ...]:
        """The forms that its restarts ran, each once; more than one where a tuner chose anew and otherwise."""
        return tuple(dict.fromkeys(restart.form for restart in self.restarts)) or (self.form,)

    @model_validator(mode="after")
    def _of_the_case_it_says(self) -> Measurement:
        case = parse(self.case)
        if case != Case(self.rows, self.cols, self.dtype, self.layout) or self.bytes_moved != case.bytes_moved:
            raise ValueError(f"shape, dtype, layout or bytes_moved are not those of {self.case}")
        return self
