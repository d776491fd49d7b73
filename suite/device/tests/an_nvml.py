"""What a made-up NVML answers: an H100's numbers, or that it is not supported."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


class NVMLError(Exception):
    """As the binding's."""


def refuse(*arguments: object) -> Any:
    raise NVMLError("not supported")


def answer(value: object) -> Callable[..., Any]:
    return lambda *arguments: value


H100: dict[str, Callable[..., Any]] = {
    "nvmlSystemGetDriverVersion": answer("580.1"),
    "nvmlDeviceGetMaxClockInfo": answer(2619),
    "nvmlDeviceGetMemoryBusWidth": answer(5120),
    "nvmlDeviceGetEccMode": answer([1, 1]),
    "nvmlDeviceGetMaxPcieLinkGeneration": answer(5),
    "nvmlDeviceGetMaxPcieLinkWidth": answer(16),
    "nvmlDeviceGetApplicationsClock": answer(1980),
    "nvmlDeviceGetDefaultApplicationsClock": answer(1980),
    "nvmlDeviceGetMigMode": answer([0, 1]),
    "nvmlDeviceGetPowerUsage": answer(412_345),
    "nvmlDeviceGetEnforcedPowerLimit": answer(700_000),
    "nvmlDeviceGetClockInfo": lambda handle, clock: {1: 1755, 2: 2619}[clock],
    "nvmlDeviceGetTemperature": answer(47),
    "nvmlDeviceGetCurrentClocksEventReasons": answer(0),
    "nvmlDeviceGetComputeRunningProcesses": lambda handle: [SimpleNamespace(pid=p) for p in (os.getpid(), 1, 2)],
}
