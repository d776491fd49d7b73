"""Which measured cases speak for one that was not: classes of cases, and distances within them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

from reports.answers.evidence import Device
from suite.cases import Case, Regime

NEIGHBOURS = 4
"""So many measured cases decide over one that was not, with those beside its columns."""

SPEAKING = 3
"""So many are enough: another that lies in a regime further away is not asked. Measured by
`python -m reports regret`, leave-one-out over runs of an H100 and an H200 of November 2026; the H200's reused operands.
Asking always four loses 0.66 % in the mean, three or four so chosen 0.41 %. For a case in L2 speaks against what is
fastest in DRAM. With two the worst choice is 6.7 % too slow, with three 3.7 %."""

WARP = 32

REGIMES: tuple[Regime, ...] = ("launch-bound", "L2-resident", "mixed", "DRAM-bound")


def neighbours(device: Device, case: Case, known: Iterable[Case]) -> list[Case]:
    """The nearest of the known cases of its dtype and layout, SPEAKING to NEIGHBOURS, and those beside its columns.

    Those of its class come first, then those of its alignment, of its kind of rows, of the regimes beside its own.
    """
    regime, own_aligned, own_rows, own_aspect = _kind(device, case)

    def key(each: Case) -> tuple[bool, bool, int, bool, float, str]:
        other, is_aligned, of_rows, of_aspect = _kind(device, each)
        unlike = is_aligned != own_aligned, of_rows != own_rows, abs(other - regime), of_aspect != own_aspect
        return *unlike, distance(each, case), each.id

    if not case.rows * case.cols:
        return []
    alike = [each for each in known if (each.dtype, each.layout) == (case.dtype, case.layout) and each != case]
    keys = {each: key(each) for each in alike}
    order = sorted(alike, key=keys.__getitem__)
    found = [each for each in order[:NEIGHBOURS] if keys[each][:3] <= keys[order[:SPEAKING][-1]][:3]]
    return found + _beside(case, found, order[len(found) :])


@lru_cache(maxsize=4096)
def _kind(device: Device, case: Case) -> tuple[int, bool, str, str]:
    """The place of its regime, and what tells its rows from others."""
    return REGIMES.index(device.regime(case)), aligned(case), rows(case), aspect(case)


def _beside(case: Case, found: list[Case], others: list[Case]) -> list[Case]:
    """Those others that are next to the case in columns, on each side of it where no found one stands.

    So that rows of another length do not speak for it alone. cublas_dgmm was chosen for 37 columns, since it is fast at
    4095, and is 5 times slower at 7. Not needed where a found one has rows of its kind.
    """
    mates = [each for each in found if aligned(each) == aligned(case)]
    if any(_length(each) == _length(case) for each in mates):
        return []
    beside = []
    for fewer in (True, False):
        side = [each for each in others if aligned(each) == aligned(case) and (each.cols < case.cols) == fewer]
        if side and not any((each.cols < case.cols) == fewer for each in mates):
            beside.append(min(side, key=lambda each: abs(math.log2(each.cols / case.cols))))
    return beside


def class_of(device: Device, case: Case) -> tuple[Regime, bool, str]:
    """What cases must share to speak for each other: the regime, the alignment of rows, and the aspect."""
    return device.regime(case), aligned(case), aspect(case)


def rows(case: Case) -> str:
    """The kind of its rows, which no case of another kind speaks for: on 16 bytes or off them, and if they are short.

    Without such a case the choice for 7 columns was 6.9 % too slow on an H200, so then there is none.
    """
    short = "shorter than a warp, " if case.cols < WARP else ""
    return f"{short}{'on' if aligned(case) else 'off'} 16-byte boundaries"


def aligned(case: Case) -> bool:
    """Whether every row starts on 16 bytes if the first one does."""
    return case.cols * case.itemsize % 16 == 0


def aspect(case: Case) -> str:
    """Rows end within a warp, or within a usual block; few rows leave one scalar of A to many blocks."""
    length = _length(case)
    return length if length != "long rows" else "few rows" if case.rows < 256 else "many long rows"


def _length(case: Case) -> str:
    return "rows shorter than a warp" if case.cols < WARP else "short rows" if case.cols < 256 else "long rows"


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
