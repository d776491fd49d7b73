"""The end of `tox -e bench`: the table of the run, its page, who has no number and why, and what to do next."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from suite import ROOT
from suite.record import store
from suite.session import welcome
from suite.session.plugin import ENDING, OPTIONS
from suite.text import console, one_line
from suite.worker.process import dependent, epitaph


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say all that, if a run was written; what goes wrong here is one line, for the run itself is safe by now."""
    path, bench = config.stash[ENDING].path, config.stash[ENDING].bench
    if path is None or bench is None or config.getoption("--record") is None:
        return
    say = terminalreporter.write_line
    say(f"run:  {path}")
    terminalreporter.flush()
    try:
        record = store.read_run(path)
        from reports.terminal_table import terminal_table

        shown, terminal = StringIO(), sys.stdout.isatty()
        console(160, file=shown, force_terminal=terminal).print(terminal_table(record))
        say(shown.getvalue().rstrip("\n"))
        for line in welcome.without_a_number(bench):
            say(line)
    except Exception as error:
        say(f"no table, for {type(error).__name__}: {one_line(str(error))}")
    _page(path, Path(config.getoption("--record")), say)
    for line in welcome.after(config.stash[OPTIONS], bench.machine.kind):
        say(line)


def _page(run: Path, to: Path, say: Callable[[str], None]) -> None:
    """Let a process of its own make the page, by the command that makes it later: what draws may end its process."""
    arguments = ["--run", str(run.resolve()), "--to", str(to.resolve())]
    done = subprocess.run(
        dependent([sys.executable, "-m", "reports", "render", *arguments]),
        cwd=ROOT, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    page = to / f"{store.run_stem(run)}.html"
    said = [one_line(line) for line in done.stderr.splitlines() if line.strip()]
    if page.is_file() and done.returncode >= 0:
        for line in (f"page: {page}", *said):
            say(line)
        return
    why = epitaph(done.returncode) if done.returncode < 0 else said[-1] if said else f"exit code {done.returncode}"
    say(f"no page: {why}")
    say(f"make it later by: {shlex.join(['tox', '-e', 'report', '--', *arguments])}")
