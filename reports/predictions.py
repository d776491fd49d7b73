"""What the model says of kernels as compiled, and how far it was off where they were measured."""

from __future__ import annotations

from collections.abc import Container

from reports.view import View
from suite.cases import HEADLINE, Case, parse
from suite.evidence import model
from suite.evidence.model import Prediction
from suite.record.compiled import Compiled
from suite.record.measurement import Measurement


def at_headline(view: View, capability: tuple[int, int], sm_count: int) -> list[Compiled]:
    """The kernels compiled for a capability and so many SMs at the headline shape, contiguous, in any dtype."""
    shape = HEADLINE.rows, HEADLINE.cols, HEADLINE.layout
    cases = ((each, parse(each.case)) for each in view.run.compiled if each.compute_capability == capability)
    return [each for each, case in cases if (case.rows, case.cols, case.layout) == shape and each.sm_count == sm_count]


def copy_share(view: View, case: Case) -> float | None:
    """The share of the peak that the best copy reached in the case, cold; in the headline case where it has none."""
    for case_id in (case.id, HEADLINE.id):
        found = (each for each in view.campaign("cold", case_id).values() if each.role == "ceiling")
        share = max((each.of_peak for each in found if each.of_peak), default=None)
        if share:
            return share
    return None


def checked(view: View) -> list[tuple[Compiled, Prediction, Measurement]]:
    """The model's word on the run's own device beside what was measured there, cold, per backend and dtype."""
    device, own = model.numbers(view.machine), view.machine.compute_capability
    if device is None or own is None:
        return []
    found = []
    for each in at_headline(view, own, device.sm_count):
        measured = view.one("cold", each.backend, each.case)
        if measured and measured.role == "backend":
            case = parse(each.case)
            found.append((each, model.predict(each, case.bytes_moved, device, copy_share(view, case)), measured))
    return found


def errors(view: View, backends: Container[str]) -> tuple[float, float] | None:
    """The least and greatest error of these backends' times on the run's own device, predicted / measured - 1."""
    found = [
        time_s / measured.median_s - 1
        for compiled, said, measured in checked(view)
        if compiled.backend in backends
        for time_s in said.time_s or ()
    ]
    return (min(found), max(found)) if found else None
