"""Samplers: what a sample consists of, with stand-ins for CUDA graphs; and, on a GPU, that a short lead is enough."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median

import pytest
import torch

from backends import Enqueue
from suite.cases import HEADLINE, Case
from suite.measure import timing
from suite.measure.events import EventSampler
from suite.measure.tests.on_a_gpu import bound
from suite.measure.timing import CaptureFailed, GraphSampler, HostSampler, lead_launches


class Graph:
    """Notes what is launched between begin and end, and launches it again in a replay."""

    recording: list[Callable[[], object]] | None = None

    def __init__(self, keep_graph: bool) -> None:
        self.is_ready = False

    def instantiate(self) -> None:
        self.is_ready = True

    def capture_begin(self, capture_error_mode: str) -> None:
        self.nodes: list[Callable[[], object]] = []
        Graph.recording = self.nodes

    def capture_end(self) -> None:
        Graph.recording = None

    def replay(self) -> None:
        assert self.is_ready
        for node in self.nodes:
            node()


class Event:
    """Notes that it was recorded; any two are a millisecond apart."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def record(self) -> None:
        self.log.append("event")

    def elapsed_time(self, other: Event) -> float:
        return 1.0


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    log: list[str] = []
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "Event", lambda enable_timing: Event(log))
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(Graph, "recording", None)
    return log


def launches(log: list[str], sets: int) -> list[Enqueue]:
    """One launch per set, which notes the set when it runs on the device."""

    def launch(number: int) -> torch.Tensor:
        node = partial(log.append, str(number))
        node() if Graph.recording is None else Graph.recording.append(node)
        return torch.empty(0)

    return [partial(launch, number) for number in range(sets)]


@pytest.mark.parametrize(
    ("timed", "sets", "expected"),
    [(30, 3, 6), (15, 3, 3), (3, 3, 3), (6, 6, 6), (512, 1, 102), (1, 1, 1), (501, 501, 501), (48, 3, 9)],
)
def test_a_lead_is_whole_walks_and_about_a_fifth(timed: int, sets: int, expected: int) -> None:
    assert lead_launches(timed, sets) == expected


def test_a_graph_s_sample_is_a_short_lead_and_the_timed_launches_between_events(log: list[str]) -> None:
    sampler = GraphSampler(launches(log, 2), 20)
    assert log == []
    sampler.take()
    assert log == [*"01" * 2, "event", *"01" * 10, "event"]
    assert sampler.collect() == pytest.approx([1e-3 / 20])


def test_what_is_enqueued_for_the_check_is_the_timed_graph_alone(log: list[str]) -> None:
    GraphSampler(launches(log, 2), 20).enqueue_timed()
    assert log == [*"01" * 10]


def test_what_is_launched_at_its_first_capture_only_is_not_in_the_timed_graph(log: list[str]) -> None:
    """Such a backend would be right in the lead and idle while it is timed; the check enqueues what is timed."""
    (launch,) = launches(log, 1)
    calls = iter(range(1000))
    lazy = lambda: launch() if next(calls) < lead_launches(20, 1) else torch.empty(0)  # noqa: E731
    GraphSampler([lazy], 20).enqueue_timed()
    assert log == []


def test_a_launch_that_raises_in_a_capture_is_its_cause(log: list[str]) -> None:
    def launch() -> torch.Tensor:
        raise RuntimeError("not permitted while capturing")

    with pytest.raises(CaptureFailed) as caught:
        GraphSampler([launch], 20)
    assert "not permitted" in str(caught.value.__cause__)


@pytest.mark.parametrize("sampler", [EventSampler, partial(HostSampler, synchronize=lambda: None)])
def test_what_is_enqueued_for_the_check_reaches_every_set_though_a_sample_does_not(
    sampler: Callable[..., timing.Sampler],
) -> None:
    log: list[str] = []
    sampler(launches(log, 200), 64).enqueue_timed()
    assert set(log) == {str(number) for number in range(200)}


@pytest.mark.gpu
@pytest.mark.parametrize("case", [HEADLINE, Case(2400, 2400)], ids=lambda case: case.id)
def test_a_short_lead_reads_as_a_whole_pass_and_after_a_wait_as_in_a_queue(case: Case, device: timing.Device) -> None:
    """Three ways to come to the timed graph: the short lead, all of its launches, and the lead on an idle device."""
    sets = bound(device, "torch_broadcast", case)
    sampler = GraphSampler(sets, timing.launches_per_sample(device.rough_seconds(sets), len(sets), 1.5e-3))
    seconds: dict[str, list[float]] = {"short": [], "whole": [], "idle": []}
    for _ in range(150):
        for how, samples in seconds.items():
            if how != "idle":
                torch.cuda._sleep(2_000_000)  # a millisecond in which the host enqueues the rest
            if how == "whole":
                sampler.enqueue_timed()
            sampler.take()
            device.synchronize()
            samples.extend(sampler.collect())
    short, whole, idle = (median(samples[50:]) for samples in seconds.values())
    assert short == pytest.approx(whole, rel=0.005)
    assert idle == pytest.approx(whole, rel=0.005)
