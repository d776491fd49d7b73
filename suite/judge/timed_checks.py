"""What is checked of the times: a campaign whose samples come from the candidate's process and whose clock is audited.

The judge runs suite.measure.campaign with remote samplers: each sample is a request. It is the same request whether the
judge looks on or not, so that a candidate cannot know which of its launches will be compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from suite import statistics
from suite.cases import Case
from suite.check.probes import Probe
from suite.device import machine as machines
from suite.device import nvml
from suite.judge import memory
from suite.judge.checks import in_words
from suite.judge.remote import LONGEST_S, Remote, times_of
from suite.judge.timed_side import CANDIDATE
from suite.judge.trial import Bench, Caught, Trial
from suite.judge.walks import Walks
from suite.measure import campaign, timing
from suite.measure.campaign import Contender
from suite.measure.plan import CALLED, CEILINGS, CONTROL, Plan
from suite.record.judgement import JudgedTime
from suite.record.measurement import Series
from suite.statistics import Ratio, ratio, summarise

AUDITED_S = 0.2
"""A batch that the judge's own clock times: far beyond what a request costs."""

FLUSHES = 20
"""The most single calls of such a batch, each after a flush."""

LEAST_SHARE = 0.5
"""The part of the judge's time that a batch must report: the rest is requests, unmeasured launches and waits."""

SECRET_LOOKS = 3


@dataclass(frozen=True)
class Effort:
    """How much is done: less where only the checks matter and no number is kept."""

    plan: Plan
    repeats: int = 1000
    pairs: int = 15  # walks over changed and over unchanged operands
    most_sets: int = timing.MOST_LAUNCHES


class Timed:
    """One case under the clock."""

    def __init__(
        self, bench: Bench, case: Case, effort: Effort, references: tuple[str, ...], series: Series = "cold"
    ) -> None:
        """Make the sets, each with values of its own, and let the candidate bind and capture."""
        self.bench, self.case, self.effort, self.references, self.series = bench, case, effort, references, series
        rotating = timing.sets_needed(case.bytes_moved, machines.cache_bytes(bench.kind))
        needed = rotating if series == "cold" else 1
        room = memory.free_bytes(bench.kind) // 2 // memory.bytes_of(Probe(case, ""))
        least = 2 if series == "cold" else 1
        count = max(1, min(max(least, needed), effort.most_sets, timing.MOST_LAUNCHES, room))
        self.needed = needed
        self.trials = [Trial(bench, Probe(case, case.id), index) for index in range(count)]
        self._walks = Walks(bench, self.trials)
        for one in self.trials:
            one.fill(bench.drawn(ordinary=True))
        for one in self.trials:
            one.bind()
        limit_s = bench.candidate.limits.bind_s
        asked = {"references": list(references), "sample_s": effort.plan.sample_s, "series": series}
        self.prepared = bench.ask("prepare", limit_s, **asked)
        self.contenders = [
            Contender(name, Remote(bench, name, int(each["launches"]), each["method"]))
            for name, each in self.prepared["contenders"].items()
        ]
        self._looks: set[int] = set()
        self._takes = 0

    @property
    def controlled(self) -> str:
        """The reference that the A/A control doubles."""
        return str(self.prepared["controlled"])

    @property
    def forms(self) -> dict[str, str]:
        """What the candidate says of itself."""
        return {CANDIDATE: self.trials[0].form}

    @property
    def own(self) -> Contender:
        """The candidate among the contenders."""
        return next(one for one in self.contenders if one.name == CANDIDATE)

    @property
    def _sampler(self) -> Remote:
        sampler = self.own.sampler
        assert isinstance(sampler, Remote)
        return sampler

    @property
    def by_host(self) -> bool:
        """Whether the host's clock takes the candidate's times, and the device's the ceiling's."""
        return self.bench.kind == "cuda" and self._sampler.method == "host_clock"

    def synchronize(self) -> None:
        """Wait for the candidate's device."""
        self.bench.ask("synchronize", LONGEST_S)

    def graph(self) -> None:
        """Raises Caught where the timed graph holds fewer kernels than it was given launches."""
        if self.bench.leaves_out("graph"):
            return
        found = self.bench.ask("graph")
        if found and found["kernels"] < found["launches"]:
            said = f"its CUDA graph holds {found['kernels']} kernels for {found['launches']} launches"
            raise Caught("graph", "refused", said)

    def rounds(self, progress: Callable[[int, float], None]) -> campaign.Result:
        """The campaign, with looks at secret places. Raises Caught and CampaignFailed."""
        least = max(2, self.effort.plan.min_rounds)
        if not self.bench.leaves_out("secret"):
            self._looks = set(self.bench.random.sample(range(1, least), min(SECRET_LOOKS, least - 1)))
        warming = replace(self.effort.plan, min_rounds=1, look_every=1, max_rounds=1)
        campaign.run(self.contenders, warming, self.synchronize)
        for contender in self.contenders:
            contender.samples_s.clear()
        self._sampler.on_take = self._maybe_look
        plan = replace(self.effort.plan, warmup_s=0.0)
        result = campaign.run(self.contenders, plan, self.synchronize, progress, slowdown=nvml.slowdown_reasons)
        self._sampler.on_take = lambda: None
        return result

    def _maybe_look(self) -> None:
        self._takes += 1
        if self._takes in self._looks:
            self.look(len([place for place in self._looks if place <= self._takes]))

    def look(self, kind: int) -> None:
        """Change the inputs, wholly or in one place, have the timed thing enqueued again, compare. Raises Caught."""
        self.synchronize()
        self._sampler.set_aside()
        self._walks.over_changed()  # so that out holds the candidate's own C
        how = self._walks.change(kind)
        self._enqueue()
        self._sampler.drop()
        for one in self.trials:
            wrong = one.departures()
            if wrong is not None:
                said = f"in the timed sequence, after {how}: {in_words(wrong)}"
                raise Caught("secret", "incorrect", said, wrong)

    def _enqueue(self) -> None:
        """The same request as any other sample, as often as reaches every set."""
        for _ in range(-(-len(self.trials) // self.own.sampler.launches)):
            self.bench.candidate.tell("take", name=CANDIDATE)
        self.bench.ask("copy_back", LONGEST_S)

    def steady(self) -> None:
        """Raises Caught where a walk over changed operands takes longer than one over the same again."""
        pairs = self.effort.pairs
        if self.bench.leaves_out("steady") or pairs < 2 or self.series not in ("cold", "hot"):
            return
        for kind, what in ((0, "C and its inputs hold"), (1, "one element of A holds")):
            # Twice, for a machine at other work may have done it once.
            longer = self._walks.longer(kind, pairs) and self._walks.longer(kind, pairs)
            if longer:
                said = f"its time depends on what {what}: {longer:.2f} times as long after they changed"
                raise Caught("steady", "incorrect", said)

    def clock(self) -> None:
        """Raises Caught where a batch's reported time is not what the judge's own clock saw."""
        if self.bench.leaves_out("clock"):
            return
        said = ""
        for _ in range(3):
            said = self._clock_against_ours()
            if not said:
                return
        raise Caught("clock", "refused", said)

    def _clock_against_ours(self) -> str:
        """Empty where the two agree."""
        sampler = self._sampler
        rough_s = summarise(self.own.samples_s).median_s * sampler.launches if self.own.samples_s else 0.01
        count = max(2, min(2000, round(AUDITED_S / max(rough_s, 1e-6))))
        if self.series in CALLED:
            count = min(count, FLUSHES)
        self.synchronize()
        began = time.perf_counter()
        samples = times_of(self.bench.ask("batch", LONGEST_S, name=CANDIDATE, count=count))
        ours = time.perf_counter() - began
        least = most = ours
        if self.series in CALLED:
            least -= 1.1 * self._beside_s(count)  # flushes vary, and may last longer than the call itself
        elif sampler.method == "cuda_events":
            least = most = ours - 0.98 * self._beside_s(count)
        theirs = sum(samples) * sampler.launches
        if theirs > 1.05 * most or theirs < LEAST_SHARE * least * self._timed_share():
            return f"its clock says {theirs:.3g} s for a batch that took {ours:.3g} s by the judge's"
        return ""

    def _timed_share(self) -> float:
        """Which part of a sample's launches is timed."""
        sampler = self._sampler
        if self.series in CALLED:
            return 1.0
        if sampler.method == "cuda_graph":
            return sampler.launches / (sampler.launches + timing.lead_launches(sampler.launches, len(self.trials)))
        if sampler.method == "host_clock" and (self.bench.kind == "cpu" or self.series in timing.HOST_LAUNCHES):
            return sampler.launches / (sampler.launches + 1)
        return 0.5  # a pass before the timed one; the delay before both has been taken off

    def _beside_s(self, count: int) -> float:
        """Seconds, by the judge's clock, that so many samples take beside what they time: their delays, or flushes."""
        began = time.perf_counter()
        self.bench.ask("delays", LONGEST_S, name=CANDIDATE, count=count)
        return time.perf_counter() - began

    def ceiling(self) -> None:
        """Raises Caught, as implausible, where it is faster than any copy beyond what the control explains."""
        few = len(self.own.samples_s) < statistics.FEWEST_ROUNDS
        if self.bench.leaves_out("ceiling") or few or self.series not in ("cold", "hot"):
            return
        share, _ = self._share()
        noise = self._control().half_width
        cached = len(self.trials) < self.needed
        if share.low > 1 + max(0.02, 2 * noise) + (0.25 if cached or self.bench.kind == "cpu" else 0.0):
            said = (
                f"{share.value:.2f} times as fast as the best copy of the same bytes, beyond what the control explains"
            )
            raise Caught("ceiling", "implausible", said)

    def _share(self) -> tuple[Ratio, str]:
        ceilings = [one for one in self.contenders if one.name in CEILINGS]
        best = min(ceilings, key=lambda one: summarise(one.samples_s).median_s)
        return ratio(self.own.samples_s, best.samples_s).inverse(), best.name

    def _control(self) -> Ratio:
        times = {one.name: one.samples_s for one in self.contenders}
        return ratio(times[CONTROL], times[self.controlled])

    def judged(self) -> JudgedTime:
        """What the rounds gave, and what launching costs the host."""
        share, ceiling = self._share()
        of_ceiling = {} if self.by_host else {"of_ceiling": share.value, "of_ceiling_ci99": (share.low, share.high)}
        costs = self.bench.ask("host_costs", LONGEST_S, launches=20 if self.bench.kind == "cpu" else 100)
        times = {one.name: one.samples_s for one in self.contenders}
        against = {name: ratio(self.own.samples_s, times[name]) for name in self.references if name in times}
        control = self._control()
        return JudgedTime(
            case=self.case.id,
            median_s=summarise(self.own.samples_s).median_s,
            ceiling=ceiling,
            **of_ceiling,
            against={name: (each.value, each.low, each.high) for name, each in against.items()},
            control_ci99=(control.low, control.high),
            rounds=len(self.own.samples_s),
            launch_s=float(costs["launch_s"]),
            call_s=float(costs["call_s"]),
        )

    def close(self) -> None:
        """Let go of the samplers and the memory."""
        self.bench.candidate.ask("drop")
        self.bench.candidate.ask("release")
        for one in self.trials:
            one.close()
