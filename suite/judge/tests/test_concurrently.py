from __future__ import annotations

import multiprocessing
from pathlib import Path

from backends import CATALOGUE
from backends import _candidate as files
from suite.judge.concurrently import Judges

WRONG = "import torch\n\ndef bind(a, b, out, stream):\n    return lambda: out.zero_()\n"


def test_several_are_judged_side_by_side_each_for_itself(tmp_path: Path) -> None:
    file = tmp_path / "zeroes.py"
    file.write_text(WRONG)
    right = next(entry for entry in CATALOGUE if entry.name == "torch_broadcast")
    wrong = files.entry(file)
    before = set(multiprocessing.active_children())
    with Judges(2) as judges:
        judges.expect([right, wrong])
        found = judges.judged(wrong)
        assert found is not None
        assert (found.backend, found.kind) == (wrong.name, "incorrect")
        assert judges.judged(right) is None
    assert set(multiprocessing.active_children()) == before


def test_judges_at_work_end_with_the_run() -> None:
    right = next(entry for entry in CATALOGUE if entry.name == "torch_broadcast")
    before = set(multiprocessing.active_children())
    with Judges(2) as judges:
        judges.expect([right])
        judges._start()
    assert set(multiprocessing.active_children()) == before
