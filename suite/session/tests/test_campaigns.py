"""Restarts: fresh processes, who takes part in which, and what becomes of one that is lost on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from backends import Entry
from backends import _candidate as candidate
from suite.cases import Case
from suite.measure.plan import SMOKE
from suite.measure.samples import CampaignSamples, Samples
from suite.record.measurement import Outcome, Series
from suite.session import bench as benches
from suite.session import plugin
from suite.session.bench import WithSamples, start
from suite.session.campaigns import TOGETHER, Campaign, Campaigns
from suite.session.progress import Progress
from suite.worker.messages import Measure
from suite.worker.process import Worker

CASES = (Case(4, 4), Case(5, 5))
A, B, OWN = (Entry(name, "made up", requires=()) for name in ("a", "b", "own"))


class Told:
    """Answers for the worker: notes what it is asked, and loses whom it is told to."""

    def __init__(self, lost: dict[int, Outcome] | None = None) -> None:
        self.log: list[Any] = []
        self.lost = lost or {}

    def restart(self, number: int) -> None:
        self.log.append(number)

    def campaign(
        self, case: Case, series: Series, entries: list[Entry], restart: int, apart: str = ""
    ) -> CampaignSamples:
        names = [entry.name for entry in entries]
        self.log.append((case.rows, *names))
        lost = self.lost.get(restart)
        outcomes = [lost] if lost and lost.backend in (*names, "all") else []
        left = (
            [] if outcomes and outcomes[0].backend == "all" else [n for n in names if lost is None or n != lost.backend]
        )
        times = {
            name: Samples([1e-6 * (1 + at)] * 7, "cuda_graph", 1, f"{name} {restart}") for at, name in enumerate(left)
        }
        return CampaignSamples(times, outcomes, "precise", seconds=1.0, controlled="a")


def take(told: Told, campaign: Campaign, restarts: int = 3) -> dict[str, CampaignSamples]:
    pending = Campaigns(told, Progress(), restarts)  # type: ignore[arg-type]
    return pending.take((CASES[0], "cold"), lambda key: campaign)[CASES[0], "cold"]


def test_a_process_takes_a_part_of_every_expected_campaign() -> None:
    told = Told()
    pending = Campaigns(told, Progress(), 2)  # type: ignore[arg-type]
    pending.expect((case, "hot") for case in CASES)
    found = pending.take((CASES[1], "hot"), lambda key: Campaign([A], []))
    assert told.log == [1, (4, "a"), (5, "a"), 2, (4, "a"), (5, "a")]
    assert {(case.rows, series) for case, series in found} == {(4, "hot"), (5, "hot")}


def test_a_measurement_is_of_all_restarts_in_their_order() -> None:
    samples = take(Told(), Campaign([A, B], []))[TOGETHER]
    assert samples.contenders["a"].rounds == (7, 7, 7)
    assert samples.contenders["a"].forms == ("a 1", "a 2", "a 3")
    assert samples.contenders["a"].form == "a 1 or a 2 or a 3"
    assert samples.seconds == 3.0


def test_who_is_lost_in_one_restart_takes_no_part_in_the_next_and_has_no_number() -> None:
    lost = Outcome(backend="b", kind="crashed", reason="died")
    told = Told({2: lost})
    samples = take(told, Campaign([A, B], []))[TOGETHER]
    assert told.log == [1, (4, "a", "b"), 2, (4, "a", "b"), 3, (4, "a")]
    assert (list(samples.contenders), samples.outcomes) == (["a"], [lost])


@pytest.mark.parametrize(("kind", "parts"), [("throttled", 3), ("no_memory", 1)])
def test_a_hot_device_may_be_cooler_in_the_next_restart_and_a_small_one_stays_small(kind: Any, parts: int) -> None:
    nothing = Outcome(backend="all", kind=kind, reason="so it is")
    told = Told({1: nothing})
    samples = take(told, Campaign([A], []))[TOGETHER]
    assert told.log.count((4, "a")) == parts
    assert samples.outcomes == [nothing]
    assert [len(one.rounds) for one in samples.contenders.values()] == ([2] if parts == 3 else [])


def test_one_apart_is_beside_the_fastest_of_the_first_restart() -> None:
    told = Told()
    parts = take(told, Campaign([B, A], [OWN]), restarts=2)
    assert told.log == [1, (4, "b", "a"), (4, "b", "own"), 2, (4, "b", "a"), (4, "b", "own")]
    assert set(parts[OWN.name].contenders) == {"b", "own"}


REMEMBERS = """
import os, pathlib, torch, backends

def bind(a, b, out, stream):
    found = []
    for name in ("TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR"):
        kept = pathlib.Path(os.environ.get(name, "nowhere"))
        found.append(len(list(kept.iterdir())) if kept.is_dir() else 0)
        kept.is_dir() and (kept / str(os.getpid())).mkdir(exist_ok=True)
    return backends.named(lambda: torch.mul(a[:, None], b, out=out), f"{os.getpid()} found {found}")
"""
"""Its form names its process, and how much it found that a process before it had kept."""


@pytest.fixture
def remembers(tmp_path: Path) -> Entry:
    file = tmp_path / "remembers.py"
    file.write_text(REMEMBERS)
    return candidate.entry(file)


def test_a_renewed_worker_is_a_fresh_process_that_tunes_anew(remembers: Entry) -> None:
    worker = Worker(caches=["TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR"])
    request = Measure(CASES[0], "hot", (remembers,), SMOKE)
    forms = []
    try:
        for _ in range(2):
            for place in ("triton_cache_dir", "torchinductor_cache_dir"):
                Path(worker.kept, place).mkdir(exist_ok=True)
            forms.append(worker.request(request).contenders["remembers"].form)
            worker.renew()
    finally:
        worker.close()
    assert not worker.kept.exists()
    assert [form.partition(" ")[2] for form in forms] == ["found [0, 0]", "found [1, 0]"]
    assert forms[0].split()[0] != forms[1].split()[0]


@pytest.mark.parametrize(("one_process", "restarts"), [(False, 2), (True, 1)])
def test_a_candidate_too_is_measured_in_a_fresh_process_per_restart(
    one_process: bool, restarts: int, remembers: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benches, "SMOKE", replace(SMOKE, restarts=2))
    made = start([remembers], smoke=True, progress=Progress(), one_process=one_process)
    try:
        found = made.measured(CASES[0], "hot", "remembers")
    finally:
        made.close()
    assert isinstance(found, WithSamples)
    assert len(found.measurement.restarts) == len(set(found.measurement.chosen)) == restarts


def test_a_test_without_parameters_here_expects_no_campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(plugin, "bench", lambda config: SimpleNamespace(expect=asked.extend))
    timed = {"case": "8x8-float32-contiguous", "series": "cold", "contender": "x"}
    items = [
        SimpleNamespace(path=plugin.HERE / "bench_launch.py", callspec=SimpleNamespace(params=params))
        for params in (dict.fromkeys(timed, object()), timed)
    ]
    plugin.pytest_collection_finish(SimpleNamespace(items=items, config=None))  # type: ignore[arg-type]
    assert asked == [(Case(8, 8), "cold")]
