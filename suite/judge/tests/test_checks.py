from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from suite.check.probes import Probe, probes
from suite.judge import checks
from suite.judge.trial import Bench


def test_the_first_of_every_group_comes_before_the_second_of_any() -> None:
    asked = probes()
    groups = {probe.group for probe in asked}
    turns = checks.by_turns(asked)
    assert {probe.group for _, probe in turns[: len(groups)]} == groups
    assert sorted(map(id, asked)) == sorted(id(probe) for _, probe in turns)


@pytest.mark.parametrize("budget_s", [0.0, 1e9])
def test_after_its_time_no_probe_is_made_but_the_first_of_its_group(
    budget_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Probe] = []
    monkeypatch.setattr(checks, "_probe", lambda bench, probe: made.append(probe))
    clock = iter(range(1000))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    asked = probes()
    found = checks.probes(cast(Bench, SimpleNamespace()), asked, lambda said: None, budget_s)
    assert len(made) == (len(asked) if budget_s else len({probe.group for probe in asked}))
    assert found.left_out == len(asked) - len(made)
    assert found.right_for()
