"""A command ends in one line and with a code of its own, whatever happens: an answer is never a failure's code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends import CannotDo, DiagbenchError
from suite.command_line import CRASHED, INTERRUPTED, UNHEARD, run
from suite.text import UNSHOWN, clean, one_line


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
