"""What a killed process has started ends with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from suite import ROOT
from suite.worker.process import dependent

WAITS = [sys.executable, "-S", "-c", "import sys; print('here', flush=True); sys.stdin.read()"]


def test_a_dependent_program_runs_as_itself() -> None:
    done = subprocess.run(dependent(["sh", "-c", "echo out; exit 3"]), capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("out\n", 3)
    absent = subprocess.run(dependent(["/nowhere/nvdisasm"]), capture_output=True, text=True, check=False)
    assert (absent.stderr, absent.returncode) == ("/nowhere/nvdisasm cannot be run: No such file or directory\n", 1)


def test_a_parent_that_has_ended_is_depended_on_no_more() -> None:
    command = dependent(["true"])
    command[command.index(str(os.getpid()))] = "1"
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


STARTS_A_PROGRAM = f"""
subprocess.Popen(dependent({WAITS!r}), stdin=subprocess.PIPE)
"""

STARTS_A_SERVER_OF_FORKS = """
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["suite.worker.server_of_forks", "slow"])
context.Process(target=print).start()
"""


@pytest.mark.parametrize("starts", [STARTS_A_PROGRAM, STARTS_A_SERVER_OF_FORKS], ids=["program", "server of forks"])
def test_what_a_killed_process_started_ends(starts: str, tmp_path: Path) -> None:
    """Whoever holds the pipe's writing end lives: the pipe ends when the last of them does."""
    (tmp_path / "slow.py").write_text("import time; print('here', flush=True); time.sleep(60)")
    script = tmp_path / "parent.py"
    script.write_text(
        "import multiprocessing, subprocess, time\n"
        "from suite.worker.process import dependent\n"
        "if __name__ == '__main__':\n" + textwrap.indent(starts + "time.sleep(60)\n", "    ")
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "here\n"
        parent.send_signal(signal.SIGKILL)
        assert parent.stdout.read() == ""


FORKS = """
import os
from suite.worker import process

if __name__ == "__main__":
    process.ForkServerContext.set_forkserver_preload = lambda self, modules: None  # torch takes seconds
    child = process.forking().Process(target=print, args=("made",))
    child.start()
    child.join()
"""


def test_a_long_tmpdir_is_no_hindrance_to_sockets(tmp_path: Path) -> None:
    place = tmp_path / ("x" * 200)
    place.mkdir()
    (tmp_path / "forks.py").write_text(FORKS)
    environment = os.environ | {"TMPDIR": str(place), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(tmp_path / "forks.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("made\n", "")
