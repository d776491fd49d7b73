"""What is measured on a mesh, with the reason for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from backends import DiagbenchError
from suite.cases import Case
from suite.record.scaling import Way


class CannotScale(DiagbenchError, ValueError):
    """A request that makes no sense for these ranks; the message says why, one line."""


@dataclass(frozen=True)
class Problem:
    """One way of scaling at one case: of one device where weak, of all of them together where strong."""

    way: Way
    case: Case
    why: str

    def shard(self, ranks: int) -> Case:
        """What each rank has."""
        return self.case if self.way == "weak" else replace(self.case, rows=self.case.rows // ranks)

    def whole(self, ranks: int) -> Case:
        """What all ranks have together."""
        return replace(self.case, rows=self.case.rows * ranks) if self.way == "weak" else self.case


CUDA = (
    Problem("weak", Case(4096, 4096), "the headline, on every GPU"),
    Problem("weak", Case(4096, 4096, "bfloat16"), "half the bytes, so that everything else shows"),
    Problem("weak", Case(16384, 16384), "where launches cost nothing beside the bytes"),
    Problem("weak", Case(16384, 16384, "bfloat16"), "the same in half the bytes"),
    Problem("strong", Case(32768, 16384), "shared among the GPUs, still DRAM-bound on each of eight"),
    Problem("strong", Case(32768, 16384, "bfloat16"), "the same in half the bytes"),
    Problem("strong", Case(131072, 98304), "B and C are 96 GiB, which no GPU of 80 GB holds"),
)
CPU = (
    Problem("weak", Case(512, 512), "beyond a core's own cache"),
    Problem("strong", Case(2048, 512), "four times as much, shared"),
)


def problems(kind: str, ranks: int) -> tuple[Problem, ...]:
    """The problems for so many ranks on devices of this kind. Raises CannotScale where rows cannot be shared evenly."""
    chosen = CUDA if kind == "cuda" else CPU
    uneven = [each.case.id for each in chosen if each.way == "strong" and each.case.rows % ranks]
    if uneven:
        raise CannotScale(f"{ranks} ranks cannot share the rows of {uneven[0]} evenly; choose a power of two")
    return chosen
