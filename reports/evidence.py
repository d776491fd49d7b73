"""What stands beside the numbers, as tables: who has none and why, the compiled code, the machine, the campaigns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from statistics import median

from reports import records, units
from reports.tables import Table
from suite.record.compiled import Compiled
from suite.record.measurement import Measurement, Outcome, Series
from suite.record.run import Record

SERIES: tuple[Series, ...] = ("cold", "hot", "launch", "call")
NAMED_CASES = 3


def outcomes_table(record: Record) -> Table:
    """The backends that did not get to a number: one row per backend, kind and reason, with the cases it holds for."""
    grouped: dict[tuple[str, str, str, str], list[str]] = {}
    for each in record.run.outcomes:
        key = (each.backend, each.kind, each.series or "every", each.reason)
        grouped.setdefault(key, []).append(each.case or "every")
    rows = (
        (backend, kind, _named(where), series, reason) for (backend, kind, series, reason), where in grouped.items()
    )
    return Table(("backend", "outcome", "cases", "series", "reason"), tuple(rows), text=5)


def _named(where: list[str]) -> str:
    more = len(where) - NAMED_CASES
    return ", ".join(where[:NAMED_CASES]) + (f" and {more} more" if more > 0 else "")


def outcomes_of(record: Record, case: str, series: Series) -> list[Outcome]:
    """The outcomes that concern one case and series, the first of each backend, in the run's order."""
    concerned = (o for o in record.run.outcomes if o.case in (None, case) and o.series in (None, series))
    first: dict[str, Outcome] = {}
    for each in concerned:
        first.setdefault(each.backend, each)
    return list(first.values())


def capabilities(record: Record) -> list[tuple[int, int]]:
    """The compute capabilities that the run's compiled evidence is for."""
    return sorted({each.compute_capability for each in record.run.compiled})


def compiled_table(record: Record, capability: tuple[int, int]) -> Table:
    """What the compilers made of each backend for one compute capability, a row per backend and case."""
    heads = (
        "backend", "case", "kernel", "config", "grid", "block", "registers per thread", "spill, bytes per thread",
        "shared, bytes per block", "loads, bits", "stores, bits", "occupancy, warps", "limited by", "waves",
    )  # fmt: skip
    rows = tuple(_compiled_row(each) for each in record.run.compiled if each.compute_capability == capability)
    summary = f"All {len(rows)} compiled kernels" if len(rows) > 12 else ""
    return Table(heads, rows, text=4, summary=summary)


def _compiled_row(c: Compiled) -> tuple[str, ...]:
    return (
        c.backend,
        c.case,
        c.kernel,
        c.config or units.ABSENT,
        " × ".join(str(n) for n in c.grid),
        " × ".join(str(n) for n in c.block),
        str(c.registers),
        str(c.spill_bytes),
        str(c.shared_bytes),
        _widths(c.global_load_bits),
        _widths(c.global_store_bits),
        f"{c.active_warps} of {c.max_warps} ({units.percent(c.occupancy)})",
        c.limiter,
        f"{units.digits(c.waves)} on {c.sm_count} SMs",
    )


def _widths(counts: dict[str, int]) -> str:
    """Instructions by width, widest first: 4 × 128."""
    widest_first = sorted(counts.items(), key=lambda item: (-int(item[0]) if item[0].isdigit() else 0, item[0]))
    return ", ".join(f"{count} × {bits}" for bits, count in widest_first) or units.ABSENT


def machine_table(record: Record) -> Table:
    """What the run was measured on, as the machine itself said."""
    m = record.machine
    peak = f"{units.gigabytes_per_s(m.peak_bytes_per_s)} GB/s, theoretical" if m.peak_bytes_per_s else ""
    bus = f"{m.memory_clock_mhz:,} MHz × {m.memory_bus_bits} bit" if m.memory_clock_mhz and m.memory_bus_bits else ""
    facts = {
        "device": m.name,
        "compute capability": ".".join(str(n) for n in m.compute_capability or ()),
        "SMs": str(m.sm_count or ""),
        "L2" if m.kind == "cuda" else "last-level cache": units.binary(m.cache_bytes),
        "memory": units.binary(m.memory_bytes),
        "memory clock × bus": bus,
        "peak bandwidth": peak,
        "smallest clock step": f"{m.event_tick_s * 1e9:,.0f} ns" if m.event_tick_s else "",
        "smallest kernel, launched alone": f"{units.microseconds(m.null_kernel_s)} µs" if m.null_kernel_s else "",
        "smallest kernel in a CUDA graph": f"{units.microseconds(m.empty_node_s)} µs" if m.empty_node_s else "",
        "driver": m.driver or "",
        "CUDA runtime": m.cuda or "",
        "error correction (ECC)": _switch(m.ecc),
        "slices (MIG)": _switch(m.mig),
        "host CPU": m.host_cpu,
        "Python": m.python,
        **{name: m.versions[name] for name in sorted(m.versions)},
    }
    return Table(("fact", "value"), tuple((name, value or units.ABSENT) for name, value in facts.items()), text=2)


def _switch(on: bool | None) -> str:
    return "" if on is None else "on" if on else "off"


def campaigns_table(record: Record) -> Table:
    """How each series was taken: cases, rounds, why they stopped, what the A/A control showed, the margin."""
    heads = (
        "series", "method", "stopped because", "cases", "rounds", "rounds dropped", "A/A half-width: median, widest",
        "margin δ",
    )  # fmt: skip
    every = ((series, records.measured(record, series)) for series in SERIES)
    return Table(heads, tuple(_campaign_row(series, found) for series, found in every if found), text=3)


def _campaign_row(series: Series, measurements: list[Measurement]) -> tuple[str, ...]:
    each_case = records.cases(measurements)
    return (
        series,
        ", ".join(sorted({each.method for each in measurements})),
        _counted(each.stop_reason for each in each_case),
        str(len(each_case)),
        _span([f"{each.rounds}" for each in sorted(each_case, key=lambda m: m.rounds)]),
        str(sum(each.rounds_dropped for each in each_case)),
        _control(each_case),
        _span([units.percent(each.margin) for each in sorted(each_case, key=lambda m: m.margin)]),
    )


def _control(each_case: list[Measurement]) -> str:
    widths = [(ci[1] - ci[0]) / 2 for ci in (each.control_ci99 for each in each_case) if ci]
    return f"±{100 * median(widths):.2f} %, ±{100 * max(widths):.2f} %" if widths else units.ABSENT


def _counted(values: Iterable[str]) -> str:
    return ", ".join(f"{value} {count}" for value, count in sorted(Counter(values).items()))


def _span(ordered: list[str]) -> str:
    return ordered[0] if ordered[0] == ordered[-1] else f"{ordered[0]} to {ordered[-1]}"
