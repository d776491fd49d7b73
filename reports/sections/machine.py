"""What was it measured on?"""

from __future__ import annotations

from reports import units
from reports.document import Section, Table
from reports.view import View


def section(view: View) -> Section:
    """The machine's facts."""
    return Section("The machine", tables=(machine_table(view),))


def machine_table(view: View) -> Table:
    """What the run was measured on, as the machine itself said."""
    m = view.machine
    peak = f"{units.gigabytes_per_s(m.peak_bytes_per_s)} GB/s, theoretical" if m.peak_bytes_per_s else ""
    bus = f"{m.memory_clock_mhz:,} MHz × {m.memory_bus_bits} bit" if m.memory_clock_mhz and m.memory_bus_bits else ""
    cache = units.binary(m.cache_bytes) + (" assumed, since the device names none" if m.cache_assumed else "")
    facts = {
        "device": m.name,
        "compute capability": ".".join(str(n) for n in m.compute_capability or ()),
        "SMs": str(m.sm_count or ""),
        "L2" if m.kind == "cuda" else "last-level cache": cache,
        "memory": units.binary(m.memory_bytes),
        "memory clock × bus": bus,
        "peak bandwidth": peak,
        "smallest clock step": f"{m.event_tick_s * 1e9:,.0f} ns" if m.event_tick_s else "",
        "smallest kernel, launched alone": f"{units.microseconds(m.null_kernel_s)} µs" if m.null_kernel_s else "",
        "smallest kernel in a CUDA graph": f"{units.microseconds(m.empty_node_s)} µs" if m.empty_node_s else "",
        "driver": m.driver or "",
        "CUDA runtime": m.cuda or "",
        "this card, a hash of its UUID": m.gpu or "",
        "attached by": m.bus or "",
        "power limit": f"{m.power_limit_w:,.0f} W" if m.power_limit_w else "",
        "clocks set by hand": "" if m.clocks_locked is None else "yes" if m.clocks_locked else "no",
        "error correction (ECC)": _switch(m.ecc),
        "slices (MIG)": _switch(m.mig),
        "host CPU": m.host_cpu,
        "Python": m.python,
        **{name: m.versions[name] for name in sorted(m.versions)},
    }
    return Table(("fact", "value"), tuple((name, value or units.ABSENT) for name, value in facts.items()), text=2)


def _switch(on: bool | None) -> str:
    return "" if on is None else "on" if on else "off"
