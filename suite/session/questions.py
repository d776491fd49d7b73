"""What a run asks of the worker, each question once: an interrupted run's answers are in the journal.

A worker that dies or hangs becomes the outcome of the backend that was at work.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal

from backends import Entry, why_unsupported
from suite.cases import Case
from suite.judge import contender
from suite.judge.concurrently import Judges
from suite.measure.plan import Plan
from suite.measure.samples import CampaignSamples
from suite.record.machine import State
from suite.record.measurement import Outcome, Series
from suite.record.run import FirstUse
from suite.session.journal import Journal, Kind
from suite.session.participants import Participants
from suite.session.progress import Progress
from suite.worker.first_use import first_use
from suite.worker.messages import Examine, Examined, Gate, Look, Measure
from suite.worker.process import Worker, WorkerFailed


class Questions:
    """The worker's answers, by way of the journal."""

    def __init__(
        self,
        worker: Worker,
        judges: Judges,
        journal: Journal,
        participants: Participants,
        plan: Plan,
        progress: Progress,
    ) -> None:
        self._worker, self._journal, self._participants = worker, journal, participants
        self._plan, self._progress = plan, progress
        self._started = time.time()
        self._judges = judges
        judges.expect(entry for entry in participants.available if self._journal.known("judgement", entry.name) is None)

    def gate(self, case: Case, entry: Entry) -> Outcome | None:
        """Why C is not right, or could not be had; None when it is right."""

        def ask() -> Any:
            self._progress.checking(case, entry.name)
            return (
                contender.gate(entry, case)
                if contender.from_outside(entry)
                else self._worker.request(Gate(case, entry))
            )

        unsupported = why_unsupported(entry, case.dtype)
        if entry.name in self._participants.unavailable:
            return Outcome(backend=entry.name, kind="unavailable", reason=self._participants.unavailable[entry.name])
        if unsupported:
            return Outcome(backend=entry.name, case=case.id, kind="unsupported", reason=unsupported)
        answer: Outcome | None = self._rejected(entry) or self._of_one("gate", case, None, entry.name, ask)
        return answer

    def _rejected(self, entry: Entry) -> Outcome | None:
        """Why a backend may take part in no case; asked once, of the judge, by probes that no sweep contains.

        A smoke run, whose numbers nobody keeps, asks it of candidates alone.
        """
        if self._plan.max_rounds == 1 and not contender.from_outside(entry):
            return None

        def ask() -> Outcome | None:
            self._progress.judging(entry.name)
            return self._judges.judged(entry)

        answer: Outcome | None = self._journal.answer("judgement", entry.name, ask)
        return answer

    def examination(self, request: Examine) -> Examined | Outcome:
        """The backend's energy and its time by other timers."""

        def ask() -> Any:
            self._progress.checking(request.case, f"{request.entry.name}, other timers and energy")
            return self._worker.request(request)

        found: Examined | Outcome = self._of_one("examination", request.case, "cold", request.entry.name, ask)
        return found

    def first_use(self, case: Case, entry: Entry) -> FirstUse | Outcome:
        """What the first product costs in a fresh process."""

        def ask() -> Any:
            self._progress.checking(case, f"{entry.name}, first use")
            return first_use(entry, case)

        found: FirstUse | Outcome = self._of_one("first_use", case, None, entry.name, ask)
        return found

    def _of_one(self, kind: Kind, case: Case, series: Series | None, name: str, ask: Callable[[], Any]) -> Any:
        """What the journal knows of the backend in the case, else that it is left out, else what `ask` returns."""
        key = f"{case.id} {name}"
        left_out = self._participants.why_left_out(name)
        if left_out and self._journal.known(kind, key) is None:
            return Outcome(backend=name, case=case.id, kind="unavailable", reason=left_out)

        def answer() -> Any:
            try:
                return ask()
            except WorkerFailed as failure:
                return self._lost(case, series, failure, name)

        return self._journal.answer(kind, key, answer)

    def restart(self, number: int) -> None:
        """Let a fresh process answer from here on, unless it is the first, which has only checked so far.

        The next one imports its libraries meanwhile, but on the CPU: there it would take part of what is measured.
        """
        if number > 1:
            self._worker.renew()
        if number < self._plan.restarts and self._participants.kind == "cuda":
            self._worker.stand_by(self._participants.available)

    def campaign(
        self, case: Case, series: Series, entries: list[Entry], restart: int, apart: str = ""
    ) -> CampaignSamples:
        """What one restart gives to the campaign; apart: the one that it is for, where the rest only compares."""
        key = f"{case.id} {series} {restart} {apart}".strip()
        found: CampaignSamples = self._journal.answer("campaign", key, lambda: self._measure(case, series, entries))
        return found

    def campaign_of_candidate(
        self, case: Case, series: Series, entry: Entry, beside: list[Entry], restart: int
    ) -> CampaignSamples:
        """What one restart gives in the candidate's own process, beside these backends of the catalogue."""

        def ask() -> CampaignSamples:
            self._progress.measuring(case, series)
            names = [one.name for one in beside]
            return contender.campaign(entry, case, series, self._plan, names, self._progress.look)

        found: CampaignSamples = self._journal.answer("campaign", f"{case.id} {series} {restart} {entry.name}", ask)
        return found

    def _measure(self, case: Case, series: Series, entries: list[Entry]) -> CampaignSamples:
        """Measure; where a backend takes the worker down, find out which, and measure again without it.

        A death that names nobody at work is tried again with a wait after every sample, which tells.
        """
        if not case.rows * case.cols:
            empty = Outcome(backend="all", case=case.id, series=series, kind="unsupported", reason="C is empty")
            return CampaignSamples(outcomes=[empty])
        self._journal.answer("began", "", lambda: self._started)
        lost: list[Outcome] = []
        careful = False
        while entries:
            self._progress.measuring(case, series)
            try:
                request = Measure(case, series, tuple(entries), self._plan, careful)
                samples: CampaignSamples = self._worker.request(request, self._progress.look)
            except WorkerFailed as failure:
                careful = not failure.doing and not careful
                if not careful:
                    guilty = failure.doing or "all"
                    lost.append(self._lost(case, series, failure, guilty))
                    entries = [entry for entry in entries if guilty not in (entry.name, "all")]
                continue
            samples.outcomes[:0] = lost
            samples.state = samples.state and self._from_the_first_start(samples.state)
            return samples
        return CampaignSamples(outcomes=lost)

    def _lost(self, case: Case, series: Series | None, failure: WorkerFailed, guilty: str) -> Outcome:
        self._participants.died(guilty, case.id)
        return Outcome(backend=guilty, case=case.id, series=series, kind=failure.kind, reason=failure.reason)

    def look(self, when: Literal["before", "after"]) -> State:
        """The device's state now. Raises WorkerFailed."""
        state: State = self._worker.request(Look(when))
        return self._from_the_first_start(state)

    def _from_the_first_start(self, state: State) -> State:
        """The state with its seconds counted from where the run began, before any kill."""
        began = self._journal.known("began", "") or self._started
        return state.model_copy(update={"seconds": state.seconds + self._started - began})
