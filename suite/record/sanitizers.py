"""What NVIDIA's compute-sanitizer says of each backend's launches: a document of its own beside the runs."""

from __future__ import annotations

from typing import ClassVar, Literal

from suite.record.document import Document
from suite.record.typed import Typed

Tool = Literal["memcheck", "racecheck", "initcheck", "synccheck"]


class Sanitized(Typed):
    """One backend's launches under one tool."""

    backend: str
    tool: Tool
    launches: int
    findings: int | None  # errors and hazards; None: the tool came to no end
    said: str = ""  # its first finding, or why it came to no end
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether it came to its end and found nothing."""
        return self.findings == 0


class Sanitizers(Document):
    """All backends under all tools, over the same products."""

    suffix: ClassVar[str] = ".sanitizers.json"
    command_that_writes: ClassVar[str] = "tox -e sanitize"

    version: str  # compute-sanitizer's
    options: dict[Tool, tuple[str, ...]]
    products: tuple[str, ...]  # what is launched under each, by the ids of probes
    backends: tuple[Sanitized, ...]
