"""The machine that the tests of this room say they were measured on."""

from __future__ import annotations

from suite.record.machine import Machine

MACHINE = Machine(
    kind="cuda", name="NVIDIA H100 80GB HBM3", compute_capability=(9, 0), cache_bytes=50 << 20, memory_bytes=1,
    commit="0123456789abcdef", tree_clean=True,
)  # fmt: skip
