"""The GPU as NVML sees it: driver, memory system, clocks, temperature, power, energy, and who else is on it.

All of it is about torch's current CUDA device. What the binding, the driver or the device does not answer is None.
What is asked is one of QUERIES: a name that is misspelt fails mypy and a test instead of being taken for no answer.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from types import ModuleType
from typing import Any, Literal, NamedTuple, get_args

import torch

from backends import Enqueue
from suite.cases import Case
from suite.record.machine import State
from suite.record.run import Energy

Query = Literal[
    "nvmlSystemGetDriverVersion",
    "nvmlDeviceGetMigMode",
    "nvmlDeviceGetMaxClockInfo",
    "nvmlDeviceGetMemoryBusWidth",
    "nvmlDeviceGetEccMode",
    "nvmlDeviceGetMaxPcieLinkGeneration",
    "nvmlDeviceGetMaxPcieLinkWidth",
    "nvmlDeviceGetApplicationsClock",
    "nvmlDeviceGetDefaultApplicationsClock",
    "nvmlDeviceGetPowerUsage",
    "nvmlDeviceGetEnforcedPowerLimit",
    "nvmlDeviceGetClockInfo",
    "nvmlDeviceGetTemperature",
    "nvmlDeviceGetCurrentClocksEventReasons",
    "nvmlDeviceGetCurrentClocksThrottleReasons",
    "nvmlDeviceGetTotalEnergyConsumption",
    "nvmlDeviceGetComputeRunningProcesses",
]
QUERIES: tuple[Query, ...] = get_args(Query)
"""All that is asked, as nvml.h names it. A binding from before one of them answers that one with None."""

UNKNOWN = (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
"""NVML_VALUE_NOT_AVAILABLE of nvml.h, in 32 and 64 bits."""

WIDE = (
    "nvmlDeviceGetCurrentClocksEventReasons",
    "nvmlDeviceGetCurrentClocksThrottleReasons",
    "nvmlDeviceGetTotalEnergyConsumption",
)
"""What answers in 64 bits; every other number has 32."""

CLOCK_SM, CLOCK_MEMORY, TEMPERATURE_GPU = 1, 2, 0
"""NVML_CLOCK_SM, NVML_CLOCK_MEM and NVML_TEMPERATURE_GPU of nvml.h."""

CLOCKS_SET = 0x02
"""The bit of nvmlClocksEventReasons that says: the clocks are what somebody set them to."""

SLOWDOWNS = {0x08: "hardware slowdown", 0x20: "thermal", 0x40: "thermal, by hardware", 0x80: "power brake"}
"""The bits of nvmlClocksEventReasons under which the device is not itself. Its own power limit is none of them."""

ENERGY_S = 1.5
"""Least time between the two steps of the energy counter that are compared; it steps every 20 to 100 ms."""

ENERGY_MOST_S = 4.0
"""A counter that has not taken those steps by then is none."""

ENERGY_BATCH = 64
"""Launches between two looks at the counter: either step is known to within one such batch."""


def facts() -> dict[str, Any]:
    """What of a Machine NVML knows; peak: 2 · memory clock · bus width / 8, of a whole GPU only."""
    mig = _first(_ask("nvmlDeviceGetMigMode"))
    clock_mhz, bus_bits = _ask("nvmlDeviceGetMaxClockInfo", CLOCK_MEMORY), _ask("nvmlDeviceGetMemoryBusWidth")
    limit_mw = _ask("nvmlDeviceGetEnforcedPowerLimit")
    return {
        "driver": _answer("nvmlSystemGetDriverVersion"),
        "power_limit_w": limit_mw / 1e3 if limit_mw else None,
        "memory_clock_mhz": clock_mhz,
        "memory_bus_bits": bus_bits,
        "peak_bytes_per_s": 2 * clock_mhz * 1e6 * bus_bits / 8 if clock_mhz and bus_bits and not mig else None,
        "bus": _bus(),
        "clocks_locked": clocks_locked(),
        "ecc": _first(_ask("nvmlDeviceGetEccMode")),
        "mig": mig,
    }


def _bus() -> str | None:
    """The fastest link that card and slot agree on: PCIe 5 x16. Whether it is an SXM module its name tells."""
    generation, lanes = _ask("nvmlDeviceGetMaxPcieLinkGeneration"), _ask("nvmlDeviceGetMaxPcieLinkWidth")
    return f"PCIe {generation} x{lanes}" if generation and lanes else None


def clocks_locked() -> bool | None:
    """Whether somebody set the SM clock: by application clocks, or so that the device gives it as its reason.

    NVML does not tell the bounds of `nvidia-smi --lock-gpu-clocks`; the states of a run show clocks that stand still.
    """
    bits = _clock_reasons()
    asked = _ask("nvmlDeviceGetApplicationsClock", CLOCK_SM)
    usual = _ask("nvmlDeviceGetDefaultApplicationsClock", CLOCK_SM)
    told = asked is not None and usual is not None
    if bits is None and not told:
        return None
    return bool((bits or 0) & CLOCKS_SET) or (told and asked != usual)


def state(when: Literal["before", "during", "after"], seconds: float) -> State:
    """The device now, `seconds` after the run began. The power is an average over up to a second."""
    milliwatts = _ask("nvmlDeviceGetPowerUsage")
    return State(
        when=when,
        seconds=seconds,
        sm_clock_mhz=_ask("nvmlDeviceGetClockInfo", CLOCK_SM),
        memory_clock_mhz=_ask("nvmlDeviceGetClockInfo", CLOCK_MEMORY),
        temperature_c=_ask("nvmlDeviceGetTemperature", TEMPERATURE_GPU),
        power_w=None if milliwatts is None else milliwatts / 1e3,
        slowdown=slowdown_reasons(),
        other_processes=_other_processes(),
    )


def slowdown_reasons() -> tuple[str, ...]:
    """Why the clocks are below what the load and the power limit allow; empty too where the device does not say."""
    bits = _clock_reasons() or 0
    return tuple(name for bit, name in SLOWDOWNS.items() if bits & bit)


def _clock_reasons() -> int | None:
    """The bits of why the clocks are what they are; None where the device does not say."""
    bits: int | None = _ask("nvmlDeviceGetCurrentClocksEventReasons")
    if bits is None:  # a driver from before the renaming
        bits = _ask("nvmlDeviceGetCurrentClocksThrottleReasons")
    return bits


def energy(backend: str, case: Case, sets: Sequence[Enqueue], synchronize: Callable[[], None]) -> Energy | None:
    """Joules per launch of launches that walk the sets in turn, from one step of the device's counter to another.

    It is the energy of the whole board, its idle share included. The launches are queued from the host, so the case
    must be one whose kernel outlasts its launch. None where there is no counter, or only that of a GPU in slices.
    """
    steps = _energy_steps(sets, synchronize)
    first = next(steps, None)
    if first is None:
        return None
    for step in steps:
        seconds, launches = step.seconds - first.seconds, step.launches - first.launches
        if seconds >= ENERGY_S:
            joules = (step.millijoules - first.millijoules) / 1e3 / launches
            if joules <= 0:  # the counter began anew
                return None
            return Energy(backend=backend, case=case.id, joules_per_launch=joules, launches=launches, seconds=seconds)
    return None


class _Step(NamedTuple):
    """A reading of the energy counter just after it moved, with the launches and seconds until then."""

    millijoules: int
    launches: int
    seconds: float


def _energy_steps(sets: Sequence[Enqueue], synchronize: Callable[[], None]) -> Iterator[_Step]:
    """Launch over and over for ENERGY_MOST_S, and yield each step of the counter; nothing where there is no counter."""
    walk = itertools.cycle(sets)
    last = None if _first(_ask("nvmlDeviceGetMigMode")) else _ask("nvmlDeviceGetTotalEnergyConsumption")
    started, launches = time.monotonic(), 0
    while last is not None and time.monotonic() - started < ENERGY_MOST_S:
        for launch in itertools.islice(walk, ENERGY_BATCH):
            launch()
        # Asked while the batch runs, so that the device does not idle meanwhile.
        reading, seconds = _ask("nvmlDeviceGetTotalEnergyConsumption"), time.monotonic() - started
        synchronize()
        launches += ENERGY_BATCH
        if reading not in (last, None):
            yield _Step(reading, launches, seconds)
            last = reading


def _other_processes() -> int | None:
    """None where NVML does not list this process either: then its process ids are those of another namespace."""
    pids = {process.pid for process in _ask("nvmlDeviceGetComputeRunningProcesses") or ()}
    return len(pids) - 1 if os.getpid() in pids else None


def _first(modes: Sequence[int] | None) -> bool | None:
    """The first of NVML's current and pending modes."""
    return None if modes is None else bool(modes[0])


def _ask(query: Query, *arguments: object) -> Any:
    """What NVML answers about the current CUDA device; None for no answer."""
    device = _device()
    return None if device is None else _answer(query, device[1], *arguments)


def _answer(query: Query, *arguments: object) -> Any:
    """What NVML answers; None where it is not there, too old for the query, refuses it, or tells what cannot be.

    Raises ValueError for what is none of QUERIES.
    """
    if query not in QUERIES:
        raise ValueError(f"{query} is none of the queries that NVML is asked here")
    device = _device()
    if device is None:
        return None
    nvml, _ = device
    if not hasattr(nvml, query):  # a binding from before the query
        return None
    try:
        told = getattr(nvml, query)(*arguments)
    except (nvml.NVMLError, OSError, UnicodeError):  # refused; no library to ask; a text in no encoding
        return None
    most = UNKNOWN[query in WIDE]
    return None if told in UNKNOWN or (isinstance(told, int) and not 0 <= told < most) else told


@cache
def _device() -> tuple[ModuleType, Any] | None:
    """The binding and the handle of the current CUDA device; None where NVML or the device is missing."""
    if not torch.cuda.is_available():
        return None
    try:
        import pynvml
    except ImportError:
        return None
    uuid = str(torch.cuda.get_device_properties(torch.cuda.current_device()).uuid)
    try:
        pynvml.nvmlInit()
        return pynvml, _handle(pynvml, uuid.removeprefix("GPU-").removeprefix("MIG-"))
    except (pynvml.NVMLError, OSError):
        return None


def _handle(nvml: Any, uuid: str) -> Any:
    """The handle of a GPU by its UUID, or of the GPU that the slice of this UUID is cut from."""
    try:
        return nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
    except nvml.NVMLError:
        return nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvml.nvmlDeviceGetHandleByUUID(f"MIG-{uuid}"))
