"""How CUPTI's records become launches; and, on a GPU, that three timers agree."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from statistics import median
from types import SimpleNamespace

import pytest
import torch
from torch.autograd import DeviceType
from torch.autograd.profiler_util import Interval
from torch.profiler import ProfilerActivity

from backends import Enqueue, Entry, find
from suite.cases import HEADLINE, Case
from suite.measure import second_timer, timing
from suite.measure.second_timer import NoCupti, Watched, _by_launch, agreements, watch
from suite.measure.tests.on_a_gpu import bound

TOLERANCE, FROM_S = 0.02, 50e-6
STREAM_GAP_S = 2e-6  # more between two launches of a stream than between two nodes of a graph
ON_A_GPU = ("torch_broadcast", "triton_tuned")


class Told:
    """One of the profiler's events, in microseconds."""

    def __init__(self, device_type: DeviceType, start: float, end: float) -> None:
        self.device_type = device_type
        self.time_range = Interval(start, end)


class Event:
    """One of two events 66 us apart."""

    def record(self) -> None:
        pass

    def elapsed_time(self, other: Event) -> float:
        return 66e-3


def test_a_launch_of_several_activities_is_their_sum() -> None:
    assert _by_launch([1.0, 2.0] * 4, 4) == [3.0] * 4


def test_activities_lost_at_the_start_cost_the_first_launches_only() -> None:
    assert _by_launch(([1.0, 2.0, 4.0] * 8)[2:], 8) == [7.0] * 7


@pytest.mark.parametrize("busy_s", [[], [1.0], [1.0] * 9])
def test_activities_that_make_no_launches_are_refused(busy_s: Sequence[float]) -> None:
    with pytest.raises(NoCupti, match=f"recorded {len(busy_s)} activities in 8 launches"):
        _by_launch(busy_s, 8)


def test_host_side_records_are_no_activity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four launches of a 2 us copy and a 30 us kernel, told out of order among the host's calls; two are counted."""
    gpu = [Told(DeviceType.CUDA, at, at + us) for i in range(4) for at, us in ((50.0 * i, 2.0), (50.0 * i + 5, 30.0))]
    host = [Told(DeviceType.CPU, 50.0 * i - 9, 50.0 * i - 2) for i in range(4)]
    session = nullcontext(SimpleNamespace(events=lambda: [*reversed(gpu), *host]))
    monkeypatch.setattr(second_timer, "supported_activities", lambda: {ProfilerActivity.CUDA})
    monkeypatch.setattr(second_timer, "profile", lambda activities, acc_events: session)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(torch.cuda, "Event", lambda enable_timing: Event())
    monkeypatch.setattr(second_timer, "SETTLE_S", 0.0)
    watched = watch([torch.Tensor], 2, capturable=False)
    assert watched.busy_s == pytest.approx([32e-6, 32e-6])
    assert watched.events_s == pytest.approx(33e-6)


def test_without_cupti_the_events_remain_and_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_timer, "supported_activities", set)
    monkeypatch.setattr(second_timer, "event_seconds", lambda sets, launches, takes: [1e-4, 3e-4, 2e-4])
    found, reason = agreements(find(["torch_broadcast"])[0], HEADLINE, "cold", [torch.Tensor], 1e-4)
    assert [(each.timer, each.seconds, each.ratio) for each in found] == [("cuda_events", 2e-4, 2.0)]
    assert "without CUPTI" in reason


def test_cupti_is_put_beside_events_around_the_same_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_timer, "watch", lambda sets, count, capturable: Watched([1.02e-4], 1.03e-4))
    monkeypatch.setattr(second_timer, "event_seconds", lambda sets, launches, takes: [1e-4])
    (cupti, events), _ = agreements(find(["torch_broadcast"])[0], HEADLINE, "cold", [torch.Tensor], 1e-4)
    assert (cupti.profiled_events_seconds, events.profiled_events_seconds) == (1.03e-4, None)
    assert cupti.of_same_launches == pytest.approx(1.02 / 1.03)
    assert cupti.changed == pytest.approx(1.03)


@pytest.mark.parametrize(
    ("campaign_s", "sets", "watched", "queued"), [(50e-6, 3, 60, 64), (5e-3, 3, 18, 2), (0.2, 2, 2, 1)]
)
def test_long_launches_are_few(
    campaign_s: float, sets: int, watched: int, queued: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def watch(sets: Sequence[Enqueue], count: int, capturable: bool) -> Watched:
        asked.append(count)
        return Watched([campaign_s], campaign_s)

    def event_seconds(sets: Sequence[Enqueue], launches: int, takes: int) -> list[float]:
        asked.append(launches)
        return [campaign_s]

    monkeypatch.setattr(second_timer, "watch", watch)
    monkeypatch.setattr(second_timer, "event_seconds", event_seconds)
    agreements(find(["torch_broadcast"])[0], HEADLINE, "cold", [torch.Tensor] * sets, campaign_s)
    assert asked == [watched, queued]


def test_what_no_graph_holds_has_cupti_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_timer, "watch", lambda sets, count, capturable: Watched([1e-4], 2e-4))
    found, reason = agreements(Entry("x_y", "", (), capturable=False), HEADLINE, "cold", [torch.Tensor], 1e-4)
    assert [(each.timer, each.profiled_events_seconds) for each in found] == [("cupti", None)]
    assert not reason


@pytest.mark.parametrize("capturable", [True, False])
def test_streams_of_a_backend_s_own_are_cupti_s_alone(capturable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def watch(sets: Sequence[Enqueue], count: int, capturable: bool) -> Watched:
        asked.append(capturable)
        return Watched([1.0], 1.0)

    monkeypatch.setattr(second_timer, "watch", watch)
    entry = Entry("x_y", "", (), own_stream=True, capturable=capturable)
    found, reason = agreements(entry, Case(8, 8), "cold", [torch.Tensor], 1.0)
    assert [(each.timer, each.profiled_events_seconds) for each in found] == [("cupti", None)]
    assert (asked, reason) == ([False], "")


def by_graph(device: timing.Device, sets: Sequence[Enqueue]) -> float:
    """Seconds per launch as a campaign takes them."""
    count = timing.launches_per_sample(device.rough_seconds(sets), len(sets), 1.5e-3)
    sampler = timing.GraphSampler(sets, count)
    for _ in range(300):  # about a second: the clocks settle
        sampler.take()
    device.synchronize()
    return median(sampler.collect()[100:])


@pytest.mark.gpu
@pytest.mark.parametrize("case", [HEADLINE, Case(8192, 8192)], ids=lambda case: case.id)
@pytest.mark.parametrize("name", ON_A_GPU)
def test_three_timers_agree(name: str, case: Case, device: timing.Device) -> None:
    """CUPTI and events around the same launches, within 2 % from 50 us up; the campaign and what no profiler watches.

    The campaign is not compared with a watched torch_broadcast, which CUPTI was seen to read 2.0 to 2.7 % longer.
    """
    sets = bound(device, name, case)
    campaign_s = by_graph(device, sets)
    (cupti, events), reason = agreements(find([name])[0], case, "cold", sets, campaign_s)
    assert not reason
    assert (cupti.timer, events.timer) == ("cupti", "cuda_events")
    allowed_s = TOLERANCE * max(campaign_s, FROM_S)
    assert cupti.profiled_events_seconds is not None
    assert abs(cupti.seconds - cupti.profiled_events_seconds) <= allowed_s, (cupti.of_same_launches, cupti.changed)
    assert abs(events.seconds - campaign_s) <= allowed_s + STREAM_GAP_S, events.ratio
    if name != "torch_broadcast":
        assert abs(cupti.seconds - campaign_s) <= allowed_s, (cupti.ratio, cupti.changed)


@pytest.mark.gpu
def test_cupti_sees_every_kernel_of_a_launch(device: timing.Device) -> None:
    (launch,) = bound(device, "torch_broadcast", HEADLINE)[:1]

    def twice() -> torch.Tensor:
        launch()
        return launch()

    for capturable in (True, False):
        one, two = (watch([launches], 20, capturable).busy_s for launches in (launch, twice))
        assert len(one) == 20
        assert median(two) == pytest.approx(2 * median(one), rel=0.05)
