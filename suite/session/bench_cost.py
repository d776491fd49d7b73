"""What else a backend costs, once each: its first use, its energy, and what other timers say of its time."""

from __future__ import annotations

import pytest

from suite.cases import parse
from suite.record.measurement import Outcome
from suite.session.bench import Bench


def test_first_use(case: str, backend: str, bench: Bench) -> None:
    skip_outcome(bench.first_use(parse(case), backend))


def test_other_timers_and_energy(case: str, backend: str, bench: Bench) -> None:
    if bench.machine.kind != "cuda":
        pytest.skip("there is one clock on a CPU, and no energy counter that is read here")
    found = bench.examine(parse(case), backend)
    skip_outcome(found)
    if not isinstance(found, Outcome) and found.note:
        pytest.skip(found.note)


def skip_outcome(found: object) -> None:
    """A backend that did not get so far is in the record with its reason; its tests have failed or not already."""
    if isinstance(found, Outcome):
        pytest.skip(f"{found.kind}: {found.reason}")
