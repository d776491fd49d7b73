"""Runs that were taken at the same time, one per GPU, by one command: what joins their records."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from suite.record.typed import Typed


class Group(Typed):
    """One run's place among the runs of one command."""

    utc: AwareDatetime  # when the command began; the same in all of them
    host: str  # a digest, since a host's own name is nobody's business
    rank: int = Field(ge=0)
    size: int = Field(ge=1)  # how many runs the command began
    gpus: str  # as the command said it: all, 0,1 or cpu,cpu
    place: str  # the GPU's index on its host, or cpu

    @property
    def label(self) -> str:
        """What tells this run's files from those of the others."""
        return f"{self.host}-r{self.rank}"
