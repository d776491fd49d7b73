"""What other forms of the tuned kernel gave on one device: a document of its own beside the runs."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from suite.cases import parse
from suite.record.document import Document
from suite.record.measurement import Outcome
from suite.record.typed import Count, Interval, Positive, Seconds, Typed


class Tried(Typed):
    """One variant as it was when it was measured."""

    name: str
    what: str
    why: str


class Chosen(Typed):
    """One case and series, and the reason for it."""

    series: Literal["cold", "hot"]
    case: str
    why: str

    @model_validator(mode="after")
    def _of_a_case_that_exists(self) -> Chosen:
        parse(self.case)
        return self


class Row(Typed):
    """One candidate in one case and series; shares are ratios of times from paired rounds."""

    case: str
    series: Literal["cold", "hot"]
    variant: str
    role: Literal["variant", "reference", "ceiling", "control"]
    of_ceiling: Positive  # time of the better ceiling / time of this one
    of_ceiling_ci99: Interval
    of_tuned: Positive | None = None  # time of triton_tuned / time of this one; None: not timed
    of_tuned_ci99: Interval | None = None
    median_s: Seconds
    rounds: Count
    form: str = ""  # which of its forms a backend ran


class Variants(Document):
    """One measurement of all variants: a file of its own beside the runs."""

    suffix: ClassVar[str] = ".variants.json"
    command_that_writes: ClassVar[str] = "tox -e variants"

    variants: tuple[Tried, ...]
    cases: tuple[Chosen, ...]
    rows: tuple[Row, ...]
    outcomes: tuple[Outcome, ...] = ()
    seconds: Positive  # it took, compilation included
