"""What is this page about, and what is its result in one sentence?"""

from __future__ import annotations

from reports import units
from reports.device import device, whose
from reports.document import Figure, Section, Table, filled, said
from reports.marks import footnotes, share_interval, starred, verdict_cell
from reports.view import View, contenders, tied
from suite.record.measurement import Measurement


def section(view: View, figures: tuple[Figure, ...]) -> Section:
    """What the page is about, whose numbers it holds, and its headline as a sentence, a figure and a table."""
    smoke = any(each.stop_reason == "smoke" for each in view.every)
    return Section(
        "What this is",
        said(
            "diagbench computes C = diag(A) · B, one multiplication per element and so bound by memory alone, in every "
            "backend, checks each and measures all alike. "
            f"This page is one run: sweep {view.run.sweep}, on "
            f"{device(view.machine)}, {view.record.utc:%Y-%m-%d %H:%M} UTC, commit {view.machine.commit}. "
            "The ceiling is the best plain copy of the same bytes, measured in the same rounds.",
            whose(view.machine),
            "A smoke run: few rounds, to show that the backends run, not how fast." if smoke else "",
            summary(view),
        ),
        figures,
        tables=filled(headline_table(view)),
    )


def summary(view: View) -> str:
    """The headline in one sentence: the fastest backend, its share of the ceiling, and what cannot be told from it."""
    ties = tied(view.headline)
    if not ties:
        return "No backend got to a number in the headline case; the outcomes say why."
    first, *others = ties
    share = units.percent_interval(first.of_ceiling, first.of_ceiling_ci99)
    remark = view.remark(first.backend)
    name = f"{first.backend} ({remark})" if remark else first.backend
    reached = f"{name} reaches {share} of the ceiling at {units.label(first)}, cold"
    margin = f"the margin of {units.percent(first.margin)}"
    if not others:
        return f"{reached}; every other backend is slower by more than {margin}."
    return f"{reached}; within {margin} not told apart from it: {', '.join(other.backend for other in others)}."


def headline_table(view: View) -> Table:
    """Every candidate of the headline case, the fastest backend first, then the ceilings and the A/A control."""
    heads = ("candidate", "role", "median, µs", "GB/s", "of the ceiling [99 %]", "of peak", "time / fastest", "verdict")
    remarks = view.remarks(contenders(view.headline, ("backend",)))
    rows = tuple(_headline_row(each, starred(each.backend, remarks)) for each in view.headline)
    return Table(heads, rows, text=2, note=footnotes(remarks))


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
