"""What committed records say of an answer's question, worked out without what condenses them or decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, product

from reports.answers.answer import EAGER, Answer
from reports.answers.called import Cost, device_series, host_series
from reports.answers.draws import NOT_CAPTURABLE
from reports.answers.evidence import CHOOSABLE
from reports.places import DATA
from suite.cases import parse
from suite.record.measurement import Measurement, Series
from suite.record.run import Record
from suite.record.store import read_run

Draw = dict[str, float]


@cache
def record(file: str) -> Record:
    return read_run(DATA / file)


@cache
def campaigns(file: str) -> dict[tuple[Series, str], dict[str, Measurement]]:
    found: dict[tuple[Series, str], dict[str, Measurement]] = {}
    for m in (bench.measurement for bench in record(file).benchmarks):
        if m.role == "backend" and m.backend in CHOOSABLE:
            found.setdefault((m.series, m.case), {})[m.backend] = m
    return found


def medians(m: Measurement) -> list[float]:
    return [each.median_s for each in m.restarts] or [m.median_s]


def restarts(file: str, series: Series, case: str) -> Iterator[Draw]:
    """Backend -> median seconds, in every fresh process of a run."""
    found = {name: medians(m) for name, m in campaigns(file).get((series, case), {}).items()}
    for number in range(max(map(len, found.values()), default=0)):
        yield {name: each[min(number, len(each) - 1)] for name, each in found.items()}


class Truth:
    """What the records that an answer cites say of its question."""

    def __init__(self, reply: Answer) -> None:
        self.reply, self.case = reply, parse(reply.case)
        self.files = [run.file for run in reply.runs]
        self.series = device_series(reply.called)
        self.cells = [
            found
            for file, case in product(self.files, reply.cases)
            if (found := campaigns(file).get((self.series, case)))
        ]
        self.draws = list(self._draws())

    def _draws(self) -> Iterator[Draw]:
        """Seconds per call in every restart of the cited runs, at the question's size."""
        for file, case in product(self.files, self.reply.cases):
            for draw in restarts(file, self.series, case):
                yield from self._totals(file, {name: each * self._scale(case) for name, each in draw.items()})

    def _scale(self, case: str) -> float:
        """By the bytes at the device's peak, beside what an empty kernel takes."""
        machine = record(self.files[0]).machine
        floor, peak = machine.empty_node_s or 0.0, machine.peak_bytes_per_s or 0.0
        return (floor + self.case.bytes_moved / peak) / (floor + parse(case).bytes_moved / peak)

    def _totals(self, file: str, device: Draw) -> Iterator[Draw]:
        """With the host's part as that run took it, or another cited run where it took none."""
        series, called, calls = host_series(self.reply.called), self.reply.called, self.reply.calls
        if series is None:
            yield {name: each for name, each in device.items() if name not in NOT_CAPTURABLE}
            return
        key = (series, self.reply.host_case)
        firsts = dict(self._first_uses()) if called == "first-use" else dict.fromkeys(device, 0.0)
        for each in [file] if key in campaigns(file) else self.files:
            host = {name: max(medians(m)) for name, m in campaigns(each).get(key, {}).items()}
            both = host.keys() & firsts.keys() & device.keys()
            yield {name: Cost(device[name], host[name], firsts[name]).total(called, calls) for name in both}

    def _first_uses(self) -> Iterator[tuple[str, float]]:
        uses = [use for file in self.files for use in record(file).run.first_uses]
        for name in {use.backend for use in uses}:
            yield name, max(use.import_s + use.bind_s + use.launch_s for use in uses if use.backend == name)

    def ratios(self, backend: str) -> list[float]:
        return [draw[backend] / min(draw.values()) for draw in self.draws if backend in draw]

    def seconds(self) -> list[float]:
        return [draw[self.reply.backend] for draw in self.draws if self.reply.backend in draw]

    def eager(self) -> list[float]:
        return [
            draw[EAGER] / draw[self.reply.backend] for draw in self.draws if {EAGER, self.reply.backend} <= set(draw)
        ]

    def shares(self, backend: str) -> list[float]:
        every = [cell[backend] for cell in self.cells if backend in cell]
        ends = chain.from_iterable(m.of_ceiling_ci99 or () for m in every)
        restarted = [each.of_ceiling for m in every for each in m.restarts]
        return [100 * each for each in (*ends, *restarted, *(m.of_ceiling for m in every)) if each is not None]

    def elsewhere(self, backend: str) -> list[float]:
        """How far its seconds or its ratios lie apart between any two processes, in any case of the device."""
        folder = self.files[0].split("/")[0]
        files = [f"{folder}/{path.name}" for path in (DATA / folder).glob("*.json.xz")]
        found: list[float] = []
        for case in {case for file in files for series, case in campaigns(file) if series == self.series}:
            draws = [draw for file in files for draw in restarts(file, self.series, case) if backend in draw]
            for some in ([d[backend] for d in draws], [d[backend] / min(d.values()) for d in draws]):
                found += [one / other for one in some for other in some]
        return found


def is_among(printed: Iterable[str | None], values: list[float], unit: float = 1.0) -> bool:
    """Whether each printed number is the rounding of one of the values, which are multiples of the unit."""

    def stands_for_one(digits: str) -> bool:
        last = 10.0 ** -len(digits.partition(".")[2])
        number = float(digits.replace(",", ""))
        return any(abs(number - each / unit) <= 0.5 * last + 1e-4 * number for each in values)

    return all(stands_for_one(each) for each in printed if each)
