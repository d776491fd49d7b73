"""How was it measured?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from typing import get_args

from reports import units
from reports.document import Section, Table, said
from reports.view import View
from suite.record.measurement import Measurement, Series

SERIES: tuple[Series, ...] = get_args(Series)


def sections(view: View) -> Iterator[Section]:
    """The protocol in words, and how each campaign went; nothing where nothing was measured."""
    if view.every:
        yield Section(
            "How it was measured",
            said(TAKEN, _threads(view), _levels(view), _judged(view), _short(view)),
            tables=(campaigns_table(view),),
        )


TAKEN = (
    "Every contender of a case is timed once in each round, in an order that rotates and reverses. Beside the backends "
    "run the ceilings and the A/A control, which is one contender under a second name. A ratio is the mean of paired "
    "per-round log ratios. No sample is removed as an outlier. 1 GB/s is 1e9 bytes per second. The bytes are the "
    "fewest that a launch can move, (2·N·M + N) · itemsize."
)


def _threads(view: View) -> str:
    if view.machine.kind != "cpu":
        return ""
    return (
        "Backends bring threads of their own into one process. One of GNU OpenMP's that waits for work sleeps after "
        "0.1 ms, not after milliseconds as by default: it would keep the next contender from its core."
    )


def _levels(view: View) -> str:
    """What the intervals hold for."""
    if view.restarts < 2:
        return (
            "Its 99 % interval is Student's, with the error of a moving-block bootstrap. It holds within one process: "
            "a repeat in a fresh process can differ by more."
        )
    return (
        f"Its 99 % interval is of a repeat: Student's, from the scatter of {view.restarts} restarts. It is never "
        "narrower than that of the rounds within them, whose error is a moving-block bootstrap's."
    )


def _judged(view: View) -> str:
    margins = sorted(each.margin for each in view.every)
    here = units.span(units.percent(margins[0]), units.percent(margins[-1]))
    return (
        "A verdict compares a backend with the fastest one of its case, which is called fastest. FASTER or SLOWER: the "
        "interval lies wholly outside 1 ± δ, and Holm's procedure over the case agrees, at 1 %. SAME: it lies wholly "
        "inside, so the backend is as fast as the best, within δ. UNDECIDED: the data cannot tell; it does not mean "
        "equal. We claim no difference below δ: 1 %, or more where timing one backend against itself already shows "
        "more. More is twice the A/A control's half-width, or its reach from 1, whichever is more. "
        f"In this run δ is {here}."
    )


def _short(view: View) -> str:
    short = sorted({each.case for each in view.series("cold") if each.buffer_sets < each.buffer_sets_needed})
    if not short:
        return ""
    return f"In {len(short)} cases the operands rotated through too few copies for a cold cache: {', '.join(short)}."


def campaigns_table(view: View) -> Table:
    """How each series was taken: method, cases, rounds, why they stopped, the A/A control, the margin."""
    heads = (
        "series", "method", "stopped because", "cases", "rounds", "rounds dropped", "A/A half-width: median, widest",
        "margin δ",
    )  # fmt: skip
    return Table(heads, tuple(_campaign_row(view, series) for series in SERIES if view.series(series)), text=3)


def _campaign_row(view: View, series: Series) -> tuple[str, ...]:
    each_case = view.cases(series)
    return (
        series,
        ", ".join(sorted({each.method for each in view.series(series)})),
        _counted(each.stop_reason for each in each_case),
        str(len(each_case)),
        _span([f"{each.rounds}" for each in sorted(each_case, key=lambda m: m.rounds)]),
        str(sum(each.rounds_dropped for each in each_case)),
        _control(each_case),
        _span([units.percent(each.margin) for each in sorted(each_case, key=lambda m: m.margin)]),
    )


def _control(each_case: Sequence[Measurement]) -> str:
    widths = [(ci[1] - ci[0]) / 2 for ci in (each.control_ci99 for each in each_case) if ci]
    return f"±{100 * median(widths):.2f} %, ±{100 * max(widths):.2f} %" if widths else units.ABSENT


def _counted(values: Iterable[str]) -> str:
    return ", ".join(f"{value} {count}" for value, count in sorted(Counter(values).items()))


def _span(ordered: list[str]) -> str:
    return units.span(ordered[0], ordered[-1])
