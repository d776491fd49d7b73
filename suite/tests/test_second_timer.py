"""How CUPTI's records become launches; and, on a GPU, that three timers agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from statistics import median
from types import SimpleNamespace

import pytest
import torch
from torch.autograd import DeviceType
from torch.autograd.profiler_util import Interval
from torch.profiler import ProfilerActivity

from backends import Entry, Launch, find, load, missing
from suite import machine, operands, second_timer, timing
from suite.cases import HEADLINE, Case
from suite.second_timer import NoCupti, _by_launch, agreements, cupti_seconds

TOLERANCE, FROM_S = 0.02, 50e-6
STREAM_GAP_S = 2e-6  # more between two launches of a stream than between two nodes of a graph
ON_A_GPU = ("torch_broadcast", "triton_tuned")


class Told:
    """One of the profiler's events, in microseconds."""

    def __init__(self, device_type: DeviceType, start: float, end: float) -> None:
        self.device_type = device_type
        self.time_range = Interval(start, end)


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
    assert cupti_seconds([torch.Tensor], 2, capturable=False) == pytest.approx([32e-6, 32e-6])


def test_without_cupti_the_events_remain_and_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_timer, "supported_activities", set)
    monkeypatch.setattr(second_timer, "event_seconds", lambda sets, takes: [1e-4, 3e-4, 2e-4])
    found, reason = agreements(find(["torch_broadcast"])[0], HEADLINE, "cold", [torch.Tensor], 1e-4)
    assert [(each.timer, each.seconds, each.ratio) for each in found] == [("cuda_events", 2e-4, 2.0)]
    assert "without CUPTI" in reason


def test_what_no_graph_holds_has_cupti_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_timer, "cupti_seconds", lambda sets, count, capturable: [1e-4])
    found, reason = agreements(Entry("x_y", "", (), capturable=False), HEADLINE, "cold", [torch.Tensor], 1e-4)
    assert [each.timer for each in found] == ["cupti"]
    assert not reason


@pytest.fixture(scope="module")
def device() -> Iterator[timing.Device]:
    device = timing.Device()
    if device.kind != "cuda":
        pytest.skip("no CUDA device")
    with device.active():
        yield device


def bound(device: timing.Device, name: str, case: Case) -> list[Launch]:
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


def by_graph(device: timing.Device, sets: Sequence[Launch]) -> float:
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
def test_three_timers_agree(name: str, case: Case, device: timing.Device, request: pytest.FixtureRequest) -> None:
    """CUPTI within 2 % from 50 us up, within a microsecond below; events within the longer gap of a stream, too."""
    if name == "torch_broadcast":
        reason = "CUPTI reads it 2.0 to 2.7 % longer than events on an H100; Nsight Compute agrees with the events"
        request.applymarker(pytest.mark.xfail(reason=reason))
    sets = bound(device, name, case)
    campaign_s = by_graph(device, sets)
    found, reason = agreements(find([name])[0], case, "cold", sets, campaign_s)
    assert not reason
    assert [each.timer for each in found] == ["cupti", "cuda_events"]
    for each in found:
        longer_gap_s = STREAM_GAP_S if each.timer == "cuda_events" else 0.0
        allowed_s = TOLERANCE * max(campaign_s, FROM_S) + longer_gap_s
        assert abs(each.seconds - campaign_s) <= allowed_s, (each.timer, each.ratio)


@pytest.mark.gpu
def test_cupti_sees_every_kernel_of_a_launch(device: timing.Device) -> None:
    (launch,) = bound(device, "torch_broadcast", HEADLINE)[:1]

    def twice() -> torch.Tensor:
        launch()
        return launch()

    for capturable in (True, False):
        one, two = (cupti_seconds([launches], 20, capturable) for launches in (launch, twice))
        assert len(one) == 20
        assert median(two) == pytest.approx(2 * median(one), rel=0.05)
