"""What the numbers rest on: the same launches by other timers, and the state of the machine while it measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from reports import units
from reports.tables import Part, Table
from suite.record.machine import State
from suite.record.run import Agreement, Record

ASKED, FROM_S = 0.02, 50e-6
"""Timers are asked to agree within this share from this time per launch up."""

TIMERS = {"cupti": "CUPTI", "cuda_events": "event pairs"}
WHEN = ("before", "during", "after")


def second_timer(record: Record) -> Iterator[Part]:
    """Title, paragraphs and tables about other timers; nothing where the run took none."""
    if record.run.agreements:
        words = (
            "The same launches by timers that are independent of the campaign's. CUPTI gives how long the kernels of "
            "one launch keep the device busy, without the gap to the next launch, about a microsecond, that is part "
            f"of the campaign's time; agreement within {units.percent(ASKED)} is asked of it from "
            f"{FROM_S * 1e6:.0f} µs up, with events around the very launches that it watched where a run took them, "
            "else with the campaign. Event pairs enclose launches that the host queues on a stream, the way of "
            "timing a backend that no CUDA graph can hold; a stream leaves a longer gap between launches than a graph."
        )
        yield "A second timer", (words, _verdict(record.run.agreements)), (agreement_table(record),)


def _verdict(agreements: Sequence[Agreement]) -> str:
    return f"{_cupti_verdict(agreements)} {_events_gap(agreements)}".strip()


def _cupti_verdict(agreements: Iterable[Agreement]) -> str:
    asked = [each for each in agreements if each.timer == "cupti" and each.campaign_seconds >= FROM_S]
    if not asked:
        return "CUPTI was not asked about a case that takes so long."
    widest = max(asked, key=_off)
    beyond = sum(_off(each) > ASKED for each in asked)
    agree = f"All {len(asked)} comparisons with CUPTI agree" if not beyond else f"{beyond} of {len(asked)} do not agree"
    farthest = f"the farthest is off by {_two_digits(_off(widest))} ({widest.backend} in {widest.case})"
    return f"{agree}; {farthest}. {_profilers_part(asked)}".strip()


def _off(cupti: Agreement) -> float:
    """How far CUPTI is from events around the same launches or, where a run took none, from the campaign; a share."""
    return abs((cupti.of_same_launches or cupti.ratio) - 1)


def _profilers_part(asked: Iterable[Agreement]) -> str:
    changed = {each.changed - 1: each for each in asked if each.changed}
    if not changed:
        return ""
    most = max(changed, key=abs)
    which = f"{changed[most].backend} in {changed[most].case}"
    return f"Being watched changes a launch's time by {_two_digits(most, '+')} at most ({which})."


def _two_digits(share: float, sign: str = "") -> str:
    return f"{share:{sign}.2%}".replace("%", " %")


def _events_gap(agreements: Iterable[Agreement]) -> str:
    longer = [each.seconds - each.campaign_seconds for each in agreements if each.timer == "cuda_events"]
    return f"Event pairs read {median(longer) * 1e6:+.1f} µs per launch, the median of {len(longer)}." if longer else ""


def agreement_table(record: Record) -> Table:
    """The campaign's time and each other timer's, a row per backend, case and series."""
    rows: dict[tuple[str, str, str], dict[str, Agreement]] = {}
    for each in record.run.agreements:
        rows.setdefault((each.backend, each.case, each.series), {})[each.timer] = each
    timers = [timer for timer in TIMERS if any(timer in row for row in rows.values())]
    heads = [f"{TIMERS[timer]}{what}" for timer in timers for what in (", µs", " / campaign")]
    watched = any(each.profiled_events_seconds for each in record.run.agreements)
    heads += ["events while profiled, µs", "CUPTI / those", "those / campaign"] if watched else []
    return Table(
        ("backend", "case", "series", "campaign, µs", *heads),
        tuple((*key, *_agreement_cells(row, timers), *_watched_cells(row, watched)) for key, row in rows.items()),
        text=3,
    )


def _agreement_cells(row: dict[str, Agreement], timers: Sequence[str]) -> Iterator[str]:
    yield units.microseconds(next(iter(row.values())).campaign_seconds)
    for timer in timers:
        yield units.microseconds(row[timer].seconds if timer in row else None)
        yield f"{row[timer].ratio:.4f}" if timer in row else units.ABSENT


def _watched_cells(row: dict[str, Agreement], watched: bool) -> Iterator[str]:
    if watched:
        cupti = row.get("cupti")
        yield units.microseconds(cupti.profiled_events_seconds if cupti else None)
        for share in (cupti.of_same_launches, cupti.changed) if cupti else (None, None):
            yield f"{share:.4f}" if share else units.ABSENT


def state(record: Record) -> Iterator[Part]:
    """Title, paragraphs and tables about the device during the run; nothing where it said nothing."""
    table = states_table(record)
    if table.rows:
        words = (
            "As NVML says, from the lowest to the highest reading. Slowdown: clocks held down by heat or by a power "
            "brake; the rounds of a campaign in which that happened are dropped. The board's own power limit is not "
            "counted as one."
        )
        yield "The machine while measuring", (words,), (table,)


def states_table(record: Record) -> Table:
    """The ranges of what was read before, during and after measuring."""
    heads = (
        "when", "slowdown", "from start, s", "SM clock, MHz", "memory clock, MHz", "temperature, °C", "power, W",
        "other processes", "readings",
    )  # fmt: skip
    said = [each for each in record.run.states if _says(each)]
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
    low, high = f"{min(known):,.0f}", f"{max(known):,.0f}"
    return low if low == high else f"{low} to {high}"
