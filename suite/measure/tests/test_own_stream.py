"""A backend that launches on streams of its own: by events where they can be joined, else until the device is idle.

A made-up device keeps the clocks of its streams and of the host.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any

import pytest
import torch

from backends import find, follower
from suite.cases import Case
from suite.measure import campaign, own_stream, timing
from suite.measure.campaign import Contender
from suite.measure.events import DELAY_CYCLES_PER_LAUNCH, TRIES, EventSampler, TooLate
from suite.measure.own_stream import MOST_QUEUED, JoinedSampler, joins
from suite.measure.plan import SMOKE
from suite.measure.second_timer import _by_launch, watch
from suite.measure.tests.on_a_gpu import bound
from suite.measure.timing import Device, HostSampler, UntilIdleSampler

RECORDED = json.loads((Path(__file__).parent / "recorded" / "jax_joined.json").read_text(encoding="utf-8"))
"""What CUPTI saw of one sample of JAX on an H100, and what joined events read of 20 such samples, their median."""

ENQUEUE_S, RUN_S, CYCLE_S = 30e-6, 10e-6, 0.5e-9


class Stream:
    """The time until which it is busy."""

    def __init__(self) -> None:
        self.at = 0.0


class Gpu(Device):
    """A device on which XLA, say, launches on a stream of its own; a launch costs the host more than the device."""

    def __init__(self, follows: bool = True, waited_for: bool = True, blocks: bool = False) -> None:
        self.kind = "cuda"
        self.now = 0.0
        self.ours, self.own = Stream(), Stream()
        self.current = self.ours
        self.follows, self.waited_for, self.blocks = follows, waited_for, blocks
        self.enqueue_s = ENQUEUE_S
        self.launched: list[str] = []

    def sleep(self, cycles: int) -> None:
        self.current.at = max(self.current.at, self.now) + cycles * CYCLE_S

    def follow(self) -> None:
        if self.follows:
            self.own.at = max(self.own.at, self.current.at)

    def launch(self, name: str = "") -> torch.Tensor:
        self.now += self.enqueue_s
        self.own.at = max(self.own.at, self.now) + RUN_S
        if self.waited_for:
            self.current.at = max(self.current.at, self.own.at)
        if self.blocks:
            self.now = self.own.at
        self.launched.append(name)
        return torch.empty(0)

    def synchronize(self) -> None:
        self.now = max(self.now, self.ours.at, self.own.at)

    def idle(self, seconds: float) -> None:
        self.now += seconds

    @contextmanager
    def on(self, stream: Stream) -> Iterator[None]:
        before, self.current = self.current, stream
        yield
        self.current = before


class Event:
    def __init__(self, gpu: Gpu) -> None:
        self.gpu, self.at = gpu, 0.0

    def record(self) -> None:
        self.at = max(self.gpu.current.at, self.gpu.now)

    def query(self) -> bool:
        return self.at <= self.gpu.now

    def elapsed_time(self, other: Event) -> float:
        return (other.at - self.at) * 1e3


Making = Callable[..., Gpu]


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> Making:
    def make(**how: bool) -> Gpu:
        gpu = Gpu(**how)
        monkeypatch.setattr(torch.cuda, "Event", lambda **_: Event(gpu))
        monkeypatch.setattr(torch.cuda, "Stream", Stream)
        monkeypatch.setattr(torch.cuda, "stream", gpu.on)
        monkeypatch.setattr(torch.cuda, "_sleep", gpu.sleep)
        monkeypatch.setattr(torch.cuda, "synchronize", gpu.synchronize)
        monkeypatch.setattr(time, "sleep", gpu.idle)
        monkeypatch.setattr(time, "perf_counter_ns", lambda: gpu.now * 1e9)
        return gpu

    return make


def test_joined_launches_are_timed_by_the_device_though_the_host_is_slower(making: Making) -> None:
    gpu = making()
    sampler = own_stream.sampler(gpu, [gpu.launch], gpu.follow, sample_s=1e-3)
    assert isinstance(sampler, JoinedSampler)
    sampler.take()
    gpu.synchronize()
    assert sampler.method == "cuda_events"
    assert sampler.collect() == [pytest.approx(RUN_S)]
    assert sampler.collect() == []


def test_one_pass_goes_before_the_timed_one_and_both_walk_the_sets(making: Making) -> None:
    gpu = making()
    sets: list[Callable[[], torch.Tensor]] = [lambda: gpu.launch("x"), lambda: gpu.launch("y"), lambda: gpu.launch("z")]
    JoinedSampler(sets, 3, gpu.follow).take()
    UntilIdleSampler(sets, 3, gpu.synchronize).take()
    assert gpu.launched == ["x", "y", "z"] * 4


def test_no_more_are_queued_than_xla_lets_be_under_way(making: Making) -> None:
    gpu = making()
    sampler = JoinedSampler([gpu.launch], 500, gpu.follow)
    sampler.take()
    assert sampler.launches == MOST_QUEUED
    assert len(gpu.launched) == 2 * MOST_QUEUED < 32


def test_a_sample_that_the_host_was_late_for_is_taken_again_behind_a_longer_delay(making: Making) -> None:
    gpu = making()
    gpu.enqueue_s = 5 * DELAY_CYCLES_PER_LAUNCH * CYCLE_S
    sampler = JoinedSampler([gpu.launch], 10, gpu.follow)
    for _ in range(2):
        sampler.take()
        gpu.synchronize()
    assert sampler.collect() == pytest.approx([RUN_S, RUN_S])
    assert len(gpu.launched) == (4 + 1) * 2 * 10  # behind 1, 2, 4 and 8 delays, then behind 8 at once


def on_our_stream(gpu: Gpu, launches: int) -> EventSampler:
    """A backend that launches on the stream that it is given, but cannot be captured."""
    gpu.own = gpu.ours
    return EventSampler([gpu.launch], launches)


def on_its_own(gpu: Gpu, launches: int) -> EventSampler:
    """One whose stream is joined to ours."""
    return JoinedSampler([gpu.launch], launches, gpu.follow)


@pytest.mark.parametrize("sampler_on", [on_our_stream, on_its_own])
def test_a_sample_that_the_host_is_always_late_for_is_no_time(
    sampler_on: Callable[[Gpu, int], EventSampler], making: Making
) -> None:
    gpu = making()
    sampler = sampler_on(gpu, 2)
    gpu.enqueue_s = 1.0
    sampler.take()
    assert len(gpu.launched) == TRIES * 2 * 2  # and then no more
    gpu.synchronize()
    with pytest.raises(TooLate, match=r"had not enqueued 4 launches .* behind 8 times the usual delay \(samples: 1\)"):
        sampler.collect()
    gpu.enqueue_s = ENQUEUE_S
    sampler.take()
    gpu.synchronize()
    assert sampler.collect() == [pytest.approx(RUN_S)]  # the late one is forgotten


def test_what_the_host_cannot_queue_in_time_gets_the_host_s_clock(making: Making) -> None:
    """At once, before the rounds: on a stream of its own, or on ours if no graph holds it."""
    gpu = making()
    gpu.enqueue_s = 20 * DELAY_CYCLES_PER_LAUNCH * CYCLE_S
    for sampler in (
        own_stream.sampler(gpu, [gpu.launch], gpu.follow, sample_s=4 * gpu.enqueue_s),
        gpu.sampler([gpu.launch], 4, capturable=False),
    ):
        assert (type(sampler), sampler.method) == (UntilIdleSampler, "host_clock")
        sampler.take()
        assert sampler.collect() == [pytest.approx(gpu.enqueue_s, rel=0.01)]


def test_what_the_host_queues_in_time_keeps_its_events(making: Making) -> None:
    gpu = making()
    gpu.own = gpu.ours
    sampler = gpu.sampler([gpu.launch], 4, capturable=False)
    assert type(sampler) is EventSampler
    assert sampler.collect() == []  # those that were tried are no samples


def test_a_campaign_in_which_the_host_falls_behind_gives_no_times(making: Making) -> None:
    gpu = making()
    contender = Contender("jax_jit", own_stream.sampler(gpu, [gpu.launch], gpu.follow, sample_s=1e-3))
    gpu.enqueue_s = 1.0
    with pytest.raises(campaign.Late, match="jax_jit: the host had not enqueued") as caught:
        campaign.run([contender], SMOKE, gpu.synchronize)
    assert caught.value.kind == "invalid"
    assert contender.samples_s == []


@pytest.mark.parametrize(
    ("how", "joined"),
    [({}, True), ({"follows": False}, False), ({"waited_for": False}, False), ({"blocks": True}, False)],
)
def test_streams_are_joined_where_each_waits_for_the_other_and_the_host_for_none(
    how: dict[str, bool], joined: bool, making: Making
) -> None:
    gpu = making(**how)
    assert joins(gpu.launch, gpu.follow) is joined
    sampler = own_stream.sampler(gpu, [gpu.launch], gpu.follow, sample_s=1e-3)
    assert type(sampler) is (JoinedSampler if joined else UntilIdleSampler)


def test_what_cannot_be_joined_is_timed_by_the_host_until_the_device_is_idle(making: Making) -> None:
    gpu = making()
    sampler: Any = own_stream.sampler(gpu, [gpu.launch], None, sample_s=7 * ENQUEUE_S)
    assert (sampler.method, sampler.launches) == ("host_clock", 6)
    gpu.launch("another contender's")
    sampler.take()
    assert sampler.collect() == [pytest.approx((6 * ENQUEUE_S + RUN_S) / 6)]


def test_what_only_the_host_pays_is_still_asked_without_the_wait(making: Making) -> None:
    gpu = making()
    sampler = HostSampler([gpu.launch], 7, gpu.synchronize)
    sampler.take()
    assert sampler.collect() == [pytest.approx(ENQUEUE_S)]


def test_recorded_launches_began_after_the_delay_and_followed_one_another() -> None:
    """So they waited for our stream, and the host was not in the way."""
    activities = RECORDED["activities"]
    delay = next(each for each in activities if "spin" in each["name"])
    products = [each for each in activities if each["name"] == "loop_multiply_fusion"]
    assert len(products) == 2 * RECORDED["timed"]
    assert {each["stream"] for each in products} != {delay["stream"]}
    assert products[0]["start_us"] > delay["start_us"] + delay["us"]
    assert all(0 < after["start_us"] - before["start_us"] - before["us"] < 4 for before, after in pairwise(products))


def test_joined_events_agree_with_what_cupti_recorded() -> None:
    """Within 0.75 % with a launch and its gap to the next, within 2 % with the kernel alone."""
    products = [each for each in RECORDED["activities"] if each["name"] == "loop_multiply_fusion"]
    timed = products[-RECORDED["timed"] :]
    busy_us = _by_launch([each["us"] for each in products], len(products))[-len(timed) :]
    apart_us = fmean(after["start_us"] - before["start_us"] for before, after in pairwise(timed))
    assert RECORDED["joined_events_us"] == pytest.approx(apart_us, rel=0.0075)
    assert RECORDED["joined_events_us"] == pytest.approx(median(busy_us), rel=0.02)


@pytest.mark.gpu
def test_joined_events_agree_with_cupti(device: timing.Device) -> None:
    (entry,) = find(["jax_jit"])
    sets = bound(device, entry.name, Case(8192, 8192))
    sampler = own_stream.sampler(device, sets, follower(entry), sample_s=1.5e-3)
    assert isinstance(sampler, JoinedSampler)
    for _ in range(60):
        sampler.take()
    device.synchronize()
    by_events_s = median(sampler.collect()[20:])
    busy_s = median(watch(sets, 60, capturable=False).busy_s)
    assert busy_s < by_events_s < 1.02 * busy_s
