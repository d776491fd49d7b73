"""What is this page about, and what is its result in one sentence?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports import units
from reports.device import device, whose
from reports.document import Figure, Section, Table, filled, said
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
            f"{view.record.utc:%Y-%m-%d %H:%M} UTC, commit {view.machine.commit}.",
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
        "role",
        "median, µs",
        "GB/s",
        view.within("of the ceiling"),
        "of peak",
        view.within("time / fastest"),
        "verdict",
    )
    remarks = view.remarks(contenders(view.headline, ("backend",)))
    rows = tuple(_headline_row(each, starred(each.backend, remarks)) for each in view.headline)
    return Table(heads, rows, text=2, note=footnotes(remarks, after=NOTE))


def _headline_row(m: Measurement, name: str) -> tuple[str, ...]:
    return (
        name,
        m.role,
        units.microseconds(m.median_s),
        units.gigabytes_per_s(m.bandwidth_bytes_per_s),
        share_interval(m),
        units.percent(m.of_peak),
        units.ratio(m.ratio, m.ratio_ci99),
        verdict_cell(m),
    )
