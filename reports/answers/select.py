"""Which backend should one use for one case on one device?

The published run that compares the most backends decides; where several do, the newest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from backends import CannotDo
from reports import units
from reports.marks import ABOVE
from reports.view import View, tied
from suite.cases import Case, Regime
from suite.record.machine import Machine
from suite.record.measurement import Measurement, Series
from suite.record.run import Record
from suite.verdict import Verdict

ANOTHER_DEVICE = frozenset({"ti", "super", "laptop", "mobile", "max", "d"})
"""Words behind a model's number that make it another device: an RTX 4090 Laptop GPU is no RTX 4090."""


TIES: dict[Verdict, str] = {
    "SAME": "SAME, as fast within δ",
    "UNDECIDED": "UNDECIDED, the data cannot tell",
    "FASTER": "FASTER, timed apart",
    "SLOWER": "SLOWER",
}
"""A verdict in a tie, in words."""

NOTHING_PUBLISHED = "no run is published yet; `tox -e bench -- --sweep full --publish` makes one"


class NotMeasured(CannotDo):
    """No published run answers the question; the message, one line, says what there is instead."""


class _Typed(BaseModel):
    model_config = ConfigDict(frozen=True)


class Choice(_Typed):
    """One backend of the tie set. Ratios are times over the fastest's; intervals are 99 %, within the run."""

    backend: str
    median_s: float
    bandwidth_bytes_per_s: float
    of_ceiling: float | None
    of_ceiling_ci99: tuple[float, float] | None
    above_ceiling: bool
    ratio: float
    ratio_ci99: tuple[float, float]
    verdict: Verdict
    allocates: bool  # C is a fresh array per launch
    caveat: str  # what its numbers are to be taken with; empty for most


class Evidence(_Typed):
    """The run behind a selection."""

    run: str  # the record's file below reports/data/
    commit: str
    utc: datetime
    age_days: float
    newer: tuple[str, ...]  # runs since then that measured this case too, but compared fewer backends in it


class Selection(_Typed):
    """The answer. `ties` is ordered by ratio and its first is `backend`."""

    case: str
    device: str
    compute_capability: tuple[int, int] | None
    regime: Regime  # of the case on this device
    series: Series
    backend: str
    ties: tuple[Choice, ...]
    margin: float  # differences under it are not claimed
    measured_case: str
    measured_regime: Regime
    extrapolated: bool  # the case itself was not measured; measured_case is the nearest that was
    evidence: Evidence


def select(
    devices: Mapping[str, tuple[Record, ...]], case: Case, series: Series, device: str | None, now: datetime
) -> Selection:
    """The backend for a case from one run of a device, with everything that the run cannot tell from it.

    The run is the newest of those that measured the most backends in the case; in the nearest case, if none has it.
    Within a tie the smallest ratio wins, the fastest over all rounds; the margin says how little that may mean.
    Raises NotMeasured for a device, dtype, layout or series without a measured backend, and for an empty case.
    """
    runs = [View(run) for run in find_device(devices, device)]
    view = _run_for(runs, case, series)
    source = nearest(view, case, series)
    compared = _compared(view, series, source.case)
    since = [run for run in runs[: runs.index(view)] if 0 < _compared(run, series, source.case) < compared]
    ties = tied(view.campaign(series, source.case).values())
    return Selection(
        case=case.id,
        device=view.machine.name,
        compute_capability=view.machine.compute_capability,
        regime=_regime(view, case),
        series=series,
        backend=ties[0].backend,
        ties=tuple(_choice(view, each) for each in ties),
        margin=ties[0].margin,
        measured_case=source.case,
        measured_regime=source.regime,
        extrapolated=source.case != case.id,
        evidence=Evidence(
            run=_file(view),
            commit=view.machine.commit,
            utc=view.record.utc,
            age_days=round((now - view.record.utc).total_seconds() / 86400, 2),
            newer=tuple(map(_file, since)),
        ),
    )


def _file(view: View) -> str:
    return f"{view.machine.slug}/{view.stem}.json"


def _choice(view: View, m: Measurement) -> Choice:
    measured = {name: getattr(m, name) for name in Choice.model_fields if name != "caveat"}
    return Choice(**measured, caveat=view.caveat(m.backend))


def _run_for(runs: Sequence[View], case: Case, series: Series) -> View:
    """The run that compared the most backends in the case, or else anywhere; the first of several, the newest."""
    where = case.id if any(_compared(run, series, case.id) for run in runs) else None
    return max(runs, key=lambda run: _compared(run, series, where))


def _compared(run: View, series: Series, where: str | None) -> int:
    """How many backends the run measured in a case; in all cases of the series together for None."""
    measured = run.series(series) if where is None else run.campaign(series, where).values()
    return sum(each.role == "backend" for each in measured)


def find_device(devices: Mapping[str, tuple[Record, ...]], asked: str | None) -> tuple[Record, ...]:
    """The runs of the device asked for by its name, its slug or whole words of them; None asks for the only one.

    Raises NotMeasured, listing the devices with runs, when none matches or more than one does.
    """
    machines = {slug: runs[0].machine for slug, runs in devices.items()}
    there_are = ", ".join(machine.name for machine in machines.values()) or "none"
    if asked is None:
        if len(devices) == 1:
            return next(iter(devices.values()))
        raise NotMeasured(
            f"say which --device; devices with a measured run: {there_are}" if devices else NOTHING_PUBLISHED
        )
    found = [slug for slug, machine in machines.items() if _is(machine, asked)]
    if len(found) != 1:
        number = "several measured devices match" if found else "no measured run for"
        raise NotMeasured(f"{number} {asked!r}; devices with a measured run: {there_are}")
    return devices[found[0]]


def _is(machine: Machine, asked: str) -> bool:
    """Whether the words asked for stand in the device's name, and no other word makes it another device."""
    words = re.findall(r"[a-z0-9]+", asked.lower())
    have = machine.slug.split("-")
    if words == have:
        return True
    stands = any(have[at : at + len(words)] == words for at in range(len(have)))
    return bool(words) and stands and not (set(have) - set(words)) & ANOTHER_DEVICE


def nearest(view: View, case: Case, series: Series) -> Measurement:
    """A measurement of the case itself or, failing that, of the nearest case of its dtype and layout.

    Nearest: first of the same regime on this device, then with rows that start alike on 16 bytes or off them. Then the
    distance in the plane of log bytes and log aspect decides. Raises NotMeasured if nothing of that kind was measured.
    """
    if not case.rows or not case.cols:
        raise NotMeasured(f"{case.id} holds no element, so there is nothing to choose")
    kind = (case.dtype, case.layout)
    backends = [m for m in view.series(series) if m.role == "backend" and m.verdict != "SLOWER"]
    alike = [each for each in backends if (each.dtype, each.layout) == kind]
    if not alike:
        there_are = ", ".join(sorted({f"{each.dtype} {each.layout}" for each in backends})) or "nothing"
        run = f"the run on {view.machine.name}"
        raise NotMeasured(f"{run} has no {case.dtype} {case.layout} in series {series}; it has {there_are}")
    regime = _regime(view, case)

    def distance(m: Measurement) -> tuple[bool, bool, bool, float, str]:
        other = Case(m.rows, m.cols, m.dtype, m.layout)
        bytes_apart = math.log2(case.bytes_moved / other.bytes_moved)
        aspects_apart = math.log2((case.rows / case.cols) / (other.rows / other.cols))
        far = math.hypot(bytes_apart, aspects_apart)
        return (other != case, m.regime != regime, _aligned(other) != _aligned(case), far, m.case)

    return min(alike, key=distance)


def _regime(view: View, case: Case) -> Regime:
    return case.regime(view.machine.cache_bytes, view.machine.peak_bytes_per_s)


def _aligned(case: Case) -> bool:
    """Whether every row starts on 16 bytes if the first one does."""
    return case.cols * case.itemsize % 16 == 0


def text(selection: Selection) -> str:
    """The selection for a terminal."""
    return "\n".join([*_head(selection), *(f"  {name:15}{value}" for name, value in _facts(selection))])


def _head(selection: Selection) -> Iterator[str]:
    first = selection.ties[0]
    yield f"{selection.backend} for {selection.case} on {selection.device}"
    if selection.extrapolated:
        other = f", another regime than {selection.regime}" if selection.regime != selection.measured_regime else ""
        yield "EXTRAPOLATED: this case was not measured; the numbers below are those of the nearest one that was,"
        yield f"{selection.measured_case}, {selection.measured_regime}{other}"
    if first.above_ceiling:
        yield f"DOUBTFUL: {ABOVE}"
    if _remark(first):
        yield f"CAVEAT: {_remark(first)}"


def _facts(selection: Selection) -> Iterator[tuple[str, str]]:
    first, *others = selection.ties
    share = units.percent_interval(first.of_ceiling, first.of_ceiling_ci99)
    bandwidth = f"{units.gigabytes_per_s(first.bandwidth_bytes_per_s)} GB/s"
    evidence = selection.evidence
    for number, other in enumerate(others):
        yield "" if number else "tied with it", ", ".join(filter(None, (_tie(other), _remark(other))))
    if not others:
        yield "tied with it", "no other"
    yield "margin", f"δ = {units.percent(selection.margin)}; we claim no difference below it"
    yield "time", f"{units.microseconds(first.median_s)} µs, {bandwidth}, series {selection.series}"
    none = f"none in series {selection.series}"
    yield "of the ceiling", none if first.of_ceiling is None else f"{share}, {units.INTERVAL}"
    yield "evidence", f"reports/data/{evidence.run}"
    yield "", f"commit {evidence.commit}, {evidence.utc:%Y-%m-%d}, {evidence.age_days:.0f} days old"
    for number, run in enumerate(evidence.newer):
        yield "" if number else "newer", f"reports/data/{run}, which compares fewer backends"


def _tie(other: Choice) -> str:
    return f"{other.backend}: {TIES[other.verdict]}, time × {other.ratio:.3f}"


def _remark(choice: Choice) -> str:
    return "; ".join(filter(None, ("allocates C" if choice.allocates else "", choice.caveat)))
