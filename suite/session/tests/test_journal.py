"""What was measured before a kill is there after it."""

from __future__ import annotations

import errno
import json
import os
import tempfile
import time
from copy import copy, deepcopy
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backends import find
from suite.cases import Case
from suite.measure.samples import CampaignSamples, Samples
from suite.record.machine import Machine, State
from suite.record.measurement import Outcome
from suite.record.run import Energy, FirstUse
from suite.session.bench import Bench, start
from suite.session.journal import FRESH_S, Journal, Kind, conditions, digest
from suite.session.progress import Progress
from suite.worker.messages import Examined, Identify, Look, Measure, Request
from suite.worker.process import Worker

MEASURED = CampaignSamples(
    contenders={"x": Samples([1e-5, 2e-5], "cuda_graph", 7, "flat")},
    outcomes=[Outcome(backend="y", kind="crashed", reason="died")],
    stop_reason="precise",
    controlled="x",
)
WRONG = Outcome(backend="y", case="1x1-float32-contiguous", kind="incorrect", reason="rows 1-2")
CASE = "1x1-float32-contiguous"
ENERGY = Energy(backend="x", case=CASE, joules_per_launch=0.1, launches=640, seconds=1.5)
FIRST = FirstUse(backend="x", case=CASE, import_s=1.0, bind_s=2.0, launch_s=0.1, warm_bind_s=0.5)
ANSWERS: list[tuple[Kind, str, object]] = [
    ("began", "", 1.5),
    ("gate", "a", None),
    ("gate", "b", WRONG),
    ("campaign", "a", MEASURED),
    ("examination", "a", Examined(energy=ENERGY, note="no CUPTI")),
    ("examination", "b", WRONG),
    ("first_use", "a", FIRST),
]


def unasked() -> object:
    raise AssertionError("the answer was known")


def test_answers_come_back_as_they_were(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j")
    for kind, key, answer in ANSWERS:
        assert first.answer(kind, key, partial(copy, answer)) == answer
    second = Journal(tmp_path / "j")
    assert second.resumed == 1  # campaign
    for kind, key, answer in ANSWERS:
        assert second.answer(kind, key, unasked) == answer
    assert second.answer("campaign", "another", lambda: MEASURED) == MEASURED


def test_a_line_cut_short_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "j"
    for key in "ab":
        Journal(path).answer("campaign", key, lambda: MEASURED)
    path.write_text(path.read_text()[:-30])
    other = CampaignSamples(stop_reason="budget")
    cut = Journal(path)
    assert cut.answer("campaign", "a", unasked) == MEASURED
    assert cut.answer("campaign", "b", lambda: other) == other
    again = Journal(path)
    assert again.answer("campaign", "a", unasked) == MEASURED
    assert again.answer("campaign", "b", unasked) == other


def test_an_old_journal_and_a_discarded_one_count_as_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".j.journal"
    Journal(path).answer("campaign", "a", lambda: MEASURED)
    os.utime(path, (time.time() - FRESH_S - 60,) * 2)
    assert Journal(path).resumed == 0
    Journal(path).answer("campaign", "a", lambda: MEASURED)
    assert Journal(path).resumed == 1
    Journal(path).discard()
    assert not path.exists()


def test_the_digest_depends_on_what_is_measured() -> None:
    assert digest(["H100", "x"]) == digest(["H100", "x"])
    assert digest(["H100", "x"]) != digest(["H200", "x"])


LINE = json.dumps({"kind": "gate", "key": "a", "answer": None}).encode()
SAMPLES = {"samples_s": [1e-5], "method": "cuda_graph", "launches": 1}


def campaign(**changed: object) -> bytes:
    answer = {"contenders": {"x": SAMPLES | changed}}
    return json.dumps({"kind": "campaign", "key": "b", "answer": answer}).encode()


@pytest.mark.parametrize(
    "damage",
    [
        b'{"key": "\xff\xfe"}',
        b'{"kind": "gate", "key": "c", "answer": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"kind": ["gate"], "key": "c", "answer": null}',
        b'{"kind": "gate", "key": ["c"], "answer": null}',
        b'{"kind": "nothing", "key": "c", "answer": null}',
        campaign(samples_s=[-1e-5]),
        campaign(samples_s=[]),
        campaign(samples_s=[float("nan")]),
        campaign(samples_s=[1e400]),
    ],
)
def test_a_damaged_journal_is_set_aside_and_what_is_sound_is_kept(damage: bytes, tmp_path: Path) -> None:
    path = tmp_path / ".x.journal"
    path.write_bytes(b"\n".join([LINE, damage, b'{"kind": "gate", "ke']))
    said: list[str] = []
    journal = Journal(path, said.append)
    assert journal.answer("gate", "a", unasked) is None
    assert journal.resumed == 0
    (line,) = said
    aside = tmp_path / ".x.journal.damaged-1"
    assert str(aside) in line
    assert damage in aside.read_bytes()
    assert Journal(path, pytest.fail).answer("gate", "a", unasked) is None


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a link"])
def test_what_is_no_file_is_set_aside_and_never_written_through(kind: str, tmp_path: Path) -> None:
    path, other = tmp_path / ".x.journal", tmp_path / "other"
    other.write_text("mine")
    if kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(other)
    said: list[str] = []
    assert Journal(path, said.append).answer("gate", "a", lambda: None) is None
    assert len(said) == 1
    assert path.is_file()
    assert not path.is_symlink()
    assert other.read_text() == "mine"


def test_on_a_full_disk_the_run_goes_on_and_its_journal_as_far_as_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    said: list[str] = []
    journal = Journal(tmp_path / "j", said.append)
    journal.answer("campaign", "a", lambda: MEASURED)
    with monkeypatch.context() as for_a_while:
        for_a_while.setattr(os, "open", full)
        assert [journal.answer("campaign", key, lambda: MEASURED) for key in "bc"] == [MEASURED] * 2
    journal.answer("campaign", "d", lambda: MEASURED)
    assert len(said) == 1
    assert "No space left on device" in said[0]
    assert [key for key in "abcd" if Journal(tmp_path / "j").known("campaign", key)] == ["a", "d"]
    journal.discard()  # else the next run would begin with answers of this one, which was complete
    assert not list(tmp_path.iterdir())


def test_other_conditions_find_no_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(kind="cuda", name="X", cache_bytes=1 << 20, memory_bytes=1, driver="1", power_limit_w=700.0)
    names = {digest(conditions(machine, "GPU-1")), digest(conditions(machine, "GPU-2"))}
    for changed in ({"driver": "2"}, {"power_limit_w": 500.0}, {"versions": {"torch": "3"}}):
        names.add(digest(conditions(machine.model_copy(update=changed), "GPU-1")))
    monkeypatch.setenv("OMP_NUM_THREADS", "77")
    names.add(digest(conditions(machine, "GPU-1")))
    assert len(names) == 6
    again = machine.model_copy(update={"event_tick_s": 5e-7})
    assert digest(conditions(again, "GPU-1")) == digest(conditions(machine, "GPU-1"))


def test_another_sweep_leaves_an_interrupted_run_s_journal_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(kind="cpu", name="X", cache_bytes=1 << 20, memory_bytes=1)
    monkeypatch.setattr(Worker, "request", lambda _, request, *__: "" if isinstance(request, Identify) else machine)
    found = [start([], smoke=False, progress=Progress(), journals=tmp_path, command=sweep) for sweep in ("a", "b", "a")]
    paths = [bench.journal.path for bench in found]
    assert paths[0] == paths[2] != paths[1]


def test_journals_that_nobody_takes_up_are_removed(tmp_path: Path) -> None:
    for name in (".a.journal", ".b.journal"):
        Journal(tmp_path / name).answer("gate", "a", lambda: None)
    os.utime(tmp_path / ".a.journal", (time.time() - FRESH_S - 60,) * 2)
    Journal(tmp_path / ".b.journal")
    assert [path.name for path in tmp_path.iterdir()] == [".b.journal"]


@given(st.lists(st.binary(max_size=60), max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_journal_holds_it_is_read_and_gone_on_with(tmp_path: Path, lines: list[bytes]) -> None:
    path = tmp_path / ".y.journal"
    path.write_bytes(b"\n".join([LINE, *lines, b""]))
    assert Journal(path).answer("gate", "a", unasked) is None
    assert Journal(path).answer("gate", "another", lambda: None) is None


def written() -> list[Any]:
    """The lines of a journal that holds each kind of answer."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder, "j"))
        for kind, key, answer in ANSWERS:
            journal.answer(kind, key, partial(copy, answer))
        return [json.loads(line) for line in Path(folder, "j").read_text().splitlines() if line]


WRITTEN = written()
ODD = st.sampled_from([None, True, -1, 0, 1e308, 10**400, "", "x", "\ud800", [], {}, [None], {"x": 1}]) | st.floats()


@given(st.data(), ODD)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_answers_with_anything_anywhere_are_taken_up_or_asked_again(
    tmp_path: Path, data: st.DataObject, value: object
) -> None:
    lines = deepcopy(WRITTEN)
    at: Any = data.draw(st.sampled_from(lines))
    while True:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.booleans()):
            break
        at = at[key]
    at[key] = value
    path = tmp_path / ".z.journal"
    path.write_text("\n".join(map(json.dumps, lines)))
    said: list[str] = []
    journal = Journal(path, said.append)
    assert len(said) <= 1
    found = [journal.answer(kind, name, partial(copy, answer)) for kind, name, answer in ANSWERS]
    again = Journal(path, pytest.fail)
    for (kind, name, answer), each in zip(ANSWERS, found, strict=True):
        assert isinstance(each, type(answer)) or kind in ("gate", "examination", "began")
        assert again.answer(kind, name, partial(copy, each)) == each


def test_what_another_try_may_not_meet_again_is_not_kept(tmp_path: Path) -> None:
    crashed = Outcome(backend="y", kind="crashed", reason="died")
    assert Journal(tmp_path / "j").answer("gate", "a", lambda: crashed) == crashed
    assert Journal(tmp_path / "j").answer("gate", "a", lambda: None) is None


def test_a_campaign_that_came_to_nothing_is_tried_again_and_one_with_samples_is_kept(tmp_path: Path) -> None:
    path = tmp_path / ".x.journal"
    nothing = CampaignSamples(outcomes=[Outcome(backend="all", kind="throttled", reason="thermal")])
    for key, measured in (("a", nothing), ("b", MEASURED)):
        Journal(path).answer("campaign", key, partial(copy, measured))
    assert [Journal(path).known("campaign", key) is not None for key in "ab"] == [False, True]


def test_the_states_of_a_run_that_goes_on_are_counted_from_its_first_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed, and goes on a minute after its start; each process counts its seconds from its own start."""
    machine = Machine(kind="cuda", name="X", cache_bytes=1 << 20, memory_bytes=1)

    def request(worker: Worker, request: Request, *progress: object) -> object:
        if isinstance(request, Identify):
            return ""
        if isinstance(request, Look):
            return State(when=request.when, seconds=1.0)
        return CampaignSamples(state=State(when="during", seconds=9.0)) if isinstance(request, Measure) else machine

    monkeypatch.setattr(Worker, "request", request)
    monkeypatch.setattr(Bench, "gate", lambda *_: None)
    entries = [*find(["torch_broadcast"])]
    seen = []
    for started, cases in ((1000.0, [Case(3, 3)]), (1060.0, [Case(3, 3), Case(4, 4)])):
        monkeypatch.setattr("suite.session.questions.time", SimpleNamespace(time=lambda now=started: now))
        bench = start(entries, smoke=False, progress=Progress(), journals=tmp_path)
        for case in cases:
            bench.measured(case, "cold", "torch_broadcast")
        bench.finish()
        seen.append([(state.when, state.seconds) for state in bench.found.states])
    assert seen[0] == [("before", 1.0), ("during", 9.0), ("after", 1.0)]
    assert seen[1] == [("before", 61.0), ("during", 9.0), ("during", 69.0), ("after", 61.0)]
