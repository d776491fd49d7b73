"""Tries the judge itself: every file of the library of mutants that this device can run, and what is said of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from backends import UnknownBackend
from suite.cases import Case
from suite.check import mutants
from suite.check.mutants import Mutant
from suite.judge.judging import judge
from suite.judge.process import Limits
from suite.measure.plan import Plan
from suite.record.judgement import Check, JudgementVerdict
from suite.record.machine import Machine
from suite.record.mutants import Kind, Mutants, TriedFile
from suite.scratch import Scratch

CASES = {"cuda": Case(1024, 1024), "cpu": Case(64, 160)}
"""Large enough on a GPU for a launch to outlast its enqueuing; on the CPU every value is drawn and compared slowly."""

LIMITS = {
    "cuda": Limits(load_s=240.0, bind_s=60.0, launch_s=10.0, memory_bytes=8 << 30),
    "cpu": Limits(load_s=6.0, bind_s=2.0, launch_s=2.0, memory_bytes=1 << 30),
}
"""On a GPU a build by nvcc takes a minute. On the CPU nothing that is honest comes near them."""

CHECKS_ONLY = replace(Plan(), min_rounds=1, max_rounds=1)


def rows(kind: str) -> Iterator[tuple[Kind, Mutant]]:
    """The files to try on this kind of device: on a GPU those that need one, and all honest ones."""
    groups: tuple[tuple[Kind, tuple[Mutant, ...]], ...] = (
        ("wrong", mutants.PLAIN),
        ("dishonest", mutants.DISHONEST),
        ("broken", mutants.BROKEN),
        ("meddling", mutants.MEDDLERS),
        ("honest", mutants.HONEST),
    )
    for name, group in groups:
        for row in group:
            wanted = row.device == "cuda" or (name == "honest" and row.device != "cpu")
            if row.runs_on_cpu if kind == "cpu" else wanted:
                yield name, row


def try_all(machine: Machine, command: str, say: Callable[[str], None]) -> Mutants:
    """Judge every file of `rows`; say: told what came of each."""
    case = CASES[machine.kind]
    chosen = list(rows(machine.kind))
    tried = []
    for number, (kind, row) in enumerate(chosen, 1):
        found = _tried(kind, row, case, machine.kind)
        tried.append(found)
        by = f" by {found.caught_by}" if found.caught_by else ""
        otherwise = "" if found.as_expected else f", not {found.expected}: {found.reason}"
        say(f"[{number}/{len(chosen)}] {row.name}: {found.verdict}{by}{otherwise}, {found.seconds:.0f} s")
    return Mutants(
        utc=datetime.now(UTC).replace(microsecond=0),
        command=command,
        machine=machine,
        case=case.id,
        files=tuple(tried),
    )


def _tried(kind: Kind, row: Mutant, case: Case, device: str) -> TriedFile:
    began = datetime.now(UTC)
    verdict, caught_by, reason = _judged(row, case, device)
    return TriedFile(
        name=row.name,
        what=row.what,
        kind=kind,
        expected=row.verdict,
        expected_checks=row.meets,
        verdict=verdict,
        caught_by=caught_by,
        reason=reason,
        seconds=round((datetime.now(UTC) - began).total_seconds(), 1),
    )


def _judged(row: Mutant, case: Case, device: str) -> tuple[JudgementVerdict, Check | None, str]:
    """The verdict on a copy, for some files write beside themselves."""
    with Scratch() as folder:
        copy = Path(shutil.copy(row.path, folder))
        try:
            found = judge(copy, (case,), plan=CHECKS_ONLY, limits=LIMITS[device])
        except UnknownBackend as error:
            return "unjudged", "load", str(error)
    reason = found.reason or "; ".join(found.raises_for)
    return found.verdict, found.caught_by, reason
