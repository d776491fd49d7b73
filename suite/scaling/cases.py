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
    in_place: bool = False  # C takes B's place

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
)
CPU = (
    Problem("weak", Case(512, 512), "beyond a core's own cache"),
    Problem("strong", Case(2048, 512), "four times as much, shared"),
)


COLUMNS = 16384
CPU_MEMORY_BYTES = 4 << 20
"""What a rank on the CPU takes for its memory, so that the largest problem can be tried there."""


def largest(memory_bytes: int) -> Problem:
    """The problem whose B alone, as a whole, is larger than the memory of any of the devices, from two devices on."""
    rows = memory_bytes * 5 // 8 // (COLUMNS * 4) // 8 * 8
    return Problem("weak", Case(rows, COLUMNS), "5/8 of the memory is B, on every GPU", in_place=True)


def problems(kind: str, ranks: int, memory_bytes: int) -> tuple[Problem, ...]:
    """The problems for so many ranks, each on a device of this kind that has so much memory.

    Raises CannotScale where rows cannot be shared evenly.
    """
    chosen = (*(CUDA if kind == "cuda" else CPU), largest(memory_bytes))
    uneven = [each.case.id for each in chosen if each.way == "strong" and each.case.rows % ranks]
    if uneven:
        raise CannotScale(f"{ranks} ranks cannot share the rows of {uneven[0]} evenly; choose a power of two")
    return chosen
