"""Where does the tuned Triton kernel fall short, of another backend or of the ceiling?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports import units
from reports.document import Section, Table, filled, said
from reports.view import TUNED, View
from suite.record.measurement import Measurement

KERNEL = TUNED[0]
"""The drop-in file, the kernel that this project offers for use."""

TARGET = 0.995
"""The share of the ceiling that is asked of it in DRAM-bound cases, cold. It moves the copy's bytes and one operand of
N elements, so only instructions can cost it more. Half of the smallest difference that a verdict claims is left for
them."""


def sections(view: View) -> Iterator[Section]:
    """Where another backend is faster, and where the ceiling is missed; nothing without a number of the kernel."""
    own = [each for each in view.every if each.backend == KERNEL]
    if own:
        slower = [each for each in own if each.verdict == "SLOWER"]
        bound = [each for each in own if each.series == "cold" and each.regime == "DRAM-bound"]
        short = [each for each in bound if each.of_ceiling is not None and each.of_ceiling < TARGET]
        yield Section(
            "Where the tuned Triton kernel is not the fastest",
            said(_slower_words(slower, own), _short_words(short, bound), _missing_words(view)),
            tables=filled(slower_table(view, slower), short_table(view, short)),
        )


def _slower_words(slower: Sequence[Measurement], own: Sequence[Measurement]) -> str:
    of = f"{len(own)} cases and series"
    if not slower:
        return f"In none of the {of} is another backend faster than {KERNEL} by more than δ."
    return f"In {len(slower)} of the {of} another backend is faster than {KERNEL} by more than δ: verdict SLOWER."


def _short_words(short: Sequence[Measurement], bound: Sequence[Measurement]) -> str:
    if not bound:
        return "No DRAM-bound case was measured in the series cold."
    target = f"{units.percent(TARGET)} of the ceiling"
    number = f"{len(short)} of the" if short else "none of the"
    return f"It is under {target} in {number} {len(bound)} DRAM-bound cases of the series cold."


def _missing_words(view: View) -> str:
    """In how many cases none of this can be said; empty where there are none."""
    without = {each.case for each in view.run.outcomes if each.backend == KERNEL and each.kind != "unavailable"}
    return f"It got to no number in {len(without)} more cases, for reasons that the outcomes give." if without else ""


def slower_table(view: View, slower: Sequence[Measurement]) -> Table:
    """Each case and series in which another backend is faster, the farthest behind first."""
    heads = (
        "case", "series", "regime", "fastest", "its form", f"form of {KERNEL}", view.within("time / fastest"),
        "margin δ",
    )  # fmt: skip
    return Table(
        heads, tuple(_slower_row(view, each) for each in sorted(slower, key=lambda m: -m.ratio)), text=6, prose=True
    )


def _slower_row(view: View, m: Measurement) -> tuple[str, ...]:
    fastest = view.one(m.series, m.reference, m.case)
    return (
        units.label(m),
        m.series,
        m.regime,
        m.reference,
        (fastest and fastest.form) or units.ABSENT,
        m.form or units.ABSENT,
        units.ratio(m.ratio, m.ratio_ci99),
        units.percent(m.margin),
    )


def short_table(view: View, short: Sequence[Measurement]) -> Table:
    """Each DRAM-bound case, cold, in which the kernel misses the target, the farthest off first."""
    heads = (
        "case",
        f"form of {KERNEL}",
        "best backend",
        view.within("share of the ceiling"),
        view.within("share of the best"),
    )
    return Table(heads, tuple(_short_row(view, each) for each in sorted(short, key=_share)), text=3, prose=True)


def _short_row(view: View, m: Measurement) -> tuple[str, ...]:
    backends = (each for each in view.campaign(m.series, m.case).values() if each.role == "backend")
    best = max(backends, key=_share)
    shares = (units.percent_interval(each.of_ceiling, each.of_ceiling_ci99) for each in (m, best))
    return (units.label(m), m.form or units.ABSENT, best.backend, *shares)


def _share(m: Measurement) -> float:
    return m.of_ceiling or 0.0
