"""Samples of all ranks together and of one rank alone, interleaved round by round."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from suite.measure.timing import Sampler
from suite.scaling.mesh import Mesh
from suite.statistics import FEWEST_ROUNDS

ROUNDS = {"cuda": 60, "cpu": 20}
"""As few as a campaign on one device takes at least."""

LONG_S = 0.01
"""A launch of so long averages as much as a whole sample of shorter ones: FEWEST_ROUNDS are enough."""

WARMUP_S = 0.3


@dataclass(frozen=True)
class Part:
    """One contender in one role: every rank at once, or each in turn while the others wait."""

    contender: str
    alone: bool


Times = dict[Part, list[list[float]]]
"""Part -> by rank, seconds per launch of every round."""


def rounds(samplers: Mapping[Part, Sampler], mesh: Mesh) -> Times:
    """Every part's samples of every rank; each round visits all parts, in an order that rotates and turns round."""
    parts = list(samplers)
    longest = max(mesh.all(max(_warm_up(samplers[part], mesh) for part in parts)))
    mine: dict[Part, list[float]] = {part: [] for part in parts}
    for number in range(ROUNDS[mesh.device.kind] if longest < LONG_S else FEWEST_ROUNDS):
        at = number % len(parts)
        order = parts[at:] + parts[:at]
        for part in order if number % 2 == 0 else reversed(order):
            mine[part] += _take(samplers[part], part.alone, mesh)
    mesh.wait()
    everyone = mesh.all(mine)
    return {part: [each[part] for each in everyone] for part in parts}


def _take(sampler: Sampler, alone: bool, mesh: Mesh) -> list[float]:
    """This rank's sample; collected at once, because a contender's sampler may serve it in both roles."""
    for turn in range(mesh.ranks if alone else 1):
        mesh.wait()
        if not alone or turn == mesh.rank:
            with mesh.device.active():
                sampler.take()
            mesh.device.synchronize()
    return sampler.collect()


def _warm_up(sampler: Sampler, mesh: Mesh) -> float:
    """Load the device for a while; returns the seconds that a launch took at last."""
    mesh.wait()
    end = time.monotonic() + (WARMUP_S if mesh.device.kind == "cuda" else 0)
    with mesh.device.active():
        sampler.take()
        while time.monotonic() < end:
            mesh.device.synchronize()
            sampler.take()
    mesh.device.synchronize()
    return sampler.collect()[-1]


def slowest(by_rank: list[list[float]]) -> list[float]:
    """The slowest rank's time of each round."""
    return [max(times) for times in zip(*by_rank, strict=True)]


def fastest(by_rank: list[list[float]]) -> list[float]:
    """The fastest rank's time of each round."""
    return [min(times) for times in zip(*by_rank, strict=True)]
