"""Which backend should one use, on which evidence, and how sure is that?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reports.answers.answer import EAGER, Answer, Rival, measuring
from reports.answers.called import Question, device_series, host_series
from reports.answers.devices import find_device
from reports.answers.draws import draws, host_case, processes, rests_on
from reports.answers.evidence import Cell, Device, Evidence
from reports.answers.nearness import nearest
from reports.answers.predicted import predict
from reports.answers.rule import STEADY, TIED, Decision, decide
from suite.cases import parse


def answer(evidence: Evidence, question: Question, device: str | None = None) -> Answer:
    """The backend for the question, by its device's name, slug or whole words of them; None: the only device.

    Raises NotMeasured where several devices match, or where none is named and there are several.
    """
    found = find_device(evidence.devices, device)
    if found is None:
        return predict(evidence, question, device or "")
    decision = decide(found, question)
    return _known(found, question, decision) if decision.backend else _unknown(found, question, decision)


def _known(device: Device, question: Question, decision: Decision) -> Answer:
    chosen = decision.standings[decision.backend]
    every = [draw for case in decision.cases for draw in draws(device, question, parse(case))]
    cells = _cells(device, question, decision, decision.backend)
    timed = processes(device, question, map(parse, decision.cases))
    seconds = [draw[decision.backend] for draw in every if decision.backend in draw]
    eager = [draw[EAGER] / draw[decision.backend] for draw in every if {EAGER, decision.backend} <= set(draw)]
    host = host_case(device, question) if host_series(question.called) and device.kind == "cuda" else None
    return Answer(
        status="measured" if decision.measured else "interpolated",
        case=question.case.id,
        called=question.called,
        calls=question.calls,
        device=device.name,
        backend=decision.backend,
        reliable=chosen.worst / chosen.best <= STEADY,
        elsewhere=decision.unsteady.get(decision.backend) if chosen.worst / chosen.best <= STEADY else None,
        worst=chosen.worst,
        regime=device.regime(question.case),
        cases=decision.cases,
        across=decision.across,
        host_case=host.id if host else "",
        seconds=(min(seconds), max(seconds)) if decision.measured else None,
        eager=(min(eager), max(eager)) if eager else None,
        share=_share(cells),
        doubtful=any(cell.doubtful for cell in cells),
        tied=tuple(_rival(device, question, decision, name) for name in decision.tied),
        unreliable=tuple(_unreliable(device, question, decision)),
        caveat=device.caveats.get(decision.backend, ""),
        runs=tuple(device.runs[number] for number in rests_on(device, question, timed)),
        timed_in=len(timed),
        restarts=timed.total(),
    )


def _cells(device: Device, question: Question, decision: Decision, backend: str) -> list[Cell]:
    cells = device.cells[device_series(question.called)]
    return [cells[case][backend] for case in decision.cases if backend in cells[case]]


def _share(cells: list[Cell]) -> tuple[float, float] | None:
    ends = [end for cell in cells for end in cell.share or ()]
    return (min(ends), max(ends)) if ends else None


def _rival(device: Device, question: Question, decision: Decision, name: str) -> Rival:
    standing = decision.standings[name]
    return Rival(name, standing.best, standing.worst, _share(_cells(device, question, decision, name)))


def _unreliable(device: Device, question: Question, decision: Decision) -> Iterator[Rival]:
    """The others that were as fast as the fastest in some run, and not in another, or not in another case."""
    for name, standing in decision.standings.items():
        if name == decision.backend or standing.best > 1 + TIED:
            continue
        spread, elsewhere = standing.worst / standing.best > STEADY, decision.unsteady.get(name)
        if spread and (decision.measured or elsewhere):
            yield _rival(device, question, decision, name)
        elif decision.measured and elsewhere and standing.worst <= 1 + TIED:
            yield replace(_rival(device, question, decision, name), elsewhere=elsewhere)


def _unknown(device: Device, question: Question, decision: Decision) -> Answer:
    near = nearest(question.case, map(parse, device.cells.get(device_series(question.called), {})))
    return Answer(
        status="unknown",
        case=question.case.id,
        called=question.called,
        calls=question.calls,
        device=device.name,
        why=decision.why_not,
        nearest=(near.id,) if near else (),
        measure=measuring(question.case, device.memory_bytes),
    )
