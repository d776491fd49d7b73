"""The order of rounds and the stop rule, with samplers that say what they are told."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from suite.measure import campaign
from suite.measure.campaign import Contender
from suite.measure.plan import LEAST_WARMUP_S, SMOKE, Plan
from suite.measure.timing import HostSampler, launches_per_sample, sets_needed
from suite.record.measurement import Method, Outcome


class Told:
    """A sampler of made-up samples that notes when it was asked."""

    method: Method = "host_clock"
    launches = 1

    def __init__(self, name: str, log: list[str], samples: Iterator[float]) -> None:
        self.name, self.log, self.samples = name, log, samples
        self.pending = 0

    def take(self) -> None:
        self.log.append(self.name)
        self.pending += 1

    def collect(self) -> list[float]:
        taken, self.pending = self.pending, 0
        return [next(self.samples) for _ in range(taken)]

    def enqueue_timed(self) -> None:
        self.log.append(self.name)


def noisy(seed: int, noise: float) -> Iterator[float]:
    generator = np.random.default_rng(seed)
    while True:
        yield float(np.exp(generator.normal(0, noise)))


def run(noise: float, **plan: float) -> tuple[campaign.Result, list[Contender], list[str]]:
    log: list[str] = []
    contenders = [Contender(name, Told(name, log, noisy(i, noise))) for i, name in enumerate("abc")]
    chosen = Plan(warmup_s=0.0, **plan)  # type: ignore[arg-type]
    return campaign.run(contenders, chosen, lambda: None), contenders, log


def test_quiet_samples_end_at_the_fewest_rounds_and_noisy_ones_at_the_most() -> None:
    result, contenders, _ = run(noise=0.0005, budget_s=60)
    assert (result.stop_reason, len(contenders[0].samples_s)) == ("precise", 60)
    result, contenders, _ = run(noise=0.2, budget_s=60)
    assert (result.stop_reason, len(contenders[0].samples_s)) == ("max_rounds", 300)


def test_a_budget_ends_it_with_enough_rounds_for_an_interval() -> None:
    result, contenders, _ = run(noise=0.2, budget_s=0)
    assert (result.stop_reason, len(contenders[0].samples_s)) == ("budget", 20)


def test_a_contender_on_the_hosts_clock_is_not_waited_for_among_others() -> None:
    log: list[str] = []
    contenders = [Contender(name, Told(name, log, noisy(i, 0.0005))) for i, name in enumerate("ab")]
    for quiet in contenders:
        quiet.sampler.method = "cuda_graph"
    scattering = Contender("c", Told("c", log, noisy(2, 0.5)))
    result = campaign.run([*contenders, scattering], Plan(warmup_s=0.0, budget_s=60), lambda: None)
    assert (result.stop_reason, len(scattering.samples_s)) == ("precise", 60)


def test_what_is_far_from_the_others_need_not_be_known_as_well() -> None:
    """Noise of 1 % needs more than 60 rounds for ±0.25 %; at a ratio of 1.3 it decides nothing."""
    for factor, ends_early in ((1.0, False), (1.3, True)):
        log: list[str] = []
        quiet = Contender("a", Told("a", log, noisy(0, 0.0001)))
        scattering = Contender("b", Told("b", log, (factor * each for each in noisy(1, 0.01))))
        result = campaign.run([quiet, scattering], Plan(warmup_s=0.0, budget_s=60), lambda: None)
        assert result.stop_reason == "precise"
        assert (len(scattering.samples_s) == 60) == ends_early


def test_after_one_that_asks_l2_to_keep_lines_it_is_let_forget_before_the_next() -> None:
    log: list[str] = []
    contenders = [Contender(name, Told(name, log, noisy(i, 0.0)), keeps=name == "b") for i, name in enumerate("abc")]
    campaign.run(contenders, replace(SMOKE, look_every=2, max_rounds=2), lambda: log.append("settle"))
    assert log == [*("a", "b", "settle", "c"), *("a", "c", "b", "settle"), "settle"]


def test_every_round_visits_every_contender_once_in_changing_order() -> None:
    _, contenders, log = run(noise=0.0)
    visits = [tuple(log[i : i + 3]) for i in range(0, len(log), 3)]
    assert all(sorted(visit) == ["a", "b", "c"] for visit in visits)
    assert len(set(visits)) >= 4
    assert len({len(contender.samples_s) for contender in contenders}) == 1


def test_smoke_takes_one_round() -> None:
    log: list[str] = []
    contender = Contender("a", Told("a", log, noisy(0, 0.1)))
    assert campaign.run([contender], SMOKE, lambda: None).stop_reason == "smoke"
    assert log == ["a"]


@pytest.mark.parametrize(
    ("rough_s", "sets", "expected"),
    [(50e-6, 3, 30), (1e-6, 3, 510), (1.0, 3, 3), (0.0, 1, 512), (1e-6, 501, 501), (1e-6, 512, 512)],
)
def test_a_sample_is_whole_walks_through_the_sets(rough_s: float, sets: int, expected: int) -> None:
    assert launches_per_sample(rough_s, sets, 1.5e-3) == expected


def test_cold_rotates_through_more_than_five_caches() -> None:
    cache = 50 << 20
    for footprint in (1 << 20, 128 << 20, 1 << 32):
        assert (sets_needed(footprint, cache) - 1) * footprint >= 5 * cache
    assert sets_needed(1 << 40, cache) == 2


def test_the_host_sampler_walks_its_sets_and_times_only_the_launches() -> None:
    log: list[str] = []
    sampler = HostSampler([lambda: log.append("x"), lambda: log.append("y")], 3, lambda: log.append("wait"))
    sampler.take()
    assert log == ["x", "wait", "y", "x", "y", "wait"]
    assert len(sampler.collect()) == 1
    assert sampler.collect() == []


def test_rounds_on_a_slow_device_are_dropped_for_everyone_and_counted() -> None:
    log: list[str] = []
    contenders = [Contender(name, Told(name, log, noisy(i, 0.0))) for i, name in enumerate("abc")]
    readings = iter([(), ("thermal",)] + [()] * 10_000)
    plan = Plan(warmup_s=0.0)
    result = campaign.run(contenders, plan, lambda: None, slowdown=lambda: next(readings))
    assert result.rounds_dropped == campaign.BUNDLE
    assert {len(contender.samples_s) for contender in contenders} == {75}


def test_a_device_that_is_always_slow_is_said_to_be() -> None:
    contenders = [Contender("a", Told("a", [], noisy(0, 0.0)))]
    with pytest.raises(campaign.Throttled, match="power brake"):
        campaign.run(contenders, Plan(warmup_s=0.0), lambda: None, slowdown=lambda: ("power brake",))
    assert contenders[0].samples_s == []


def test_a_device_that_turns_slow_after_a_few_rounds_ends_the_campaign() -> None:
    contenders = [Contender("a", Told("a", [], noisy(0, 0.0)))]
    readings = iter([()] * (campaign.BUNDLE + 2))
    with pytest.raises(campaign.Throttled, match="thermal"):
        campaign.run(contenders, Plan(warmup_s=0.0), lambda: None, slowdown=lambda: next(readings, ("thermal",)))


def test_a_clock_too_coarse_for_a_sample_ends_the_campaign_with_one_reason() -> None:
    samples = iter([1e-6] * 7 + [0.0] + [1e-6] * 500)
    contenders = [Contender("a", Told("a", [], noisy(0, 0.0))), Contender("b", Told("b", [], samples))]
    with pytest.raises(campaign.TooCoarse, match=r"a sample of b, 1 launches, lasted 0 s .*too coarse") as caught:
        campaign.run(contenders, Plan(warmup_s=0.0), lambda: None)
    assert isinstance(caught.value, campaign.CampaignFailed)
    assert Outcome(backend="all", kind=caught.value.kind, reason=str(caught.value)).kind == "invalid"


def test_a_sample_of_no_time_in_a_round_that_is_dropped_is_dropped_with_it() -> None:
    contenders = [Contender(name, Told(name, [], noisy(i, 0.0))) for i, name in enumerate("ab")]
    contenders[0].sampler = Told("a", [], iter([0.0] * campaign.BUNDLE + [1.0] * 500))
    readings = iter([("thermal",)])
    result = campaign.run(contenders, Plan(warmup_s=0.0), lambda: None, slowdown=lambda: next(readings, ()))
    assert result.rounds_dropped == campaign.BUNDLE
    assert 0.0 not in contenders[0].samples_s


@pytest.mark.parametrize(("idle_s", "warmup_s"), [(math.inf, 0.3), (0.1, 0.1), (0.0, LEAST_WARMUP_S)])
def test_a_device_is_warmed_up_for_as_long_as_it_was_idle(idle_s: float, warmup_s: float) -> None:
    assert Plan(warmup_s=0.3).after(idle_s) == Plan(warmup_s=warmup_s)
    assert Plan(warmup_s=0.0).after(idle_s).warmup_s == 0.0
