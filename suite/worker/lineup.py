"""The contenders of one campaign: bound to the operand sets, captured, and checked again after the rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

import backends
from backends import Enqueue, Entry, Launch
from suite.cases import Case
from suite.check import gate, operands
from suite.check.operands import Operands
from suite.measure import ceilings, own_stream, single_calls, timing
from suite.measure.campaign import Contender
from suite.measure.plan import CALLED, CONTROL, FRESH
from suite.measure.samples import Samples
from suite.worker.messages import Measure


class Lineup:
    """The contenders in the order in which they were added, on shared operand sets of equal values."""

    def __init__(self, device: timing.Device, request: Measure, count: int, seed: int) -> None:
        """count: of operand sets. Raises torch.OutOfMemoryError where they do not fit."""
        self.contenders: list[Contender] = []
        self.controlled = ""
        self._device, self._request, self._seed = device, request, seed
        self._sets = equal_sets(device, request.case, count, seed)
        self._forms: dict[str, str] = {}
        self._bound: dict[str, tuple[Entry, list[Enqueue]]] = {}

    @property
    def entries(self) -> list[Entry]:
        """The backends that could be bound."""
        return [entry for entry, _ in self._bound.values()]

    def add_ceilings(self) -> None:
        """Let the copies take part, unless the series is of the host's time."""
        if self._request.series in ("cold", "hot"):
            for name, (launches, form) in ceilings.ceilings(self._sets).items():
                self._add(name, launches, form)

    def add(self, entry: Entry, bind: Callable[[Entry, Operands], Launch]) -> None:
        """Bind the backend to every set, and capture its launches. Raises whatever it raises."""
        bound = [bind(entry, on) for on in self._sets]
        launches: list[Enqueue] = [*bound]
        if self._request.series in FRESH:
            launches = [backends.fresh(entry, on.a, on.b, self._device.stream) for on in self._sets]
            entry = replace(entry, allocates=True)
        if entry.allocates:
            launches = [_Kept(launch) for launch in launches]
        self._add(entry.name, launches, bound[0].form, entry)
        self._bound[entry.name] = (entry, launches)

    def choose_controlled(self) -> str:
        """The backend that the A/A control will double; empty where none was bound."""
        steady = [entry.name for entry in self.entries if entry.controlled]
        self.controlled = next(iter([*steady, *self._bound]), "")
        return self.controlled

    def add_control(self) -> None:
        """Let the controlled backend take part once more, under the control's name."""
        entry, launches = self._bound[self.controlled]
        if entry.allocates:
            launches = [_Kept(launch.launch) for launch in launches if isinstance(launch, _Kept)]
        self._add(CONTROL, launches, f"{self.controlled} again", entry)

    def _add(self, name: str, launches: Sequence[Enqueue], form: str, entry: Entry | None = None) -> None:
        """entry: the backend that launches; None for a ceiling."""
        self.contenders.append(Contender(name, self._sampler(launches, entry), keeps=entry is not None and entry.keeps))
        self._forms[name] = form

    def _sampler(self, launches: Sequence[Enqueue], entry: Entry | None) -> timing.Sampler:
        request = self._request
        if request.series in CALLED:
            return single_calls.sampler(self._device, launches, request.series)
        if request.series in timing.HOST_LAUNCHES:
            return timing.HostSampler(launches, timing.HOST_LAUNCHES[request.series], self._device.synchronize)
        if entry and entry.own_stream and self._device.kind == "cuda":
            return own_stream.sampler(self._device, launches, backends.follower(entry), request.plan.sample_s)
        rough_s = self._device.rough_seconds(launches)
        count = timing.launches_per_sample(rough_s, len(launches), request.plan.sample_s)
        return self._device.sampler(launches, count, capturable=entry is None or entry.capturable)

    def at_work(self, name: str) -> str:
        """The backend at work when it is this contender's turn; empty for a ceiling."""
        return self.controlled if name == CONTROL else name if name in self._bound else ""

    def samples(self, contender: Contender) -> Samples:
        """What the contender's rounds gave."""
        name, sampler = contender.name, contender.sampler
        told = self._request.series not in FRESH  # there everyone does
        allocates = told and name in self._bound and self._bound[name][0].allocates
        return Samples(contender.samples_s, sampler.method, sampler.launches, self._forms[name], allocates)

    def check_what_was_timed(self, entry: Entry) -> None:
        """Enqueue the very graph that was timed, and nothing else, into poisoned outputs, and look at some.

        Raises Incorrect.
        """
        (contender,) = (one for one in self.contenders if one.name == entry.name)
        launches = self._bound[entry.name][1]
        for on in self._sets:
            on.guarded[2].poison()
        self._device.synchronize()  # streams of a backend's own do not wait for it
        contender.sampler.enqueue_timed()
        self._device.synchronize()
        for index in {0, len(launches) // 2, len(launches) - 1}:
            launch, on = launches[index], self._sets[index]
            result = launch.result if isinstance(launch, _Kept) else on.out
            gate.compare(on, result, entry, self._seed, operands.ORDINARY)


def equal_sets(device: timing.Device, case: Case, count: int, seed: int) -> list[Operands]:
    """Operand sets of equal values, which all contenders multiply alike, since all share them."""
    sets = [operands.allocate(case, device.torch) for _ in range(count)]
    for guarded in sets[0].guarded:
        guarded.poison()
    sets[0].fill(seed, operands.ORDINARY)
    for other in sets[1:]:
        for mine, first in zip(other.guarded, sets[0].guarded, strict=True):
            mine.buffer.copy_(first.buffer)
    return sets


class _Kept:
    """A launch whose fresh C outlives it, as in use: else a graph's launches would all be given the same memory."""

    def __init__(self, launch: Enqueue) -> None:
        self.launch = launch
        self.result = torch.empty(0)

    def __call__(self) -> torch.Tensor:
        """Launch; the C of the launch before is given back only then."""
        self.result = self.launch()
        return self.result
