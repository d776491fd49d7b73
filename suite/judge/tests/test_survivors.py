"""Without the check that its row names, a mutant passes: so each check is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.check import mutants
from suite.check.mutants import Mutant
from suite.judge.tests.trying import CAUGHT, judged

ONE_OF_A_KIND = {(row.caught_by, row.also): row for row in reversed(CAUGHT) if row in mutants.PLAIN}
SURVIVORS = [
    row
    for row in (*ONE_OF_A_KIND.values(), *(row for row in CAUGHT if row in mutants.DISHONEST))
    if row.verdict in ("incorrect", "refused")
]


@pytest.mark.parametrize("row", SURVIVORS, ids=lambda row: row.name)
def test_without_its_check_a_mutant_survives(row: Mutant, tmp_path: Path) -> None:
    assert row.caught_by is not None
    judgement = judged(row, tmp_path, (row.caught_by, *row.also, "probes"))
    assert judgement.verdict == "right", judgement.reason
