"""Single calls of a candidate: timed beside the plain product in its process, its clock audited with the flushes."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from backends import _candidate as files
from suite.judge import contender
from suite.judge.judging import QUICK
from suite.judge.tests.trying import CASES, named
from suite.judge.timed_checks import FLUSHES, Timed
from suite.measure.plan import CONTROL
from suite.record.measurement import Series

FLUSH_S, CALL_S = 1e-3, 2e-3


def test_an_honest_candidate_s_single_calls_pass_every_check_of_the_clock() -> None:
    """With no ceiling, whose copies are no calls."""
    entry = files.entry(named("honest_plain").path)
    found = contender.campaign(entry, CASES[0], "as_called_host", replace(QUICK, restarts=1), ["torch_broadcast"])
    assert found.outcomes == []
    assert set(found.contenders) == {"torch_broadcast", CONTROL, entry.name}
    own = found.contenders[entry.name]
    assert (own.launches, own.method, len(own.samples_s)) == (1, "host_clock", QUICK.max_rounds)


class Audited(Timed):
    """A candidate's campaign whose process says that its calls took so much of what they did."""

    def __init__(self, says: float, series: Series, monkeypatch: pytest.MonkeyPatch) -> None:
        self.says, self.series, self.asked = says, series, [0]
        self.trials, self.now = [], 0.0
        remote: Any = SimpleNamespace(method="cuda_events", launches=1)
        self.contender: Any = SimpleNamespace(sampler=remote, samples_s=[CALL_S])
        self.bench: Any = SimpleNamespace(ask=self.ask, kind="cuda")
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    @property
    def own(self) -> Any:
        return self.contender

    @property
    def _sampler(self) -> Any:
        return self.contender.sampler

    def ask(self, what: str, limit_s: float | None = None, name: str = "", count: int = 0) -> dict[str, Any]:
        self.asked.append(count)
        self.now += count * (FLUSH_S + (CALL_S if what == "batch" else 0.0))
        return {"samples": [self.says * CALL_S] * count} if what == "batch" else {}


@pytest.mark.parametrize(("says", "accused"), [(1.0, False), (0.9, False), (0.1, True), (2.0, True)])
def test_a_clock_that_lies_of_single_calls_is_found_though_the_flushes_take_time(
    says: float, accused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited = Audited(says, "as_called", monkeypatch)
    assert bool(audited._clock_against_ours()) is accused
    assert max(audited.asked) <= FLUSHES
