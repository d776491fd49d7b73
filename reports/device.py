"""Whose numbers these are: a device's name for a reader, and the plain statement of whose they are not."""

from __future__ import annotations

from suite.evidence.devices import RTX_4090
from suite.record.machine import Machine


def capability(machine: Machine) -> str:
    """The compute capability as compilers name it, sm_90; empty where the device has none."""
    return sm(machine.compute_capability) if machine.compute_capability else ""


def sm(compute_capability: tuple[int, int]) -> str:
    """A compute capability as compilers name it: sm_89."""
    return "sm_{}{}".format(*compute_capability)


def device(machine: Machine) -> str:
    """The device's own name, with its compute capability where it has one."""
    return f"{machine.name} ({capability(machine)})" if machine.compute_capability else machine.name


def whose(machine: Machine) -> str:
    """The plain statement of whose numbers these are not; empty on an RTX 4090."""
    if RTX_4090.describes(machine):
        return ""
    if machine.kind == "cpu":
        return f"This run was measured on a CPU, {machine.name}. No number on this page is a GPU's."
    return f"This run was measured on {device(machine)}. No number on this page is an RTX 4090's."
