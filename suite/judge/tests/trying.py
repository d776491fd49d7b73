"""How the tests of this room try a file: in one small case, by as few samples as there can be."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from suite.cases import Case
from suite.check import mutants
from suite.check.mutants import Mutant
from suite.judge.judging import judge
from suite.judge.process import Limits
from suite.measure.plan import Plan
from suite.record.judgement import Check, Judgement

CASES = (Case(64, 160),)
LIMITS = Limits(load_s=6.0, bind_s=2.0, launch_s=2.0, memory_bytes=1 << 30)
AS_LITTLE_AS_CAN_BE = replace(Plan(), min_rounds=1, max_rounds=1)

ELSEWHERE = ("has_no_entry", "honest_under_pytest")
"""Files that have a test of their own."""

CAUGHT = [row for row in mutants.MUTANTS if row.runs_on_cpu and row.name not in ELSEWHERE]


def named(name: str) -> Mutant:
    """The row of this file."""
    return next(row for row in (*mutants.MUTANTS, *mutants.HONEST, *mutants.MEDDLERS) if row.name == name)


def judged(row: Mutant, folder: Path, without: Iterable[Check] = (), *, cases: tuple[Case, ...] = CASES) -> Judgement:
    """What the judge says of a copy, for some files write beside themselves."""
    # Only what hangs is to run into a limit: a machine at other work is slow as well.
    limits = LIMITS if row.verdict == "timeout" else replace(LIMITS, load_s=60.0, bind_s=20.0, launch_s=20.0)
    if (row.verdict, row.caught_by) == ("timeout", "load"):
        limits = replace(limits, load_s=2.0)
    copy = Path(shutil.copy(row.path, folder))
    return judge(copy, cases, without=frozenset(without), plan=AS_LITTLE_AS_CAN_BE, limits=limits)
