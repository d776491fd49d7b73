"""What became FASTER or SLOWER between two runs on one device model, backend by backend and case by case?

How a change and its error come about is told in change.py. FASTER or SLOWER: significantly beyond the margin δ, by
Holm's procedure over all comparisons made. δ is the larger of both runs' own. Let two runs' true shares all agree
within δ. Then they show any FASTER or SLOWER with a probability of at most 1 %. This holds as far as log shares scatter
normally, and backends from run to run as ceilings do. Simulated, it holds where each contender scatters by up to 0.3 %
from run to run. At 1 % of scatter nearly all is UNDECIDED, and up to 7 % of the comparisons still hold a wrong FASTER
or SLOWER. A regime's few cases tell such a scatter too badly. Cases of one regime that scatter unequally break it
further. Measured: two published pairs of runs of one commit, each on two GPUs of one host, hold 3 (H100) and 2 (H200)
of 768.

SAME: the 99 % interval lies within 1/(1 + δ) to 1 + δ. UNDECIDED: the data cannot tell; it does not mean equal. A
significant change is UNDECIDED too where the same commit with the same software ran another form of a backend. Then the
tuner chose, not the commit. The same holds for a backend that tunes and did not tell its form. torch.compile's form is
in no run before commit f932f23.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from backends import DiagbenchError
from reports.answers.change import Change, changes
from suite.record.machine import Machine
from suite.record.measurement import Series
from suite.record.run import Record
from suite.statistics import CONFIDENCE, holm, p_value
from suite.verdict import Verdict

FAMILY_ERROR = 1 - CONFIDENCE
"""The probability of any FASTER or SLOWER in a comparison of two runs between which nothing changed."""

VERDICTS: tuple[Verdict, ...] = ("SLOWER", "FASTER", "UNDECIDED", "SAME")
"""The verdicts in the order in which they are shown: what matters most comes first."""

TUNED_BEFORE = frozenset({"triton_tuned", "triton_baseline", "triton_baseline_mended", "torch_compile"})
"""What chose among forms by timing them in records that do not name it: no backend tuned but these while such were
written. The catalogue of today cannot say, since a backend may have begun or ceased to tune since then."""

RAN = ("form", "method", "allocates", "buffer_sets", "regime")
NOT_ALWAYS_RECORDED = frozenset({"gpu", "bus", "power_limit_w", "clocks_locked"})
"""A record from before these were asked for tells nothing of them; so nothing differs."""

SOFTWARE = ("driver", "cuda", "python")
HARDWARE = (
    "gpu",
    "host_cpu",
    "compute_capability",
    "sm_count",
    "cache_bytes",
    "memory_bytes",
    "memory_clock_mhz",
    "memory_bus_bits",
    "bus",
    "power_limit_w",
    "clocks_locked",
    "ecc",
    "mig",
)

Pair = tuple[str, str]  # the same thing in OLD and in NEW


class NotComparable(DiagbenchError):
    """Two runs that have nothing to be compared in; the message, one line, says why."""


class _Typed(BaseModel):
    model_config = ConfigDict(frozen=True)


class Source(_Typed):
    """One of the two runs."""

    path: str
    utc: datetime
    commit: str
    tree_clean: bool | None
    restarts: int = 0  # fresh processes that each campaign was spread over; 0: one process took it all


class Row(_Typed):
    """One backend in one case and series. Shares are of the ceiling's speed, the ratio is of times: above 1, slower."""

    case: str
    series: Series
    backend: str
    ceiling: str  # the contender that both shares are of
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


def compare(old: Record, new: Record) -> Comparison:
    """The verdict on every backend in every case and series, cold or hot, of both runs.

    Raises NotComparable for runs on two device models, and where nothing is left to compare.
    """
    if old.machine.name != new.machine.name:
        raise NotComparable(f"OLD ran on {old.machine.name}, NEW on {new.machine.name}; only one model is compared")
    found, left_out = changes(old, new)
    if not found:
        raise NotComparable(f"nothing to compare: {left_out[0].reason if left_out else 'no backend beside a ceiling'}")
    software = _software(old.machine, new.machine)
    clean = old.machine.tree_clean is not False and new.machine.tree_clean is not False
    unchanged = clean and not software and old.machine.commit == new.machine.commit
    significant = holm({index: p_value(change.ratio, change.margin) for index, change in enumerate(found)})
    tuning = _tuning(old) | _tuning(new)
    rows = tuple(_row(one, index in significant, len(found), unchanged, tuning) for index, one in enumerate(found))
    counts = Counter(row.verdict for row in rows)
    return Comparison(
        device=old.machine.name,
        old=_source(old),
        new=_source(new),
        software=software,
        hardware=_hardware(old.machine, new.machine),
        family_error=FAMILY_ERROR,
        counts={verdict: counts[verdict] for verdict in VERDICTS},
        rows=rows,
        left_out=tuple(
            LeftOut(case=each.key[0], series=each.key[1], backend=each.backend, reason=each.reason) for each in left_out
        ),
    )


def _tuning(record: Record) -> frozenset[str]:
    """The backends that chose among forms by timing them, as the record names them."""
    named = record.run.tunes
    return TUNED_BEFORE if named is None else frozenset(named)


def _row(change: Change, significant: bool, comparisons: int, unchanged: bool, tuning: frozenset[str]) -> Row:
    tunes = change.old.measurement.backend in tuning
    verdict, reason = _verdict(change, significant, comparisons, unchanged, tunes)
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
        ran=_ran(change),
    )


def _verdict(change: Change, significant: bool, comparisons: int, unchanged: bool, tunes: bool) -> tuple[Verdict, str]:
    """The verdict, and the reason if it is UNDECIDED."""
    found, limit = change.ratio, 1 + change.margin
    width, margin = f"±{100 * found.half_width:.2f} %", f"±{100 * change.margin:.2f} %"
    most = "between the runs" if change.between > change.within else "within the runs"
    if significant and unchanged and "form" in _ran(change):
        return "UNDECIDED", "the same commit and software ran another form: the tuner chose it"
    if significant and unchanged and tunes and not change.old.measurement.form:
        return "UNDECIDED", "the same commit and software; it tunes by timing, and the runs do not tell what it chose"
    if significant:
        return ("SLOWER" if found.value > 1 else "FASTER"), ""
    if 1 / limit <= found.low and found.high <= limit:
        return "SAME", ""
    if found.low > limit or found.high < 1 / limit:
        return "UNDECIDED", f"beyond the margin of {margin}, but not surely: one of {comparisons} comparisons"
    how = "against" if found.half_width > change.margin else "lies across"
    return "UNDECIDED", f"interval of {width} {how} a margin of {margin}, scatter mostly {most}"


def _ran(change: Change) -> dict[str, Pair]:
    return _differing(change.old.measurement, change.new.measurement, RAN)


def _source(record: Record) -> Source:
    machine = record.machine
    restarts = min((len(bench.measurement.restarts) for bench in record.benchmarks), default=0)
    return Source(
        path=record.path, utc=record.utc, commit=machine.commit, tree_clean=machine.tree_clean, restarts=restarts
    )


def _hardware(old: Machine, new: Machine) -> dict[str, Pair]:
    differing = _differing(old, new, HARDWARE)
    return {name: pair for name, pair in differing.items() if not (name in NOT_ALWAYS_RECORDED and "None" in pair)}


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
