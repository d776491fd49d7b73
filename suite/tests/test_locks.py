"""Two runs on one device or in one folder: the second is refused in one line. Two on two devices: both go on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backends import candidate
from suite.bench import Bench
from suite.locks import Busy, hold_device, hold_folder
from suite.messages import Describe, Identify, Look, Request
from suite.progress import Progress
from suite.record import Machine, State
from suite.worker import Worker

RIGHT = Path(__file__).parent / "candidates" / "right.py"


@pytest.fixture(autouse=True)
def _locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_a_device_is_held_until_it_is_let_go_and_others_are_free() -> None:
    first = hold_device("1")
    with pytest.raises(Busy, match="device 1"):
        hold_device("1")
    hold_device("2")
    os.close(first)
    hold_device("1")


def test_another_user_can_see_that_a_device_is_held(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        hold_device("4")
    finally:
        os.umask(before)
    (lock,) = tmp_path.glob("*.lock")
    assert lock.stat().st_mode & 0o444 == 0o444


def test_a_lock_that_cannot_be_opened_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with pytest.raises(Busy, match=r"cannot be opened: .*TMPDIR"):
        hold_device("5")


def test_a_folder_is_held_by_one_run(tmp_path: Path) -> None:
    hold_folder(tmp_path)
    with pytest.raises(Busy, match="--record"):
        hold_folder(tmp_path)


@pytest.mark.parametrize("smoke", [False, True])
def test_a_run_holds_its_device_unless_it_measures_nothing(smoke: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(kind="cuda", name="X", cache_bytes=1 << 20, memory_bytes=1)

    def request(worker: Worker, request: Request, *progress: object) -> object:
        answers = {Identify: "3", Describe: machine, Look: State(when="before", seconds=0.0)}
        return answers[type(request)]

    monkeypatch.setattr(Worker, "request", request)
    bench = Bench([candidate.entry(RIGHT)], smoke=smoke, progress=Progress())
    if not smoke:
        with pytest.raises(Busy):
            Bench([candidate.entry(RIGHT)], smoke=False, progress=Progress())
    else:
        hold_device("3")
    assert bench.machine == machine
