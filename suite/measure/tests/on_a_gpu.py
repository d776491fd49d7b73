"""A backend's launches as a cold campaign has them, for the tests that need a GPU."""

from __future__ import annotations

import pytest

from backends import Enqueue, find, load, missing
from suite.cases import Case
from suite.check import operands
from suite.device import machine
from suite.measure import timing


def bound(device: timing.Device, name: str, case: Case) -> list[Enqueue]:
    """The backend on as many operand sets as a cold campaign has."""
    (entry,) = find([name])
    if missing(entry):
        pytest.skip(f"{missing(entry)} not installed")
    backend, launches = load(entry), []
    for _ in range(timing.sets_needed(case.bytes_moved, machine.cache_bytes("cuda"))):
        on = operands.allocate(case, device.torch)
        on.fill(1)
        launches.append(backend.bind(on.a, on.b, on.out, device.stream))
    return launches
