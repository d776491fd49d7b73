"""The worker's side: owns the device and answers the requests of `messages`, one at a time.

A backend that raises becomes an Outcome and the others go on. After every exception the device is asked whether it
still works; if it does not, this process ends, so that nothing is measured on a corrupted context.
"""

from __future__ import annotations

import contextlib
import os
import sysconfig
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

import torch

import backends
import backends._candidate
from backends import Entry, Launch, Unsupported
from suite import ROOT
from suite.cases import Case
from suite.check import gate, operands
from suite.check.operands import Operands
from suite.device import machine, nvml
from suite.measure import campaign, ceilings, second_timer, timing
from suite.measure.campaign import Contender
from suite.measure.plan import CONTROL
from suite.measure.samples import CampaignSamples, Samples
from suite.record.machine import Machine, State
from suite.record.measurement import Outcome, OutcomeKind, Series
from suite.worker.messages import Describe, Examine, Examined, Gate, Identify, Look, Measure, Request

SEED = 20_000

CONTROLLED = ("triton_tuned", "cupy_rawkernel", "numba_cpu")
"""What the A/A control doubles: the first of these that is among the contenders, else the first contender."""

HEADROOM_BYTES = 1 << 29
"""Left free beside the operands: the gate's tiles in float64, graphs, and what the libraries take for themselves."""

HOST_LAUNCHES = {"launch": 100, "call": 10}
"""Per sample of the host series: enough to see past the clock, too few to fill the device's queue."""


class DeviceLost(Exception):
    """An error after which nothing on the device can be trusted: the process must end."""

    def __init__(self, kind: OutcomeKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def serve(connection: Connection, began: float) -> None:
    """Own the current CUDA device, or the CPU where there is none, and answer requests until the other end closes.

    began: when the run did, by the monotonic clock, which all processes of a machine share.
    """
    with contextlib.suppress(EOFError, ConnectionError, KeyboardInterrupt):
        server = Server(timing.Device(), began, connection.send)
        while True:
            request = connection.recv()
            try:
                connection.send(("answer", server.answer(request)))
            except Exception as error:
                kind, reason = (error.kind, str(error)) if isinstance(error, DeviceLost) else why(error)
                connection.send(("failed", kind, server.doing, reason))
                os._exit(1)  # an orderly exit could hang or fault in the driver


@dataclass
class Timed:
    """The contenders of one campaign, with what is needed to describe and to check them afterwards."""

    sets: list[Operands]
    contenders: list[Contender] = field(default_factory=list)
    forms: dict[str, str] = field(default_factory=dict)
    bound: dict[str, tuple[Entry, list[Launch]]] = field(default_factory=dict)

    def add(self, contender: Contender, form: str) -> None:
        """Let a contender take part."""
        self.contenders.append(contender)
        self.forms[contender.name] = form

    def sampled(self, contender: Contender) -> Samples:
        """What goes back to the pytest process."""
        name, sampler = contender.name, contender.sampler
        allocates = name in self.bound and self.bound[name][0].allocates
        return Samples(contender.samples_s, sampler.method, sampler.launches, self.forms[name], allocates)


class Server:
    """The device, and the operands of the case that is being checked."""

    def __init__(
        self, device: timing.Device, began: float, report: Callable[[tuple[object, ...]], None] = lambda said: None
    ) -> None:
        """began: when the run did, by the monotonic clock. report: told what goes on; see process.Worker.request."""
        self.report = report
        self.device = device
        self.began = began
        self.doing = ""
        self._checked: Operands | None = None

    def answer(self, request: Request) -> Machine | Outcome | CampaignSamples | Examined | State | str | None:
        """What the request asks for."""
        self.doing = ""
        if isinstance(request, Describe):
            return machine.describe(self.device.kind)
        if isinstance(request, Identify):
            return machine.uuid(self.device.kind)
        if isinstance(request, Look):
            return self._state(request.when)
        with self.device.active():
            if isinstance(request, Gate):
                return self._gate(request)
            self._checked = None
            return self._examine(request) if isinstance(request, Examine) else self._measure(request)

    def _gate(self, request: Gate) -> Outcome | None:
        if self._checked is None or self._checked.case != request.case:
            self._checked = None
            reason = self._lack_of_memory(request.case, 1)
            if reason:
                return Outcome(backend="all", case=request.case.id, kind="no_memory", reason=reason)
            self._checked = operands.allocate(request.case, self.device.torch)
        return self._attempt(request.entry, request.case, None, partial(self._check, request.entry, self._checked))

    def _check(self, entry: Entry, checked: Operands) -> None:
        gate.check(checked, entry, partial(self._bind, entry), self.device.synchronize, seed=SEED)

    def _bind(self, entry: Entry, on: Operands) -> Launch:
        return backends.bind(entry, on.a, on.b, on.out, self.device.stream)

    def _attempt(self, entry: Entry, case: Case, series: Series | None, work: Callable[[], object]) -> Outcome | None:
        """Let one backend work. What it raises becomes its outcome; raises DeviceLost if the device did not survive."""
        self._report(entry.name)
        try:
            work()
            self.device.synchronize()
            return None
        except timing.CaptureFailed as error:
            raise DeviceLost(*why(error)) from None
        except Exception as error:
            kind, reason = why(error)
        try:
            self.device.synchronize()
        except RuntimeError:
            raise DeviceLost("crashed", reason) from None
        return Outcome(backend=entry.name, case=case.id, series=series, kind=kind, reason=reason)

    def _report(self, name: str) -> None:
        self.doing = name
        self.report(("doing", name))

    def _lack_of_memory(self, case: Case, sets: int) -> str:
        needed, free = operands.bytes_needed(case, sets) + HEADROOM_BYTES, self.device.free_bytes()
        if needed <= free:
            return ""
        return f"{sets} sets of its operands need {needed / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are free"

    def _measure(self, request: Measure) -> CampaignSamples:
        needed = self._sets_needed(request.case) if request.series == "cold" else 1
        measured = CampaignSamples(buffer_sets=min(needed, timing.MOST_LAUNCHES), buffer_sets_needed=needed)
        reason = self._lack_of_memory(request.case, measured.buffer_sets)
        if reason:
            measured.outcomes.append(_of_the_case(request, "no_memory", reason))
            return measured
        try:
            timed = Timed(self._operand_sets(request.case, measured.buffer_sets))
        except torch.OutOfMemoryError:
            measured.outcomes.append(_of_the_case(request, "no_memory", "the device's memory ran out"))
            return measured
        self._prepare(request, timed, measured)
        if timed.bound:
            self._run(request, timed, measured)
        return measured

    def _sets_needed(self, case: Case) -> int:
        return timing.sets_needed(case.bytes_moved, machine.cache_bytes(self.device.kind))

    def _operand_sets(self, case: Case, count: int) -> list[Operands]:
        """Equal sets of values that all contenders multiply alike, since all share them."""
        sets = [operands.allocate(case, self.device.torch) for _ in range(count)]
        for guarded in sets[0].guarded:
            guarded.poison()
        sets[0].fill(SEED, operands.ORDINARY)
        for other in sets[1:]:
            for mine, first in zip(other.guarded, sets[0].guarded, strict=True):
                mine.buffer.copy_(first.buffer)
        return sets

    def _prepare(self, request: Measure, timed: Timed, measured: CampaignSamples) -> None:
        """Bind and capture every contender: ceilings first, the A/A control last."""
        if request.series not in HOST_LAUNCHES:
            for name, (launches, form) in ceilings.ceilings(timed.sets).items():
                timed.add(self._contender(name, launches, request), form)
        for entry in request.entries:
            add = partial(self._add, entry, request, timed)
            outcome = self._attempt(entry, request.case, request.series, add)
            if outcome is not None:
                measured.outcomes.append(outcome)
        measured.controlled = next((name for name in (*CONTROLLED, *timed.bound) if name in timed.bound), "")
        if measured.controlled:
            self._report(measured.controlled)
            entry, launches = timed.bound[measured.controlled]
            if entry.allocates:
                launches = [_Kept(launch.launch) for launch in launches if isinstance(launch, _Kept)]
            control = self._contender(CONTROL, launches, request, entry)
            timed.add(control, f"{measured.controlled} again")
        self._report("")

    def _add(self, entry: Entry, request: Measure, timed: Timed) -> None:
        launches = [self._bind(entry, on) for on in timed.sets]
        form = str(getattr(launches[0], "form", ""))
        if request.series == "call":
            bind = backends.load(entry).bind
            launches = [partial(_call, bind, on, self.device.stream) for on in timed.sets]
        if entry.allocates:
            launches = [_Kept(launch) for launch in launches]
        timed.add(self._contender(entry.name, launches, request, entry), form)
        timed.bound[entry.name] = (entry, launches)

    def _contender(
        self, name: str, launches: Sequence[Launch], request: Measure, entry: Entry | None = None
    ) -> Contender:
        """entry: the backend that launches; None for a ceiling."""
        if request.series in HOST_LAUNCHES:
            count = HOST_LAUNCHES[request.series]
            return Contender(name, timing.HostSampler(launches, count, self.device.synchronize))
        capturable, own_stream = (entry.capturable, entry.own_stream) if entry else (True, False)
        rough_s = self.device.rough_seconds(launches, own_stream)
        sets = 1 if own_stream else len(launches)  # the host's pace is long enough without whole walks
        count = timing.launches_per_sample(rough_s, sets, request.plan.sample_s)
        return Contender(name, self.device.sampler(launches, count, capturable, own_stream))

    def _run(self, request: Measure, timed: Timed, measured: CampaignSamples) -> None:
        """Take the rounds, then check every C once more: a backend that went wrong meanwhile loses its samples."""
        before = partial(self._watch, timed, measured.controlled) if request.careful else lambda name: None
        try:
            result = campaign.run(
                timed.contenders, request.plan, self.device.synchronize, self._progress, before, nvml.slowdown_reasons
            )
        except campaign.CampaignFailed as error:
            measured.outcomes.append(_of_the_case(request, error.kind, str(error)))
            return
        self._report("")
        measured.stop_reason, measured.seconds = result.stop_reason, result.seconds
        measured.rounds_dropped = result.rounds_dropped
        if self.device.kind == "cuda":
            measured.state = self._state("during")
        wrong = set()
        for entry, launches in timed.bound.values():
            again = partial(self._check_what_was_timed, entry, launches, timed)
            outcome = self._attempt(entry, request.case, request.series, again)
            if outcome is not None:
                measured.outcomes.append(outcome)
                wrong.add(entry.name)
        if measured.controlled in wrong:
            wrong.add(CONTROL)
        for contender in timed.contenders:
            if contender.name not in wrong:
                measured.contenders[contender.name] = timed.sampled(contender)

    def _examine(self, request: Examine) -> Examined | Outcome:
        """Run one backend alone on a campaign's operand sets, for the other timers and the energy counter."""
        entry, case = request.entry, request.case
        count = min(self._sets_needed(case), timing.MOST_LAUNCHES)
        reason = self._lack_of_memory(case, count)
        if reason:
            return Outcome(backend=entry.name, case=case.id, series="cold", kind="no_memory", reason=reason)
        found: list[Examined] = []

        def look() -> None:
            sets = [self._bind(entry, on) for on in self._operand_sets(case, count)]
            agreements, note = second_timer.agreements(entry, case, "cold", sets, request.campaign_seconds)
            energy = nvml.energy(entry.name, case, sets, self.device.synchronize) if request.energy else None
            found.append(Examined(agreements, energy, note))

        outcome = self._attempt(entry, case, "cold", look)
        return found[0] if outcome is None else outcome

    def _state(self, when: Literal["before", "during", "after"]) -> State:
        return nvml.state(when, time.monotonic() - self.began)

    def _watch(self, timed: Timed, controlled: str, name: str) -> None:
        self.device.synchronize()
        self._report(controlled if name == CONTROL else name if name in timed.bound else "")

    def _progress(self, rounds: int, width: float) -> None:
        self.report(("progress", rounds, width))

    def _check_what_was_timed(self, entry: Entry, launches: list[Launch], timed: Timed) -> None:
        """Launch by the very graph that was timed, and by nothing else, into poisoned outputs, and look at some."""
        (contender,) = (one for one in timed.contenders if one.name == entry.name)
        for on in timed.sets:
            on.guarded[2].poison()
        self.device.synchronize()  # streams of a backend's own do not wait for it
        contender.sampler.enqueue_timed()
        self.device.synchronize()
        for index in {0, len(launches) // 2, len(launches) - 1}:
            launch, on = launches[index], timed.sets[index]
            result = launch.result if isinstance(launch, _Kept) else on.out
            gate.compare(on, result, entry, SEED, operands.ORDINARY)


class _Kept:
    """A launch whose fresh C outlives it, as in use: else a graph's launches would all be given the same memory."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.result = torch.empty(0)

    def __call__(self) -> torch.Tensor:
        """Launch; the C of the launch before is given back only then."""
        self.result = self.launch()
        return self.result


def _call(bind: Callable[..., Launch], on: Operands, stream: int) -> torch.Tensor:
    return bind(on.a, on.b, on.out, stream)()


def _of_the_case(request: Measure, kind: OutcomeKind, reason: str) -> Outcome:
    return Outcome(backend="all", case=request.case.id, series=request.series, kind=kind, reason=reason)


def why(error: BaseException) -> tuple[OutcomeKind, str]:
    """The kind and the reason of the Outcome of a backend that raised this."""
    if isinstance(error, timing.CaptureFailed) and error.__cause__ is not None:
        kind, reason = why(error.__cause__)
        return kind, f"in the capture of its launches, {reason}"
    if isinstance(error, Unsupported):
        return "unsupported", str(error)
    if isinstance(error, gate.Incorrect):
        return "incorrect", str(error)
    if isinstance(error, torch.OutOfMemoryError):
        return "no_memory", "the device's memory ran out"
    return "crashed", one_line(error)


def one_line(error: BaseException) -> str:
    """The error's type and the first line of what it says, and the last place in a backend that it came through."""
    text = str(error).strip().splitlines()
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_foreign(Path(frame.filename))]
    place = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {text[0] if text else 'no message'}{place}"


def _is_foreign(file: Path) -> bool:
    """Whether it is neither a backend's nor a contender's: this room's, the catalogue's, a library's or Python's."""
    libraries = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    catalogue = (Path(backends.__file__), Path(backends._candidate.__file__))
    return (
        ROOT / "suite" in (file.parent, file.parent.parent)
        or file in catalogue
        or not file.is_absolute()
        or any(file.is_relative_to(library) for library in libraries if library)
    )
