"""What did the compilers make of the kernels?"""

from __future__ import annotations

from collections.abc import Iterator

from reports import units
from reports.device import sm
from reports.document import Section, Table
from reports.view import View
from suite.record.compiled import Compiled


def sections(view: View) -> Iterator[Section]:
    """A section per compute capability that the run holds compiled code for."""
    for capability in view.capabilities:
        name, own = sm(capability), view.machine.compute_capability == capability
        where = "" if own else f"No {name} device took part in this run. "
        words = (
            f"This is what each compiler made of its kernel for compute capability {name}, read from the machine code. "
            f"These are properties of code, from which no time follows. {where}The blocks are those for devices with "
            "less than 30 GB/s of DRAM bandwidth for each SM. Which form ran here is told above."
        )
        title = f"Compiled for {name}" + ("" if own else ", not measured")
        yield Section(title, (words,), tables=(compiled_table(view, capability),))


def compiled_table(view: View, capability: tuple[int, int]) -> Table:
    """What the compilers made of each backend for one compute capability, a row per backend and case."""
    heads = (
        "backend", "case", "kernel", "config", "grid", "block", "registers per thread", "spill, bytes per thread",
        "shared, bytes per block", "loads, bits", "stores, bits", "occupancy, warps", "limited by", "waves",
    )  # fmt: skip
    rows = tuple(_compiled_row(each) for each in view.run.compiled if each.compute_capability == capability)
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
