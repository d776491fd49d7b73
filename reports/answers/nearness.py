"""Which measured cases speak for one that was not: classes of cases, and distances within them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from reports.answers.evidence import Device
from suite.cases import Case, Regime

NEIGHBOURS = 4
"""So many measured cases decide over one that was not. Leave-one-out over the published runs of an H100 and an H200:
with two the worst choice is 14 % too slow, with three 5 %, with four or five 4 to 5 %."""

REGIMES: tuple[Regime, ...] = ("launch-bound", "L2-resident", "mixed", "DRAM-bound")


def neighbours(device: Device, case: Case, known: Iterable[Case]) -> list[Case]:
    """The NEIGHBOURS nearest of the known cases of its dtype and layout, nearest first.

    Those of its class come first, then those of its alignment, then of the regimes beside its own.
    """
    regime = REGIMES.index(device.regime(case))

    def key(each: Case) -> tuple[bool, int, bool, float, str]:
        apart = abs(REGIMES.index(device.regime(each)) - regime)
        return aligned(each) != aligned(case), apart, aspect(each) != aspect(case), distance(each, case), each.id

    if not case.rows * case.cols:
        return []
    alike = [each for each in known if (each.dtype, each.layout) == (case.dtype, case.layout) and each != case]
    return sorted(alike, key=key)[:NEIGHBOURS]


def class_of(device: Device, case: Case) -> tuple[Regime, bool, str]:
    """What cases must share to speak for each other: the regime, the alignment of rows, and the aspect."""
    return device.regime(case), aligned(case), aspect(case)


def aligned(case: Case) -> bool:
    """Whether every row starts on 16 bytes if the first one does."""
    return case.cols * case.itemsize % 16 == 0


def aspect(case: Case) -> str:
    """Rows end within a warp, or within a usual block; few rows leave one scalar of A to many blocks."""
    if case.cols < 32:
        return "rows shorter than a warp"
    return "short rows" if case.cols < 256 else "few rows" if case.rows < 256 else "many long rows"


def distance(one: Case, other: Case) -> float:
    """How far two cases are apart in the plane of log bytes and, half as much, log columns."""
    bytes_apart = math.log2(one.bytes_moved / other.bytes_moved)
    return math.hypot(bytes_apart, math.log2(one.cols / other.cols) / 2)


def nearest(case: Case, known: Iterable[Case]) -> Case | None:
    """The known case nearest to this one, of its dtype and layout if there is any; None where nothing is known."""
    if not case.rows * case.cols:
        return None
    return min(
        known,
        key=lambda each: (each.dtype != case.dtype, each.layout != case.layout, distance(each, case), each.id),
        default=None,
    )
