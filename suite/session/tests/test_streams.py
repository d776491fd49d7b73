"""A run outlives its standard output, and its page is made by a process of its own."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reports import plugin
from reports.tests import factory
from suite.command_line import UNHEARD
from suite.session.progress import Progress
from suite.session.streams import Heard, heard
from suite.session.tests.test_ending import TIMED, Session

pytest_plugins = ["pytester", "suite.session.tests.test_ending"]


class Full(io.StringIO):
    """Takes nothing, as /dev/full and a pipe without a reader."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_run_is_written_and_named_though_standard_output_takes_nothing(
    session: Session, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full() -> Heard:
        made = Heard(Full())
        monkeypatch.setattr(sys, "stdout", made)
        return made

    monkeypatch.setattr("suite.session.streams.heard", full)
    assert session.run(TIMED) == UNHEARD
    (record,) = session.records
    said = "".join(capfd.readouterr()).replace("\n", "")
    assert "standard output could not be written: No space left on device" in said
    assert record.name in said


def test_a_closed_standard_output_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    made = heard()
    print("nobody sees this")
    print("nor this", file=sys.stderr)
    made.flush()
    assert made.lost == "it is closed"
    assert heard() is made
    for stream in (sys.stdout, sys.stderr):
        stream.close()


def test_what_a_locale_cannot_show_is_spelt(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.BytesIO()
    made = Heard(io.TextIOWrapper(shown, encoding="ascii"))
    made.write("256 × 256")
    made.flush()
    assert (shown.getvalue(), made.lost) == (rb"256 \xd7 256", "")


def test_progress_that_nobody_can_hear_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    progress = Progress()
    monkeypatch.setattr(sys, "stderr", Full())
    progress.say("twenty rounds")
    progress.done()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return factory.write(tmp_path, factory.run())


def page(run: Path) -> list[str]:
    said: list[str] = []
    plugin._page(run, run.parent, said.append)
    return said


def test_a_broken_profile_beside_the_run_is_named_and_the_page_made(run: Path) -> None:
    broken = run.with_name("20250101T000000Z-a.profile.json")
    broken.write_text('{"cut', encoding="utf-8")
    named, passed_over = page(run)
    assert Path(named.removeprefix("page: ")).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert str(broken) in passed_over


def ends_by(code: int, words: str = "") -> Callable[..., subprocess.CompletedProcess[str]]:
    return lambda arguments, **_: subprocess.CompletedProcess(arguments, code, "", words)


@pytest.mark.parametrize(
    ("code", "words", "why"),
    [
        (-6, "fatal runtime error\n", "its process was ended by SIGABRT"),
        (1, "reports: cannot write to X: No space left on device\n", "No space left on device"),
        (1, "", "exit code 1"),
    ],
)
def test_a_page_that_cannot_be_made_is_one_line_and_the_command_that_makes_it_later(
    code: int, words: str, why: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", ends_by(code, words))
    reason, later = page(run)
    assert reason.startswith("no page: ")
    assert why in reason
    assert later == f"make it later by: tox -e report -- --run {run} --to {run.parent}"
