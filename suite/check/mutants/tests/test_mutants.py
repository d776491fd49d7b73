"""Each file of the library is wrong, or does its trick, in the way that its row says; the honest ones are right."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from suite.check import mutants
from suite.check.mutants import Mutant

FOLDER = Path(mutants.__file__).parent
ALL = (*mutants.MUTANTS, *mutants.HONEST, *mutants.MEDDLERS)
RIGHT = [row for row in (*mutants.HONEST, *mutants.MEDDLERS) if row.runs_on_cpu]
RUN = [row for row in mutants.MUTANTS if row.runs_on_cpu and row not in mutants.BROKEN]
WRONG_AT_ONCE = [row for row in RUN if row in mutants.PLAIN and row.caught_by in ("gate", "guards", "contract")]
PROBED = [row for row in RUN if row.caught_by == "probes"]
AT_TIMES = [row for row in RUN if row in mutants.PLAIN and row.caught_by in ("repeats", "steady")]
NOT_INTERPRETED = ("triton_32_bit_index", "honest_triton_autotuned")  # too large; its tuner times on a device
TRITON = [row for row in ALL if "triton_" in row.name and row.name not in NOT_INTERPRETED]
DISHONEST = [row for row in RUN if row in mutants.DISHONEST]


def names(rows: list[Mutant]) -> list[str]:
    return [row.name for row in rows]


def tried(jobs: list[tuple[Mutant, str]], **environment: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The answers by name and what was asked; one program forks for each."""
    lines = [
        {
            "name": row.name,
            "asked": how,
            "how": "gate" if how == "usual" else how,
            "wrong_in": mutants.USUAL if how == "usual" else row.wrong_in,
            "path": str(row.path),
        }
        for row, how in jobs
    ]
    done = subprocess.run(
        [sys.executable, "-m", "suite.check.mutants.tests.trials"],
        input="\n".join(map(json.dumps, lines)),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        env={**os.environ, **environment},
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return {(answer["name"], answer["asked"]): answer for answer in answers}


@pytest.fixture(scope="module")
def said() -> dict[tuple[str, str], dict[str, Any]]:
    jobs = [(row, "gate") for row in (*WRONG_AT_ONCE, *PROBED)]
    jobs += [(row, "usual") for row in (*PROBED, *AT_TIMES)]
    jobs += [(row, how) for row in DISHONEST for how in ("naive", "strict")]
    jobs += [(row, "strict") for row in AT_TIMES]
    jobs += [(row, how) for row in RIGHT for how in ("layouts", "strict")]
    return tried(jobs)


@pytest.fixture(scope="module")
def interpreted() -> dict[tuple[str, str], dict[str, Any]]:
    """What Triton's interpreter makes of the Triton files."""
    pytest.importorskip("triton")
    jobs = [(row, "layouts" if row.caught_by is None else "gate") for row in TRITON]
    return tried(jobs, TRITON_INTERPRET="1")


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


@pytest.mark.parametrize("name", names([*WRONG_AT_ONCE, *PROBED]))
def test_the_gate_rejects_what_is_wrong_where_its_row_says(said: dict[Any, Any], name: str) -> None:
    answer = said[name, "gate"]["said"]
    assert answer.startswith(("rejected", "raised"))


@pytest.mark.parametrize("name", names([*PROBED, *AT_TIMES]))
def test_what_needs_another_check_passes_the_gate_in_the_usual_case(said: dict[Any, Any], name: str) -> None:
    assert said[name, "usual"]["said"] == "passed"


@pytest.mark.parametrize("name", names(DISHONEST))
def test_a_dishonest_file_fools_a_careless_check(said: dict[Any, Any], name: str) -> None:
    answer = said[name, "naive"]
    by_forgery = answer["code"] == 0 or answer["printed_passed"] or len(answer["beside"]) > 1
    assert by_forgery or isinstance(answer["said"], list)
    assert by_forgery or answer["said"]


@pytest.mark.parametrize("name", names([*DISHONEST, *AT_TIMES]))
def test_a_dishonest_file_does_not_do_the_work(said: dict[Any, Any], name: str) -> None:
    answer = said[name, "strict"]["said"]
    assert answer
    assert answer != "no answer"


# What patches the statistics of its own process is seen to do so here; the judge has its own elsewhere.
@pytest.mark.parametrize("name", names([row for row in RIGHT if row.name != "patches_statistics"]))
def test_an_honest_file_is_right_in_every_layout_and_does_its_work(said: dict[Any, Any], name: str) -> None:
    assert said[name, "layouts"]["said"] == "passed"
    assert said[name, "strict"]["said"] == []


@pytest.mark.parametrize("row", TRITON, ids=lambda row: row.name)
def test_a_triton_file_is_right_or_wrong_as_its_row_says(interpreted: dict[Any, Any], row: Mutant) -> None:
    if row.verdict == "right":
        assert interpreted[row.name, "layouts"]["said"] == "passed"
    else:
        assert interpreted[row.name, "gate"]["said"].startswith("rejected")


def test_a_conftest_beside_the_file_turns_failures_into_passes(tmp_path: Path) -> None:
    """The trick works on who runs pytest beside the file, which is why a judge must not."""
    (tmp_path / "writes_conftest.py").write_text((FOLDER / "writes_conftest.py").read_text())
    (tmp_path / "test_kernel.py").write_text("def test_right():\n    assert False\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]

    def exit_code() -> int:
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode

    before = exit_code()
    subprocess.run([sys.executable, "writes_conftest.py"], cwd=tmp_path, check=True)
    assert (before, exit_code()) == (1, 0)
