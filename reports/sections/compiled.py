"""What did the compilers make of the kernels?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reports import units
from reports.device import sm
from reports.document import Cell, Section, Table
from reports.view import View
from suite.cases import parse
from suite.record.compiled import Compiled


def sections(view: View) -> Iterator[Section]:
    """A section per compute capability that the run holds compiled code for."""
    for capability in view.capabilities:
        name, own = sm(capability), view.machine.compute_capability == capability
        where = "" if own else f"No {name} device took part in this run. "
        counts = {str(each.sm_count) for each in view.run.compiled if each.compute_capability == capability}
        words = (
            f"This is what each compiler made of its kernel for compute capability {name}, read from the machine code. "
            f"These are properties of code, from which no time follows. {where}The blocks are those for devices with "
            f"less than 30 GB/s of DRAM bandwidth for each SM, the waves those on {' or '.join(sorted(counts))} SMs. "
            "Which form ran here is told above."
        )
        title = f"Compiled for {name}" + ("" if own else ", not measured")
        yield Section(title, (words,), tables=(compiled_table(view, capability),))


def compiled_table(view: View, capability: tuple[int, int]) -> Table:
    """What the compilers made of each backend for one compute capability, a row per backend and case."""
    heads = (
        "backend", "case", "kernel", "config", "grid", "block", "registers per thread", "spill, bytes per thread",
        "shared, bytes per block", "loads, bits", "stores, bits", "warps active", "limited by", "waves",
    )  # fmt: skip
    rows = tuple(_compiled_row(each) for each in view.run.compiled if each.compute_capability == capability)
    summary = f"All {len(rows)} compiled kernels" if len(rows) > 12 else ""
    return Table(heads, rows, text=4, summary=summary, prose=True)


def _compiled_row(c: Compiled) -> tuple[str, ...]:
    return (
        c.backend,
        units.label(parse(c.case)),
        short_name(c.kernel),
        c.config or units.ABSENT,
        _extent(c.grid),
        _extent(c.block),
        str(c.registers),
        str(c.spill_bytes),
        str(c.shared_bytes),
        _widths(c.global_load_bits),
        _widths(c.global_store_bits),
        f"{c.active_warps} of {c.max_warps}",
        c.limiter,
        units.digits(c.waves),
    )


def _extent(sizes: Iterable[int]) -> str:
    """A grid's or a block's size, without the dimensions behind it that hold one."""
    return re.sub(r"( × 1)+$", "", " × ".join(map(str, sizes)))


def short_name(kernel: str) -> Cell:
    """A kernel's own name, without the namespaces and types that a compiler mangled into it; the whole is its title."""
    short, rest = kernel.split("[abi")[0], kernel.removeprefix("_Z").removeprefix("N")
    while kernel.startswith("_Z") and (length := re.match(r"\d+", rest)):
        end = length.end() + int(length[0])
        short, rest = rest[length.end() : end], rest[end:]
    return Cell(short, title=kernel if short != kernel else "")


def _widths(counts: dict[str, int]) -> str:
    """Instructions by width, widest first: 4 × 128."""
    widest_first = sorted(counts.items(), key=lambda item: (-int(item[0]) if item[0].isdigit() else 0, item[0]))
    return ", ".join(f"{count} × {bits}" for bits, count in widest_first) or units.ABSENT
