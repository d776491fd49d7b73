"""What NVML says, from a made-up NVML; and from the real one on a GPU."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from suite.cases import HEADLINE
from suite.device import machine, nvml
from suite.device.tests.an_nvml import H100, NVMLError, answer, refuse
from suite.record.machine import Machine


def test_facts(gpu: Callable[..., None]) -> None:
    gpu()
    assert nvml.facts() == {
        "driver": "580.1",
        "power_limit_w": 700.0,
        "memory_clock_mhz": 2619,
        "memory_bus_bits": 5120,
        "peak_bytes_per_s": 2 * 2619e6 * 5120 / 8,
        "bus": "PCIe 5 x16",
        "clocks_locked": False,
        "ecc": True,
        "mig": False,
    }


@pytest.mark.parametrize(
    ("replaced", "locked"),
    [
        ({"nvmlDeviceGetApplicationsClock": answer(1500)}, True),
        ({"nvmlDeviceGetCurrentClocksEventReasons": answer(0x02)}, True),
        ({"nvmlDeviceGetCurrentClocksEventReasons": answer(0x04)}, False),
        (dict.fromkeys(("nvmlDeviceGetApplicationsClock", "nvmlDeviceGetDefaultApplicationsClock"), refuse), False),
        ({"nvmlDeviceGetApplicationsClock": refuse}, False),
        ({"nvmlDeviceGetDefaultApplicationsClock": refuse}, False),
    ],
)
def test_clocks_that_somebody_set_are_told(
    replaced: dict[str, Callable[..., Any]], locked: bool, gpu: Callable[..., None]
) -> None:
    gpu(**replaced)
    assert nvml.facts()["clocks_locked"] is locked


def test_a_slice_of_a_gpu_has_no_peak(gpu: Callable[..., None]) -> None:
    gpu(nvmlDeviceGetMigMode=answer([1, 1]))
    assert nvml.facts()["mig"] is True
    assert nvml.facts()["peak_bytes_per_s"] is None


@pytest.mark.parametrize("clock", [0, 0xFFFFFFFF])
def test_a_memory_clock_that_is_none_gives_no_peak(clock: int, gpu: Callable[..., None]) -> None:
    gpu(nvmlDeviceGetMaxClockInfo=answer(clock), nvmlDeviceGetEnforcedPowerLimit=answer(0))
    told = nvml.facts()
    assert (told["peak_bytes_per_s"], told["power_limit_w"]) == (None, None)
    assert Machine(kind="cuda", name="X", cache_bytes=1 << 20, memory_bytes=1, **told).peak_bytes_per_s is None


def test_state(gpu: Callable[..., None]) -> None:
    gpu(nvmlDeviceGetCurrentClocksEventReasons=answer(0x04 | 0x20 | 0x80))
    state = nvml.state("during", 12.5)
    assert (state.when, state.seconds) == ("during", 12.5)
    assert (state.sm_clock_mhz, state.memory_clock_mhz) == (1755, 2619)
    assert (state.temperature_c, state.power_w) == (47, 412.345)
    assert state.slowdown == ("thermal", "power brake")
    assert state.other_processes == 2


def test_whatever_is_not_answered_is_unknown(gpu: Callable[..., None]) -> None:
    gpu(**dict.fromkeys(H100, refuse))
    assert set(nvml.facts().values()) == {None}
    unknown = nvml.state("before", 0.0)
    assert set(unknown.model_dump(exclude={"when", "seconds", "slowdown"}).values()) == {None}
    assert unknown.slowdown == ()
    assert nvml.energy("right", HEADLINE, [torch.Tensor], lambda: None) is None


def undecodable(*arguments: object) -> Any:
    return b"\xff580".decode()


def no_library(*arguments: object) -> Any:
    raise OSError("libnvidia-ml.so.1: cannot open shared object file")


@pytest.mark.parametrize("fails", [undecodable, no_library], ids=lambda fails: fails.__name__)
def test_an_answer_that_cannot_be_had_is_none(fails: Callable[..., Any], gpu: Callable[..., None]) -> None:
    gpu(**dict.fromkeys(H100, fails))
    assert set(nvml.facts().values()) == {None}


NUMBERS = st.sampled_from([None, 0, 1, -1, 2**31, *nvml.UNKNOWN]) | st.integers(-(2**63), 2**64)
NUMBERED = [
    query for query in H100 if query not in ("nvmlSystemGetDriverVersion", "nvmlDeviceGetComputeRunningProcesses")
]


@given(told=st.fixed_dictionaries({query: NUMBERS for query in NUMBERED if "Mode" not in query}))
@example(told={"nvmlDeviceGetMaxClockInfo": 3_342_433, "nvmlDeviceGetMemoryBusWidth": 1_196_733_038_478_258_048})
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_number_is_answered_the_run_goes_on(told: dict[str, int | None], gpu: Callable[..., None]) -> None:
    gpu(**{query: refuse if value is None else answer(value) for query, value in told.items()})
    Machine(kind="cuda", name="X", cache_bytes=1 << 20, memory_bytes=1, **nvml.facts())
    for value in nvml.state("during", 1.0).model_dump(exclude={"when", "slowdown"}).values():
        assert value is None or value >= 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("nvmlDeviceGetEccMode", "ecc"),
        ("nvmlSystemGetDriverVersion", "driver"),
        ("nvmlDeviceGetPowerUsage", "power_w"),
        ("nvmlDeviceGetTemperature", "temperature_c"),
        ("nvmlDeviceGetComputeRunningProcesses", "other_processes"),
    ],
)
def test_a_binding_from_before_a_query_leaves_that_answer_open_alone(
    query: str, field: str, gpu: Callable[..., None]
) -> None:
    gpu(lacking=query)
    told = nvml.facts() | nvml.state("before", 0.0).model_dump()
    assert {name for name, value in told.items() if value is None} == {field}


def test_a_query_that_is_misspelt_is_no_missing_answer(gpu: Callable[..., None]) -> None:
    gpu()
    with pytest.raises(ValueError, match="nvmlDeviceGetEccMod is none"):
        nvml._ask("nvmlDeviceGetEccMod")  # type: ignore[arg-type]


def test_a_mistake_inside_an_answer_is_not_swallowed(gpu: Callable[..., None]) -> None:
    def mistaken(*arguments: object) -> Any:
        raise AttributeError("'int' object has no attribute 'pid'")

    gpu(nvmlDeviceGetEccMode=mistaken)
    with pytest.raises(AttributeError, match="pid"):
        nvml.facts()


def test_every_query_is_one_of_the_binding_s() -> None:
    """The pinned binding has them all; only a user's own may be older."""
    pynvml = pytest.importorskip("pynvml")
    assert [query for query in nvml.QUERIES if not callable(getattr(pynvml, query, None))] == []


def test_without_nvml_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml, "_device", lambda: None)
    assert set(nvml.facts().values()) == {None}
    assert nvml.slowdown_reasons() == ()


def test_the_power_limit_and_idling_are_no_slowdown(gpu: Callable[..., None]) -> None:
    gpu(nvmlDeviceGetCurrentClocksEventReasons=answer(0x01 | 0x02 | 0x04 | 0x10 | 0x100))
    assert nvml.slowdown_reasons() == ()


def test_an_old_driver_is_asked_by_the_old_name(gpu: Callable[..., None]) -> None:
    gpu(nvmlDeviceGetCurrentClocksEventReasons=refuse, nvmlDeviceGetCurrentClocksThrottleReasons=answer(0x40))
    assert nvml.slowdown_reasons() == ("thermal, by hardware",)


def test_in_another_process_namespace_others_are_not_counted(gpu: Callable[..., None]) -> None:
    gpu(nvmlDeviceGetComputeRunningProcesses=answer([]))
    assert nvml.state("before", 0.0).other_processes is None


@pytest.mark.parametrize("uuid", ["7", "GPU-7", "MIG-7"])
def test_a_device_is_asked_by_its_uuid_however_torch_words_it(uuid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    made = SimpleNamespace(
        NVMLError=NVMLError, nvmlInit=lambda: None, nvmlDeviceGetHandleByUUID=lambda uuid: asked.append(uuid)
    )
    monkeypatch.setitem(sys.modules, "pynvml", made)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=uuid))
    nvml._device.__wrapped__()
    assert asked == ["GPU-7"]


def test_a_slice_is_found_by_its_own_uuid() -> None:
    def by_uuid(uuid: str) -> str:
        return uuid if uuid == "MIG-7" else refuse()

    binding = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlDeviceGetHandleByUUID=by_uuid,
        nvmlDeviceGetDeviceHandleFromMigDeviceHandle=lambda handle: f"the GPU of {handle}",
    )
    assert nvml._handle(binding, "7") == "the GPU of MIG-7"


@pytest.mark.gpu
def test_a_real_gpu_answers() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    pytest.importorskip("pynvml")
    torch.zeros(1, device="cuda")
    described = machine.describe("cuda")
    assert described.driver
    assert described.peak_bytes_per_s
    state = nvml.state("before", 0.0)
    assert state.sm_clock_mhz
    assert state.temperature_c
    assert state.power_w
