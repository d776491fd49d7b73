"""The end of `tox -e bench`: the table of the run, its page, who has no number and why, and what to do next."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from suite.command_line import one_line
from suite.record import store
from suite.session import welcome
from suite.session.plugin import ENDING, OPTIONS


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say all that, if a run was written; what goes wrong here is one line, for the run itself is safe by now."""
    path = config.stash[ENDING].path
    if path is None or config.getoption("--record") is None:
        return
    say = terminalreporter.write_line
    say(f"run:  {path}")
    try:
        _show(path, config, say)
    except Exception as error:
        to = config.getoption("--record")
        again = shlex.join(["tox", "-e", "report", "--", "--run", str(path), "--to", str(to)])
        say(f"no table or page, for {type(error).__name__}: {one_line(str(error))}")
        say(f"make the page later by: {again}")


def _show(path: Path, config: pytest.Config, say: Callable[[str], None]) -> None:
    record = store.read_run(path)
    from reports.site.rendering import render_run
    from reports.terminal_table import terminal_table

    Console(file=sys.stdout, markup=False, width=None if sys.stdout.isatty() else 160).print(terminal_table(record))
    for line in welcome.without_a_number(list(record.run.outcomes)):
        say(line)
    say(f"page: {render_run(record, config.getoption('--record'))}")
    for line in welcome.after(config.stash[OPTIONS], record.machine.kind):
        say(line)
