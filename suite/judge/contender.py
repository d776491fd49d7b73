"""A candidate as a contender of a run: checked and timed in a process of its own, case by case.

The worker of the run never loads its file. Ceilings and the run's reference are timed beside it in its process. So
whatever it does there is done to the samples of this campaign alone. The process ends with the campaign.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from backends import Entry
from suite.cases import Case
from suite.device import chosen
from suite.judge import checks
from suite.judge.judging import DEFAULT_LIMITS, judge, seed_of_a_run
from suite.judge.process import Candidate
from suite.judge.timed_checks import Effort, Timed
from suite.judge.timed_side import CANDIDATE
from suite.judge.trial import FAULTS, Bench, as_caught
from suite.measure.campaign import CampaignFailed
from suite.measure.plan import Plan
from suite.measure.samples import CampaignSamples, Samples
from suite.record.judgement import Check, JudgementVerdict
from suite.record.measurement import Outcome, OutcomeKind, Series

T = TypeVar("T")

PLAINEST = "torch_broadcast"
"""What is timed beside a candidate where no backend of the catalogue was right."""


def from_outside(entry: Entry) -> bool:
    """Whether the entry is a candidate, whose code runs in no process but its own."""
    return bool(entry.path)


def judged(entry: Entry) -> Outcome | None:
    """Why the candidate may not take part at all, by every check that needs no case of the run; None where it may."""
    found = judge(entry, ())
    if found.verdict == "right":
        return None
    kind = _kind(found.verdict, found.caught_by)
    if kind == "crashed" and found.verdict == "unjudged" and not from_outside(entry):
        kind = "unavailable"  # its import raised: a library that does not fit
    return Outcome(backend=entry.name, kind=kind, reason=found.reason)


def gate(entry: Entry, case: Case) -> Outcome | None:
    """Why C is not right in the case; None when it is."""
    found = _in_its_process(entry, case, None, "gate", lambda bench: checks.gate(bench, case))
    return found if isinstance(found, Outcome) else None


def campaign(
    entry: Entry,
    case: Case,
    series: Series,
    plan: Plan,
    beside: Sequence[str],
    progress: Callable[[int, float], None] = lambda rounds, width: None,
) -> CampaignSamples:
    """The samples of the candidate, and of what is timed beside it; an outcome where a check of its clock failed.

    beside: names of backends of the catalogue; the control doubles the first that can be bound.
    """
    found = _in_its_process(
        entry, case, series, "clock", lambda bench: _timed(bench, case, series, plan, beside, progress)
    )
    return CampaignSamples(outcomes=[found]) if isinstance(found, Outcome) else found


def _in_its_process(
    entry: Entry, case: Case, series: Series | None, check: Check, work: Callable[[Bench], T]
) -> T | Outcome:
    kind = chosen.kind()
    step: Check = "load"
    try:
        with Candidate(kind, DEFAULT_LIMITS) as candidate:
            bench = Bench(candidate, entry, kind, seed_of_a_run(), frozenset())
            checks.load(bench)
            checks.patched(bench, "in its import")
            checks.streams(bench)
            step = check
            found = work(bench)
            checks.patched(bench, "in bind or launch")
            return found
    except CampaignFailed as error:
        return Outcome(backend=entry.name, case=case.id, series=series, kind=error.kind, reason=str(error))
    except FAULTS as error:
        caught = as_caught(step, error)
        said = _kind(caught.verdict, caught.check)
        return Outcome(backend=entry.name, case=case.id, series=series, kind=said, reason=caught.reason)


def _kind(verdict: JudgementVerdict, check: Check | None) -> OutcomeKind:
    """The kind of the Outcome of a candidate with this verdict by this check."""
    if verdict == "right" or verdict == "unjudged":
        return "crashed" if check == "load" else "unsupported"
    return verdict


def _timed(
    bench: Bench,
    case: Case,
    series: Series,
    plan: Plan,
    beside: Sequence[str],
    progress: Callable[[int, float], None],
) -> CampaignSamples:
    """The campaign with all that is checked of its times. Raises Caught and CampaignFailed."""
    smoke = plan.max_rounds == 1
    began = time.monotonic()
    timed = Timed(bench, case, Effort(plan, pairs=0) if smoke else Effort(plan), tuple(beside) or (PLAINEST,), series)
    try:
        timed.graph()
        result = timed.rounds(progress)
        if not smoke:
            timed.steady()
            timed.clock()
            timed.ceiling()
        names = {CANDIDATE: bench.entry.name}
        return CampaignSamples(
            contenders={
                names.get(one.name, one.name): Samples(
                    one.samples_s, one.sampler.method, one.sampler.launches, timed.forms.get(one.name, "")
                )
                for one in timed.contenders
            },
            stop_reason=result.stop_reason,
            rounds_dropped=result.rounds_dropped,
            seconds=time.monotonic() - began,
            buffer_sets=len(timed.trials),
            buffer_sets_needed=timed.needed,
            controlled=timed.controlled,
        )
    finally:
        timed.close()
