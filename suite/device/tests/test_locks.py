"""Two runs on one device or in one folder: the second is refused in one line. Two on two devices: both go on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backends import _candidate as candidate
from suite.device import locks
from suite.device.locks import Busy
from suite.record.machine import Machine, State
from suite.session.bench import start
from suite.session.progress import Progress
from suite.worker.messages import Describe, Identify, Look, Request
from suite.worker.process import Worker

RIGHT = Path(__file__).parents[2] / "worker" / "tests" / "candidates" / "right.py"


@pytest.fixture(autouse=True)
def _locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_a_device_is_held_until_it_is_let_go_and_others_are_free() -> None:
    with locks.device("1"), locks.device("2"), pytest.raises(Busy, match="device 1"), locks.device("1"):
        pass
    with locks.device("1"):
        pass


def test_another_user_can_see_that_a_device_is_held(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with locks.device("4"):
            pass
    finally:
        os.umask(before)
    (lock,) = tmp_path.glob("*.lock")
    assert lock.stat().st_mode & 0o444 == 0o444


def test_a_lock_that_cannot_be_opened_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with pytest.raises(Busy, match=r"cannot be opened: .*TMPDIR"), locks.device("5"):
        pass


def test_a_folder_is_held_by_one_run(tmp_path: Path) -> None:
    with locks.folder(tmp_path), pytest.raises(Busy, match="--record"), locks.folder(tmp_path):
        pass


@pytest.mark.parametrize("smoke", [False, True])
def test_a_run_holds_its_device_unless_it_measures_nothing(smoke: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(kind="cuda", name="X", cache_bytes=1 << 20, memory_bytes=1)

    def request(worker: Worker, request: Request, *progress: object) -> object:
        answers = {Identify: "3", Describe: machine, Look: State(when="before", seconds=0.0)}
        return answers[type(request)]

    monkeypatch.setattr(Worker, "request", request)
    bench = start([candidate.entry(RIGHT)], smoke=smoke, progress=Progress())
    if not smoke:
        with pytest.raises(Busy):
            start([candidate.entry(RIGHT)], smoke=False, progress=Progress())
        bench.close()
    with locks.device("3"):
        assert bench.machine == machine
