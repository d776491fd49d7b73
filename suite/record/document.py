"""What is stored as a file of its own beside the runs of its device."""

from __future__ import annotations

from typing import ClassVar, Literal

from suite.record.machine import Machine
from suite.record.typed import Moment, Typed


class Document(Typed):
    """A file beside the runs; its name ends in `suffix`."""

    suffix: ClassVar[str]
    command_that_writes: ClassVar[str]

    schema_version: Literal[1] = 1
    utc: Moment
    command: str  # what to type to repeat it
    machine: Machine
