"""What would a model of the device predict, for an RTX 4090 and for this GPU?"""

from __future__ import annotations

from collections.abc import Iterator

from reports import units
from reports.archive import profile_beside
from reports.document import Section, Table
from reports.predictions import at_headline, checked, copy_share
from reports.view import View
from suite.cases import parse
from suite.evidence import model
from suite.evidence.devices import RTX_4090
from suite.evidence.model import LATENCY_S, Prediction
from suite.record.compiled import Compiled
from suite.record.measurement import Measurement
from suite.record.profile import Profile

ADA = (8, 9)
NO_COPY = "This run measured no copy on a GPU of known peak bandwidth, so the achievable times stay open."


def sections(view: View) -> Iterator[Section]:
    """Predicted for an RTX 4090, and the prediction's check; each only where there is something to show."""
    beside = profile_beside(view.record, view.pass_over)
    if not RTX_4090.describes(view.machine):
        yield from _predicted(view)
    yield from _checked(view, beside[1] if beside else None)


def _predicted(view: View) -> Iterator[Section]:
    compiled = at_headline(view, ADA, RTX_4090.sm_count)
    if not compiled:
        return
    words = (
        "Nothing in this section is measured. The model takes each kernel as compiled for sm_89, untuned, and the "
        f"numbers of an RTX 4090: {RTX_4090.sm_count} SMs of {compiled[0].max_warps} warps, "
        f"{units.binary(RTX_4090.l2_bytes)} of L2, {units.gigabytes_per_s(RTX_4090.peak_bytes_per_s)} GB/s. "
        "The DRAM bound is the time of the bytes at that peak. The achievable time, series cold, is the longer of two. "
        f"One is at the share of the peak that a plain copy reached on {view.machine.name}, as if it held there too. "
        f"The other is at what the loads in flight sustain at {LATENCY_S * 1e6:.1f} µs of latency. A range goes from "
        "all of a thread's loads in flight at once to one at a time. Counts of instructions leave open which it is."
    )
    said = (words,) if any(copy_share(view, parse(each.case)) for each in compiled) else (words, NO_COPY)
    title = "Predicted for an RTX 4090 (no sm_89 device was measured)"
    yield Section(title, said, tables=(predicted_table(view, compiled),))


def predicted_table(view: View, compiled: list[Compiled]) -> Table:
    """What the model says of each kernel on an RTX 4090, a row per backend and dtype."""
    heads = (
        "backend", "dtype", "predicted limit", "regime", "predicted warps active", "predicted waves",
        "predicted KiB in flight per SM", "KiB needed", "predicted DRAM bound, µs", "predicted achievable, µs",
    )  # fmt: skip
    return Table(heads, tuple(_predicted_row(view, each) for each in compiled), text=4, prose=True)


def _predicted_row(view: View, compiled: Compiled) -> tuple[str, ...]:
    case = parse(compiled.case)
    predicted = model.predict(compiled, case.bytes_moved, RTX_4090, copy_share(view, case))
    return (
        compiled.backend,
        case.dtype,
        predicted.limit,
        case.regime(RTX_4090.l2_bytes, RTX_4090.peak_bytes_per_s),
        units.percent(predicted.warps_active),
        units.digits(predicted.waves),
        units.span(*(units.digits(each / 1024) for each in predicted.bytes_in_flight)),
        units.digits(predicted.bytes_needed / 1024),
        units.microseconds(predicted.dram_s),
        units.span(*map(units.microseconds, predicted.time_s)) if predicted.time_s else units.ABSENT,
    )


def _checked(view: View, profile: Profile | None) -> Iterator[Section]:
    table = check_table(view, profile)
    if table.rows:
        words = (
            f"The same model with the numbers of {view.machine.name} stands beside what was measured here. This shows "
            "what the predictions are worth. Its time takes the copy's share of the peak from this run. So it says no "
            "more of a kernel that DRAM bounds than that it is as fast as a copy. Error: predicted / measured - 1. "
            "The measured backend may have tuned itself to another config than the one that was compiled."
        )
        yield Section("The same model on this GPU: predicted and measured", (words,), tables=(table,))


def check_table(view: View, profile: Profile | None) -> Table:
    """Prediction, measurement and error of the time and of the warps active, a row per backend and dtype measured."""
    heads = (
        "backend", "dtype", "predicted limit", "predicted time, µs", "measured time, µs", "error of the time",
        "predicted warps active", "measured warps active", "error of the warps",
    )  # fmt: skip
    rows = (_check_row(*each, _warps_active(profile, each[0])) for each in checked(view))
    return Table(heads, tuple(rows), text=3, prose=True)


def _check_row(
    compiled: Compiled, predicted: Prediction, measured: Measurement, warps_active: float | None
) -> tuple[str, ...]:
    times = predicted.time_s or ()
    return (
        compiled.backend,
        measured.dtype,
        predicted.limit,
        units.span(*map(units.microseconds, times)) if times else units.ABSENT,
        units.microseconds(measured.median_s),
        units.span(*(_error(each, measured.median_s) for each in times)) if times else units.ABSENT,
        units.percent(predicted.warps_active),
        units.percent(warps_active),
        _error(predicted.warps_active, warps_active) if warps_active else units.ABSENT,
    )


def _error(predicted: float, measured: float) -> str:
    return f"{100 * (predicted / measured - 1):+.1f} %"


def _warps_active(profile: Profile | None, compiled: Compiled) -> float | None:
    """The warps active of the backend's only kernel, as counted; None where it was not profiled in this case."""
    kernels = profile.backends.get(compiled.backend, ()) if profile and profile.case == compiled.case else ()
    if profile is None or len(kernels) != 1:
        return None
    percent = profile.kernels[kernels[0]].get("sm__warps_active")
    return None if percent is None else percent / 100
