"""One campaign: every candidate of one case and series, interleaved round by round, until the ratios are known.

Each round visits every candidate once, in an order that rotates and reverses, so that no candidate always follows the
same neighbour. Among the candidates are always two ceilings and an A/A control; see `ceilings` and CONTROL.
"""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch

from backends import Launch
from suite.messages import CEILINGS, Plan
from suite.operands import Operands
from suite.record import StopReason
from suite.statistics import ratio
from suite.timing import Sampler

FEWEST = 20
"""Rounds whose intervals mean anything; a budget does not cut below that."""

FAR = 20
"""A backend that is 25 % slower than another is so no less when that is known to 1 % instead of 0.25 %."""

BUNDLE = 5
"""Rounds between two waits for the device. What it says of its clocks is taken to hold for the whole bundle."""


class Throttled(Exception):
    """The device ran slow throughout; the message says why."""


@dataclass
class Candidate:
    """One thing that is timed, with its samples in seconds per launch, one per round."""

    name: str
    sampler: Sampler
    samples_s: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """Why the campaign ended, the rounds that a slow device cost, and the seconds it took."""

    stop_reason: StopReason
    rounds_dropped: int
    seconds: float


def run(
    candidates: Sequence[Candidate],
    plan: Plan,
    synchronize: Callable[[], None],
    progress: Callable[[int, float], None] = lambda rounds, width: None,
    before: Callable[[str], None] = lambda name: None,
    slowdown: Callable[[], tuple[str, ...]] = lambda: (),
) -> Result:
    """Take rounds until the plan is satisfied; fills every candidate's samples_s.

    progress(rounds so far, widest relative half-width of a ratio so far) is called at every look, before(name) before
    every sample. slowdown() says why the device runs slower than it could, if it does: those rounds are dropped for all
    candidates. Raises Throttled where too few rounds remain.
    """
    started = time.monotonic()
    _warm_up(candidates, plan.warmup_s, synchronize, before)
    measuring = time.monotonic()
    tried = dropped = 0
    reason = None
    while reason is None:
        for _ in range(0, plan.look_every, BUNDLE):
            bundle = range(tried, tried + min(BUNDLE, plan.look_every))
            slow = _take(candidates, bundle, synchronize, before, slowdown)
            tried += len(bundle)
            dropped += len(bundle) if slow else 0
        if dropped and tried >= plan.max_rounds and tried - dropped < min(FEWEST, plan.min_rounds):
            raise Throttled(f"{', '.join(slow) or 'the device ran slow'} in {dropped} of {tried} rounds")
        if tried > dropped:
            width = widest(candidates, plan.precision)
            progress(tried - dropped, width)
            reason = stop(plan, tried - dropped, width, time.monotonic() - measuring)
    return Result(reason, dropped, time.monotonic() - started)


def _take(
    candidates: Sequence[Candidate],
    rounds: range,
    synchronize: Callable[[], None],
    before: Callable[[str], None],
    slowdown: Callable[[], tuple[str, ...]],
) -> list[str]:
    """Take these rounds and keep their samples, unless the device ran slow: then the reasons."""
    slow = set(slowdown())
    for number in rounds:
        for candidate in order(candidates, number):
            before(candidate.name)
            candidate.sampler.take()
        slow.update(slowdown())
    synchronize()
    slow.update(slowdown())
    for candidate in candidates:
        samples = candidate.sampler.collect()
        if not slow:
            candidate.samples_s.extend(samples)
    return sorted(slow)


def stop(plan: Plan, rounds: int, width: float, seconds: float) -> StopReason | None:
    """Whether a campaign with so many rounds, such a widest interval and so many seconds behind it ends, and why."""
    if plan.max_rounds == 1:
        return "smoke"
    if rounds >= plan.min_rounds and width <= plan.precision:
        return "precise"
    if rounds >= plan.max_rounds:
        return "max_rounds"
    return "budget" if seconds >= plan.budget_s and rounds >= min(FEWEST, plan.min_rounds) else None


def order(candidates: Sequence[Candidate], number: int) -> Iterator[Candidate]:
    """The candidates in the order of this round: rotated by one each round, every second round backwards."""
    turn = number % len(candidates)
    rotated = [*candidates[turn:], *candidates[:turn]]
    return reversed(rotated) if number % 2 else iter(rotated)


def widest(candidates: Sequence[Candidate], precision: float) -> float:
    """The largest relative half-width among the ratios that are published: to the better ceiling, to the fastest.

    Where a ratio is far from 1, its width counts as `precision` already when it is a FAR-th of the distance. A
    candidate on the host's clock among others on the device's is not waited for: its scatter is the host's.
    """
    on_device = [candidate for candidate in candidates if candidate.sampler.method != "host_clock"]
    candidates = on_device or candidates
    ceilings = [candidate for candidate in candidates if candidate.name in CEILINGS]
    others = [candidate for candidate in candidates if candidate.name not in CEILINGS]
    bases = [min(group, key=lambda one: sum(one.samples_s)) for group in (ceilings, others) if group]
    ratios = [ratio(one.samples_s, base.samples_s) for base in bases for one in candidates if one is not base]
    return max((each.half_width / max(1, abs(math.log(each.value)) / FAR / precision) for each in ratios), default=0.0)


def ceilings(sets: Sequence[Operands]) -> dict[str, tuple[list[Launch], str]]:
    """Name -> (one launch per operand set, its form): a device memcpy and a plain vector copy of the case's bytes."""
    pairs = [operands.copy_buffers() for operands in sets]
    memcpy, kernel = CEILINGS
    copy, form = _vector_copy(pairs[0][0].device)
    return {
        memcpy: ([_memcpy(*pair) for pair in pairs], "torch.Tensor.copy_ of flat memory"),
        kernel: ([_launch(copy, *pair) for pair in pairs], form),
    }


def _memcpy(source: torch.Tensor, target: torch.Tensor) -> Launch:
    return lambda: target.copy_(source)


def _launch(copy: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], s: torch.Tensor, t: torch.Tensor) -> Launch:
    return lambda: copy(s, t)


def _vector_copy(device: torch.device) -> tuple[Callable[[torch.Tensor, torch.Tensor], torch.Tensor], str]:
    """Triton's copy where it is installed, else a vectorised element-wise kernel of PyTorch: the same bytes."""
    if device.type == "cuda" and importlib.util.find_spec("triton") is not None:
        from suite.copy_kernel import copy

        return copy, "Triton copy kernel, 16 bytes per thread"
    return lambda source, target: torch.bitwise_not(
        source, out=target
    ), "torch.bitwise_not, a vectorised element-wise kernel"


def _warm_up(
    candidates: Sequence[Candidate], seconds: float, synchronize: Callable[[], None], before: Callable[[str], None]
) -> None:
    """At least `seconds` of the very load that is measured: clocks, caches and page tables settle."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for candidate in candidates:
            before(candidate.name)
            candidate.sampler.take()
        synchronize()
        for candidate in candidates:
            candidate.sampler.collect()
