"""The page of a run: which sections it has, and in which order."""

from __future__ import annotations

from reports.archive import PassOver, refuse
from reports.document import Page
from reports.figures.of_run import figures
from reports.sections import (
    compiled,
    conditions,
    cost,
    extremes,
    forms,
    host,
    how,
    machine,
    outcomes,
    predicted,
    reproduce,
    restarts,
    second_timer,
    shares,
    shortfalls,
    what,
    why,
)
from reports.view import View
from suite.record.run import Record


def page(
    record: Record, source: str, pass_over: PassOver = refuse, view: View | None = None, drawn: bool = True
) -> Page:
    """The page of a run; `source` is the path from the page to the record's file.

    pass_over: told of a profile beside the run that cannot be read; else that raises BadRecord.
    view: the record's, where there is one already: its figures are then drawn once for all pages.
    drawn: with its figures; the site draws cases on the page of their GPU instead.
    """
    view = view or View(record, pass_over)
    drawings = figures(view) if drawn else ()
    sections = (
        what.section(view, drawings[:1]),
        *shares.sections(view, drawings[1:]),
        *restarts.sections(view),
        *extremes.sections(view),
        *shortfalls.sections(view),
        *forms.sections(view),
        *host.sections(view),
        *cost.sections(view),
        outcomes.section(view),
        *why.sections(view),
        *predicted.sections(view),
        *compiled.sections(view),
        machine.section(view),
        *conditions.sections(view),
        *second_timer.sections(view),
        *how.sections(view),
        reproduce.section(view),
    )
    title = f"C = diag(A) · B on {record.machine.name}, {record.utc:%Y-%m-%d}"
    return Page(title, view.stem, source, sections)
