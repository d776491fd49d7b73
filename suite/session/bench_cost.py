"""What else a backend costs, once each: its first use, its energy, and what other timers say of its time."""

from __future__ import annotations

import pytest

from suite.cases import parse
from suite.record.measurement import Outcome
from suite.session.bench import Bench


def test_first_use(case: str, backend: str, bench: Bench) -> None:
    end_with(bench.first_use(parse(case), backend))


def test_other_timers_and_energy(case: str, backend: str, bench: Bench) -> None:
    if bench.machine.kind != "cuda":
        pytest.skip("there is one clock on a CPU, and no energy counter that is read here")
    found = bench.examine(parse(case), backend)
    end_with(found)
    if not isinstance(found, Outcome) and found.note:
        pytest.skip(found.note)


def end_with(found: object) -> None:
    """Fail the test of a backend that crashed or hung; skip that of one without a number for another reason."""
    if not isinstance(found, Outcome):
        return
    words = f"{found.kind}: {found.reason}"
    if found.kind in ("crashed", "timeout"):
        pytest.fail(words, pytrace=False)
    pytest.skip(words)
