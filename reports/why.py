"""Why the numbers are as they are: what Nsight Compute counted, and what a model of the device would have predicted."""

from __future__ import annotations

from collections.abc import Iterator

from reports import records, units
from reports.tables import Table
from suite.cases import HEADLINE, Case, parse
from suite.evidence import model
from suite.evidence.model import LATENCY_S, RTX_4090, DeviceNumbers, Prediction
from suite.evidence.ncu import Metrics
from suite.record.compiled import Compiled
from suite.record.measurement import Measurement
from suite.record.profile import Profile
from suite.record.run import Record

ADA = (8, 9)
NO_COPY = "This run measured no copy on a GPU of known peak bandwidth, so the achievable times stay open."

Part = tuple[str, tuple[str, ...], tuple[Table, ...]]
"""A section's title, paragraphs and tables."""


def sections(record: Record) -> Iterator[Part]:
    """Why, predicted for an RTX 4090, and the prediction's check; each only where there is something to show."""
    beside = records.profile_beside(record)
    profile = beside[1] if beside else None
    if beside:
        yield "Why", _counted(record, *beside), (profile_table(record, beside[1]),)
    if not records.is_rtx_4090(record.machine):
        yield from _predicted(record)
    yield from _checked(record, profile)


def _counted(record: Record, name: str, profile: Profile) -> tuple[str, ...]:
    words = (
        f"One launch of each backend at {profile.case}, as Nsight Compute {profile.tool} counted it ({name}, beside "
        "this run's record), clocks and caches left alone, after a walk through the operand sets of the series cold. "
        "Vector width and occupancy are those of the kernel as compiled, untuned. DRAM bytes are what the memory "
        "really moved; the bytes counted are the fewest a launch can move. The duration is that of one launch by "
        "itself under the profiler, not to be compared with the times of this page."
    )
    ours, theirs = record.machine.commit, profile.machine.commit
    other = f"It was taken at another commit than the run: {theirs}, not {ours}." if theirs != ours else ""
    left_out = "; ".join(f"{each.backend}: {each.kind}: {each.reason}" for each in profile.outcomes)
    return tuple(filter(None, (words, other, f"Not profiled: {left_out}." if left_out else "")))


def profile_table(record: Record, profile: Profile) -> Table:
    """A row per backend and kernel of the profiled launch."""
    heads = (
        "backend", "kernel", "form", "loads / stores, bits", "registers per thread", "occupancy", "warps active",
        "SM throughput", "DRAM throughput", "L2 hit rate", "DRAM read, MB", "DRAM written, MB",
        "DRAM bytes / bytes counted", "grid, blocks", "duration, µs",
    )  # fmt: skip
    own = record.machine.compute_capability
    compiled = {
        each.backend: each
        for each in record.run.compiled
        if each.compute_capability == own and each.case == profile.case
    }
    rows = tuple(
        (
            backend,
            kernel,
            profile.forms.get(backend) or units.ABSENT,
            *_profile_cells(compiled.get(backend), profile.kernels[kernel], parse(profile.case).bytes_moved),
        )
        for backend, kernels in profile.backends.items()
        for kernel in kernels
    )
    return Table(heads, rows, text=3, note="1 MB is 1e6 bytes")


def _profile_cells(compiled: Compiled | None, metrics: Metrics, bytes_counted: int) -> tuple[str, ...]:
    read, written = metrics.get("dram__bytes_read"), metrics.get("dram__bytes_write")
    moved = None if read is None or written is None else (read + written) / bytes_counted
    duration_ns = metrics.get("gpu__time_duration")
    shares = ("sm__warps_active", "sm__throughput", "dram__throughput", "lts__t_sector_hit_rate")
    return (
        f"{_widest(compiled.global_load_bits)} / {_widest(compiled.global_store_bits)}" if compiled else units.ABSENT,
        _whole(metrics.get("launch__registers_per_thread")),
        units.percent(compiled.occupancy) if compiled else units.ABSENT,
        *(_percent(metrics.get(name)) for name in shares),
        *(units.ABSENT if count is None else units.digits(count / 1e6) for count in (read, written)),
        units.ABSENT if moved is None else f"{moved:.3f}",
        _whole(metrics.get("launch__grid_size")),
        units.microseconds(None if duration_ns is None else duration_ns / 1e9),
    )


def _widest(counts: dict[str, int]) -> str:
    return str(max(map(int, counts), default=0))


def _whole(count: float | None) -> str:
    return units.ABSENT if count is None else f"{count:,}"


def _percent(value: float | None) -> str:
    return units.percent(None if value is None else value / 100)


def _predicted(record: Record) -> Iterator[Part]:
    compiled = [each for each in _at_headline(record, ADA) if each.sm_count == RTX_4090.sm_count]
    if not compiled:
        return
    words = (
        f"Nothing in this section is measured. The model takes each kernel as compiled for sm_89, untuned, and an RTX "
        f"4090's numbers: {RTX_4090.sm_count} SMs of {compiled[0].max_warps} warps, "
        f"{units.binary(RTX_4090.l2_bytes)} of L2, {units.gigabytes_per_s(RTX_4090.peak_bytes_per_s)} GB/s. DRAM "
        "bound: the bytes at that peak. Achievable, series cold: the bytes at the share of the peak that a plain copy "
        f"reached on {record.machine.name}, as if it held there too, or at what the loads in flight sustain at "
        f"{LATENCY_S * 1e6:.1f} µs of latency, whichever is longer. A range is from all of a thread's loads in flight "
        "at once to one at a time, which counts of instructions leave open."
    )
    said = (words,) if any(_copy_share(record, parse(each.case)) for each in compiled) else (words, NO_COPY)
    yield "Predicted for an RTX 4090 (no sm_89 device was measured)", said, (predicted_table(record, compiled),)


def predicted_table(record: Record, compiled: list[Compiled]) -> Table:
    """What the model says of each kernel on an RTX 4090, a row per backend and dtype."""
    heads = (
        "backend", "dtype", "predicted limit", "regime", "predicted warps active", "predicted waves",
        "predicted KiB in flight per SM", "KiB needed", "predicted DRAM bound, µs", "predicted achievable, µs",
    )  # fmt: skip
    return Table(heads, tuple(_predicted_row(record, each) for each in compiled), text=4)


def _predicted_row(record: Record, compiled: Compiled) -> tuple[str, ...]:
    case = parse(compiled.case)
    predicted = model.predict(compiled, case.bytes_moved, RTX_4090, _copy_share(record, case))
    return (
        compiled.backend,
        case.dtype,
        predicted.limit,
        case.regime(RTX_4090.l2_bytes, RTX_4090.peak_bytes_per_s),
        units.percent(predicted.warps_active),
        units.digits(predicted.waves),
        _range(*(units.digits(each / 1024) for each in predicted.bytes_in_flight)),
        units.digits(predicted.bytes_needed / 1024),
        units.microseconds(predicted.dram_s),
        _range(*map(units.microseconds, predicted.time_s)) if predicted.time_s else units.ABSENT,
    )


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _checked(record: Record, profile: Profile | None) -> Iterator[Part]:
    device, own = model.numbers(record.machine), record.machine.compute_capability
    if device is None or own is None:
        return
    compiled = [each for each in _at_headline(record, own) if each.sm_count == device.sm_count]
    table = check_table(record, compiled, device, profile)
    if table.rows:
        words = (
            f"The same model with {record.machine.name}'s numbers, beside what was measured here: what the predictions "
            "are worth. Its time takes the copy's share of the peak from this run, so for a kernel that DRAM bounds it "
            "says no more than that the kernel is as fast as a copy. Error: predicted / measured - 1. The measured "
            "backend may have tuned itself to another config than the one that was compiled."
        )
        yield "The same model on this GPU: predicted and measured", (words,), (table,)


def check_table(record: Record, compiled: list[Compiled], device: DeviceNumbers, profile: Profile | None) -> Table:
    """Prediction, measurement and error of the time and of the warps active, a row per backend and dtype measured."""
    heads = (
        "backend", "dtype", "predicted limit", "predicted time, µs", "measured time, µs", "error of the time",
        "predicted warps active", "measured warps active", "error of the warps",
    )  # fmt: skip
    rows = []
    for each in compiled:
        measured = _measured(record, each)
        if measured is not None:
            predicted = model.predict(each, measured.bytes_moved, device, _copy_share(record, parse(each.case)))
            rows.append(_check_row(each, predicted, measured, _warps_active(profile, each)))
    return Table(heads, tuple(rows), text=3)


def _check_row(
    compiled: Compiled, predicted: Prediction, measured: Measurement, warps_active: float | None
) -> tuple[str, ...]:
    times = predicted.time_s or ()
    return (
        compiled.backend,
        measured.dtype,
        predicted.limit,
        _range(*map(units.microseconds, times)) if times else units.ABSENT,
        units.microseconds(measured.median_s),
        _range(*(_error(each, measured.median_s) for each in times)) if times else units.ABSENT,
        units.percent(predicted.warps_active),
        units.percent(warps_active),
        _error(predicted.warps_active, warps_active) if warps_active else units.ABSENT,
    )


def _error(predicted: float, measured: float) -> str:
    return f"{100 * (predicted / measured - 1):+.1f} %"


def _at_headline(record: Record, capability: tuple[int, int]) -> list[Compiled]:
    """The kernels compiled for a capability at the headline shape, contiguous, in any dtype."""
    shape = HEADLINE.rows, HEADLINE.cols, HEADLINE.layout
    cases = ((each, parse(each.case)) for each in record.run.compiled if each.compute_capability == capability)
    return [each for each, case in cases if (case.rows, case.cols, case.layout) == shape]


def _copy_share(record: Record, case: Case) -> float | None:
    """The share of the peak that the better ceiling reached in the case, cold; else in the headline case; else None."""
    for case_id in (case.id, HEADLINE.id):
        found = (each for each in records.measured(record, "cold", case_id) if each.role == "ceiling")
        share = max((each.of_peak for each in found if each.of_peak), default=None)
        if share:
            return share
    return None


def _measured(record: Record, compiled: Compiled) -> Measurement | None:
    found = records.measured(record, "cold", compiled.case)
    return next((each for each in found if each.role == "backend" and each.backend == compiled.backend), None)


def _warps_active(profile: Profile | None, compiled: Compiled) -> float | None:
    """As counted, of the backend's only kernel; None where it was not profiled in this case."""
    kernels = profile.backends.get(compiled.backend, ()) if profile and profile.case == compiled.case else ()
    if profile is None or len(kernels) != 1:
        return None
    percent = profile.kernels[kernels[0]].get("sm__warps_active")
    return None if percent is None else percent / 100
