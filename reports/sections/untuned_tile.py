"""What does the model say of the one profile of an RTX 4090 that is published?"""

from __future__ import annotations

from reports import units
from reports.document import Section, Table
from suite.evidence.devices import RTX_4090
from suite.evidence.untuned_tile import GRID, HEADS, PUBLISHED, TILES, rows


def section() -> Section:
    """The untuned tile as it ran there, counter by counter, with the error."""
    programs = GRID[0] * GRID[1]
    useful = " or ".join(str(tile.useful) for tile in TILES)
    half, l2 = units.binary(TILES[0].half_bytes), units.binary(RTX_4090.l2_bytes)
    slow = " or ".join(f"{tile.predicted()['dram__throughput'][0]:.1f}" for tile in TILES)
    words = (
        f"Nsight Compute's counters of the untuned tile at 4096 × 4096 float32, published with it, are all that was "
        f"measured on an {RTX_4090.name}. They are held here against the tile as it ran. The grid is fixed at "
        f"{programs} programs. A tile of 64 rows then leaves half of C unwritten, and {useful} of them reach C. "
        "The others are masked off: they issue their instructions and touch no operand.",
        f"Half of B and half of C, {half} each, fit the {l2} of L2 together. So what is written does not reach DRAM "
        "while the kernel runs, and DRAM moves half of the bytes that its time is spent on. That is the factor of two "
        f"by which {PUBLISHED['dram__throughput']} % fell short of what the whole product's bytes predicted, 43 %. "
        f"With one access of a thread at a time, {slow} % is predicted.",
        "A range goes from one access of each thread at a time to all at once. For the hits in L2 it goes from spills "
        "that stay in L1 to spills that all leave it. The profile names neither config, clock nor ncu's version.",
    )
    table = Table(HEADS, tuple(rows(TILES)), text=4, note="Error: predicted / published - 1, at both ends.")
    return Section("The untuned tile as it ran: predicted, and its published profile", words, tables=(table,))
