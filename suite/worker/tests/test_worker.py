"""The process that owns the device: it dies, hangs, starts again and stands by, and says who was at work."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

import pytest

from suite import ROOT
from suite.cases import Case
from suite.record.measurement import Outcome
from suite.session.bench import WithSamples
from suite.worker.messages import Describe
from suite.worker.process import Worker, WorkerFailed
from suite.worker.server import import_all
from suite.worker.tests.a_bench import CASE, bench_of


def test_a_worker_starts_again_after_it_was_killed() -> None:
    worker = Worker()
    try:
        assert worker.request(Describe()).name
        worker._process.kill()
        with pytest.raises(WorkerFailed):
            worker.request(Describe())
        assert worker.request(Describe()).name
    finally:
        worker.stop()


def test_the_process_that_stands_by_is_the_next_one_and_ends_with_the_worker() -> None:
    before = set(multiprocessing.active_children())
    worker = Worker()
    try:
        worker.request(Describe())
        (first,) = set(multiprocessing.active_children()) - before
        worker.stand_by([])
        (second,) = set(multiprocessing.active_children()) - before - {first}
        worker.renew()
        worker.request(Describe())
        assert set(multiprocessing.active_children()) - before == {second}
        worker.stand_by([])
    finally:
        worker.close()
    assert set(multiprocessing.active_children()) == before


def test_what_is_imported_ahead_is_named_before_it_is_and_may_fail() -> None:
    said: list[tuple[object, ...]] = []
    import_all(["nothing_of_that_name", "torch_broadcast"], said.append)
    assert said == [("doing", "nothing_of_that_name"), ("doing", "torch_broadcast"), ("doing", "")]
    assert "backends.torch_broadcast" in sys.modules


def test_a_hang_is_a_timeout() -> None:
    made = bench_of("right", "hangs", silence_s=3.0)
    try:
        outcome = made.gate(CASE, "hangs")
        assert outcome is not None
        assert outcome.kind == "timeout"
        assert isinstance(made.measured(CASE, "hot", "right"), WithSamples)
    finally:
        made.close()


OTHERS = (Case(5, 5), Case(6, 6), Case(7, 7), Case(8, 8))


def left_out(found: object) -> bool:
    return isinstance(found, Outcome) and found.kind == "unavailable" and found.reason.startswith("left out")


def test_a_backend_that_timed_out_is_left_out_of_the_rest_and_keeps_what_it_had(tmp_path: Path) -> None:
    """It hangs in the second case; a run that goes on after a kill does not wait for it either."""
    for _ in ("the run", "the run that goes on"):
        made = bench_of("hangs_in_small_cases", "right", silence_s=3.0, journals=tmp_path)
        try:
            assert isinstance(made.measured(CASE, "hot", "hangs_in_small_cases"), WithSamples)
            hung = made.gate(OTHERS[0], "hangs_in_small_cases")
            assert hung is not None
            assert hung.kind == "timeout"
            began = time.monotonic()
            assert left_out(made.gate(OTHERS[1], "hangs_in_small_cases"))
            assert left_out(made.measured(OTHERS[2], "hot", "hangs_in_small_cases"))
            assert left_out(made.first_use(OTHERS[3], "hangs_in_small_cases"))
            assert time.monotonic() - began < 3.0
            assert made.gate(OTHERS[0], "hangs_in_small_cases") == hung
            assert isinstance(made.measured(CASE, "hot", "hangs_in_small_cases"), WithSamples)
            assert isinstance(made.measured(OTHERS[2], "hot", "right"), WithSamples)
            assert {one.case for one in made.found.outcomes} == {case.id for case in OTHERS}
        finally:
            made.close()


def test_the_third_death_of_the_worker_is_the_last_by_one_backend() -> None:
    made = bench_of("segfaults", "raises_in_bind", "right")
    try:
        for case in OTHERS[:3]:
            died = made.gate(case, "segfaults")
            assert died is not None
            assert "SIGSEGV" in died.reason
        assert left_out(made.gate(OTHERS[3], "segfaults"))
        for case in OTHERS:  # what raises costs no process, and its reason may differ from case to case
            raised = made.gate(case, "raises_in_bind")
            assert raised is not None
            assert raised.kind == "crashed"
        assert isinstance(made.measured(OTHERS[3], "cold", "right"), WithSamples)
    finally:
        made.close()


@pytest.mark.parametrize("at", [12, 18, 21, 22, 23, 24])
def test_whoever_s_turn_it_is_when_a_process_dies_the_campaign_ends(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own turn, the turn of the A/A control that doubles it, in preparing, in the rounds and after them."""
    monkeypatch.setenv("DIES_AT", str(at))
    made = bench_of("dies_in_rounds", "right")
    try:
        found = made.measured(Case(5, 5), "hot", "dies_in_rounds")
        assert isinstance(found, Outcome)
        assert (found.backend, found.kind) == ("dies_in_rounds", "crashed")
        assert isinstance(made.measured(Case(5, 5), "hot", "right"), WithSamples)
    finally:
        made.close()


@pytest.mark.parametrize(("asked", "said"), [(None, "5000"), ("7", "7")])
def test_threads_that_wait_for_work_go_to_sleep_before_the_next_contender(
    asked: str | None, said: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As libgomp itself says, which reads its environment when torch brings it in; unless the user has asked."""
    monkeypatch.setenv("OMP_DISPLAY_ENV", "verbose")
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    if asked:
        monkeypatch.setenv("GOMP_SPINCOUNT", asked)
    worker = Worker()
    try:
        worker.request(Describe())
        assert f"GOMP_SPINCOUNT = '{said}'" in capfd.readouterr().err
    finally:
        worker.close()
    forked = subprocess.run(
        [sys.executable, "-c", "import suite.worker.server_of_forks, torch"], capture_output=True, text=True, cwd=ROOT
    )
    assert f"GOMP_SPINCOUNT = '{said}'" in forked.stderr
