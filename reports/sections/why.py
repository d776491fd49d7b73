"""Why are the numbers as they are? What Nsight Compute counted."""

from __future__ import annotations

from collections.abc import Iterator

from reports import units
from reports.archive import profile_beside
from reports.document import Section, Table, said
from reports.sections.compiled import short_name
from reports.view import View
from suite.cases import parse
from suite.evidence.ncu import Metrics
from suite.record.compiled import Compiled
from suite.record.profile import Profile


def sections(view: View) -> Iterator[Section]:
    """What Nsight Compute counted; nothing where no profile lies beside the run."""
    beside = profile_beside(view.record, view.pass_over)
    if beside:
        yield Section("Why", _counted(view, *beside), tables=(profile_table(view, beside[1]),))


def _counted(view: View, name: str, profile: Profile) -> tuple[str, ...]:
    words = (
        f"Nsight Compute {profile.tool} counted one launch of each backend at {profile.case} ({name}, beside this "
        "run's record). Clocks and caches were left alone, and a walk through the operand sets of the series cold "
        "came first. Vector width and occupancy are those of the kernel as compiled, untuned. DRAM bytes are what the "
        "memory really moved; the bytes counted are the fewest that a launch can move. The duration is that of one "
        "launch by itself under the profiler. It cannot be compared with the times of this page."
    )
    ours, theirs = view.machine.commit, profile.machine.commit
    other = f"It was taken at another commit than the run: {theirs}, not {ours}." if theirs != ours else ""
    left_out = "; ".join(f"{each.backend}: {each.kind}: {each.reason}" for each in profile.outcomes)
    return said(words, other, f"Not profiled: {left_out}." if left_out else "")


def profile_table(view: View, profile: Profile) -> Table:
    """A row per backend and kernel of the profiled launch."""
    heads = (
        "backend", "kernel", "form", "loads / stores, bits", "registers per thread", "occupancy", "warps active",
        "SM throughput", "DRAM throughput", "L2 hit rate", "DRAM read, MB", "DRAM written, MB",
        "DRAM bytes / bytes counted", "grid, blocks", "duration, µs",
    )  # fmt: skip
    own = view.machine.compute_capability
    compiled = {
        each.backend: each for each in view.run.compiled if each.compute_capability == own and each.case == profile.case
    }
    rows = tuple(
        (
            backend,
            short_name(kernel),
            profile.forms.get(backend) or units.ABSENT,
            *_profile_cells(compiled.get(backend), profile.kernels[kernel], parse(profile.case).bytes_moved),
        )
        for backend, kernels in profile.backends.items()
        for kernel in kernels
    )
    return Table(heads, rows, text=3, note="1 MB is 1e6 bytes", prose=True)


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
