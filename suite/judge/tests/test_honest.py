"""The judge refuses no honest file, and what one file does to its process touches no other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from suite.check import mutants
from suite.check.mutants import Mutant
from suite.judge.judging import judge
from suite.judge.tests.trying import AS_LITTLE_AS_CAN_BE, CASES, LIMITS, judged, named

PROBED = ("honest_plain", "honest_library_call", "honest_caches_kernel", "honest_falls_back", "honest_unsupported")
"""Honest files that the probes may mistake; the others multiply as honest_plain does, and probes take seconds."""

RIGHT = [row for row in (*mutants.HONEST, *mutants.MEDDLERS) if row.runs_on_cpu]


@pytest.mark.parametrize("row", RIGHT, ids=lambda row: row.name)
def test_an_honest_file_is_not_refused(row: Mutant, tmp_path: Path) -> None:
    before = (os.getcwd(), torch.get_num_threads(), torch.get_default_dtype(), dict(os.environ))
    judgement = judged(row, tmp_path, ("probes",) if row.name not in PROBED else ())
    assert (judgement.verdict, judgement.reason, judgement.exit_code) == ("right", "", 0)
    assert not judgement.wrong_for
    assert (os.getcwd(), torch.get_num_threads(), torch.get_default_dtype()) == before[:3]
    assert {**os.environ, "PYTEST_CURRENT_TEST": ""} == {**before[3], "PYTEST_CURRENT_TEST": ""}


def test_what_one_candidate_replaces_touches_no_other(tmp_path: Path) -> None:
    assert judged(named("patches_clock"), tmp_path).verdict == "refused"
    assert judged(named("patches_gate"), tmp_path, ("probes",)).verdict == "incorrect"
    assert judged(named("honest_plain"), tmp_path, ("probes",)).verdict == "right"


@pytest.mark.parametrize(
    ("encoding", "first"), [("utf-8-sig", ""), ("latin-1", "# -*- coding: latin-1 -*-\n# caf\u00e9\n")]
)
def test_files_are_read_as_python_reads_them(tmp_path: Path, encoding: str, first: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(first + named("honest_plain").path.read_text(encoding="utf-8"), encoding=encoding)
    found = judge(file, CASES, plan=AS_LITTLE_AS_CAN_BE, limits=LIMITS, without=frozenset({"probes", "repeats"}))
    assert found.verdict == "right"


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
