"""The series of single calls: what lies between the clock's two looks, and that what is called returns a new C."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from backends import find, torch_broadcast
from suite.cases import Case
from suite.device import machine
from suite.measure import single_calls
from suite.measure.comparisons import Comparisons
from suite.measure.plan import CONTROL, SMOKE
from suite.measure.timing import Device
from suite.record.machine import Machine
from suite.session.collection import LAUNCH_CASE, called, parameters
from suite.worker.messages import Measure
from suite.worker.server import Server

ENQUEUE_NS, RUN_NS = 10, 1000


class FakeDevice(Device):
    """A CUDA device on which a launch costs the host ENQUEUE_NS and then runs for RUN_NS, after those before it."""

    def __init__(self) -> None:
        self.kind = "cuda"
        self.now = self.idle_at = 0
        self.launched: list[str] = []

    def launch(self, name: str = "") -> torch.Tensor:
        self.now += ENQUEUE_NS
        self.idle_at = max(self.now, self.idle_at) + RUN_NS
        self.launched.append(name)
        return torch.empty(0)

    def synchronize(self) -> None:
        self.now = max(self.now, self.idle_at)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> FakeDevice:
    made = FakeDevice()
    monkeypatch.setattr(time, "perf_counter_ns", lambda: made.now)
    monkeypatch.setattr(single_calls, "flusher", lambda device: lambda: made.launch("flush"))
    return made


def test_a_single_call_is_timed_from_an_idle_device_after_the_flush(device: FakeDevice) -> None:
    sampler = single_calls.sampler(device, [device.launch], "as_called_host")
    device.launch("another candidate's")
    for _ in range(2):
        sampler.take()
    assert sampler.launches == 1
    assert sampler.collect() == [pytest.approx((RUN_NS + ENQUEUE_NS) * 1e-9)] * 2
    assert device.launched[1:] == ["flush", ""] * 2


def test_between_the_events_lies_the_call_alone(device: FakeDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    event = SimpleNamespace(record=lambda: device.launched.append("event"))
    monkeypatch.setattr(single_calls, "event_pair", lambda: (event, event))
    sampler = single_calls.sampler(device, [lambda: device.launch("x"), lambda: device.launch("y")], "as_called")
    for _ in range(2):
        sampler.take()
    assert device.launched == ["flush", "event", "x", "event", "flush", "event", "y", "event"]
    sampler.enqueue_timed()
    assert device.launched[8:] == ["x", "y"]


def test_every_backend_is_called_for_a_new_c_and_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_calls, "FLUSH_BYTES", 64)
    monkeypatch.setattr(machine, "cache_bytes", lambda kind: 64)
    entries = find(["torch_broadcast", "numpy_broadcast"])
    found: Any = Server(Device(), 0.0).answer(Measure(Case(40, 30), "as_called_host", entries, SMOKE))
    assert found.outcomes == []
    fresh = {name: (one.launches, one.allocates) for name, one in found.contenders.items() if name != CONTROL}
    assert fresh == dict.fromkeys(("torch_broadcast", "numpy_broadcast"), (1, False))


@pytest.mark.parametrize(("cache", "written"), [(1 << 10, 1 << 12), (1 << 14, 1 << 14)])
def test_the_flush_writes_all_that_the_cache_holds(cache: int, written: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_calls, "FLUSH_BYTES", 1 << 12)
    monkeypatch.setattr(machine, "cache_bytes", lambda kind: cache)
    target: Any = single_calls.flusher(Device())()
    assert (target.nbytes, target.any().item()) == (written, False)


@pytest.mark.parametrize(("kind", "series"), [("cuda", {"as_called", "as_called_host"}), ("cpu", {"as_called_host"})])
def test_a_cpu_has_no_events_to_time_single_calls_by(kind: str, series: set[str]) -> None:
    bench: Any = SimpleNamespace(machine=SimpleNamespace(kind=kind), contenders=lambda series: ["torch_broadcast"])
    names, asked = parameters("test_as_called", bench, [Case(64, 64)])
    assert names == ("case", "series", "contender")
    assert {each[1] for each in asked} == series


def test_single_calls_are_timed_where_the_host_is_all_and_at_the_headline() -> None:
    cases = [Case(4096, 4096, "bfloat16"), Case(64, 64), Case(4096, 4096, "float32", "row_padded")]
    assert called(cases) == [LAUNCH_CASE, cases[0]]


def test_a_call_is_what_a_user_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backend's own function of (a, b) is timed, not bind; its C is new and is checked."""
    called = []

    def fresh(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        called.append(b)
        return a.unsqueeze(1) * b

    monkeypatch.setattr(torch_broadcast, "fresh", fresh)
    case = Case(40, 30)
    samples: Any = Server(Device(), 0.0).answer(Measure(case, "call", find(["torch_broadcast"]), SMOKE))
    assert samples.outcomes == []
    assert len(called) > 2 * samples.contenders["torch_broadcast"].launches
    machine = Machine(kind="cpu", name="X", cache_bytes=1, memory_bytes=1)
    assert Comparisons(case, "call", samples, machine).measurements()["torch_broadcast"].fresh
