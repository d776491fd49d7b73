"""Who did not get to a number, and why?"""

from __future__ import annotations

from reports.document import Section, Table, filled
from reports.view import View

NAMED_CASES = 3


def section(view: View) -> Section:
    """The backends without a number and the reasons; a sentence where there are none."""
    table = outcomes_table(view)
    none = "Every backend of the run got to a number in every case."
    words = "These backends got to no number, for the reasons given. A backend that fails the gate is never timed."
    return Section("Outcomes without a number", (words if table.rows else none,), tables=filled(table))


def outcomes_table(view: View) -> Table:
    """The backends without a number: one row per backend, kind and reason, with the cases that it holds for."""
    grouped: dict[tuple[str, str, str, str], list[str]] = {}
    for each in view.run.outcomes:
        key = (each.backend, each.kind, each.series or "every", each.reason)
        grouped.setdefault(key, []).append(each.case or "every")
    rows = (
        (backend, kind, _named(where), series, reason) for (backend, kind, series, reason), where in grouped.items()
    )
    return Table(("backend", "outcome", "cases", "series", "reason"), tuple(rows), text=5, prose=True)


def _named(where: list[str]) -> str:
    more = len(where) - NAMED_CASES
    return ", ".join(where[:NAMED_CASES]) + (f" and {more} more" if more > 0 else "")
