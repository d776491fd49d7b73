"""One run of the suite: checks and measures what a test asks for, once, and says what the test may replay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from backends import Entry
from backends import _candidate as candidate
from suite.cases import HEADLINE, Case
from suite.device import locks
from suite.judge import contender
from suite.judge.concurrently import Judges
from suite.measure.comparisons import Comparisons, role
from suite.measure.plan import CEILINGS, CONTROL, CPU, GPU, SMOKE
from suite.measure.samples import CampaignSamples
from suite.record.machine import Machine
from suite.record.measurement import Measurement, Outcome, Series
from suite.record.run import FirstUse
from suite.session.campaigns import Campaign, Campaigns, Key
from suite.session.findings import Findings
from suite.session.journal import Journal, conditions, digest
from suite.session.participants import Participants
from suite.session.progress import Progress
from suite.session.questions import Questions
from suite.worker.first_use import caches
from suite.worker.messages import Describe, Examine, Examined, Identify
from suite.worker.process import SILENCE_S, Worker, WorkerFailed


@dataclass(frozen=True)
class WithSamples:
    """A measurement with its samples, in seconds per launch, one per round."""

    measurement: Measurement
    samples_s: list[float]


Found = dict[str, WithSamples | Outcome]
"""Contender, or "all" -> what came of it in one case and series."""


def start(
    entries: Sequence[Entry],
    *,
    smoke: bool,
    progress: Progress,
    one_process: bool = False,
    journals: Path | None = None,
    command: str = "",
    silence_s: float = SILENCE_S,
) -> Bench:
    """Start the worker, take its device, and find what an interrupted run of the same kind had measured.

    smoke: every contender once, untimed. one_process: no restarts.
    journals: the folder in which to keep what is measured; None: nowhere.
    command: what to type to repeat the run; only it finds the journal again.
    Raises WorkerFailed, and locks.Busy where another run measures on this GPU.
    """
    with ExitStack() as held:
        worker = Worker(silence_s, sorted({name for entry in entries for name in caches(entry)}), forked=smoke)
        held.callback(worker.close)
        uuid: str = "" if smoke else worker.request(Identify())
        if uuid:
            held.enter_context(locks.device(uuid))
        machine: Machine = worker.request(Describe())
        plan = SMOKE if smoke else (GPU if machine.kind == "cuda" else CPU)
        plan = replace(plan, restarts=1) if one_process else plan
        files = [content for entry in entries if entry.path for content in candidate.sources(entry.path)]
        name = digest([command, *conditions(machine, uuid), plan, *entries, *files])
        journal = Journal(journals / f".{name}.journal" if journals else None, progress.say)
        participants = Participants(entries, machine.kind)
        judges = held.enter_context(Judges())
        questions = Questions(worker, judges, journal, participants, plan, progress)
        pending = Campaigns(questions, progress, plan.restarts)
        return Bench(machine, participants, journal, questions, pending, held.pop_all())
    raise AssertionError


class Bench:
    """The run: whom it measures, what it has asked, and what it has found."""

    def __init__(
        self,
        machine: Machine,
        participants: Participants,
        journal: Journal,
        questions: Questions,
        pending: Campaigns,
        held: ExitStack,
    ) -> None:
        """held: the worker and the device, to be let go at the end."""
        self.machine, self.participants, self.journal = machine, participants, journal
        self.found = Findings()
        self._questions, self._pending, self._held = questions, pending, held
        self._campaigns: dict[Key, Found] = {}
        if machine.kind == "cuda":
            self.found.states.append(questions.look("before"))
        for name, reason in participants.unavailable.items():
            self.found.note(Outcome(backend=name, kind="unavailable", reason=reason))

    def contenders(self, series: Series) -> list[str]:
        """The names that a campaign of the series can time on this machine."""
        names = [entry.name for entry in self.participants.available]
        return [*CEILINGS, *names, CONTROL] if series in ("cold", "hot") else [*names, CONTROL]

    def gate(self, case: Case, backend: str) -> Outcome | None:
        """Why the backend may not be timed in the case; None when C is right."""
        outcome = self._questions.gate(case, self.participants.entry(backend))
        return self._noted(outcome) if outcome else None

    def _noted(self, outcome: Outcome) -> Outcome:
        self.found.note(outcome)
        self.participants.note(outcome)
        return outcome

    def expect(self, keys: Iterable[Key]) -> None:
        """Tell which campaigns will be asked for, so that one process takes a part of all."""
        self._pending.expect(keys)

    def measured(self, case: Case, series: Series, contender: str) -> WithSamples | Outcome:
        """The contender's measurement in the case and series, or why there is none. A campaign is run once."""
        key = (case, series)
        if key not in self._campaigns:
            self._campaigns |= self._campaigns_with(key)
        found = self._campaigns[key]
        if contender in found:
            return found[contender]
        reason = "no backend got to a number in this case"
        nobody = Outcome(backend=contender, case=case.id, series=series, kind="unavailable", reason=reason)
        return found.get("all") or nobody

    def _campaigns_with(self, asked: Key) -> dict[Key, Found]:
        """What comes of this campaign and of all that are expected beside it."""
        failed: dict[Key, Found] = {}

        def lineup(key: Key) -> Campaign:
            failed[key] = self._failed(*key)
            right = [entry for entry in self.participants.available if entry.name not in failed[key]]
            apart = [entry for entry in right if self._is_timed_apart(entry, key[1])]
            together = [entry for entry in right if entry not in apart]
            if not together and not any(contender.from_outside(entry) for entry in apart):
                together, apart = apart, []
            return Campaign(together, apart)

        taken = self._pending.take(asked, lineup)
        return {key: failed[key] | self._found(*key, parts) for key, parts in taken.items()}

    def _failed(self, case: Case, series: Series) -> Found:
        """The backends that may not be timed in the case, and why."""
        available = self.participants.available
        failed: Found = {entry.name: why for entry in available if (why := self.gate(case, entry.name))}
        for entry in available:
            if entry.known_defect:  # right in this case by luck; a number would recommend it for others
                failed.setdefault(entry.name, _not_timed(entry, case, series))
        return failed

    def _is_timed_apart(self, entry: Entry, series: Series) -> bool:
        """Whether its code must not run beside others, or would let the device idle between their samples."""
        if contender.from_outside(entry):
            return True
        return (entry.own_stream or not entry.capturable) and self.machine.kind == "cuda" and series in ("cold", "hot")

    def _found(self, case: Case, series: Series, parts: Mapping[str, CampaignSamples]) -> Found:
        """What the samples of one case and series say: of those timed together, then of each that was timed apart."""
        found: Found = {}
        for part, samples in parts.items():
            self.found.states.extend([samples.state] if samples.state else [])
            self.found.seconds_measuring += samples.seconds
            found |= self._apart(case, series, part, samples) if part else self._together(case, series, samples)
        return found

    def _together(self, case: Case, series: Series, samples: CampaignSamples) -> Found:
        """A campaign in which every entry is for itself."""
        lost: Found = {outcome.backend: self._noted(outcome) for outcome in samples.outcomes}
        measurements = Comparisons(case, series, samples, self.machine).measurements()
        return lost | {name: WithSamples(m, samples.contenders[name].samples_s) for name, m in measurements.items()}

    def _apart(self, case: Case, series: Series, name: str, samples: CampaignSamples) -> Found:
        """A campaign of one entry beside the reference, in which the others are only there to compare with."""
        for outcome in samples.outcomes:
            if outcome.backend in (name, "all"):
                return {name: self._noted(outcome.model_copy(update={"backend": name}))}
        beside = next((other for other in samples.contenders if other != name and role(other) == "backend"), name)
        measurements = Comparisons(case, series, samples, self.machine, beside).measurements()
        if name not in measurements:
            return {}
        own = measurements[name].model_copy(update={"apart": True})
        return {name: WithSamples(own, samples.contenders[name].samples_s)}

    def examine(self, case: Case, backend: str) -> Examined | Outcome:
        """The backend's energy and its time by other timers, beside its campaign in the series cold."""
        timed = self.measured(case, "cold", backend)
        if isinstance(timed, Outcome):
            return timed
        entry = self.participants.entry(backend)
        if contender.from_outside(entry):
            return _not_asked(entry, case)
        request = Examine(case, entry, timed.measurement.median_s, energy=case == HEADLINE)
        found = self._questions.examination(request)
        if isinstance(found, Outcome):
            return self._noted(found)
        self.found.agreements.extend(found.agreements)
        self.found.energies.extend([found.energy] if found.energy else [])
        return found

    def first_use(self, case: Case, backend: str) -> FirstUse | Outcome:
        """What the first product costs in a fresh process."""
        entry = self.participants.entry(backend)
        outcome = _not_asked(entry, case) if contender.from_outside(entry) else self.gate(case, backend)
        if outcome is not None:
            return outcome
        found = self._questions.first_use(case, entry)
        if isinstance(found, Outcome):
            return self._noted(found)
        self.found.first_uses.append(found)
        return found

    def finish(self) -> None:
        """Look at the device a last time, then end the worker and let the device go."""
        if self.machine.kind == "cuda":
            with suppress(WorkerFailed):
                self.found.states.append(self._questions.look("after"))
        self.close()

    def close(self) -> None:
        """End the worker, whatever it is doing, and let the device go."""
        self._held.close()


def _not_asked(entry: Entry, case: Case) -> Outcome:
    reason = "a candidate runs in the judge's process alone, which takes no such number"
    return Outcome(backend=entry.name, case=case.id, kind="unsupported", reason=reason)


def _not_timed(entry: Entry, case: Case, series: Series) -> Outcome:
    reason = f"not timed, though right here: {entry.known_defect}"
    return Outcome(backend=entry.name, case=case.id, series=series, kind="unsupported", reason=reason)
