"""The end of `tox -e bench`: the table of the run, its page, who has no number and why, and what to do next."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from rich.console import Console

from suite.record import store
from suite.session import welcome
from suite.session.plugin import OPTIONS, RUN_PATH


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say all that, if a run was written."""
    path = config.stash.get(RUN_PATH, None)
    if path is None or not path.exists():
        return
    say = terminalreporter.write_line
    record = store.read_run(path)
    try:
        from reports.site.rendering import render_run
        from reports.terminal_table import terminal_table
    except ImportError as error:
        say(f"run: {path} (no table and no page: {error.name} is not installed)")
        return
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160).print(terminal_table(record))
    for line in welcome.without_a_number(list(record.run.outcomes)):
        say(line)
    say(f"run:  {path}")
    say(f"page: {render_run(record, config.getoption('--record'))}")
    for line in welcome.after(config.stash[OPTIONS], record.machine.kind):
        say(line)
