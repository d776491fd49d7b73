"""In what state was the machine while it measured?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reports import units
from reports.document import Section, Table
from reports.view import View
from suite.record.machine import State

WHEN = ("before", "during", "after")


def sections(view: View) -> Iterator[Section]:
    """The device during the run; nothing where it said nothing."""
    table = states_table(view)
    if table.rows:
        words = (
            "The readings are NVML's, from the lowest to the highest. A slowdown is a clock held down by heat or by a "
            "power brake. Rounds of a campaign in which that happened are dropped. The board's own power limit is not "
            "counted as a slowdown."
        )
        yield Section("The machine while measuring", (words,), tables=(table,))


def states_table(view: View) -> Table:
    """The lowest and highest readings before, during and after measuring."""
    heads = (
        "when", "slowdown", "from start, s", "SM clock, MHz", "memory clock, MHz", "temperature, °C", "power, W",
        "other processes", "readings",
    )  # fmt: skip
    said = [each for each in view.run.states if _says(each)]
    by_time = ((when, [each for each in said if each.when == when]) for when in WHEN)
    return Table(heads, tuple(_state_row(when, states) for when, states in by_time if states), text=2)


def _says(s: State) -> bool:
    return any((s.sm_clock_mhz, s.memory_clock_mhz, s.temperature_c, s.power_w, s.slowdown))


def _state_row(when: str, states: Sequence[State]) -> tuple[str, ...]:
    return (
        when,
        ", ".join(sorted({reason for each in states for reason in each.slowdown})) or "none",
        _range(each.seconds for each in states),
        _range(each.sm_clock_mhz for each in states),
        _range(each.memory_clock_mhz for each in states),
        _range(each.temperature_c for each in states),
        _range(each.power_w for each in states),
        _range(each.other_processes for each in states),
        str(len(states)),
    )


def _range(readings: Iterable[float | None]) -> str:
    known = [reading for reading in readings if reading is not None]
    if not known:
        return units.ABSENT
    return units.span(f"{min(known):,.0f}", f"{max(known):,.0f}")
