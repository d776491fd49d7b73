"""A command ends in one line and with a code of its own, whatever happens: an answer is never a failure's code."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.table import Table

from backends import CannotDo, DiagbenchError
from suite import ROOT
from suite.command_line import CRASHED, INTERRUPTED, UNHEARD, Parser, name, path, run, whole
from suite.session.progress import Progress
from suite.text import MESSAGE, UNSHOWN, clean, console, one_line, percent


def raises(error: BaseException) -> Callable[[], NoReturn]:
    def work() -> NoReturn:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DiagbenchError("no\nsuch\x1b[31m"), 2),
        (CannotDo("no"), 3),
        (KeyboardInterrupt(), INTERRUPTED),
        (ZeroDivisionError("by zero"), CRASHED),
        (FileNotFoundError(2, "No such file"), CRASHED),
        (BrokenPipeError(32, "Broken pipe"), UNHEARD),
    ],
)
def test_whatever_is_raised_is_one_line_and_no_answer(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("it", raises(error), cannot=3) == code
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert said.startswith("it: ")
    assert not UNSHOWN.search(said)


def test_a_refusal_is_short_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("it", raises(DiagbenchError("x" * 5000 + " is no device"))) == 2
    said = capsys.readouterr().err
    assert len(said) < MESSAGE + 20
    assert said.endswith("x is no device\n")


@pytest.mark.parametrize(
    "given", ["", "0", "-1", "101", "9" * 400, "9" * 5000, "1e1", "1_0", "٣", "x" * 5000, "1\x1b[31m"]
)
def test_a_number_out_of_range_is_refused_in_a_short_line(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser("it")
    parser.add_argument("--calls", type=whole(1, 100))
    with pytest.raises(SystemExit) as left:
        parser.parse_args([f"--calls={given}"])
    said = capsys.readouterr().err
    assert left.value.code == 2
    assert said.endswith("is no whole number from 1 to 100\n")
    assert len(said) < 200
    assert not UNSHOWN.search(said)
    assert parser.parse_args(["--calls", "100"]).calls == 100


@pytest.mark.parametrize(("kind", "given"), [(name, ""), (name, " \n"), (path, "")])
def test_what_says_nothing_is_no_name_and_no_path(kind: Callable[[str], object], given: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="empty"):
        kind(given)


def test_a_name_is_said_back_on_one_line_and_not_whole() -> None:
    assert name("RTX\n\x1b[31m4090") == "RTX \ufffd[31m4090"
    assert len(name("x" * 5000)) < 100


PRINTS = "import sys; from suite.command_line import run; sys.exit(run('it', lambda: print('δ' * 9000) or 1))"


@pytest.mark.parametrize("to", ["closed", "full", "ascii"])
def test_an_answer_that_nobody_can_hear_is_not_the_answer(to: str) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii" if to == "ascii" else "utf-8"}
    with Path("/dev/full" if to == "full" else os.devnull).open("w") as out:
        done = subprocess.run(
            [sys.executable, "-c", PRINTS if to != "closed" else f"import os; os.close(1); {PRINTS}"],
            cwd=Path(__file__).parents[2],
            env=environment,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == (1 if to == "ascii" else UNHEARD)
    assert len(done.stderr.splitlines()) == (0 if to == "ascii" else 1)


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_cleaned_text_can_be_written_everywhere(text: str) -> None:
    cleaned = clean(text)
    assert not UNSHOWN.search(cleaned)
    assert len(cleaned.encode()) <= 4 * len(text)
    assert clean(cleaned) == cleaned
    assert len(one_line(text).splitlines()) <= 1


def test_text_has_an_end() -> None:
    assert len(clean("x" * 10**6)) < 10**5


def test_a_percent_sign_stands_apart_everywhere() -> None:
    files = [file for room in ("backends", "suite", "reports") for file in (ROOT / room).rglob("*.py")]
    close = re.compile(r"[0-9]%|\{[^{}\n]*:[^{}\n]*%\}")
    in_svg = re.compile(r'[a-z0-9]="[^"\n]*%"')  # a length in an attribute, which no one reads
    found = {file.name: close.findall(in_svg.sub("", file.read_text())) for file in files if "tests" not in file.parts}
    assert len(found) > 100
    assert {name: each for name, each in found.items() if each} == {}
    assert (percent(0.01, 0), percent(0.99512), percent(-0.02, 2, "+")) == ("1 %", "99.5 %", "-2.00 %")


PATHS = ["/tmp/[/x]", "runs[red]", "a:bug:b", "[bold]" * 60, "x" * 300]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_shown_as_it_is(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """rich would take some for its markup, and break off at what closes nothing."""
    table = Table("what", path, title=path, width=4 * len(path))
    table.add_row("path", path)
    console(4 * len(path)).print(table)
    assert capsys.readouterr().out.count(path) == 3
    Progress().say(f"run: {path}")
    assert path in capsys.readouterr().err


def test_without_assertions_pytest_can_measure_as_well() -> None:
    command = [sys.executable, "-O", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--collect-only"]
    here = "suite/tests/test_scratch.py"
    done = subprocess.run([*command, here], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
