"""How much a backend's share of the ceiling changed between two runs, and how sure that is.

Only shares of a ceiling are compared, never absolute times. Both runs' shares are of the same ceiling, OLD's, since
the better one may change from run to run. The series launch and call have no ceiling and are left out.

A share's change is uncertain for three reasons. Two are the samples of either run. Their part is that of rounds within
restarts, or of a block bootstrap where one process took all rounds.
The third is what differs from run to run, addresses and clocks for example. No sample within a run shows it. What does
is how the ceilings moved against each other between the runs, since they belong to no backend.

    se² = se_old² + se_new² + between²

Here `between` is the larger of two values. One is |that move| in the case itself. The other is its root mean square
over the k cases of the series and regime, times 1 + 1.5/k. The factor is there since few values tell little of their
spread.

The mean square is not made robust, though one outlying case widens a whole regime. What one case's ceilings show, the
others' may hide. In two H100 runs of one commit, backends moved by 4 to 7 % in four of twelve hot L2-resident cases.
In two of these the case's ceilings agreed within 0.1 %. Simulated: 12 cases, a quarter of which scatter by 4 % and the
rest by 0.1 %. Then 27 of 100 comparisons held a wrong verdict with the mean square, and 60 with a median in its place.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from reports.view import contenders
from suite.cases import Regime
from suite.record.measurement import Series
from suite.record.run import Benchmark, Record
from suite.statistics import (
    CONFIDENCE,
    FEWEST_IN_A_RESTART,
    FEWEST_ROUNDS,
    Ratio,
    mean_log,
    ratio_of_restarts,
    t_quantile,
)

NO_CEILINGS = "without two ceilings in both runs nothing tells how far a ceiling moved"


Key = tuple[str, Series]  # a case's id and a series
Campaign = Mapping[str, Benchmark]  # contender -> its benchmark, in one case and series


@dataclass(frozen=True)
class Change:
    """A backend's time over the ceiling's in either run, and its change; differences and errors are of logs."""

    old: Benchmark
    new: Benchmark
    ceiling: str
    before: Ratio
    after: Ratio
    between: float

    @cached_property
    def within(self) -> float:
        """The samples' part of the standard error."""
        return math.hypot(self.before.log_error, self.after.log_error)

    @cached_property
    def ratio(self) -> Ratio:
        """NEW / OLD, with the interval of all three sources of error together."""
        value, error = self.after.value / self.before.value, math.hypot(self.within, self.between)
        reach = t_quantile((1 + CONFIDENCE) / 2, self._freedom(error)) * error
        return Ratio(value, value * math.exp(-reach), value * math.exp(reach), error, self._freedom(error))

    def _freedom(self, error: float) -> float:
        """The error's degrees of freedom, after Welch and Satterthwaite; the part between runs counts as known."""
        parts = [each.log_error**4 / each.freedom for each in (self.before, self.after) if each.log_error]
        return error**4 / sum(parts) if parts else math.inf

    @property
    def margin(self) -> float:
        """δ, the larger of both runs' own."""
        return max(self.old.measurement.margin, self.new.measurement.margin)


@dataclass(frozen=True)
class NoChange:
    """A backend in a case and series without a verdict, and why."""

    key: Key
    backend: str
    reason: str


def changes(old: Record, new: Record) -> tuple[list[Change], list[NoChange]]:
    """The changes and the backends without one, for every case of the series cold and hot, in the runs' order."""
    olds, news = _campaigns(old), _campaigns(new)
    between = _between_runs(olds, news)
    found, left_out = [], []
    for key, name in dict.fromkeys(_apart(old) + _apart(new)):
        left_out.append(NoChange(key, name, "timed apart, in rounds of its own"))
    apart = {(each.key, each.backend) for each in left_out}
    for key in olds | news:
        before, after = olds.get(key, {}), news.get(key, {})
        shared = _ceilings(before, after)
        for name in _backends(before, after):
            if (key, name) in apart:
                continue
            if name not in before:
                reason = _only("NEW", old, key, name)
            elif name not in after:
                reason = _only("OLD", new, key, name)
            else:
                reason = _unusable(before, after, [name, *shared]) or ("" if key in between else NO_CEILINGS)
            if reason:
                left_out.append(NoChange(key, name, reason))
            else:
                found.append(_change(before, after, name, shared[0], between[key]))
    return found, left_out


def _change(before: Campaign, after: Campaign, name: str, ceiling: str, between: float) -> Change:
    old, new = (
        ratio_of_restarts(campaign[name].by_restart, campaign[ceiling].by_restart) for campaign in (before, after)
    )
    return Change(before[name], after[name], ceiling, old, new, between)


def _campaigns(record: Record) -> dict[Key, dict[str, Benchmark]]:
    """The benchmarks with a share of a ceiling from common rounds, by case and series, in the run's order."""
    found: dict[Key, dict[str, Benchmark]] = defaultdict(dict)
    for bench in record.benchmarks:
        if bench.measurement.ceiling and not bench.measurement.apart:
            found[bench.measurement.case, bench.measurement.series][bench.measurement.backend] = bench
    return dict(found)


def _apart(record: Record) -> list[tuple[Key, str]]:
    """The backends that were timed in rounds of their own, each with its case and series."""
    timed = (bench.measurement for bench in record.benchmarks)
    return [((each.case, each.series), each.backend) for each in timed if each.apart]


def _backends(*campaigns: Campaign) -> list[str]:
    return contenders((bench.measurement for each in campaigns for bench in each.values()), ("backend",))


def _ceilings(before: Campaign, after: Campaign) -> list[str]:
    """The ceilings in both campaigns, OLD's own first."""
    shared = [name for name, bench in before.items() if bench.measurement.role == "ceiling" and name in after]
    return sorted(shared, key=lambda name: name != before[name].measurement.ceiling)


def _between_runs(olds: Mapping[Key, Campaign], news: Mapping[Key, Campaign]) -> dict[Key, float]:
    """The standard error that a log ratio has from run to run, by case and series; see the module's text."""
    kinds: dict[tuple[Series, Regime], dict[Key, float]] = defaultdict(dict)
    for key in olds.keys() & news.keys():
        before, after = olds[key], news[key]
        shared = _ceilings(before, after)
        if len(shared) > 1 and not _unusable(before, after, shared):
            best, *others = shared
            each = [_log_ratio(after, best, other) - _log_ratio(before, best, other) for other in others]
            kinds[key[1], before[best].measurement.regime][key] = math.sqrt(fmean(move**2 for move in each))
    between: dict[Key, float] = {}
    for moves in kinds.values():
        k = len(moves)
        typical = math.sqrt(fmean(move**2 for move in moves.values())) * (1 + 1.5 / k)
        between |= {key: max(move, typical) for key, move in moves.items()}
    return between


def _log_ratio(campaign: Campaign, name: str, other: str) -> float:
    return mean_log(campaign[name].by_restart) - mean_log(campaign[other].by_restart)


def _only(where: str, other: Record, key: Key, name: str) -> str:
    """The reason "only in the run `where`", with what the other run says about the backend."""
    for told in other.run.outcomes:
        if told.backend in (name, "all") and told.case in (key[0], None) and told.series in (key[1], None):
            return f"only in {where}; in the other run {told.kind}: {told.reason}"
    return f"only in {where}"


def _unusable(before: Campaign, after: Campaign, names: Sequence[str]) -> str:
    """Why the samples of these contenders have no interval; empty where they have one."""
    for campaign in (before, after):
        samples = [campaign[name].samples_s for name in names]
        rounds = {len(each) for each in samples}
        least = min(len(part) for name in names for part in campaign[name].by_restart)
        if min(rounds) < FEWEST_ROUNDS:
            return f"rounds: {min(rounds)}; an interval needs {FEWEST_ROUNDS}"
        if least < FEWEST_IN_A_RESTART:
            return f"rounds in a restart: {least}; an interval needs {FEWEST_IN_A_RESTART}"
        if len({tuple(map(len, campaign[name].by_restart)) for name in names}) > 1 or min(map(min, samples)) <= 0:
            return "the samples are not paired by round, or not above 0"
    return ""
