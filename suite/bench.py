"""One run of the suite: asks the worker for each case once, keeps what came back, and says what a test may replay."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from backends import Entry, candidate, missing
from suite import locks
from suite.cases import HEADLINE, Case
from suite.first_use import first_use
from suite.journal import Journal, Kind, digest
from suite.messages import (
    CEILINGS,
    CONTROL,
    CPU,
    SMOKE,
    Describe,
    Examine,
    Examined,
    Gate,
    Identify,
    Look,
    Measure,
    Measured,
    Plan,
)
from suite.progress import Progress
from suite.record import Agreement, Energy, FirstUse, Machine, Measurement, Outcome, Series, State
from suite.results import Campaign
from suite.worker import SILENCE_S, Worker, WorkerFailed

MOST_DEATHS = 3
"""Of the worker, by one backend, before it is left out of the rest of the run."""


@dataclass(frozen=True)
class Replay:
    """What one throughput test replays into pytest-benchmark."""

    measurement: Measurement
    samples_s: list[float]


class Bench:
    """The worker, its answers so far, and the outcomes that the record will hold."""

    def __init__(
        self,
        entries: Sequence[Entry],
        *,
        smoke: bool,
        progress: Progress,
        journals: Path | None = None,
        silence_s: float = SILENCE_S,
    ) -> None:
        """entries: the backends that take part; smoke: every candidate once, untimed.

        journals: the folder in which to keep what is measured, and to look for what a killed run had measured.
        Raises WorkerFailed, and locks.Busy where another run measures on this GPU.
        """
        self.entries = tuple(entries)
        self._started = time.time()
        self.worker = Worker(silence_s)
        if not smoke:
            self._hold_device()
        self.machine: Machine = self.worker.request(Describe())
        self.states: list[State] = []
        self.outcomes: list[Outcome] = []
        self.agreements: list[Agreement] = []
        self.energies: list[Energy] = []
        self.first_uses: list[FirstUse] = []
        self.seconds_measuring = 0.0
        self._plan = SMOKE if smoke else (Plan() if self.machine.kind == "cuda" else CPU)
        self._progress = progress
        self._campaigns: dict[tuple[Case, Series], dict[str, Replay | Outcome]] = {}
        self._deaths: Counter[str] = Counter()
        self._left_out: dict[str, str] = {}
        files = [file.read_bytes() for entry in self.entries if entry.path for file in candidate.sources(entry.path)]
        name = digest([self.machine.name, self.machine.versions, self._plan, *self.entries, *files])
        self.journal = Journal(journals / f".{name}.journal" if journals else None)
        self._look("before")
        self._unavailable = {entry.name: reason for entry in entries if (reason := self._why_unavailable(entry))}
        self.outcomes.extend(
            Outcome(backend=name, kind="unavailable", reason=reason) for name, reason in self._unavailable.items()
        )

    def _hold_device(self) -> None:
        uuid: str = self.worker.request(Identify())
        try:
            self._device = locks.hold_device(uuid) if uuid else None
        except locks.Busy:
            self.worker.stop()
            raise

    def _why_unavailable(self, entry: Entry) -> str:
        if self.machine.kind not in entry.devices:
            return f"runs on {' and '.join(entry.devices)}, this device is {self.machine.kind}"
        absent = missing(entry)
        return f"{' and '.join(absent)} not installed" if absent else ""

    @property
    def available(self) -> tuple[Entry, ...]:
        """The entries whose libraries and device are here."""
        return tuple(entry for entry in self.entries if entry.name not in self._unavailable)

    def candidates(self, series: Series) -> list[str]:
        """The names that a campaign of the series can time on this machine."""
        names = [entry.name for entry in self.available]
        return [*CEILINGS, *names, CONTROL] if series in ("cold", "hot") else [*names, CONTROL]

    def gate(self, case: Case, backend: str) -> Outcome | None:
        """Why the backend may not be timed in the case; None when C is right. Asked of the device once."""
        entry = self._entry(backend)
        outcome: Outcome | None = self._answer("gate", case, backend, lambda: self._ask_gate(case, entry))
        self._note(outcome)
        return outcome

    def _answer(self, kind: Kind, case: Case, backend: str, ask: Callable[[], Any]) -> Any:
        """What the journal knows of the backend in the case, else that it is left out, else what `ask` returns."""
        key = f"{case.id} {backend}"
        known = self.journal.known(kind, key)
        if known is None and backend in self._left_out:
            return Outcome(backend=backend, case=case.id, kind="unavailable", reason=self._left_out[backend])
        return self.journal.answer(kind, key, ask)

    def _entry(self, name: str) -> Entry:
        return next(entry for entry in self.entries if entry.name == name)

    def _ask_gate(self, case: Case, entry: Entry) -> Outcome | None:
        if entry.name in self._unavailable:
            return Outcome(backend=entry.name, kind="unavailable", reason=self._unavailable[entry.name])
        if case.dtype not in entry.dtypes:
            reason = f"takes {', '.join(entry.dtypes)}, not {case.dtype}"
            return Outcome(backend=entry.name, case=case.id, kind="unsupported", reason=reason)
        self._progress.checking(case, entry.name)
        try:
            answer: Outcome | None = self.worker.request(Gate(case, entry))
        except WorkerFailed as failure:
            return self._lost(case, None, failure, entry.name)
        return answer

    def _lost(self, case: Case, series: Series | None, failure: WorkerFailed, guilty: str) -> Outcome:
        """The outcome of a worker's death; a backend that caused too many is left out from here on."""
        self._deaths[guilty] += 1
        if self._deaths[guilty] == MOST_DEATHS:
            reason = f"left out: ended the measuring process {MOST_DEATHS} times, the last in {case.id}"
            self._left_out.setdefault(guilty, reason)
        return Outcome(backend=guilty, case=case.id, series=series, kind=failure.kind, reason=failure.reason)

    def _note(self, outcome: Outcome | None) -> None:
        """Keep an outcome for the record. A timeout counts here, so that it does in a run that goes on after a kill."""
        if outcome is None or outcome in self.outcomes:
            return
        self.outcomes.append(outcome)
        if outcome.kind == "timeout":
            self._left_out.setdefault(outcome.backend, f"left out: timed out in {outcome.case}")

    def replay(self, case: Case, series: Series, candidate: str) -> Replay | Outcome:
        """The candidate's samples in the case and series, or why there are none. The campaign is run once."""
        key = (case, series)
        if key not in self._campaigns:
            self._campaigns[key] = self._campaign(case, series)
        found = self._campaigns[key]
        if candidate in found:
            return found[candidate]
        reason = "no backend got to a number in this case"
        return found.get("all") or Outcome(
            backend=candidate, case=case.id, series=series, kind="unavailable", reason=reason
        )

    def _campaign(self, case: Case, series: Series) -> dict[str, Replay | Outcome]:
        gates = {entry.name: self.gate(case, entry.name) for entry in self.available}
        failed: dict[str, Replay | Outcome] = {name: outcome for name, outcome in gates.items() if outcome is not None}
        for entry in self.available:
            if entry.known_defect:  # right in this case by luck; a number would recommend it for others
                failed.setdefault(entry.name, _not_timed(entry, case, series))
        right = [entry for entry in self.available if entry.name not in failed]
        apart = [entry for entry in right if self._is_timed_apart(entry, series)]
        together = [entry for entry in right if entry not in apart] or apart
        found = self._timed(case, series, together) if together else {}
        for entry in apart if together is not apart else ():
            references = {each.measurement.reference for each in found.values() if isinstance(each, Replay)}
            beside = [other for other in together if other.name in references]
            own = self._timed(case, series, [*beside, entry], apart=entry.name).get(entry.name)
            if isinstance(own, Replay):
                own = Replay(own.measurement.model_copy(update={"apart": True}), own.samples_s)
            found |= {entry.name: own} if own else {}
        return failed | found

    def _is_timed_apart(self, entry: Entry, series: Series) -> bool:
        """Whether it would let the device idle between the samples of others, and so move their clocks."""
        return entry.own_stream and self.machine.kind == "cuda" and series in ("cold", "hot")

    def _timed(self, case: Case, series: Series, entries: list[Entry], apart: str = "") -> dict[str, Replay | Outcome]:
        """One campaign of these entries; apart: the one that it is for, if the first is only there to compare with."""
        key = f"{case.id} {series} {apart}".strip()
        measured: Measured = self.journal.answer("campaign", key, lambda: self._measure(case, series, entries))
        if measured.state is not None:
            self.states.append(measured.state)
        outcomes = measured.outcomes
        if apart:  # what happens to the others here has no bearing on their numbers
            concern = (each for each in outcomes if each.backend in (apart, "all"))
            outcomes = [each.model_copy(update={"backend": apart}) for each in concern]
        else:
            self._progress.measured(case, series, measured)
        for outcome in outcomes:
            self._note(outcome)
        self.seconds_measuring += measured.seconds
        beside = entries[0].name if apart else None
        measurements = Campaign(case, series, measured, self.machine, beside).measurements()
        samples = {name: measured.sampled[name].samples_s for name in measurements}
        lost: dict[str, Replay | Outcome] = {outcome.backend: outcome for outcome in outcomes}
        return lost | {name: Replay(each, samples[name]) for name, each in measurements.items()}

    def examine(self, case: Case, backend: str) -> Examined | Outcome:
        """The backend's energy and its time by other timers, beside its campaign in the series cold."""
        timed = self.replay(case, "cold", backend)
        if isinstance(timed, Outcome):
            return timed
        self._progress.checking(case, f"{backend}, other timers and energy")
        request = Examine(case, self._entry(backend), timed.measurement.median_s, energy=case == HEADLINE)
        found: Examined | Outcome = self._answer("examination", case, backend, lambda: self._ask_examination(request))
        if isinstance(found, Examined):
            self.agreements.extend(found.agreements)
            self.energies.extend([found.energy] if found.energy else [])
        else:
            self._note(found)
        return found

    def _ask_examination(self, request: Examine) -> Examined | Outcome:
        try:
            found: Examined | Outcome = self.worker.request(request)
        except WorkerFailed as failure:
            return self._lost(request.case, "cold", failure, request.entry.name)
        return found

    def first_use(self, case: Case, backend: str) -> FirstUse | Outcome:
        """What the first product costs in a fresh process."""
        outcome = self.gate(case, backend)
        if outcome is not None:
            return outcome
        self._progress.checking(case, f"{backend}, first use")
        found: FirstUse | Outcome = self._answer(
            "first_use", case, backend, lambda: first_use(self._entry(backend), case)
        )
        if isinstance(found, FirstUse):
            self.first_uses.append(found)
        else:
            self._note(found)
        return found

    def finish(self) -> None:
        """Look at the device a last time and end the worker."""
        with suppress(WorkerFailed):
            self._look("after")
        self.worker.stop()

    def _look(self, when: Literal["before", "after"]) -> None:
        if self.machine.kind == "cuda":
            self.states.append(self._from_the_first_start(self.worker.request(Look(when))))

    def _from_the_first_start(self, state: State) -> State:
        """The state with its seconds counted from where the run began, before any kill."""
        began = self.journal.known("began", "") or self._started
        return state.model_copy(update={"seconds": state.seconds + self._started - began})

    def _measure(self, case: Case, series: Series, entries: list[Entry]) -> Measured:
        """Run the campaign; where a backend takes the worker down, find out which, and run it again without."""
        if not case.rows * case.cols:
            empty = Outcome(backend="all", case=case.id, series=series, kind="unsupported", reason="C is empty")
            return Measured(outcomes=[empty])
        self.journal.answer("began", "", lambda: self._started)
        lost: list[Outcome] = []
        careful = False
        while entries:
            self._progress.measuring(case, series)
            try:
                request = Measure(case, series, tuple(entries), self._plan, careful)
                measured: Measured = self.worker.request(request, self._progress.look)
            except WorkerFailed as failure:
                if not failure.doing and not careful:
                    careful = True
                    continue
                careful = False
                guilty = failure.doing or "all"
                lost.append(self._lost(case, series, failure, guilty))
                entries = [entry for entry in entries if guilty not in (entry.name, "all")]
                continue
            measured.outcomes[:0] = lost
            measured.state = measured.state and self._from_the_first_start(measured.state)
            return measured
        return Measured(outcomes=lost)


def _not_timed(entry: Entry, case: Case, series: Series) -> Outcome:
    reason = f"not timed, though right here: {entry.known_defect}"
    return Outcome(backend=entry.name, case=case.id, series=series, kind="unsupported", reason=reason)
