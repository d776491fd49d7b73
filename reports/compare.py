"""Two runs on one device model: what became FASTER or SLOWER from OLD to NEW, backend by backend and case by case.

Only shares of a ceiling are compared, never absolute times, and both runs' shares are of the same ceiling: OLD's, since
which of the two is the better may change from run to run. The series launch and call have no ceiling: left out.

A share's change is uncertain for three reasons. Two are the samples of either run; their part is the block bootstrap's.
The third is what differs from run to run, addresses and clocks for example, and no sample within a run shows it. What
does is how far the two ceilings, which belong to no backend, moved against each other between the runs:
    se² = se_old² + se_new² + between²
with between the larger of |that move| in the case itself and its root mean square over the k cases of the same series
and regime, times 1 + 1.5/k because few values tell little of their spread.

FASTER or SLOWER: significantly beyond the margin δ, the larger of both runs' own (1 % or 2 × the A/A half-width), by
Holm's procedure over all comparisons made. So two runs whose true shares all agree within δ show any FASTER or SLOWER
with a probability of at most 1 %, as far as log shares scatter normally and backends from run to run as ceilings do.
Simulated, this holds where each candidate scatters by up to 0.3 % from run to run. At 1 % nearly all is UNDECIDED, and
up to 7 % of the comparisons still hold a wrong FASTER or SLOWER: a regime's few cases tell such a scatter too badly.

SAME: the 99 % interval lies within 1/(1 + δ) to 1 + δ. UNDECIDED: anything else; and where the same commit with the
same software ran another form of a backend, for then the tuner chose, not the commit.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from statistics import NormalDist, fmean

from pydantic import BaseModel, ConfigDict
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reports import records, units
from suite.cases import Regime
from suite.record import Benchmark, Machine, Record, Series, Verdict
from suite.statistics import CONFIDENCE, Ratio, holm, p_value, ratio

FAMILY_ERROR = 1 - CONFIDENCE
"""The probability of any FASTER or SLOWER in a comparison of two runs between which nothing changed."""

MIN_ROUNDS = 20
"""The fewest rounds whose interval means anything."""

NO_CEILINGS = "without two ceilings in both runs nothing tells how far a ceiling moved"

FEW_ROWS = 20
"""So many rows are all shown in a terminal; of more, those that are SAME are only counted."""

STYLES: dict[Verdict, str] = {"SLOWER": "bold red", "FASTER": "bold green", "UNDECIDED": "yellow", "SAME": "dim"}
"""In the order in which verdicts are shown."""

RAN = ("form", "method", "allocates", "buffer_sets", "regime")
SOFTWARE = ("driver", "cuda", "python")
HARDWARE = ("host_cpu", "compute_capability", "memory_bytes", "memory_clock_mhz", "memory_bus_bits", "ecc", "mig")
Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)

Key = tuple[str, Series]  # a case's id and a series
Campaign = Mapping[str, Benchmark]  # candidate -> what was measured of it, in one case and series
Pair = tuple[str, str]  # the same thing in OLD and in NEW


class NotComparable(ValueError):
    """Two runs that have nothing to be compared in; the message, one line, says why."""


class _Typed(BaseModel):
    model_config = ConfigDict(frozen=True)


class Source(_Typed):
    """One of the two runs."""

    path: str
    utc: datetime
    commit: str
    tree_clean: bool | None


class Row(_Typed):
    """One backend in one case and series. Shares are of the ceiling's speed, the ratio is of times: above 1, slower."""

    case: str
    series: Series
    backend: str
    ceiling: str  # the candidate that both shares are of
    share_old: float
    share_new: float
    ratio: float  # (time / time of the ceiling) in NEW / the same in OLD
    ratio_ci99: tuple[float, float]  # of this row alone; the verdict allows for all rows
    margin: float  # δ
    between_runs: float  # the part of the ratio's relative standard error that no run sees in its own samples
    p_value: float  # of no change beyond the margin, before Holm's procedure
    verdict: Verdict
    reason: str  # of UNDECIDED, else empty
    ran: dict[str, Pair]  # what was different about how it ran, its form for example


class LeftOut(_Typed):
    """One backend in one case and series that has no verdict, and why."""

    case: str
    series: Series
    backend: str
    reason: str


class Comparison(_Typed):
    """NEW against OLD."""

    device: str
    old: Source
    new: Source
    software: dict[str, Pair]  # versions that differ
    hardware: dict[str, Pair]  # what else differs between two machines with one device model
    family_error: float
    counts: dict[Verdict, int]
    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def exit_code(self) -> int:
        """1 when any backend is SLOWER, else 0."""
        return 1 if self.counts["SLOWER"] else 0


@dataclass(frozen=True)
class _Change:
    """A backend's time over the ceiling's, in either run, and how it changed; differences and errors are of logs."""

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
        return Ratio(value, value * math.exp(-Z * error), value * math.exp(Z * error), error)

    @property
    def margin(self) -> float:
        return max(self.old.measurement.margin, self.new.measurement.margin)

    @property
    def ran(self) -> dict[str, Pair]:
        return _differing(self.old.measurement, self.new.measurement, RAN)


def compare(old: Record, new: Record) -> Comparison:
    """The verdict on every backend in every case and series, cold or hot, of both runs.

    Raises NotComparable for runs on two device models, and where nothing is left to compare.
    """
    if old.machine.name != new.machine.name:
        raise NotComparable(f"OLD ran on {old.machine.name}, NEW on {new.machine.name}; only one model is compared")
    changes, left_out = _changes(old, new)
    if not changes:
        raise NotComparable(f"nothing to compare: {left_out[0].reason if left_out else 'no backend beside a ceiling'}")
    software = _software(old.machine, new.machine)
    clean = old.machine.tree_clean is not False and new.machine.tree_clean is not False
    unchanged = clean and not software and old.machine.commit == new.machine.commit
    significant = holm({index: p_value(change.ratio, change.margin) for index, change in enumerate(changes)})
    rows = tuple(_row(one, index in significant, len(changes), unchanged) for index, one in enumerate(changes))
    counts = Counter(row.verdict for row in rows)
    return Comparison(
        device=old.machine.name,
        old=_source(old),
        new=_source(new),
        software=software,
        hardware=_differing(old.machine, new.machine, HARDWARE),
        family_error=FAMILY_ERROR,
        counts={verdict: counts[verdict] for verdict in STYLES},
        rows=rows,
        left_out=tuple(left_out),
    )


def _changes(old: Record, new: Record) -> tuple[list[_Change], list[LeftOut]]:
    olds, news = _campaigns(old), _campaigns(new)
    between = _between_runs(olds, news)
    changes, left_out = [], []
    for key in olds | news:
        before, after = olds.get(key, {}), news.get(key, {})
        shared = _ceilings(before, after)
        for name in _backends(before, after):
            if name not in before:
                reason = _only("NEW", old, key, name)
            elif name not in after:
                reason = _only("OLD", new, key, name)
            else:
                reason = _unusable(before, after, [name, *shared]) or ("" if key in between else NO_CEILINGS)
            if reason:
                left_out.append(LeftOut(case=key[0], series=key[1], backend=name, reason=reason))
            else:
                changes.append(_change(before, after, name, shared[0], between[key]))
    return changes, left_out


def _change(before: Campaign, after: Campaign, name: str, ceiling: str, between: float) -> _Change:
    old, new = (ratio(campaign[name].samples_s, campaign[ceiling].samples_s) for campaign in (before, after))
    return _Change(before[name], after[name], ceiling, old, new, between)


def _campaigns(record: Record) -> dict[Key, dict[str, Benchmark]]:
    """What has a share of a ceiling, in the run's order."""
    found: dict[Key, dict[str, Benchmark]] = defaultdict(dict)
    for bench in record.benchmarks:
        if bench.measurement.ceiling:
            found[bench.measurement.case, bench.measurement.series][bench.measurement.backend] = bench
    return dict(found)


def _backends(*campaigns: Campaign) -> list[str]:
    return records.candidates((bench.measurement for each in campaigns for bench in each.values()), ("backend",))


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
        if len(shared) == 2 and not _unusable(before, after, shared):
            move = abs(_log_ratio(after, *shared) - _log_ratio(before, *shared))
            kinds[key[1], before[shared[0]].measurement.regime][key] = move
    between: dict[Key, float] = {}
    for moves in kinds.values():
        k = len(moves)
        typical = math.sqrt(fmean(move**2 for move in moves.values())) * (1 + 1.5 / k)
        between |= {key: max(move, typical) for key, move in moves.items()}
    return between


def _log_ratio(campaign: Campaign, name: str, other: str) -> float:
    return fmean(map(math.log, campaign[name].samples_s)) - fmean(map(math.log, campaign[other].samples_s))


def _only(where: str, other: Record, key: Key, name: str) -> str:
    """That a backend has a number only in the run `where`, with what the other one says about that."""
    for told in other.run.outcomes:
        if told.backend in (name, "all") and told.case in (key[0], None) and told.series in (key[1], None):
            return f"only in {where}; in the other run {told.kind}: {told.reason}"
    return f"only in {where}"


def _unusable(before: Campaign, after: Campaign, names: Sequence[str]) -> str:
    """Why the samples of these candidates have no interval; empty where they have one."""
    for campaign in (before, after):
        samples = [campaign[name].samples_s for name in names]
        rounds = {len(each) for each in samples}
        if min(rounds) < MIN_ROUNDS:
            return f"rounds: {min(rounds)}; an interval needs {MIN_ROUNDS}"
        if len(rounds) > 1 or min(map(min, samples)) <= 0:
            return "the samples are not paired by round, or not above 0"
    return ""


def _row(change: _Change, significant: bool, comparisons: int, unchanged: bool) -> Row:
    verdict, reason = _verdict(change, significant, comparisons, unchanged)
    return Row(
        case=change.old.measurement.case,
        series=change.old.measurement.series,
        backend=change.old.measurement.backend,
        ceiling=change.ceiling,
        share_old=1 / change.before.value,
        share_new=1 / change.after.value,
        ratio=change.ratio.value,
        ratio_ci99=(change.ratio.low, change.ratio.high),
        margin=change.margin,
        between_runs=change.between,
        p_value=p_value(change.ratio, change.margin),
        verdict=verdict,
        reason=reason,
        ran=change.ran,
    )


def _verdict(change: _Change, significant: bool, comparisons: int, unchanged: bool) -> tuple[Verdict, str]:
    """The verdict, and the reason if it is UNDECIDED."""
    found, limit = change.ratio, 1 + change.margin
    width, margin = f"±{100 * found.half_width:.2f} %", f"±{100 * change.margin:.2f} %"
    most = "between the runs" if change.between > change.within else "within the runs"
    if significant and unchanged and "form" in change.ran:
        return "UNDECIDED", "the same commit and software ran another form: the tuner's choice, no change"
    if significant:
        return ("SLOWER" if found.value > 1 else "FASTER"), ""
    if 1 / limit <= found.low and found.high <= limit:
        return "SAME", ""
    if found.low > limit or found.high < 1 / limit:
        return "UNDECIDED", f"beyond the margin of {margin}, but not surely: one of {comparisons} comparisons"
    how = "against" if found.half_width > change.margin else "lies across"
    return "UNDECIDED", f"interval of {width} {how} a margin of {margin}, scatter mostly {most}"


def _source(record: Record) -> Source:
    machine = record.machine
    return Source(path=record.path, utc=record.utc, commit=machine.commit, tree_clean=machine.tree_clean)


def _software(old: Machine, new: Machine) -> dict[str, Pair]:
    libraries = {
        name: (old.versions.get(name, "none"), new.versions.get(name, "none"))
        for name in sorted(old.versions | new.versions)
    }
    differing = {name: pair for name, pair in libraries.items() if pair[0] != pair[1]}
    return _differing(old, new, SOFTWARE) | differing


def _differing(old: BaseModel, new: BaseModel, fields: Sequence[str]) -> dict[str, Pair]:
    pairs = {name: (str(getattr(old, name)), str(getattr(new, name))) for name in fields}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def terminal(comparison: Comparison) -> RenderableType:
    """The comparison for a terminal: what is not as it was, what differs beside the commit, the rows, the counts."""
    return Group(*map(Text, _head(comparison)), _table(comparison), *map(Text, _foot(comparison)))


def _head(comparison: Comparison) -> Iterator[str]:
    for name, run in (("OLD", comparison.old), ("NEW", comparison.new)):
        dirty = {True: "", False: ", with uncommitted changes", None: ", git could not be asked for changes"}
        yield f"{name}  {run.path}, {run.utc:%Y-%m-%d %H:%M}, commit {run.commit[:12]}{dirty[run.tree_clean]}"
    for what, (old, new) in (comparison.software | comparison.hardware).items():
        yield f"differs: {what} {old} → {new}"


def _table(comparison: Comparison) -> Table:
    shown = [row for row in comparison.rows if row.verdict != "SAME" or len(comparison.rows) <= FEW_ROWS]
    table = Table(title=f"NEW against OLD, {comparison.device}", show_header=bool(shown))
    for head in ("verdict", "backend", "case", "series", "of the ceiling", "time, NEW / OLD [99 %]", "margin", "why"):
        table.add_column(head)
    for row in sorted(shown, key=lambda row: list(STYLES).index(row.verdict)):
        why = [row.reason] if row.reason else []
        why += [f"{what}: {old} → {new}" for what, (old, new) in row.ran.items()]
        shares = f"{units.percent(row.share_old)} → {units.percent(row.share_new)}"
        numbers = (shares, units.ratio(row.ratio, row.ratio_ci99), f"±{units.percent(row.margin)}")
        cells = (row.backend, row.case, row.series, *numbers, "; ".join(why))
        table.add_row(Text(row.verdict, style=STYLES[row.verdict]), *map(Text, cells))
    return table


def _foot(comparison: Comparison) -> Iterator[str]:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in comparison.counts.items())
    yield f"{counts}; where nothing changed, any FASTER or SLOWER has a probability of {comparison.family_error:.0%}"
    left_out = Counter((each.backend, each.reason) for each in comparison.left_out)
    for (backend, reason), number in left_out.items():
        yield f"no verdict: {backend} in {number} of the cases and series, {reason}"
