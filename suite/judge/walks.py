"""Walks over the sets of a timed case: over operands that have just changed, and over what the walk before left.

A candidate that remembers does less work in the second kind, so a steady one takes as long in both.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from suite import statistics
from suite.judge.remote import LONGEST_S
from suite.judge.trial import Bench, Trial

PAIRS_S, FEWEST_PAIRS = 3.0, 9
"""Seconds for the pairs of walks, most of which goes into drawing new inputs, and the fewest that are taken.

The first warms up. One of the other eight that contradicts leaves Wilcoxon's test with p <= 0.008.
"""

STEADY_MARGIN = {"cuda": 0.10, "cpu": 0.35}
"""How much longer a walk over changed operands may take. On the CPU other work on the machine shows in it."""


class Walks:
    """One eager launch on every set, as often as it is asked for."""

    def __init__(self, bench: Bench, trials: Sequence[Trial]) -> None:
        self.bench, self.trials = bench, trials

    def change(self, kind: int) -> str:
        """Change inputs of every set; returns how, in words."""
        for one in self.trials:
            new = self.bench.drawn(ordinary=True)
            if kind % 3 == 1:
                row = self.bench.random.randrange(one.probe.case.rows)
                one.fill_a(replace(one.drawn, row=row, row_seed=new.a_seed))
                continue
            if kind % 3 == 2:
                new = replace(one.drawn, b_seed=new.b_seed)
            one.fill(new)
            if kind % 3 == 0:
                one.poison_out()
        return ("all inputs changed and C was poisoned", "one element of A changed", "B changed")[kind % 3]

    def over_changed(self, kind: int = 0) -> float:
        """Seconds of one launch on every set, after a change."""
        self.change(kind)
        return self._seconds()

    def over_the_same(self, kind: int = 0) -> float:
        """Seconds of one launch on every set, over what the walk before left."""
        for one in self.trials:  # the same work as a change, so that caches, clocks and waits are left alike
            one.fill_again(only_a=kind == 1)
        return self._seconds()

    def _seconds(self) -> float:
        return float(self.bench.ask("once", LONGEST_S)["seconds"])

    def longer(self, kind: int, pairs: int) -> float:
        """How many times as long walks over changed operands take; 0 where the pairs do not show it at 1 %."""
        from scipy.stats import wilcoxon  # which a run without candidates need not wait half a second for

        longer = np.asarray(self._pairs(kind, pairs))
        beyond = np.log(longer / (1 + STEADY_MARGIN[self.bench.kind]))
        if wilcoxon(beyond, alternative="greater").pvalue > 1 - statistics.CONFIDENCE:
            return 0.0
        return float(np.median(longer))

    def _pairs(self, kind: int, most: int) -> list[float]:
        """Time over changed operands / time over the same again, pair by pair."""
        until = time.monotonic() + PAIRS_S
        taken: list[float] = []
        while len(taken) < most and (len(taken) < FEWEST_PAIRS or time.monotonic() < until):
            taken.append(self.over_changed(kind) / self.over_the_same(kind))
        return taken[1:]
