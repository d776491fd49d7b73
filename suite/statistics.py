"""Paired ratios, their intervals, and verdicts. Sample i of every contender was taken in round i.

A ratio is the mean of per-round log ratios, so whatever slows a whole round down cancels. Its error comes from a
moving-block bootstrap (Künsch 1989), because neighbouring rounds share clocks and temperature and are not independent.

A process has one set of addresses and one choice of every tuner, so its rounds say little of a repeat. Rounds within
restarts are the two levels of Kalibera and Jones, "Rigorous benchmarking in reasonable time" (2013). A restart is one
fresh process, and its mean is one draw of what a repeat would find.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from statistics import fmean
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from suite.verdict import Verdict

Name = TypeVar("Name", bound=Hashable)

CONFIDENCE = 0.99
RESAMPLES = 2000
SMALLEST_MARGIN = 0.01

FEWEST_ROUNDS = 20
"""The least number of samples for which `ratio` gives an interval.

20 samples make 6.7 blocks of 3, and the 99 % interval reaches 3.8 standard errors to either side. With 10
samples there would be 3.3 blocks, and it would reach 7.8: nothing could be told apart.
"""


FEWEST_IN_A_RESTART = 7
"""The least rounds of a restart among several: enough for three and a half blocks of 2, whose scatter is some."""


@dataclass(frozen=True)
class Ratio:
    """time of one contender / time of another, with its 99 % interval: of a repeat, where there were restarts."""

    value: float
    low: float
    high: float
    log_error: float = 0.0  # standard error of the mean log ratio, by the bootstrap; infinite: nothing is known of it
    freedom: float = math.inf  # degrees of freedom of that error: blocks less one, or restarts less one
    within: tuple[float, float] | None = None  # the interval of these very processes; None: it is the one above

    @property
    def half_width(self) -> float:
        """Half of the interval, relative to the ratio."""
        return (self.high - self.low) / 2 / self.value

    @property
    def interval(self) -> tuple[float, float]:
        """(low, high) for a record, which holds no infinity: the largest float stands for it."""
        return self.low, min(self.high, sys.float_info.max)

    @property
    def within_interval(self) -> tuple[float, float]:
        """The interval within this run, for a record."""
        return self.within or self.interval

    def inverse(self) -> Ratio:
        """The same comparison seen from the other side."""
        low, high = 1 / self.high, 1 / self.low if self.low else math.inf
        within = (1 / self.within[1], 1 / self.within[0]) if self.within else None
        return Ratio(1 / self.value, low, high, self.log_error, self.freedom, within)


SELF = Ratio(1.0, 1.0, 1.0)
"""The ratio of a contender's time to itself: 1, exactly."""


def ratio(times_s: Sequence[float], others_s: Sequence[float], seed: int = 0) -> Ratio:
    """times / others from samples paired by round, with a 99 % interval.

    The standard error is the moving-block bootstrap's, enlarged for what blocks of this length cannot see. The interval
    is Student's: its degrees of freedom are the number of blocks less one. The bootstrap's own percentiles of so few
    blocks hold the truth in about 97 of 100 cases.
    Raises ValueError when the two do not have the same number of samples, or fewer than FEWEST_ROUNDS.
    """
    logs = _paired_logs(times_s, others_s)
    n = len(logs)
    if n < FEWEST_ROUNDS:
        raise ValueError(
            f"{n} paired samples give no interval that means anything: {FEWEST_ROUNDS} are needed, so that there are "
            "more than six blocks of neighbouring rounds to resample"
        )
    return _with_interval(float(logs.mean()), *_error_within(logs, seed))


def ratio_of_restarts(times_s: Sequence[Sequence[float]], others_s: Sequence[Sequence[float]]) -> Ratio:
    """times / others from rounds within restarts, with the 99 % interval of a repeat.

    Every restart counts alike. The scatter of their means holds both levels' error, and the interval is Student's with
    restarts less one degrees of freedom. It is never narrower than the one within these processes. One restart gives
    what `ratio` does; fewer than FEWEST_ROUNDS rounds in all, or FEWEST_IN_A_RESTART in one, give no interval.
    """
    if len(times_s) == 1 and len(times_s[0]) >= FEWEST_ROUNDS:
        return ratio(times_s[0], others_s[0])
    logs = [_paired_logs(*pair) for pair in zip(times_s, others_s, strict=True)]
    if sum(map(len, logs)) < FEWEST_ROUNDS or min(map(len, logs)) < FEWEST_IN_A_RESTART:
        return ratio_without_interval(list(chain(*times_s)), list(chain(*others_s)))
    means = np.array([each.mean() for each in logs])
    errors = [_error_within(each) for each in logs]
    squares = sum(error**2 for error, _ in errors)
    quartics = sum(error**4 / freedom for error, freedom in errors)  # Welch and Satterthwaite
    within = _with_interval(
        float(means.mean()), math.sqrt(squares) / len(logs), squares**2 / quartics if quartics else math.inf
    )
    error = float(means.std(ddof=1)) / math.sqrt(len(logs))
    repeat = _with_interval(float(means.mean()), error, len(logs) - 1)
    wider = max(repeat, within, key=lambda one: one.high)
    return replace(wider, within=within.interval)


def mean_log(restarts: Sequence[Sequence[float]]) -> float:
    """The mean log of the times, every restart counted alike."""
    return fmean(fmean(map(math.log, times_s)) for times_s in restarts)


def _with_interval(mean: float, error: float, freedom: float) -> Ratio:
    """The ratio of this mean log ratio, with Student's interval."""
    reach = t_quantile((1 + CONFIDENCE) / 2, freedom) * error
    return Ratio(math.exp(mean), math.exp(mean - reach), math.exp(mean + reach), error, freedom)


def _error_within(logs: NDArray[np.float64], seed: int = 0) -> tuple[float, float]:
    """The standard error of the mean of one process's log ratios, by blocks of rounds, and its degrees of freedom."""
    n, length = len(logs), math.ceil(len(logs) ** (1 / 3))
    error = float(_block_means(logs, length, seed).std()) * math.sqrt(n / (n - length))
    return error, n / length - 1


def across(devices: Sequence[Ratio]) -> Ratio:
    """One ratio from those of two or more devices of a model, with the 99 % interval of their mean.

    The third level above rounds and restarts: each device is one draw, so the interval is Student's with devices less
    one degrees of freedom. It is never narrower than what the devices' own intervals leave. Raises ValueError for one.
    """
    if len(devices) < 2:
        raise ValueError("one device says nothing of others")
    logs = np.log([device.value for device in devices])
    error = float(logs.std(ddof=1)) / math.sqrt(len(logs))
    own = [math.log(min(device.high, sys.float_info.max) / device.value) for device in devices]
    half = max(t_quantile((1 + CONFIDENCE) / 2, len(logs) - 1) * error, math.hypot(*own) / len(logs))
    mean = float(logs.mean())
    return Ratio(math.exp(mean), math.exp(mean - half), math.exp(mean + half), error, len(logs) - 1)


def ratio_without_interval(times_s: Sequence[float], others_s: Sequence[float]) -> Ratio:
    """times / others from samples too few for an interval: it reaches from 0 to infinity, and no verdict follows.

    Raises ValueError when the two do not have the same number of samples, or none.
    """
    return Ratio(math.exp(float(_paired_logs(times_s, others_s).mean())), 0.0, math.inf, log_error=math.inf)


def _paired_logs(times_s: Sequence[float], others_s: Sequence[float]) -> NDArray[np.float64]:
    """(n,) logs of the ratios, round by round. Raises ValueError where samples are not paired or not above 0."""
    if len(times_s) != len(others_s) or not times_s:
        raise ValueError(f"paired samples are needed, got {len(times_s)} and {len(others_s)}")
    times, others = np.asarray(times_s), np.asarray(others_s)
    if not (times > 0).all() or not (others > 0).all():
        raise ValueError("a time of 0 s or less has no ratio to another")
    logs: NDArray[np.float64] = np.log(times) - np.log(others)
    return logs


def _block_means(values: NDArray[np.float64], length: int, seed: int) -> NDArray[np.float64]:
    """(RESAMPLES,) means of series put together from random blocks of `length` consecutive values."""
    n, starts = len(values), _starts(len(values), length, seed)
    upto = np.concatenate(([0.0], np.cumsum(values)))
    last = n - length * (len(starts) - 1)  # the last block is cut, so that the series is as long as the values
    whole, cut = (upto[size:] - upto[:-size] for size in (length, last))
    means: NDArray[np.float64] = (whole.take(starts[:-1]).sum(axis=0) + cut.take(starts[-1])) / n
    return means


@lru_cache(maxsize=4)
def _starts(n: int, length: int, seed: int) -> NDArray[np.int64]:
    """(blocks, RESAMPLES) places where the blocks begin; the same for every ratio of so many rounds."""
    starts = np.random.default_rng(seed).integers(0, n - length + 1, size=(RESAMPLES, -(-n // length)))
    return np.ascontiguousarray(starts.T)


@lru_cache(maxsize=4096)
def t_quantile(probability: float, freedom: float) -> float:
    """Student's t at this probability; freedom: its degrees of freedom, infinite for the normal distribution."""
    # Imported here and in p_value: it takes longer than all else, and most never ask for a quantile. scipy.stats, which
    # asks the same functions, takes another 0.4 s.
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))


def margin(control: Ratio | None) -> float:
    """δ: the difference under which nothing is claimed: 1 %, or more where the A/A control is wide or off.

    The larger of twice its half-width, and of how far its interval reaches from 1.
    """
    if control is None:
        return SMALLEST_MARGIN
    return max(SMALLEST_MARGIN, 2 * control.half_width, abs(control.value - 1) + control.half_width)


def p_value(comparison: Ratio, delta: float) -> float:
    """How surprising the ratio is if the true one lies within 1 ± delta: two-sided, its log taken as Student's t."""
    from scipy.special import stdtr

    beyond = abs(math.log(comparison.value)) - math.log1p(delta)
    if comparison.log_error == 0:
        return 0.0 if beyond > 0 else 1.0
    return min(1.0, 2 * float(stdtr(comparison.freedom, -beyond / comparison.log_error)))


def verdicts(comparisons: Mapping[str, Ratio], delta: float) -> dict[str, Verdict]:
    """Each comparison's verdict, at a family-wise error rate of 1 % for FASTER and SLOWER together (Holm 1979).

    FASTER or SLOWER: the interval lies wholly outside 1 ± delta, and Holm's step-down rejects that the truth does not.
    SAME: the interval lies wholly inside. UNDECIDED: neither.
    """
    told = holm({name: p_value(comparison, delta) for name, comparison in comparisons.items()})
    return {name: _verdict(comparison, delta, name in told) for name, comparison in comparisons.items()}


def holm(p_values: Mapping[Name, float]) -> set[Name]:
    """The hypotheses that Holm's step-down rejects at a family-wise error rate of 1 %."""
    rejected: set[Name] = set()
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        if p_values[name] > (1 - CONFIDENCE) / (len(p_values) - rank):
            break
        rejected.add(name)
    return rejected


def _verdict(comparison: Ratio, delta: float, told: bool) -> Verdict:
    if comparison.high < 1 - delta and told:
        return "FASTER"
    if comparison.low > 1 + delta and told:
        return "SLOWER"
    return "SAME" if comparison.low >= 1 - delta and comparison.high <= 1 + delta else "UNDECIDED"


@dataclass(frozen=True)
class Summary:
    """Seconds per launch over all rounds; no sample is removed."""

    median_s: float
    mean_s: float
    p5_s: float
    p95_s: float
    relative_iqr: float


def summarise(samples_s: Sequence[float]) -> Summary:
    """Median, mean, 5th and 95th percentile, and the interquartile range relative to the median."""
    p5, q1, median, q3, p95 = (float(x) for x in np.quantile(np.asarray(samples_s), [0.05, 0.25, 0.5, 0.75, 0.95]))
    return Summary(median, float(np.mean(np.asarray(samples_s))), p5, p95, (q3 - q1) / median)
