"""The signs beside numbers and names, and the words that say what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reports import units

if TYPE_CHECKING:  # it brings pydantic, 0.2 s that an answer need not wait for
    from suite.record.measurement import Measurement

MARKS = {"fastest": " ^", "SAME": " =", "UNDECIDED": " ?", "FASTER": " <", "SLOWER": ""}
"""The signs of a verdict: how the backend compares with the fastest one of its case."""

ABOVE = "faster than any copy we timed, beyond the noise"
"""What ! means, wherever it stands."""

ABOVE_WHERE = (
    "This is asked only where every launch fetches its operands from DRAM. These are the DRAM-bound cases, cold and "
    "hot. They are also, cold, the other cases with enough copies of their operands, but for the launch-bound ones."
)
"""The cases in which ! is asked at all: suite/measure/comparisons.py decides, and the record holds the answer."""

VERDICT_LEGEND = (
    "^ fastest. = as fast as the best, within δ. ? undecided: the data cannot tell; it does not mean equal. "
    "No mark: slower. < faster than the fastest, timed apart from it"
)
LEGEND = f"{VERDICT_LEGEND}. ! {ABOVE}"

STAR = "\N{NO-BREAK SPACE}*"
"""The sign behind the name of a backend with a remark, never on a line of its own; the table's note says it."""


def starred(name: str, said: Mapping[str, str]) -> str:
    """The backend's name, with a star if there is a remark on it."""
    return name + (STAR if name in said else "")


def footnotes(said: Mapping[str, str], *, after: str = "") -> str:
    """The remarks as one note, behind another; backends with the same remark are named together."""
    alike: dict[str, list[str]] = {}
    for name, words in said.items():
        alike.setdefault(words, []).append(name)
    return ". ".join(filter(None, (after, *(f"* {', '.join(names)}: {words}" for words, names in alike.items()))))


def share_cell(m: Measurement) -> str:
    """A share of the ceiling in percent and its marks; see LEGEND."""
    share = units.ABSENT if m.of_ceiling is None else f"{100 * m.of_ceiling:.1f}"
    return share + verdict_mark(m) + doubt(m)


def share_interval(m: Measurement) -> str:
    """A share of the ceiling with its interval, and ! where it is above the ceiling; see ABOVE."""
    return units.percent_interval(m.of_ceiling, m.of_ceiling_ci99) + doubt(m)


def verdict_cell(m: Measurement) -> str:
    """How a backend compares with the fastest one of its case; a dash for what is no backend."""
    if m.role != "backend":
        return units.ABSENT
    return "fastest" if m.backend == m.reference else m.verdict


def verdict_mark(m: Measurement) -> str:
    """The sign of the verdict, see MARKS; empty for what is no backend."""
    return MARKS.get(verdict_cell(m), "")


def doubt(m: Measurement) -> str:
    """The mark ! behind a share that is above the ceiling, see ABOVE; empty for the others."""
    return " !" if m.above_ceiling else ""
