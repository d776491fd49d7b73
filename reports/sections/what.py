"""What is this page about, and what is its result in one sentence?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports import units
from reports.device import device, whose
from reports.document import Cell, Figure, Section, Table, filled, said
from reports.figures.strip import LENS, strip, top
from reports.marks import ABOVE, footnotes, share_interval, starred, verdict_cell
from reports.view import View, contenders, tied
from suite.record.measurement import Measurement

NOTE = f"SAME: as fast as the best, within δ. UNDECIDED: the data cannot tell; it does not mean equal. !: {ABOVE}"


def section(view: View, figures: tuple[Figure, ...]) -> Section:
    """What the page is about, whose numbers it holds, and its headline as a sentence, a figure and a table."""
    smoke = any(each.stop_reason == "smoke" for each in view.every)
    return Section(
        "What this is",
        said(
            "diagbench computes C = diag(A) · B in every backend. With one multiplication per element, only the memory "
            "bounds it. Every backend is checked first, then all are timed alike. The ceiling is the best copy of the "
            "same bytes, in the same series and rounds.",
            f"This page is one run: sweep {view.run.sweep}, on {device(view.machine)}, "
            f"{view.record.utc:%Y-%m-%d %H:%M} UTC, commit {view.machine.commit[:10]}.",
            whose(view.machine),
            "This is a smoke run. Its few rounds show that the backends run, not how fast they are." if smoke else "",
            summary(view),
        ),
        figures,
        tables=filled(headline_table(view)),
    )


def summary(view: View) -> str:
    """The headline in words: the fastest backend, its share of the ceiling, and what cannot be told from it."""
    ties = tied(view.headline)
    if not ties:
        return "No backend got to a number in the headline case; the outcomes say why."
    first, *others = ties
    share = units.percent_interval(first.of_ceiling, first.of_ceiling_ci99)
    remark = view.remark(first.backend)
    name = f"{first.backend} ({remark})" if remark else first.backend
    reached = f"{name} is the fastest at {units.label(first)}, cold: {share} of the ceiling ({view.interval})."
    return " ".join((reached, *_told_apart(others, units.percent(first.margin))))


def _told_apart(others: Sequence[Measurement], margin: str) -> Iterator[str]:
    """Which backends are as fast as the best, and of which the data cannot tell."""
    same, undecided = ([m.backend for m in others if m.verdict == verdict] for verdict in ("SAME", "UNDECIDED"))
    if same:
        yield f"As fast, within δ = {margin}: {', '.join(same)}."
    if undecided:
        yield f"The data cannot tell about {', '.join(undecided)}; it does not mean equal."
    if not others:
        yield f"Every other backend is slower by more than δ = {margin}."


def headline_table(view: View) -> Table:
    """Every contender of the headline case, the fastest backend first, then the ceilings and the A/A control."""
    heads = (
        "contender",
        view.within("of the ceiling"),
        "median, µs",
        "GB/s",
        "of peak",
        view.within("time / fastest"),
        "role",
        "verdict",
    )
    remarks = view.remarks(contenders(view.headline, ("backend",)))
    end = top(view.headline)
    rows = tuple(_headline_row(each, starred(each.backend, remarks), end) for each in view.headline)
    note = footnotes(remarks, after=f"{_without(view)}{NOTE}")
    return Table(heads, rows, note=note, scale=f"{LENS:.0f} to {end:.1f} %")


def _without(view: View) -> str:
    """Who was tried at the headline and has no time."""
    found = view.outcomes_of(view.headline[0].case, "cold") if view.headline else []
    without = [each for each in found if each.kind != "unavailable"]
    listed = ", ".join(f"{each.backend} ({each.kind})" for each in without)
    return f"No time: {listed}. " if listed else ""


def _headline_row(m: Measurement, name: str, end: float) -> tuple[str, ...]:
    return (
        name,
        Cell(share_interval(m), drawn=strip(m, end)),
        units.microseconds(m.median_s),
        units.gigabytes_per_s(m.bandwidth_bytes_per_s),
        units.percent(m.of_peak),
        units.ratio(m.ratio, m.ratio_ci99),
        m.role,
        verdict_cell(m),
    )
