"""Every backend in every case of the sweep: is C right, to the bit? What fails here is never timed."""

from __future__ import annotations

import pytest

from suite.cases import parse
from suite.session.bench import Bench


def test_correctness(case: str, backend: str, bench: Bench) -> None:
    outcome = bench.gate(parse(case), backend)
    if outcome is None:
        return
    if outcome.kind in ("unavailable", "unsupported", "no_memory"):
        pytest.skip(outcome.reason)
    (entry,) = (entry for entry in bench.participants.entries if entry.name == backend)
    if entry.known_defect and outcome.kind == "incorrect":
        pytest.xfail(f"{outcome.reason}; known: {entry.known_defect}")
    where = f" in {case}" if outcome.case else ""
    pytest.fail(f"{backend} is {outcome.kind}{where}: {outcome.reason}", pytrace=False)
