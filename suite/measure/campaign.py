"""One campaign: every contender of one case and series, interleaved round by round, until the ratios are known.

Each round visits every contender once, in an order that rotates and reverses, so that no contender always follows the
same neighbour. Among the contenders are always two ceilings and an A/A control; see `ceilings` and CONTROL.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import scipy.special  # noqa: F401  # before the rounds: loaded at their first look, it would let the device idle

from suite.measure.events import TooLate
from suite.measure.plan import CEILINGS, Plan
from suite.measure.timing import Sampler
from suite.record.measurement import OutcomeKind, StopReason
from suite.statistics import FEWEST_ROUNDS, ratio

FAR = 20
"""How exact a ratio far from 1 need be: to a 20th of its distance. A backend 25 % slower may be known to 1 %."""

BUNDLE = 5
"""Rounds between two waits for the device, which says of all of them together whether its clocks were down."""


class CampaignFailed(Exception):
    """A campaign that came to no samples; the message says why, in one line, and `kind` what its Outcome is."""

    kind: OutcomeKind


class Throttled(CampaignFailed):
    """The device ran slow throughout."""

    kind = "throttled"


class TooCoarse(CampaignFailed):
    """The clock is too coarse for so short a sample: it read 0 s, of which no ratio can be taken."""

    kind = "invalid"


class Late(CampaignFailed):
    """The host did not enqueue a contender's samples in time, so that they are not the device's."""

    kind = "invalid"


@dataclass
class Contender:
    """One thing that is timed, with its samples in seconds per launch, one per round."""

    name: str
    sampler: Sampler
    samples_s: list[float] = field(default_factory=list)
    keeps: bool = False  # asks L2 to keep lines, which would serve whoever comes next


@dataclass(frozen=True)
class Result:
    """Why the campaign ended, the rounds that a slow device cost, and the seconds it took."""

    stop_reason: StopReason
    rounds_dropped: int
    seconds: float


def run(
    contenders: Sequence[Contender],
    plan: Plan,
    synchronize: Callable[[], None],
    progress: Callable[[int, float], None] = lambda rounds, width: None,
    before: Callable[[str], None] = lambda name: None,
    slowdown: Callable[[], tuple[str, ...]] = lambda: (),
) -> Result:
    """Take rounds until the plan is satisfied; fills every contender's samples_s.

    progress(rounds so far, widest relative half-width of a ratio so far) is called at every look, and before(name)
    before every sample. synchronize() waits for the device, and lets its L2 forget what it was asked to keep.
    slowdown() says why the device runs slower than it could, if it does. Those rounds are dropped for all contenders.
    Raises Throttled where too few rounds remain, TooCoarse where a sample lasted no time, Late where it was no device
    time.
    """
    started = time.monotonic()
    _warm_up(contenders, plan.warmup_s, synchronize, before)
    measuring = time.monotonic()
    tried = dropped = 0
    reason = None
    while reason is None:
        for _ in range(0, plan.look_every, BUNDLE):
            bundle = range(tried, tried + min(BUNDLE, plan.look_every))
            slow = _take(contenders, bundle, synchronize, before, slowdown)
            tried += len(bundle)
            dropped += len(bundle) if slow else 0
        if dropped and tried >= plan.max_rounds and tried - dropped < min(FEWEST_ROUNDS, plan.min_rounds):
            raise Throttled(f"{', '.join(slow) or 'the device ran slow'} in {dropped} of {tried} rounds")
        if tried > dropped:
            width = widest(contenders, plan.precision)
            progress(tried - dropped, width)
            reason = stop(plan, tried - dropped, width, time.monotonic() - measuring)
    return Result(reason, dropped, time.monotonic() - started)


def _take(
    contenders: Sequence[Contender],
    rounds: range,
    synchronize: Callable[[], None],
    before: Callable[[str], None],
    slowdown: Callable[[], tuple[str, ...]],
) -> list[str]:
    """Take these rounds and keep their samples, unless the device ran slow: then the reasons.

    Raises TooCoarse and Late.
    """
    slow = set(slowdown())
    for number in rounds:
        for contender in order(contenders, number):
            before(contender.name)
            contender.sampler.take()
            if contender.keeps:
                synchronize()
        slow.update(slowdown())
    synchronize()
    slow.update(slowdown())
    for contender in contenders:
        try:
            samples = contender.sampler.collect()
        except TooLate as error:
            raise Late(f"{contender.name}: {error}") from None
        if not slow:
            _check_clock(contender, samples)
            contender.samples_s.extend(samples)
    return sorted(slow)


def _check_clock(contender: Contender, samples_s: Sequence[float]) -> None:
    if not all(sample > 0 for sample in samples_s):
        launches = contender.sampler.launches
        raise TooCoarse(
            f"a sample of {contender.name}, {launches} launches, lasted {min(samples_s):.3g} s by its clock "
            f"({contender.sampler.method}), which is too coarse for it"
        )


def stop(plan: Plan, rounds: int, width: float, seconds: float) -> StopReason | None:
    """Whether a campaign with so many rounds, such a widest interval and so many seconds behind it ends, and why."""
    if plan.max_rounds == 1:
        return "smoke"
    if rounds >= plan.min_rounds and width <= plan.precision:
        return "precise"
    if rounds >= plan.max_rounds:
        return "max_rounds"
    return "budget" if seconds >= plan.budget_s and rounds >= min(FEWEST_ROUNDS, plan.min_rounds) else None


def order(contenders: Sequence[Contender], number: int) -> Iterator[Contender]:
    """The contenders in the order of this round: rotated by one each round, every second round backwards."""
    turn = number % len(contenders)
    rotated = [*contenders[turn:], *contenders[:turn]]
    return reversed(rotated) if number % 2 else iter(rotated)


def widest(contenders: Sequence[Contender], precision: float) -> float:
    """The largest relative half-width among the ratios that are published: to the better ceiling, to the fastest.

    It is infinite before FEWEST_ROUNDS, which give no interval, and 0 where there is nothing to compare.
    Where a ratio is far from 1, its width counts as `precision` already when it is a FAR-th of the distance. A
    contender on the host's clock among others on the device's is not waited for: its scatter is the host's.
    """
    on_device = [contender for contender in contenders if contender.sampler.method != "host_clock"]
    contenders = on_device or contenders
    ceilings = [contender for contender in contenders if contender.name in CEILINGS]
    others = [contender for contender in contenders if contender.name not in CEILINGS]
    bases = [min(group, key=lambda one: sum(one.samples_s)) for group in (ceilings, others) if group]
    if len(contenders) > 1 and len(contenders[0].samples_s) < FEWEST_ROUNDS:
        return math.inf
    ratios = [ratio(one.samples_s, base.samples_s) for base in bases for one in contenders if one is not base]
    return max((each.half_width / max(1, abs(math.log(each.value)) / FAR / precision) for each in ratios), default=0.0)


def _warm_up(
    contenders: Sequence[Contender], seconds: float, synchronize: Callable[[], None], before: Callable[[str], None]
) -> None:
    """At least `seconds` of the very load that is measured: clocks, caches and page tables settle."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for contender in contenders:
            before(contender.name)
            contender.sampler.take()
        synchronize()
        for contender in contenders:
            with suppress(TooLate):  # nothing is kept of it
                contender.sampler.collect()
