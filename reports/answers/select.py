"""Which backend should one use, on which evidence, and how sure is that?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from backends import CATALOGUE, CannotDo
from reports.answers.called import WORDS, Question, device_series, host_series
from reports.answers.draws import draws, host_case
from reports.answers.evidence import Cell, Device, Evidence, Run
from reports.answers.nearness import nearest
from reports.answers.rule import STEADY, TIED, Decision, decide
from suite.cases import Regime, parse

Status = Literal["measured", "interpolated", "predicted", "unknown"]

EXIT_CODES: dict[Status, int] = {"measured": 0, "interpolated": 3, "predicted": 4, "unknown": 5}
"""1 and 2 are every command's own: what cannot be done, and wrong arguments."""

ANOTHER_DEVICE = frozenset({"ti", "super", "laptop", "mobile", "max", "d"})
"""Words behind a model's number that make it another device: an RTX 4090 Laptop GPU is no RTX 4090."""

NOTHING_PUBLISHED = "no run is published yet; `tox -e bench -- --sweep full --publish` makes one"

TUNES = frozenset(entry.name for entry in CATALOGUE if entry.tunes)
EAGER = next(entry.name for entry in CATALOGUE if entry.baseline)


class NotMeasured(CannotDo):
    """The question does not say which device is meant; the message, one line, lists those there are."""


@dataclass(frozen=True)
class Rival:
    """Another backend beside the one that is recommended: its time over the fastest's, at best and at worst."""

    backend: str
    best: float
    worst: float
    share: tuple[float, float] | None = None  # of the best copy, the ends of the widest interval of these runs


@dataclass(frozen=True)
class Answer:
    """The answer to a question; `backend` is empty where it is not known. Every number is of committed records."""

    status: Status
    case: str
    called: str
    calls: int
    device: str  # its own name; as it was asked for where it is not known
    backend: str = ""
    reliable: bool = True  # its ratio did not differ by more than 5 % between runs or restarts
    worst: float | None = None  # its time over the fastest's, at worst over all runs and restarts
    regime: Regime | None = None
    cases: tuple[str, ...] = ()  # the measured cases that decided, nearest first
    across: bool = False  # not all of them are of the class of the question's
    host_case: str = ""  # where the host's time was taken
    seconds: tuple[float, float] | None = None  # per call, smallest and largest of these runs; None: not measured
    eager: tuple[float, float] | None = None  # the time of plain PyTorch over that of the backend
    share: tuple[float, float] | None = None  # of the best copy, by device time: the widest interval of these runs
    doubtful: bool = False  # faster than any copy we timed, beyond the noise
    tied: tuple[Rival, ...] = ()  # never slower than the fastest by more than 1 %
    unreliable: tuple[Rival, ...] = ()  # as fast in some run, and much slower in another
    caveat: str = ""
    runs: tuple[Run, ...] = ()
    restarts: int = 0  # fresh processes in all
    why: str = ""  # why it is not known, or on what a prediction rests
    measure: str = ""  # the command that would tell

    @property
    def exit_code(self) -> int:
        """0 measured, 3 interpolated, 4 predicted, 5 unknown."""
        return EXIT_CODES[self.status]


def answer(evidence: Evidence, question: Question, device: str | None = None) -> Answer:
    """The backend for the question, by its device's name, slug or whole words of them; None: the only device.

    Raises NotMeasured where several devices match, or where none is named and there are several.
    """
    found = find_device(evidence.devices, device)
    if found is None:
        return _foreign(evidence, question, device or "")
    decision = decide(found, question)
    return _known(found, question, decision) if decision.backend else _unknown(found, question, decision)


def _known(device: Device, question: Question, decision: Decision) -> Answer:
    chosen = decision.standings[decision.backend]
    every = [draw for case in decision.cases for draw in draws(device, question, parse(case))]
    cells = _cells(device, question, decision, decision.backend)
    numbers = sorted({number for cell in cells for number in cell.times})
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
        runs=tuple(device.runs[number] for number in numbers),
        restarts=sum(max(len(cell.times.get(number, ())) for cell in cells) for number in numbers),
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
        spread = standing.worst / standing.best > STEADY and standing.best <= 1 + TIED
        if name != decision.backend and (spread if decision.measured else spread and name in decision.unsteady):
            yield _rival(device, question, decision, name)


def _unknown(device: Device, question: Question, decision: Decision) -> Answer:
    near = nearest(question.case, map(parse, device.cells.get(device_series(question.called), {})))
    return Answer(
        status="unknown",
        case=question.case.id,
        called=question.called,
        calls=question.calls,
        device=device.name,
        cases=(near.id,) if near else (),
        why=decision.why_not,
        measure=f"tox -e bench -- --sweep {question.case.id}" if question.case.rows * question.case.cols else "",
    )


def _foreign(evidence: Evidence, question: Question, device: str) -> Answer:
    """Not known: the device was never measured. No other device's number is given in its place."""
    names = sorted(each.name for each in evidence.devices.values())
    return Answer(
        status="unknown",
        case=question.case.id,
        called=question.called,
        calls=question.calls,
        device=device,
        why=f"no run of {device!r} is published; nearest measured: {_nearest_name(device, names)}",
        measure="tox -e bench -- --sweep full",
    )


def _nearest_name(device: str, names: list[str]) -> str:
    """The measured devices that share a word with the name; all of them where none does."""
    words = set(_words(device)) - {"nvidia", "gpu", "geforce"}
    return ", ".join([name for name in names if words & set(_words(name))] or names) or "none"


def find_device(devices: Mapping[str, Device], asked: str | None) -> Device | None:
    """The device asked for by its name, its slug or whole words of them; None asks for the only one.

    Returns None for a device that was never measured. Raises NotMeasured where it is left open which one is meant.
    """
    there_are = ", ".join(device.name for device in devices.values())
    if asked is None:
        if len(devices) != 1:
            raise NotMeasured(f"say which --device; measured: {there_are}" if devices else NOTHING_PUBLISHED)
        return next(iter(devices.values()))
    found = [device for device in devices.values() if is_device(device.slug, asked)]
    if len(found) > 1:
        raise NotMeasured(f"several measured devices match {asked!r}; measured: {there_are}")
    return found[0] if found else None


def is_device(slug: str, asked: str) -> bool:
    """Whether the words asked for stand in the device's slug, and no other word makes it another device."""
    words, have = _words(asked), slug.split("-")
    if words == have:
        return True
    stands = any(have[at : at + len(words)] == words for at in range(len(have)))
    return bool(words) and stands and not (set(have) - set(words)) & ANOTHER_DEVICE


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def said(reply: Answer) -> str:
    """How the answer is called, in words."""
    words = WORDS[reply.called]  # type: ignore[index]  # it came from a Question
    return f"{words}, {reply.calls} calls" if reply.called == "first-use" else words
