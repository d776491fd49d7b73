"""A backend that launches on streams of its own is timed until the device is idle; a fake device keeps the clock."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
import torch

from backends import Enqueue, Entry
from suite.cases import Case
from suite.measure import second_timer
from suite.measure.second_timer import OWN_STREAM, Watched, agreements
from suite.measure.timing import Device, EventSampler, GraphSampler, HostSampler, OwnStreamSampler

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
    return made


def test_a_sample_is_from_an_idle_device_to_an_idle_device(device: FakeDevice) -> None:
    sampler = device.sampler([device.launch], 7, capturable=False, own_stream=True)
    device.launch("another candidate's")
    sampler.take()
    assert sampler.method == "host_clock"
    assert sampler.collect() == [pytest.approx((7 * RUN_NS + ENQUEUE_NS) / 7 * 1e-9)]
    assert sampler.collect() == []


def test_one_pass_goes_before_the_timed_one_and_both_walk_the_sets(device: FakeDevice) -> None:
    sets = [lambda: device.launch("x"), lambda: device.launch("y"), lambda: device.launch("z")]
    device.sampler(sets, 3, capturable=False, own_stream=True).take()
    assert device.launched == ["x", "y", "z"] * 2


def test_what_only_the_host_pays_is_still_asked_without_the_wait(device: FakeDevice) -> None:
    sampler = HostSampler([device.launch], 7, device.synchronize)
    sampler.take()
    assert sampler.collect() == [pytest.approx(ENQUEUE_NS * 1e-9)]


def test_launches_are_counted_by_the_same_clock(device: FakeDevice) -> None:
    assert device.rough_seconds([device.launch], own_stream=True) == pytest.approx(RUN_NS * 1e-9, rel=0.01)


def test_the_sampler_suits_the_backend(device: FakeDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GraphSampler, "__init__", lambda self, sets, launches: None)
    for capturable, own_stream, kind in (
        (True, False, GraphSampler),
        (False, False, EventSampler),
        (False, True, OwnStreamSampler),
        (True, True, OwnStreamSampler),
    ):
        assert type(device.sampler([device.launch], 1, capturable, own_stream)) is kind


@pytest.mark.parametrize("capturable", [True, False])
def test_events_are_not_asked_about_streams_that_they_are_not_on(
    capturable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def watch(sets: Sequence[Enqueue], count: int, capturable: bool) -> Watched:
        asked.append(capturable)
        return Watched([1.0], 1.0)

    monkeypatch.setattr(second_timer, "watch", watch)
    entry = Entry("x_y", "", (), own_stream=True, capturable=capturable)
    found, reason = agreements(entry, Case(8, 8), "cold", [torch.Tensor], 1.0)
    assert [each.timer for each in found] == ["cupti"]
    assert found[0].profiled_events_seconds is None
    assert asked == [False]
    assert reason == OWN_STREAM
