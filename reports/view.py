"""One record, grouped once by series, case and backend, so that no table looks through all of it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from statistics import median

from backends import CATALOGUE
from reports import units
from reports.archive import PassOver, refuse
from suite.cases import HEADLINE, ITEMSIZE
from suite.record.group import Group
from suite.record.measurement import Measurement, Outcome, Series
from suite.record.run import Record
from suite.record.store import run_stem

ROLES = ("backend", "ceiling", "control")

TUNED = tuple(entry.name for entry in CATALOGUE if entry.ours)
"""The backends whose kernels are written here and tuned; all others are what they are measured against."""

BASELINE = next(entry.name for entry in CATALOGUE if entry.baseline)
"""The backend that is there already wherever torch is: the others have to pay off against it."""


class View:
    """The measurements of one run, each found by its series, case and backend."""

    def __init__(self, record: Record, pass_over: PassOver = refuse) -> None:
        """pass_over: told of a profile beside the run that cannot be read."""
        self.pass_over = pass_over
        self.record, self.run, self.machine = record, record.run, record.machine
        self.every: tuple[Measurement, ...] = tuple(
            _of_one_clock(bench.measurement, record.machine.kind) for bench in record.benchmarks
        )
        self._series: dict[Series, list[Measurement]] = {}
        self._campaigns: dict[tuple[Series, str], dict[str, Measurement]] = {}
        self._allocates: set[str] = set()
        for each in self.every:
            self._series.setdefault(each.series, []).append(each)
            self._campaigns.setdefault((each.series, each.case), {}).setdefault(each.backend, each)
            if each.allocates:
                self._allocates.add(each.backend)
        self._cases: dict[Series, list[Measurement]] = {}

    @property
    def sweep(self) -> str:
        """Which cases it was to measure."""
        return self.run.sweep

    @property
    def group(self) -> Group | None:
        """The runs on other GPUs that were taken at the same time, if any."""
        return self.run.group

    @property
    def stem(self) -> str:
        """The file name of the run without its ending, which its pages share."""
        return run_stem(Path(self.record.path))

    @cached_property
    def restarts(self) -> int:
        """How many fresh processes each campaign was spread over, the fewest of any; 0 for one that took it all."""
        return min((len(each.restarts) for each in self.every), default=0)

    @property
    def calls_are_fresh(self) -> bool:
        """Whether a call of the series call is what a user writes; in older records it binds and launches."""
        return any(each.fresh for each in self.series("call"))

    @property
    def interval(self) -> str:
        """What the run's intervals are."""
        return units.interval(self.restarts)

    def within(self, what: str) -> str:
        """The head of a column of shares or ratios, which says what their intervals are."""
        return f"{what} [{self.interval}]"

    @property
    def file(self) -> str:
        """The name of the run's file."""
        return Path(self.record.path).name

    def series(self, series: Series) -> Sequence[Measurement]:
        """The measurements of a series, in the run's order."""
        return self._series.get(series, [])

    def campaign(self, series: Series, case: str) -> Mapping[str, Measurement]:
        """Contender -> its measurement, in one case and series."""
        return self._campaigns.get((series, case), {})

    def one(self, series: Series, backend: str, case: str | None = None) -> Measurement | None:
        """One contender's measurement in a case; in its first case of the series for None."""
        if case is not None:
            return self.campaign(series, case).get(backend)
        return next((each for each in self.series(series) if each.backend == backend), None)

    def cases(self, series: Series) -> Sequence[Measurement]:
        """One measurement per case of the series: contiguous ones first, then by dtype, bytes and shape."""
        if series not in self._cases:
            self._cases[series] = in_order(self.series(series))
        return self._cases[series]

    @cached_property
    def headline(self) -> Sequence[Measurement]:
        """The contenders of the headline case, 4096 × 4096 float32 cold, backends first and each role fastest first.

        Where the run did not measure it, the contiguous cold case of the most bytes stands in; empty if there is none.
        """
        contiguous = [each for each in self.cases("cold") if each.layout == "contiguous"]
        chosen = max(contiguous, key=lambda m: (m.case == HEADLINE.id, m.bytes_moved, m.case), default=None)
        if chosen is None:
            return []
        contenders = self.campaign("cold", chosen.case).values()
        return sorted(contenders, key=lambda m: (ROLES.index(m.role), m.ratio, m.backend))

    def caveat(self, backend: str) -> str:
        """What a reader of the backend's numbers must know, as the run says it; empty for most, and in older runs."""
        return self.run.caveats.get(backend, "")

    def remark(self, backend: str) -> str:
        """What has to be said wherever the backend's numbers are shown: that it allocates C, and its caveat."""
        return "; ".join(filter(None, ("allocates C" if backend in self._allocates else "", self.caveat(backend))))

    def remarks(self, backends: Iterable[str]) -> dict[str, str]:
        """Backend -> its remark, for those of these backends that have one, in their order."""
        said = {backend: self.remark(backend) for backend in backends}
        return {backend: words for backend, words in said.items() if words}

    def outcomes_of(self, case: str, series: Series) -> list[Outcome]:
        """The outcomes that concern one case and series, the first of each backend, in the run's order."""
        first: dict[str, Outcome] = {}
        for each in self.run.outcomes:
            if each.case in (None, case) and each.series in (None, series):
                first.setdefault(each.backend, each)
        return list(first.values())

    @cached_property
    def capabilities(self) -> Sequence[tuple[int, int]]:
        """The compute capabilities that the run holds compiled code for."""
        return sorted({each.compute_capability for each in self.run.compiled})


def _of_one_clock(m: Measurement, kind: str) -> Measurement:
    """The measurement, without its share of a ceiling where the host's clock took it and the device's the ceiling.

    Older records hold such shares: of JAX, on a GPU.
    """
    if kind == "cpu" or m.method != "host_clock" or m.of_ceiling is None:
        return m
    without = {"ceiling": None, "of_ceiling": None, "of_ceiling_ci99": None, "of_peak": None, "above_ceiling": False}
    return m.model_copy(update=without)


def in_order(measurements: Iterable[Measurement]) -> list[Measurement]:
    """One measurement per case: contiguous ones first, then by dtype, bytes and shape."""
    first: dict[str, Measurement] = {}
    for each in measurements:
        first.setdefault(each.case, each)
    dtypes = list(ITEMSIZE)
    return sorted(
        first.values(),
        key=lambda m: (
            m.layout != "contiguous",
            dtypes.index(m.dtype) if m.dtype in dtypes else len(dtypes),
            m.bytes_moved,
            m.case,
        ),
    )


def contenders(measurements: Iterable[Measurement], roles: Sequence[str] = ROLES) -> list[str]:
    """The names of the contenders in these roles, role by role, each in the run's order."""
    every = list(measurements)
    return list(dict.fromkeys(each.backend for role in roles for each in every if each.role == role))


def ranked(measurements: Iterable[Measurement]) -> list[str]:
    """The backends with a share of the ceiling, the highest median over their own cases first."""
    shares: dict[str, list[float]] = {}
    for each in measurements:
        if each.role == "backend" and each.of_ceiling is not None:
            shares.setdefault(each.backend, []).append(each.of_ceiling)
    return sorted(shares, key=lambda name: (-median(shares[name]), name))


def tied(measurements: Iterable[Measurement]) -> list[Measurement]:
    """The backends that are not SLOWER than the fastest, fastest first: what the run cannot tell apart from it.

    One that was timed apart may be FASTER than the fastest of the others: then it stands alone.
    """
    backends = [each for each in measurements if each.role == "backend"]
    ties = [each for each in backends if each.verdict == "FASTER"] or [m for m in backends if m.verdict != "SLOWER"]
    return sorted(ties, key=lambda m: (m.ratio, m.backend))
