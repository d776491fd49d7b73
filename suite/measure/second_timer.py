"""The same launches by other timers, beside the campaign's own: what its numbers are worth.

CUPTI, through torch.profiler, tells by its own clock how long each kernel keeps the device busy. It watches the very
graph that a campaign times. It leaves out the gap to the next launch, about a microsecond, which is part of a
campaign's time. So agreement within 2 % is asked from 50 us up. Events around the launches that CUPTI watches tell what
it misreads from what its watching changes: CUPTI is judged by them, not by the campaign.
Event pairs around queued launches are the campaign's method for what no CUDA graph can hold. A stream leaves a longer
gap between launches than a graph, on an H100 by about 1.5 us, which such a backend is charged with. Launches on streams
of the backend's own are not captured either: CUPTI alone is asked about them.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import NamedTuple

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile, supported_activities

from backends import Enqueue, Entry
from suite.cases import Case
from suite.measure.events import MOST_QUEUED, EventSampler, TooLate
from suite.measure.timing import GraphSampler
from suite.record.measurement import Series
from suite.record.run import Agreement

LAUNCHES = 60
"""How many CUPTI looks at; as many again go before them."""

WATCHED_S = 0.1
"""The longest that CUPTI looks: it counts fewer launches where they are long."""

SETTLE_S = 0.3
"""How long the same load runs before CUPTI looks, so that the clocks settle. CUPTI does not record it."""

TAKES, TAKE_S = 20, 0.01
"""Samples by event pairs, and about the longest that one lasts."""


class Watched(NamedTuple):
    """What was seen of the launches in a session of CUPTI's, in seconds per launch."""

    busy_s: list[float]  # by CUPTI, of each
    events_s: float  # by events around all of them


class NoCupti(Exception):
    """CUPTI says nothing of these launches; the message is the reason, one line."""


def agreements(
    entry: Entry, case: Case, series: Series, sets: Sequence[Enqueue], campaign_seconds: float
) -> tuple[list[Agreement], str]:
    """A backend's launches on a campaign's operand sets, by CUPTI and, where the campaign timed a graph, by events.

    campaign_seconds: the campaign's median. Also returned: why a timer is not among them; empty where all are.
    """
    agreement = partial(Agreement, backend=entry.name, case=case.id, series=series, campaign_seconds=campaign_seconds)
    found, reason = [], ""
    capturable = entry.capturable and not entry.own_stream
    try:
        count = len(sets) * max(1, _fitting(LAUNCHES, WATCHED_S, campaign_seconds) // len(sets))
        watched = watch(sets, count, capturable)
        events_s = watched.events_s if capturable else None  # in a queue, the host's own pace may be in it
        found.append(agreement(timer="cupti", seconds=median(watched.busy_s), profiled_events_seconds=events_s))
    except NoCupti as error:
        reason = str(error)
    if capturable:
        launches = _fitting(MOST_QUEUED, TAKE_S, campaign_seconds)
        try:
            found.append(agreement(timer="cuda_events", seconds=median(event_seconds(sets, launches, TAKES))))
        except TooLate as error:
            reason = "; ".join(each for each in (reason, str(error)) if each)
    return found, reason


def _fitting(most: int, seconds: float, each_s: float) -> int:
    """How many launches of each_s fit in so many seconds: from one to the most."""
    return max(1, min(most, int(seconds / each_s)))


def watch(sets: Sequence[Enqueue], count: int, capturable: bool) -> Watched:
    """How long each of `count` launches keeps the device busy: its kernels, copies and fills, the gaps left out.

    The launches walk the sets in turn and follow one another without a wait, as in a campaign. As there, they are one
    CUDA graph where they can be captured. As many go before them uncounted: they bring the caches
    into their steady state, and CUPTI may lose a session's first records. Raises NoCupti.
    """
    if ProfilerActivity.CUDA not in supported_activities():
        raise NoCupti("this torch was built without CUPTI")
    once = GraphSampler(sets, count).enqueue_timed if capturable else partial(_queue, sets, count)
    before, after = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    _settle(once)
    with profile(activities=[ProfilerActivity.CUDA], acc_events=True) as profiler:
        once()
        before.record()
        once()
        after.record()
        torch.cuda.synchronize()
    on_device = (event.time_range for event in profiler.events() if event.device_type == DeviceType.CUDA)
    spans = sorted((span.start, span.elapsed_us()) for span in on_device)
    busy_s = _by_launch([microseconds / 1e6 for _, microseconds in spans], 2 * count)[-count:]
    return Watched(busy_s, before.elapsed_time(after) / 1e3 / count)


def _settle(once: Callable[[], None]) -> None:
    until = time.monotonic() + SETTLE_S
    while time.monotonic() < until:
        once()
        torch.cuda.synchronize()


def _queue(sets: Sequence[Enqueue], count: int) -> None:
    for launch in itertools.islice(itertools.cycle(sets), count):
        launch()


def _by_launch(busy_s: Sequence[float], launched: int) -> list[float]:
    """Sums over the launches, from the device's activities in order of time, of which the first few may be missing.

    Raises NoCupti where they do not make launches of one number of activities each.
    """
    each = round(len(busy_s) / launched)
    if each == 0 or len(busy_s) > launched * each:
        raise NoCupti(f"CUPTI recorded {len(busy_s)} activities in {launched} launches")
    whole = busy_s[len(busy_s) % each :]
    return [sum(whole[i : i + each]) for i in range(0, len(whole), each)]


def event_seconds(sets: Sequence[Enqueue], launches: int, takes: int) -> list[float]:
    """Seconds per launch of `takes` samples by event pairs around launches queued behind a device-side delay.

    Raises TooLate.
    """
    sampler = EventSampler(sets, launches)
    for _ in range(takes):
        sampler.take()
    torch.cuda.synchronize()
    return sampler.collect()
