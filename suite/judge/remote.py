"""A Sampler of the campaign's whose samples are taken in the candidate's process, one request for each."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from suite.judge.trial import Bench, Caught
from suite.measure.campaign import Late
from suite.record.measurement import Method

LONGEST_S = 120.0
"""For samples of a slow candidate to be over."""


class Remote:
    """A Sampler of the campaign's whose samples are taken in the candidate's process."""

    def __init__(self, bench: Bench, name: str, launches: int, method: Method) -> None:
        self.bench, self.name, self.launches, self.method = bench, name, launches, method
        self.on_take: Callable[[], None] = lambda: None
        self._kept: list[float] = []

    def take(self) -> None:
        """Ask for one sample, without waiting for it."""
        self.on_take()
        self.bench.candidate.tell("take", name=self.name)

    def collect(self) -> list[float]:
        """Seconds per launch of the samples since the last collect. Raises Late, and Caught where they are no times."""
        samples = self._kept + self._collected()
        self._kept = []
        return samples

    def set_aside(self) -> None:
        """Fetch what was taken so far, to be given by the next collect; what follows until `drop` is not kept."""
        self._kept += self._collected()

    def drop(self) -> None:
        """Forget the samples since set_aside."""
        with suppress(Late):
            self._collected()

    def _collected(self) -> list[float]:
        return times_of(self.bench.ask("collect", LONGEST_S, name=self.name))

    def enqueue_timed(self) -> None:
        """Not asked of a remote sampler."""
        raise NotImplementedError


def times_of(answer: dict[str, Any]) -> list[float]:
    """The samples of an answer. Raises Late where its host was, and Caught where they are no times."""
    if answer.get("late"):
        raise Late(" ".join(str(answer["late"]).split())[:300])
    samples = answer.get("samples")
    if not isinstance(samples, list) or not all(isinstance(one, float) and 0 < one < math.inf for one in samples):
        raise Caught("clock", "refused", "its process reports samples that are no times")
    return samples
