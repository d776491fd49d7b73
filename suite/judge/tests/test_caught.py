"""The judge catches each wrong kernel that needs no GPU by the check its row names, and leaves no process behind."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from backends import UnknownBackend
from suite.check.mutants import Mutant
from suite.judge.judging import judge
from suite.judge.processes import stat
from suite.judge.tests.trying import AS_LITTLE_AS_CAN_BE, CASES, CAUGHT, LIMITS, judged, named
from suite.record.judgement import Check

NO_PYTHON = "def bind(a, b, out, stream)\n    return lambda: out\n"
"""Not a file of the library, which import-linter reads whole."""

SAID = {
    "imports_what_is_missing": "ModuleNotFoundError",
    "needs_an_argument": "argument",
    "hangs_in_launch": "2 s",
    "exits_in_launch": "exit code",
    "takes_all_memory": "1.0 GiB",
    "returns_meta_tensor": "meta",
    "closes_all_descriptors": "closed descriptors",
    "returns_twice": "forked",
}
"""File -> a word of the reason by which one sees what happened."""


def test_the_files_whose_reasons_are_known_are_tried() -> None:
    assert set(SAID) <= {row.name for row in CAUGHT}


@pytest.mark.parametrize("row", CAUGHT, ids=lambda row: row.name)
def test_a_mutant_is_caught_by_the_check_that_its_row_names(row: Mutant, tmp_path: Path) -> None:
    # Once the gate has found the fault, probes only say where else it shows.
    left_out: tuple[Check, ...] = ("probes",) if row.caught_by in ("load", "contract", "gate", "guards") else ()
    before = _descendants()
    judgement = judged(row, tmp_path, left_out)
    if row.verdict == "right":
        assert judgement.raises_for
        return
    assert judgement.verdict == row.verdict, judgement.reason
    assert judgement.caught_by in (row.caught_by, *row.also)
    assert SAID.get(row.name, "") in judgement.reason
    assert len(judgement.reason.splitlines()) == 1
    assert judgement.exit_code != 0
    assert not _descendants() - before


def _descendants() -> set[int]:
    """Processes of other sessions whose parent is this one, or the server that it forks candidates from."""
    everyone = [one for path in Path("/proc").glob("[0-9]*") if (one := stat(int(path.name)))]
    family = {os.getpid(), *(one.pid for one in everyone if one.parent == os.getpid())}
    return {one.pid for one in everyone if one.parent in family and one.session != os.getsid(0)}


AT = {
    "its import": "import torch\n{}\ndef bind(a, b, out, stream): ...\n",
    "bind": "import torch\ndef bind(a, b, out, stream):\n    {}\n",
    "a launch": "import torch\ndef bind(a, b, out, stream):\n    def launch():\n        {}\n    return launch\n",
}


@pytest.mark.parametrize("at", AT)
@pytest.mark.parametrize("raised", ["SystemExit(7)", "KeyboardInterrupt", "GeneratorExit", "BaseException('x')"])
def test_whatever_a_file_raises_is_one_verdict_with_type_and_line(raised: str, at: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(AT[at].format(f"raise {raised}"))
    found = judge(file, CASES, plan=AS_LITTLE_AS_CAN_BE, limits=LIMITS, without=frozenset({"probes"}))
    assert found.exit_code == 3
    assert found.reason.startswith(f"{raised.partition('(')[0]}: ")
    assert found.reason.endswith(f"(mine.py:{2 + list(AT).index(at)})")


def test_a_file_that_removes_itself_is_judged_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    text = named("honest_plain").path.read_text() + "\n__import__('os').unlink(__file__)\n"
    file.write_text(text)
    found = judge(file, (), plan=AS_LITTLE_AS_CAN_BE, limits=LIMITS, without=frozenset({"probes", "repeats"}))
    assert found.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_a_file_that_is_no_candidate_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(UnknownBackend):
        judged(named("has_no_entry"), tmp_path)


def test_a_file_that_is_no_python_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "is_no_python.py").write_text(NO_PYTHON)
    with pytest.raises(UnknownBackend, match="line 1"):
        judge(tmp_path / "is_no_python.py", CASES, plan=AS_LITTLE_AS_CAN_BE, limits=LIMITS)
