"""The judge catches each wrong kernel that needs no GPU by the check its row names, and refuses no honest one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from backends import UnknownBackend
from suite.cases import Case
from suite.check import mutants
from suite.check.mutants import Check, Mutant
from suite.judge.judging import judge
from suite.judge.process import Limits
from suite.measure.plan import Plan
from suite.record.judgement import Judgement

CASES = (Case(64, 160),)
LIMITS = Limits(load_s=6.0, bind_s=2.0, launch_s=2.0, memory_bytes=1 << 30)
AS_LITTLE_AS_CAN_BE = replace(Plan(), min_rounds=1, max_rounds=1)

BEFORE_A_PROCESS = ("has_no_entry",)
"""Files that are no candidates; no process is started for them."""

NO_PYTHON = "def bind(a, b, out, stream)\n    return lambda: out\n"
"""Not a file of the library, which import-linter reads whole."""

ELSEWHERE = ("honest_under_pytest", "returns_twice")
"""Files that have a test of their own."""

PROBED = (
    *("honest_plain", "honest_allocates", "honest_library_call", "honest_caches_kernel", "honest_falls_back"),
    *("honest_unsupported", "honest_row_loop"),
)
"""Honest files that the probes may mistake; the others multiply as honest_plain does, and probes take seconds."""

CAUGHT = [row for row in mutants.MUTANTS if row.runs_on_cpu and row.name not in (*BEFORE_A_PROCESS, *ELSEWHERE)]
RIGHT = [row for row in (*mutants.HONEST, *mutants.MEDDLERS) if row.runs_on_cpu]
ONE_OF_A_KIND = {(row.caught_by, row.also): row for row in reversed(CAUGHT) if row in mutants.PLAIN}
SURVIVORS = [
    row
    for row in (*ONE_OF_A_KIND.values(), *(row for row in CAUGHT if row in mutants.DISHONEST))
    if row.verdict in ("incorrect", "refused")
]


def judged(row: Mutant, folder: Path, *without: Check) -> Judgement:
    """What the judge says of a copy, for some files write beside themselves."""
    # To touch a gigabyte takes a slow machine longer than any launch here.
    limits = replace(LIMITS, launch_s=20.0) if row.verdict == "no_memory" else LIMITS
    copy = Path(shutil.copy(row.path, folder))
    return judge(copy, CASES, without=frozenset(without), plan=AS_LITTLE_AS_CAN_BE, limits=limits)


@pytest.mark.parametrize("row", CAUGHT, ids=lambda row: row.name)
def test_a_mutant_is_caught_by_the_check_that_its_row_names(row: Mutant, tmp_path: Path) -> None:
    # Once the gate has found the fault, probes only say where else it shows.
    left_out: tuple[Check, ...] = ("probes",) if row.caught_by in ("load", "contract", "gate", "guards") else ()
    judgement = judged(row, tmp_path, *left_out)
    if row.verdict == "right":
        assert judgement.raises_for
        return
    assert judgement.verdict == row.verdict, judgement.reason
    assert judgement.caught_by in (row.caught_by, *row.also)
    assert judgement.reason
    assert "\n" not in judgement.reason


@pytest.mark.parametrize("row", SURVIVORS, ids=lambda row: row.name)
def test_without_its_check_a_mutant_survives(row: Mutant, tmp_path: Path) -> None:
    assert row.caught_by is not None
    judgement = judged(row, tmp_path, row.caught_by, *row.also, "probes")
    assert judgement.verdict == "right", judgement.reason


@pytest.mark.parametrize("row", RIGHT, ids=lambda row: row.name)
def test_an_honest_file_is_not_refused(row: Mutant, tmp_path: Path) -> None:
    before = (os.getcwd(), torch.get_num_threads(), torch.get_default_dtype(), dict(os.environ))
    judgement = judged(row, tmp_path, *(("probes",) if row.name not in PROBED else ()))
    assert judgement.verdict == "right", judgement.reason
    assert (os.getcwd(), torch.get_num_threads(), torch.get_default_dtype()) == before[:3]
    assert {**os.environ, "PYTEST_CURRENT_TEST": ""} == {**before[3], "PYTEST_CURRENT_TEST": ""}


@pytest.mark.parametrize("name", BEFORE_A_PROCESS)
def test_a_file_that_is_no_candidate_is_said_to_be_none(name: str, tmp_path: Path) -> None:
    row = next(row for row in mutants.MUTANTS if row.name == name)
    with pytest.raises(UnknownBackend):
        judged(row, tmp_path)


def test_a_file_that_is_no_python_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "is_no_python.py").write_text(NO_PYTHON)
    with pytest.raises(UnknownBackend, match="line 1"):
        judge(tmp_path / "is_no_python.py", CASES, plan=AS_LITTLE_AS_CAN_BE, limits=LIMITS)


def test_a_file_that_answers_from_two_processes_is_not_right(tmp_path: Path) -> None:
    assert judged(Mutant("returns_twice", "gate", "crashed"), tmp_path).verdict != "right"


def test_what_works_only_under_pytest_is_caught_outside_of_it(tmp_path: Path) -> None:
    file = Mutant("honest_under_pytest", "secret", "incorrect").path
    program = (
        "from pathlib import Path; from suite.cases import Case; from suite.judge.judging import judge\n"
        f"if __name__ == '__main__': print(judge(Path({str(file)!r}), [Case(64, 160)], without={{'probes'}}).verdict)"
    )
    (tmp_path / "program.py").write_text(program)
    unseen = {name: value for name, value in os.environ.items() if name not in ("PYTEST_CURRENT_TEST", "CI")}
    command = [sys.executable, str(tmp_path / "program.py")]
    environment = {**unseen, "PYTHONPATH": os.getcwd()}
    assert subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout == "incorrect\n"
