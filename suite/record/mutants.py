"""What the judge said of every file of the library of mutants on one device: a document beside the runs."""

from __future__ import annotations

from typing import ClassVar, Literal

from suite.record.document import Document
from suite.record.judgement import Check, JudgementVerdict
from suite.record.typed import Typed

Kind = Literal["wrong", "dishonest", "broken", "meddling", "honest"]


class TriedFile(Typed):
    """One file: what it does, what must be said of it, and what was said."""

    name: str
    what: str
    kind: Kind
    expected: JudgementVerdict
    expected_checks: tuple[Check, ...]  # any of these may catch it; empty for a file that is right
    verdict: JudgementVerdict
    caught_by: Check | None
    reason: str
    seconds: float

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one of its row, by one of the checks that its row names."""
        return self.verdict == self.expected and (self.expected == "right" or self.caught_by in self.expected_checks)


class Mutants(Document):
    """The whole library, as far as this kind of device can try it."""

    suffix: ClassVar[str] = ".mutants.json"
    command_that_writes: ClassVar[str] = "tox -e judge -- --library"

    case: str  # in which every file is tried, beside the probes
    files: tuple[TriedFile, ...]
