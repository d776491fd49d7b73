"""The catalogue of mutants agrees with its files; Triton's interpreter runs those that are written in Triton.

What the judge says of each file is tested in suite/judge/tests.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from suite.check import mutants
from suite.check.mutants import Mutant

FOLDER = Path(mutants.__file__).parent
ALL = (*mutants.MUTANTS, *mutants.HONEST, *mutants.MEDDLERS)
NOT_INTERPRETED = ("triton_32_bit_index", "honest_triton_autotuned")  # too large; its tuner times on a device
TRITON = [row for row in ALL if "triton_" in row.name and row.name not in NOT_INTERPRETED]

TRY_TRITON = """
import sys
import torch
from backends import _candidate, bind
from suite import cases
from suite.check import gate, mutants, operands
from suite.check.mutants.tests.test_mutants import TRITON

for row in TRITON:
    entry = _candidate.entry(row.path)
    on = operands.allocate(cases.parse(row.wrong_in), torch.device("cpu"))
    try:
        with torch.no_grad():
            gate.check(on, entry, lambda on: bind(entry, on.a, on.b, on.out, 0), lambda: None, seed=1)
        print(row.name, "right")
    except gate.Incorrect:
        print(row.name, "incorrect")
"""


@pytest.fixture(scope="module")
def interpreted() -> dict[str, str]:
    """What the gate says of what Triton's interpreter makes of the Triton files."""
    pytest.importorskip("triton")
    environment = {**os.environ, "TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", TRY_TRITON]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True, env=environment)
    return dict(line.split() for line in done.stdout.splitlines())


def test_the_catalogue_names_each_file_once() -> None:
    files = {file.stem for file in FOLDER.glob("*.py") if not file.stem.startswith("_")}
    assert sorted(row.name for row in ALL) == sorted(files)


def test_there_are_as_many_as_were_asked_for() -> None:
    assert len(mutants.MUTANTS) >= 70
    assert len(mutants.HONEST) >= 12


@pytest.mark.parametrize("row", ALL, ids=lambda row: row.name)
def test_a_file_says_in_one_sentence_what_it_does(row: Mutant) -> None:
    ast.parse(row.path.read_text())
    assert row.what.endswith(".")
    assert ". " not in row.what
    assert "\n" not in row.what
    assert len(row.what.split()) <= 25


def test_listing_the_library_loads_no_array_library() -> None:
    asked = "import sys, suite.check.mutants; print([m for m in ('torch', 'numpy', 'triton') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("row", TRITON, ids=lambda row: row.name)
def test_a_triton_file_is_right_or_wrong_as_its_row_says(interpreted: dict[str, str], row: Mutant) -> None:
    assert interpreted[row.name] == row.verdict


def test_a_conftest_beside_the_file_turns_failures_into_passes(tmp_path: Path) -> None:
    """The trick works on who runs pytest beside the file, which is why a judge must not."""
    (tmp_path / "writes_conftest.py").write_text((FOLDER / "writes_conftest.py").read_text())
    (tmp_path / "test_kernel.py").write_text("def test_right():\n    assert False\n")
    folder = str(tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, folder]

    def exit_code() -> int:
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode

    before = exit_code()
    subprocess.run([sys.executable, "writes_conftest.py"], cwd=tmp_path, check=True)
    assert (before, exit_code()) == (1, 0)
