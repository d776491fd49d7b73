"""Which form of each tuned backend ran?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reports import units
from reports.document import Section, Table
from reports.view import TUNED, View, in_order
from suite.record.measurement import Series

SERIES: tuple[Series, ...] = ("cold", "hot")


def sections(view: View) -> Iterator[Section]:
    """Which form of each tuned backend ran; nothing where the run names none."""
    table = forms_table(view)
    if table.rows:
        words = "Each tuned backend has several forms. It picks one by the operands, or by trying, before it is timed."
        yield Section("Which form ran", (words,), tables=(table,))


def forms_table(view: View) -> Table:
    """Forms by case and tuned backend: a row per case, a column per backend; both where cold and hot differ."""
    every = [*view.series("cold"), *view.series("hot")]
    told = {each.backend for each in every if each.form}
    names = [name for name in TUNED if name in told]
    rows = tuple(
        (units.label(case), *(_forms_cell(_forms(view, case.case, name)) for name in names)) for case in in_order(every)
    )
    return Table(("case", *names), rows if names else (), text=1 + len(names), summary="Forms per case", prose=True)


def _forms(view: View, case: str, backend: str) -> dict[str, str]:
    """Series -> the form that ran in it."""
    measured = (view.one(series, backend, case) for series in SERIES)
    return {each.series: each.form for each in measured if each}


def _forms_cell(forms: Mapping[str, str]) -> str:
    if len(set(forms.values())) > 1:
        return "; ".join(f"{series}: {form or units.ABSENT}" for series, form in forms.items())
    return next(iter(forms.values()), "") or units.ABSENT
