"""A run is recorded when its end was reached, and not because a status or a file looks like it."""

from __future__ import annotations

import errno
import json
import re
import signal
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from suite.command_line import CRASHED
from suite.device.locks import Busy
from suite.record.machine import Machine
from suite.session import bench as benches  # here: pytester forgets what is imported in a test, and torch is not twice
from suite.session.findings import Findings
from suite.session.interrupts import Interrupts
from suite.session.journal import Journal
from suite.session.participants import Participants
from suite.worker.process import WorkerFailed

pytest_plugins = ["pytester"]

TIMED = """
import os, signal, pytest
from suite.session.replay import CLOCK, replay

@pytest.mark.benchmark(timer=CLOCK)
def test_timed(bench, benchmark):
    replay(benchmark, [1e-5, 2e-5])
"""


class Session:
    """pytest with the suite's plugin, and a bench that measures nothing; it sends itself signals when it is closed."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pytester, self.at_close = pytester, list[int]()
        self.folder = pytester.path / "runs"
        self.journal = Journal(self.folder / ".x.journal")
        monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # under which pytest-benchmark times nothing
        monkeypatch.setattr("pytest_benchmark.plugin.get_cpu_info", dict)  # it takes a second
        monkeypatch.setattr("suite.session.run_file.compiled", lambda *_: ())  # it takes ten
        monkeypatch.setattr(benches, "start", lambda *_, **__: self.bench())

    def bench(self) -> Any:
        self.journal.answer("gate", "a", lambda: None)
        machine = Machine(kind="cpu", name="X", cache_bytes=1, memory_bytes=1)
        return SimpleNamespace(
            machine=machine, participants=Participants([], "cpu"), journal=self.journal, found=Findings(),
            finish=lambda: None, close=self.close,
        )  # fmt: skip

    def close(self) -> None:
        while self.at_close:
            signal.raise_signal(self.at_close.pop())

    def run(self, tests: str, *arguments: str) -> int | pytest.ExitCode | None:
        self.pytester.makepyfile(tests)
        given = ("-p", "suite.session.plugin", "--record", str(self.folder), "--benchmark-quiet", *arguments)
        return self.pytester.inline_run(*given, no_reraise_ctrlc=True).ret

    @property
    def records(self) -> list[Path]:
        return sorted(self.folder.glob("*.json"))

    @property
    def resumes(self) -> bool:
        return (self.folder / ".x.journal").exists()


@pytest.fixture(name="session")
def session_fixture(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Session:
    return Session(pytester, monkeypatch)


def test_a_run_whose_loop_returned_is_recorded(session: Session) -> None:
    assert session.run(TIMED) == 0
    (record,) = session.records
    assert len(json.loads(record.read_text())["benchmarks"]) == 1
    assert not session.resumes
    assert list(session.folder.glob(".*")) == []


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupt_records_nothing_however_often_it_comes(session: Session, name: str) -> None:
    session.at_close = [signal.SIGTERM, signal.SIGINT, signal.SIGINT]
    before = signal.getsignal(signal.SIGINT)
    again = f"""
@pytest.fixture
def repeats():
    yield
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.raise_signal(number)

def test_interrupted(repeats, bench):
    signal.raise_signal(signal.{name})
"""
    assert session.run(TIMED + again) == pytest.ExitCode.INTERRUPTED
    assert session.records == []
    assert session.resumes
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_that_a_library_swallows_ends_the_run_at_the_next_test(session: Session) -> None:
    swallowed = """
def test_swallows(bench):
    try:
        signal.raise_signal(signal.SIGINT)
    except BaseException:
        pass

def test_next(bench):
    raise AssertionError("it is not run")
"""
    assert session.run(TIMED + swallowed) == pytest.ExitCode.INTERRUPTED
    assert session.records == []
    assert session.resumes


def test_the_end_that_is_interrupted_names_no_record(session: Session) -> None:
    session.at_close = [signal.SIGINT]
    session.run(TIMED)
    assert session.records == []
    assert session.resumes


@pytest.mark.parametrize("arguments", [("-x",), ("--maxfail=1",)])
def test_a_run_that_ends_at_its_first_failure_is_not_whole(session: Session, arguments: tuple[str, ...]) -> None:
    assert session.run(TIMED + "\ndef test_fails(bench): assert False\ndef test_next(bench): pass\n", *arguments) == 1
    assert session.records == []
    assert session.resumes


def test_an_interrupt_before_the_first_test_keeps_what_an_earlier_run_measured(session: Session) -> None:
    session.folder.mkdir()
    session.journal.answer("gate", "b", lambda: None)
    stopped = "import pytest\ndef pytest_collection(session): raise KeyboardInterrupt"
    session.pytester.makeconftest(stopped)
    session.run(TIMED, "--benchmark-json", "own.json")
    assert session.resumes


def test_a_file_of_an_earlier_run_is_not_this_run_s(session: Session) -> None:
    own = session.pytester.path / "own.json"
    own.write_text('{"benchmarks": []}')
    skipped = """
@pytest.mark.parametrize(("case", "series", "contender"), [("c", "s", "x")])
def test_none(bench, case, series, contender):
    pytest.skip("no number")
"""
    assert session.run("import pytest" + skipped, "--benchmark-json", str(own)) == 1
    assert session.records == []
    assert own.read_text() == '{"benchmarks": []}'


def test_where_nothing_got_to_a_number_it_is_said_why(session: Session, capfd: pytest.CaptureFixture[str]) -> None:
    lost = """
import pytest
from suite.record.measurement import Outcome

@pytest.mark.parametrize("contender", ["x"])
def test_none(bench, contender):
    bench.found.note(Outcome(backend="all", case="c", kind="no_memory", reason="3.0 GiB are free"))
    bench.found.note(Outcome(backend="x", kind="incorrect", reason="forgets A"))
    pytest.skip("no number")
"""
    assert session.run(lost) == 1
    said = "".join(capfd.readouterr()).splitlines()
    assert "no number: all in c, no_memory: 3.0 GiB are free" in said
    assert "no number: x in every case, incorrect: forgets A" in said


def test_on_a_full_disk_the_run_is_kept_elsewhere_and_said_where(
    session: Session, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(self: object, output: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "the partial file")

    elsewhere = session.pytester.mkdir("elsewhere")
    monkeypatch.setattr("pytest_benchmark.session.BenchmarkSession.save_json", full)
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    assert session.run(TIMED) == 1
    (kept,) = elsewhere.glob("*.json")
    assert len(json.loads(kept.read_text())["benchmarks"]) == 1
    said = "".join(capfd.readouterr())
    assert "cannot write the partial file: No space left on device" in said
    assert kept.name in said.replace("\n", "")


@pytest.mark.parametrize(("limit", "code"), [("min:900%", 0), ("min:1e-9", 1)])
def test_a_regression_is_said_by_pytest_benchmark_and_fails_a_run_that_is_kept(
    limit: str, code: int, session: Session, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert session.run(TIMED) == 0
    (before,) = session.records
    monkeypatch.setattr("suite.session.options.store.read_run", lambda path: None)  # a run of this bench has no cases
    slower = TIMED.replace("1e-5, 2e-5", "2e-5, 2e-5")
    assert session.run(slower, f"--benchmark-compare={before}", f"--benchmark-compare-fail={limit}") == code
    assert len(session.records) == 2
    said = "".join(capfd.readouterr())
    assert ("Performance has regressed" in said) is bool(code)
    assert "Traceback" not in said


def test_what_breaks_after_the_last_test_is_one_line_and_a_crash(
    session: Session, capfd: pytest.CaptureFixture[str]
) -> None:
    session.pytester.makeconftest("def pytest_terminal_summary(): raise KeyError('min')")
    assert session.run(TIMED) == CRASHED
    said = "".join(capfd.readouterr())
    (record,) = session.records
    assert "crashed: KeyError: 'min'" in said
    assert record.name in said.replace("\n", "")
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Busy("another run measures on the device 3"), "another run measures on the device 3"),
        (WorkerFailed("unavailable", "", "the GPU is lost"), "could not start: the GPU is lost"),
        (OSError(errno.ENOSPC, "No space left on device", "/tmp"), "could not start: .*No space left"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_keeps_a_run_from_beginning_is_one_line(
    error: Exception, said: str, session: Session, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def start(*_: object, **__: object) -> Any:
        raise error

    monkeypatch.setattr("suite.session.bench.start", start)
    monkeypatch.setattr("suite.session.options.asks_for_measurements", lambda config: True)
    assert session.run(TIMED) == pytest.ExitCode.USAGE_ERROR
    lines = [line for line in "".join(capfd.readouterr()).splitlines() if line.strip()]
    assert [line for line in lines if re.search(said, line)] == lines[-1:]
    assert not [line for line in lines if "Traceback" in line or "INTERNALERROR" in line]


def test_signals_are_the_main_thread_s_affair() -> None:
    interrupts = Interrupts()
    thread = threading.Thread(target=interrupts.install)
    thread.start()
    thread.join()
    interrupts.restore()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
