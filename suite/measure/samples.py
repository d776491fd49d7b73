"""What a campaign yields before anything is concluded: the samples of its contenders, and how they were taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, chain, pairwise

from suite.record.machine import State
from suite.record.measurement import Method, Outcome, StopReason
from suite.statistics import mean_log


@dataclass(frozen=True)
class Samples:
    """One contender's samples, in seconds per launch, one per round, and how they were taken.

    Those of several restarts stand one restart after the other.
    """

    samples_s: list[float]
    method: Method
    launches: int
    form: str = ""
    allocates: bool = False
    rounds: tuple[int, ...] = ()  # of each restart; () for one process
    forms: tuple[str, ...] = ()  # what ran in each restart

    @property
    def by_restart(self) -> list[list[float]]:
        """The samples of each restart."""
        ends = pairwise((0, *accumulate(self.rounds or (len(self.samples_s),))))
        return [self.samples_s[start:end] for start, end in ends]


@dataclass
class CampaignSamples:
    """One campaign's samples by contender, and what did not get to any."""

    contenders: dict[str, Samples] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    stop_reason: StopReason = "smoke"
    rounds_dropped: int = 0
    seconds: float = 0.0
    buffer_sets: int = 1
    buffer_sets_needed: int = 1
    state: State | None = None  # the device right after the rounds
    controlled: str = ""  # what the A/A control doubles


def fastest(contenders: Mapping[str, Samples], names: Sequence[str]) -> str | None:
    """The contender among these names with the smallest mean log time, every restart counted alike; None of none."""
    taken = [name for name in names if name in contenders]
    return min(taken, key=lambda name: mean_log(contenders[name].by_restart), default=None)


def joined(restarts: Sequence[CampaignSamples]) -> CampaignSamples:
    """One campaign of those that fresh processes took: its contenders got to samples in each that had any.

    Raises ValueError for none.
    """
    taken = [each for each in restarts if each.contenders]
    if not taken:
        first, *others = restarts
        return replace(first, outcomes=_once(restarts), seconds=sum(each.seconds for each in others) + first.seconds)
    names = [name for name in taken[0].contenders if all(name in each.contenders for each in taken)]
    controlled = {each.controlled for each in taken}
    return replace(
        taken[0],
        contenders={name: _joined([each.contenders[name] for each in taken]) for name in names},
        outcomes=_once(restarts),
        stop_reason=max((each.stop_reason for each in taken), key=_LEAST_EXACT.index),
        rounds_dropped=sum(each.rounds_dropped for each in restarts),
        seconds=sum(each.seconds for each in restarts),
        state=taken[-1].state,
        controlled=taken[0].controlled if len(controlled) == 1 else "",
    )


_LEAST_EXACT: list[StopReason] = ["precise", "max_rounds", "budget", "smoke"]
"""Why a campaign ended, the reason that leaves the widest intervals last."""


def _once(restarts: Sequence[CampaignSamples]) -> list[Outcome]:
    every = [outcome for each in restarts for outcome in each.outcomes]
    return [outcome for at, outcome in enumerate(every) if outcome not in every[:at]]


def _joined(restarts: Sequence[Samples]) -> Samples:
    samples_s = list(chain.from_iterable(each.samples_s for each in restarts))
    rounds, forms = zip(*((len(each.samples_s), each.form) for each in restarts), strict=True)
    form = " or ".join(dict.fromkeys(forms))
    return replace(restarts[0], samples_s=samples_s, form=form, rounds=rounds, forms=forms)
