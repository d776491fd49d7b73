"""Two runs on one device or in one folder: the second is refused in one line. Two on two devices: both go on."""

from __future__ import annotations

import errno
import fcntl
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
    monkeypatch.setattr(locks, "PLACES", (tmp_path / "absent", tmp_path))


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


def test_two_runs_that_share_one_place_see_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "of a job alone"
    other.mkdir()
    monkeypatch.setenv("TMPDIR", str(other))
    with locks.device("5"):
        monkeypatch.setattr(locks, "PLACES", (other, tmp_path))
        with pytest.raises(Busy, match="device 5"), locks.device("5"):
            pass


def test_no_place_for_a_lock_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "PLACES", (tmp_path / "absent",))
    with pytest.raises(Busy, match=r"no lock can be made in any of .*absent"), locks.device("5"):
        pass


def test_a_file_system_without_locks_is_not_taken_for_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "nfs"
    shared.mkdir()
    real = fcntl.flock

    def flock(handle: int, operation: int) -> None:
        if os.path.samestat(os.fstat(handle), shared.stat()):
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
        real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with locks.folder(shared), pytest.raises(Busy, match="--record"), locks.folder(shared):
        pass


def test_a_lock_that_fails_is_not_taken_for_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(handle: int, operation: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(Busy, match="cannot be locked: Input/output error"), locks.folder(tmp_path):
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
