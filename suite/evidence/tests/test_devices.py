"""The devices that are known without one: which machine is which, and that the numbers agree with themselves."""

from __future__ import annotations

import pytest

from suite.evidence import occupancy
from suite.evidence.devices import DEVICES, H100_SXM, RTX_4090, Capability
from suite.record.machine import Machine


@pytest.mark.parametrize(
    ("name", "capability", "same"),
    [
        ("NVIDIA GeForce RTX 4090", (8, 9), True),
        ("GeForce RTX 4090", (8, 9), True),
        ("NVIDIA GeForce RTX 4090 D", (8, 9), False),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", (8, 9), False),
        ("NVIDIA GeForce RTX 4090", (9, 0), False),
        ("NVIDIA H100 80GB HBM3", (9, 0), False),
    ],
)
def test_only_the_very_device_is_it(name: str, capability: Capability, same: bool) -> None:
    machine = Machine(kind="cuda", name=name, compute_capability=capability, cache_bytes=1, memory_bytes=1)
    assert RTX_4090.describes(machine) == same


def test_each_capability_s_device_has_its_sms() -> None:
    assert DEVICES == {(8, 9): RTX_4090, (9, 0): H100_SXM}
    assert (occupancy.sm_count((8, 9)), occupancy.sm_count((9, 0))) == (128, 132)
    assert set(DEVICES) <= set(occupancy.LIMITS)


def test_the_peak_of_an_h100_is_its_memory_s() -> None:
    assert H100_SXM.peak_bytes_per_s == pytest.approx(2 * 2619e6 * 5120 / 8, rel=1e-3)
