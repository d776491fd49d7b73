"""The worker's side: owns the device and answers the requests of `messages`, one at a time.

A backend that raises becomes an Outcome and the others go on. After every exception the device is asked whether it
still works. If it does not, this process ends, so that nothing is measured on a corrupted context.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from typing import Literal

import torch

import backends
from backends import DiagbenchError, Entry, Launch
from suite.cases import Case
from suite.check import gate, operands
from suite.check.operands import Operands
from suite.device import machine, nvml
from suite.measure import campaign, second_timer, timing
from suite.measure.plan import CONTROL
from suite.measure.samples import CampaignSamples
from suite.record.machine import Machine, State
from suite.record.measurement import Outcome, OutcomeKind, Series
from suite.worker.failures import DeviceLost, why
from suite.worker.lineup import Lineup, equal_sets
from suite.worker.messages import Describe, Examine, Examined, Gate, Identify, Look, Measure, Request

SEED = 20_000

HEADROOM_BYTES = 1 << 29
"""Left free beside the operands: the gate's tiles in float64, graphs, and what the libraries take for themselves."""


def serve(connection: Connection, began: float, imports: Sequence[str] = ()) -> None:
    """Own the current CUDA device, or the CPU where there is none, and answer requests until the other end closes.

    began: when the run did, by the monotonic clock, which all processes of a machine share. imports: the backends to
    import before the first request, up to which the device is another process's.
    """
    with contextlib.suppress(EOFError, ConnectionError, KeyboardInterrupt):
        import_all(imports, connection.send)
        connection.poll(None)
        try:
            server = Server(timing.Device(), began, connection.send)
        except Exception as error:  # a GPU that torch cannot use, that another process has for itself, that is lost
            reason = str(error) if isinstance(error, DiagbenchError) else why(error)[1]
            connection.send(("failed", "unavailable", "", reason))
            os._exit(1)
        while True:
            request = connection.recv()
            try:
                connection.send(("answer", server.answer(request)))
            except Exception as error:
                kind, reason = (error.kind, str(error)) if isinstance(error, DeviceLost) else why(error)
                connection.send(("failed", kind, server.doing, reason))
                os._exit(1)  # an orderly exit could hang or fault in the driver


def import_all(names: Sequence[str], report: Callable[[tuple[object, ...]], None]) -> None:
    """Import these backends; report: told at which one, for an import can end the process. Why one fails, bind says."""
    for name in names:
        report(("doing", name))
        with contextlib.suppress(Exception):
            importlib.import_module(f"backends.{name}")
    report(("doing", ""))


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
        self._worked = -math.inf  # when the device last took samples

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
        if kind == "unavailable":  # in every case alike
            return Outcome(backend=entry.name, kind=kind, reason=reason)
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
            lineup = Lineup(self.device, request, measured.buffer_sets, SEED)
        except torch.OutOfMemoryError:
            measured.outcomes.append(_of_the_case(request, "no_memory", "the device's memory ran out"))
            return measured
        self._prepare(request, lineup, measured)
        if lineup.entries:
            self._run(request, lineup, measured)
        return measured

    def _sets_needed(self, case: Case) -> int:
        return timing.sets_needed(case.bytes_moved, machine.cache_bytes(self.device.kind))

    def _prepare(self, request: Measure, lineup: Lineup, measured: CampaignSamples) -> None:
        """Bind and capture every contender: ceilings first, the A/A control last."""
        lineup.add_ceilings()
        for entry in request.entries:
            outcome = self._attempt(entry, request.case, request.series, partial(lineup.add, entry, self._bind))
            if outcome is not None:
                measured.outcomes.append(outcome)
        measured.controlled = lineup.choose_controlled()
        if measured.controlled:
            self._report(measured.controlled)
            lineup.add_control()
        self._report("")

    def _run(self, request: Measure, lineup: Lineup, measured: CampaignSamples) -> None:
        """Take the rounds, then check every C once more: a backend that went wrong meanwhile loses its samples."""
        before = partial(self._watch, lineup) if request.careful else lambda name: None
        try:
            plan = request.plan.after(time.monotonic() - self._worked)
            result = campaign.run(
                lineup.contenders, plan, self.device.settle, self._progress, before, nvml.slowdown_reasons
            )
        except campaign.CampaignFailed as error:
            measured.outcomes.append(_of_the_case(request, error.kind, str(error)))
            return
        self._worked = time.monotonic()
        self._report("")
        measured.stop_reason, measured.seconds = result.stop_reason, result.seconds
        measured.rounds_dropped = result.rounds_dropped
        if self.device.kind == "cuda":
            measured.state = self._state("during")
        wrong = self._wrong_after_the_rounds(request, lineup, measured)
        for contender in lineup.contenders:
            if contender.name not in wrong:
                measured.contenders[contender.name] = lineup.samples(contender)

    def _wrong_after_the_rounds(self, request: Measure, lineup: Lineup, measured: CampaignSamples) -> set[str]:
        """The names whose C is not right any more, with their outcomes noted."""
        wrong = set()
        for entry in lineup.entries:
            again = partial(lineup.check_what_was_timed, entry)
            outcome = self._attempt(entry, request.case, request.series, again)
            if outcome is not None:
                measured.outcomes.append(outcome)
                wrong.add(entry.name)
        return wrong | ({CONTROL} if measured.controlled in wrong else set())

    def _examine(self, request: Examine) -> Examined | Outcome:
        """Run one backend alone on a campaign's operand sets, for the other timers and the energy counter."""
        entry, case = request.entry, request.case
        count = min(self._sets_needed(case), timing.MOST_LAUNCHES)
        reason = self._lack_of_memory(case, count)
        if reason:
            return Outcome(backend=entry.name, case=case.id, series="cold", kind="no_memory", reason=reason)
        found: list[Examined] = []

        def look() -> None:
            sets = [self._bind(entry, on) for on in equal_sets(self.device, case, count, SEED)]
            agreements, note = second_timer.agreements(entry, case, "cold", sets, request.campaign_seconds)
            energy = nvml.energy(entry.name, case, sets, self.device.synchronize) if request.energy else None
            found.append(Examined(agreements, energy, note))

        outcome = self._attempt(entry, case, "cold", look)
        return found[0] if outcome is None else outcome

    def _state(self, when: Literal["before", "during", "after"]) -> State:
        return nvml.state(when, time.monotonic() - self.began)

    def _watch(self, lineup: Lineup, name: str) -> None:
        self.device.synchronize()
        self._report(lineup.at_work(name))

    def _progress(self, rounds: int, width: float) -> None:
        self.report(("progress", rounds, width))


def _of_the_case(request: Measure, kind: OutcomeKind, reason: str) -> Outcome:
    return Outcome(backend="all", case=request.case.id, series=request.series, kind=kind, reason=reason)
