"""Nsight Compute's counters of one launch of each backend: a document of its own beside the runs."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from suite.cases import parse
from suite.record.document import Document
from suite.record.measurement import Outcome


class Profile(Document):
    """Nsight Compute's counters of one launch of each backend in one case: a file of its own beside the runs."""

    suffix: ClassVar[str] = ".profile.json"
    command_that_writes: ClassVar[str] = "tox -e profile"

    case: str
    tool: str  # Nsight Compute's version
    options: tuple[str, ...]  # its options: what it did with clocks and caches, the metrics by their full names
    units: dict[str, str]  # metric -> its unit
    kernels: dict[str, dict[str, int | float]]  # kernel -> metric -> value; a name met again is numbered, "name #2"
    backends: dict[str, tuple[str, ...]]  # backend -> the kernels that one product launched, in order
    forms: dict[str, str] = Field(default_factory=dict)  # backend -> which of its forms or configs ran
    outcomes: tuple[Outcome, ...] = ()

    @model_validator(mode="after")
    def _of_a_case_and_kernels_that_exist(self) -> Profile:
        parse(self.case)
        if not {name for names in self.backends.values() for name in names} <= set(self.kernels):
            raise ValueError("a backend names a kernel that has no metrics")
        return self
