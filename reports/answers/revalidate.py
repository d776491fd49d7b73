"""`select --revalidate`: whether the answers still hold on the present device, by a few campaigns taken once more.

The measuring is the suite's, in a process of its own; this file decides what to ask, and what the answer means.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from backends import CATALOGUE, CannotDo
from reports.answers.called import WORDS, Called, Question, device_series, host_series
from reports.answers.draws import host_case, restarts
from reports.answers.evidence import Device, Evidence
from reports.answers.nearness import class_of, distance
from reports.answers.words import evidence as cited
from suite import ROOT
from suite.cases import HEADLINE, Case, parse
from suite.record.measurement import Measurement, Outcome
from suite.record.recheck import Recheck

Verdict = Literal["valid", "drifted", "another device"]

EXIT_CODES: Mapping[Verdict, int] = {"valid": 0, "drifted": 6, "another device": 5}

MOST = 6
"""Checks that are asked for; on a GPU each takes about four seconds, most of them compiling."""

RIVALS = 2
"""So many others are compared with the recommended backend: the next best, by their worst ratio."""

DRIFT = 0.02
"""Less is no drift: one process of little time is this far from a campaign's restarts, and the answers' bar is 2 %."""

SECONDS = 28.0

TOGETHER = frozenset(entry.name for entry in CATALOGUE if not entry.own_stream)
"""Those that can be timed in the same rounds."""


@dataclass(frozen=True)
class Check:
    """One campaign to take once more, and what the records say of it."""

    case: str
    series: Literal["cold", "hot", "launch", "call"]
    backend: str  # recommended
    rivals: tuple[str, ...]
    worst: float  # its time over the fastest of these, at worst in any run and restart
    share: tuple[float, float] | None  # of the ceiling, the ends of the widest intervals; None for a host's series

    @property
    def where(self) -> str:
        """The case and the series."""
        return f"{self.case.removesuffix('-contiguous')} {self.series}"


@dataclass(frozen=True)
class Validity:
    """What came of the checks; `drifts` names where and by how much, `differs` what else is not as it was."""

    verdict: Verdict
    device: str
    called: Called
    checked: tuple[str, ...]
    asked: int
    seconds: float
    drifts: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    evidence: str = ""

    @property
    def exit_code(self) -> int:
        """0 valid, 6 drifted, 5 another device."""
        return EXIT_CODES[self.verdict]


def revalidate(
    evidence: Evidence, called: Called, measure: Callable[[Mapping[str, Sequence[Check]]], Recheck]
) -> Validity:
    """Whether the device's answers hold; `measure` takes the present device's checks, by its slug.

    Raises CannotDo where no check came to a number.
    """
    asked = {slug: checks(device, called) for slug, device in evidence.devices.items()}
    found = measure(asked)
    device = evidence.devices.get(found.machine.slug)
    if device is None:
        known = ", ".join(each.name for each in evidence.devices.values()) or "none"
        differs = (f"measured: {known}",)
        return Validity("another device", found.machine.name, called, (), 0, found.seconds, differs=differs)
    taken = {(m.case, m.series, m.backend): m for m in found.measurements}
    pairs = [(check, taken.get((check.case, check.series, check.backend))) for check in asked[device.slug]]
    told = [check for check, m in pairs if m and _told(m)]
    drifts = [each for check, m in pairs for each in (drifted(check, m) if m else _lost(check, found.outcomes))]
    if not told and not drifts:
        why = "; ".join(dict.fromkeys(outcome.reason for outcome in found.outcomes)) or "too few rounds came about"
        raise CannotDo(f"nothing can be told: {why}; let the device do nothing else, and try again")
    return Validity(
        verdict="drifted" if drifts else "valid",
        device=device.name,
        called=called,
        checked=tuple(check.where for check in told),
        asked=len(asked[device.slug]),
        seconds=found.seconds,
        drifts=tuple(drifts),
        undecided=tuple(check.where for check, m in pairs if m and check not in told),
        differs=tuple(_differs(device, found)),
        evidence=cited(device.runs),
    )


def checks(device: Device, called: Called) -> list[Check]:
    """What to take once more: cases of as many classes as there are, near the headline, then the host's part."""
    device_s = device_series(called)
    cells = device.cells.get(device_s, {})
    near = sorted((case for case in map(parse, cells) if case.layout == "contiguous"), key=_from_the_headline)
    of_class: dict[object, Case] = {}
    for case in near:
        of_class.setdefault(class_of(device, case), case)
    chosen = sorted(of_class.values(), key=lambda case: -case.bytes_moved)
    found = [check for case in chosen if (check := _check(device, case, device_s))]
    host_s, host = host_series(called), host_case(device, Question(HEADLINE, called))
    by_host = _check(device, host, host_s) if host_s and host and device.kind == "cuda" else None
    return [*found[:1], *([by_host] if by_host else []), *found[1:]][:MOST]


def _from_the_headline(case: Case) -> tuple[bool, float, str]:
    return case.dtype != HEADLINE.dtype, distance(case, HEADLINE), case.id


def _check(device: Device, case: Case, series: Literal["cold", "hot", "launch", "call"]) -> Check | None:
    """The best backend of a case by its worst ratio and its next best; None where there is none to compare with."""
    cells = {name: cell for name, cell in device.cells[series][case.id].items() if name in TOGETHER}
    draws = list(restarts(cells).values()) if cells else []
    everywhere = set.intersection(*map(set, draws)) if draws else set()
    worst = {name: max(draw[name] / min(draw.values()) for draw in draws) for name in everywhere}
    order = sorted(worst, key=lambda name: (worst[name], name))[: 1 + RIVALS]
    if len(order) < 2:
        return None
    among = max(draw[order[0]] / min(draw[name] for name in order) for draw in draws)
    return Check(case.id, series, order[0], tuple(order[1:]), among, cells[order[0]].share)


def drifted(check: Check, m: Measurement) -> Iterator[str]:
    """Where and by how much the measurement contradicts the records, beyond its interval and DRIFT."""
    allowed = 1 + max(DRIFT, m.margin)
    if m.ratio_ci99[0] > check.worst * allowed:
        yield (
            f"{check.where}: {check.backend} takes {m.ratio:.3f} × the time of {m.reference}, "
            f"at worst {check.worst:.3f} in the records"
        )
    if check.share and m.of_ceiling and m.of_ceiling_ci99:
        low, high = check.share
        if m.of_ceiling_ci99[1] < low / allowed or m.of_ceiling_ci99[0] > high * allowed:
            yield (
                f"{check.where}: {check.backend} reaches {100 * m.of_ceiling:.1f} % of the best copy, "
                f"{100 * low:.1f} to {100 * high:.1f} % in the records"
            )


def _lost(check: Check, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """That the recommended backend came to no time here, and why; nothing where it was not asked."""
    for outcome in outcomes:
        if outcome.case == check.case and outcome.backend in (check.backend, "all"):
            yield f"{check.where}: {check.backend} has no time, {outcome.kind}: {outcome.reason}"
            return


def _told(m: Measurement) -> bool:
    """Whether the measurement's intervals are narrow enough to have shown a drift."""
    intervals = [m.ratio_ci99, *([m.of_ceiling_ci99] if m.of_ceiling_ci99 else [])]
    return all(high <= low * (1 + 2 * max(DRIFT, m.margin)) for low, high in intervals)


def _differs(device: Device, found: Recheck) -> Iterator[str]:
    newest, machine = device.runs[0], found.machine
    now = {"driver": machine.driver or "", **machine.versions}
    for name, then in {"driver": newest.driver, **newest.versions}.items():
        if then and now.get(name) and now[name] != then:
            yield f"{name} {now[name]}, was {then}"


def lines(found: Validity) -> Iterator[str]:
    """The verdict for a terminal."""
    yield f"{found.verdict.upper()}: the answers for {found.device}, {WORDS[found.called]}"
    if found.verdict == "another device":
        yield f"nothing of it is published; {found.differs[0]}"
        yield "measure: `tox -e bench -- --sweep full --publish`"
        return
    checked = ", ".join(found.checked) or "none"
    yield f"checked in {found.seconds:.0f} s, {len(found.checked)} of {found.asked}: {checked}"
    if found.undecided:
        yield f"too noisy to tell: {', '.join(found.undecided)}"
    for each in found.drifts:
        yield f"drifted: {each}"
    yield f"not as measured: {', '.join(found.differs) or 'nothing'}"
    yield f"evidence: {found.evidence}"


def measure(asked: Mapping[str, Sequence[Check]]) -> Recheck:
    """What the suite measures on the present device. Raises CannotDo where it cannot."""
    questions = {
        slug: [(check.case, check.series, (check.backend, *check.rivals)) for check in each]
        for slug, each in asked.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "recheck.json")
        command = [_python(), "-m", "suite.session.recheck", "--to", str(answer), "--seconds", str(SECONDS)]
        done = subprocess.run(command, input=json.dumps(questions), text=True, cwd=ROOT, stderr=subprocess.PIPE)
        if not answer.is_file():
            raise CannotDo(
                (done.stderr.strip().splitlines() or [f"the measuring ended with code {done.returncode}"])[-1]
            )
        return Recheck.model_validate_json(answer.read_text(encoding="utf-8"))


def _python() -> str:
    """The interpreter that can measure: this one, or that of `tox -e bench`, which lies beside this environment.

    Raises CannotDo where neither is there.
    """
    if importlib.util.find_spec("torch"):
        return sys.executable
    beside = Path(sys.prefix).with_name("bench") / "bin" / "python"
    if beside.is_file():
        return str(beside)
    raise CannotDo("measuring takes torch, which is not installed here; `tox run -e bench --notest` installs it")
