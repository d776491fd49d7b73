"""How much is lost by following the answers: regret, time of the recommended backend over the fastest's, less 1.

Asked of cases that the rule has not seen: a run of the held-out sweep, or each measured case in turn, left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import mean
from typing import Literal

from reports import units
from reports.answers.called import WAYS, Called, Question, device_series
from reports.answers.draws import by_run
from reports.answers.evidence import Device, Run
from reports.answers.rule import Decision, decide
from suite.cases import Case, parse


@dataclass(frozen=True)
class Loss:
    """What one backend cost in one case, in one restart of one run: 0.01 is 1 % slower than the fastest."""

    loss: float
    case: str
    backend: str


@dataclass(frozen=True)
class Regret:
    """What the answers to all questions of one way of calling on one device cost; shares, 0.01 is 1 %."""

    called: Called
    cases: int
    unanswered: tuple[str, ...]  # the cases for which the rule said "measure", or named what was not measured there
    mean: float | None  # None: none was answered
    p95: float | None
    worst: Loss | None
    tied_worst: Loss | None  # among the others that were called as fast
    tied: int  # how many times another was


def leave_one_out(device: Device, called: Called, dtypes: Iterable[str] = ("float32", "float16", "bfloat16")) -> Regret:
    """The regret in each measured contiguous case, answered from all others."""
    known = [parse(case) for case in device.cells[device_series(called)]]
    asked = [case for case in known if case.layout == "contiguous" and case.dtype in dtypes]
    answers = [
        (case, decide(device, Question(case, called), [each for each in known if each != case])) for case in asked
    ]
    return _regret(device, called, answers)


def held_out(device: Device, truth: Device, called: Called) -> Regret:
    """The regret of the device's answers in all cases of held-out runs of the same device, condensed as `truth`.

    A case that is among the device's own is left out: it would be answered from itself.
    """
    known = [parse(case) for case in device.cells[device_series(called)]]
    asked = [case for case in map(parse, truth.cells[device_series(called)]) if case not in known]
    return _regret(truth, called, [(case, decide(device, Question(case, called))) for case in asked])


def _regret(truth: Device, called: Called, answers: list[tuple[Case, Decision]]) -> Regret:
    losses: list[Loss] = []
    tied: list[Loss] = []
    unanswered = []
    for case, decision in answers:
        question = Question(case, called)
        chosen = list(_losses(truth, question, decision.backend))
        if not chosen:
            unanswered.append(case.id)
        losses += chosen
        tied += [loss for name in decision.tied for loss in _losses(truth, question, name)]
    ordered = sorted(each.loss for each in losses)
    return Regret(
        called=called,
        cases=len(answers),
        unanswered=tuple(unanswered),
        mean=mean(ordered) if ordered else None,
        p95=ordered[math.ceil(0.95 * len(ordered)) - 1] if ordered else None,
        worst=_worst(losses),
        tied_worst=_worst(tied),
        tied=len(tied),
    )


def _losses(truth: Device, question: Question, backend: str) -> Iterator[Loss]:
    """What the backend cost in every restart of the newest commit that timed it: nobody is given an earlier kernel."""
    found = [(truth.runs[number].commit, draw) for number, draw in by_run(truth, question, question.case)]
    commits = [commit for commit, draw in found if backend in draw]
    for commit, draw in found:
        if backend in draw and commit == commits[0]:
            yield Loss(draw[backend] / min(draw.values()) - 1, question.case.id, backend)


def _worst(losses: list[Loss]) -> Loss | None:
    return max(losses, key=lambda each: each.loss, default=None)


@dataclass(frozen=True)
class Judgement:
    """What following a device's answers costs, for every way of calling but a first use.

    A first use is decided by seconds of compiling, and the same backend wins in every case.
    """

    device: str
    by: Literal["held-out runs", "leave-one-out"]
    runs: tuple[Run, ...]  # the held-out ones
    regrets: tuple[Regret, ...]


def judge(device: Device, truth: Device | None) -> Judgement:
    """The regret in held-out runs, condensed as `truth`, where there are any, else leave-one-out."""
    ways = [called for called in WAYS if called != "first-use"]
    if truth is None:
        regrets = tuple(leave_one_out(device, called) for called in ways)
        return Judgement(device.name, "leave-one-out", (), regrets)
    return Judgement(device.name, "held-out runs", truth.runs, tuple(held_out(device, truth, each) for each in ways))


def lines(found: Judgement) -> Iterator[str]:
    """The device's regret for a terminal, a line for each way of calling."""
    how = found.by if found.runs else f"{found.by} over its own runs: no held-out run is published"
    yield f"{found.device}, {how}. Regret: time of the recommended backend over the fastest's, less 1"
    for each in found.regrets:
        answered = f"{each.cases - len(each.unanswered)} of {each.cases} cases answered"
        typical, high = (units.percent(share, 2) for share in (each.mean, each.p95))
        yield (
            f"  {each.called:11}{answered}; mean {typical}, 95th percentile {high}, "
            f"worst {_said(each.worst)}; of {each.tied} called as fast, worst {_said(each.tied_worst)}"
        )


def _said(loss: Loss | None) -> str:
    return f"{units.percent(loss.loss, 2)} ({loss.backend}, {loss.case})" if loss else "none"
