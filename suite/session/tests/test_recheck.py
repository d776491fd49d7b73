"""A few campaigns taken once more: only the present device's, only of right backends, only while the time lasts."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suite.measure.samples import CampaignSamples, Samples
from suite.record.machine import Machine
from suite.record.measurement import Outcome
from suite.record.recheck import Recheck
from suite.session import recheck as module
from suite.session.recheck import Question, main, recheck
from suite.worker.messages import Describe, Gate, Identify, Measure
from suite.worker.process import WorkerFailed

HERE = Machine(kind="cpu", name="Some CPU", cache_bytes=1 << 20, memory_bytes=1 << 30)
NAMES = ("torch_broadcast", "numpy_broadcast", "numba_cpu")
CASES: list[Question] = [(f"{rows}x64-float32-contiguous", "cold", NAMES) for rows in (64, 128, 256)]


class Told:
    """A worker that answers at once, but for what it is told to fail at."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.closed = False

    def request(self, request: Any) -> Any:
        return ANSWERS[type(request)](request)

    def close(self) -> None:
        self.closed = True


def measured(request: Measure) -> CampaignSamples:
    times = {entry.name: 1e-5 * (1 + at) for at, entry in enumerate(request.entries)}
    taken = {name: Samples([seconds] * 20, "host_clock", 1) for name, seconds in times.items()}
    return CampaignSamples(taken, [], "budget", seconds=0.1)


ANSWERS: dict[type, Callable[[Any], Any]] = {
    Identify: lambda _: "",
    Describe: lambda _: HERE,
    Gate: lambda _: None,
    Measure: measured,
}


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Worker", Told)
    monkeypatch.setattr(module, "why_unavailable", lambda entry, kind: "")


def test_only_the_present_device_is_asked() -> None:
    found = recheck({"another": CASES})
    assert (found.machine.name, found.asked, found.measurements) == ("Some CPU", 0, ())
    found = recheck({HERE.slug: CASES, "another": CASES[:1]})
    assert (found.asked, found.taken, len(found.measurements)) == (3, 3, 9)
    assert sorted(round(m.ratio, 6) for m in found.measurements) == [1.0] * 3 + [2.0] * 3 + [3.0] * 3


def test_who_is_wrong_or_takes_the_worker_down_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def gate(request: Gate) -> Outcome | None:
        if request.entry.name == "numba_cpu":
            return Outcome(backend="numba_cpu", case=request.case.id, kind="incorrect", reason="C is wrong")
        return None

    def dies(request: Measure) -> CampaignSamples:
        if request.case.rows == 128:
            raise WorkerFailed("crashed", "torch_broadcast", "its process was ended by SIGSEGV")
        return measured(request)

    monkeypatch.setitem(ANSWERS, Gate, gate)
    monkeypatch.setitem(ANSWERS, Measure, dies)
    found = recheck({HERE.slug: CASES})
    assert {m.backend for m in found.measurements} == {"torch_broadcast", "numpy_broadcast"}
    assert {m.rows for m in found.measurements} == {64, 256}
    assert [outcome.kind for outcome in found.outcomes].count("crashed") == 1


def test_nothing_begins_that_would_end_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 1000, 10))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    found = recheck({HERE.slug: CASES}, seconds=35)
    assert (found.asked, found.taken) == (3, 1)


def test_the_command_writes_what_it_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps({HERE.slug: CASES[:1]})))
    assert main(["--to", str(tmp_path / "found.json")]) == 0
    assert Recheck.model_validate_json((tmp_path / "found.json").read_text()).taken == 1


def test_a_process_that_does_not_start_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_start(request: Identify) -> str:
        raise WorkerFailed("unavailable", "", "torch is not installed")

    monkeypatch.setitem(ANSWERS, Identify, no_start)
    monkeypatch.setattr(sys, "stdin", io.StringIO("{}"))
    assert main(["--to", str(tmp_path / "found.json")]) == 1
    assert capsys.readouterr().err == "recheck: the measuring process could not start: torch is not installed\n"
    assert not list(tmp_path.iterdir())
