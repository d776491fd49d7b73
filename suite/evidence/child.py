"""A command in a session of its own, ended with all that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

from suite import ROOT
from suite.worker.process import dependent


def output(command: Sequence[str], silence_s: float, environment: Mapping[str, str] = {}) -> str | None:
    """What the command prints; None where it was not done within `silence_s` and had to be ended."""
    with subprocess.Popen(
        dependent(command),
        cwd=ROOT,
        env={**os.environ, "LC_ALL": "C", **environment},  # numbers as 1,234.5
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            return process.communicate(timeout=silence_s)[0]
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                return None
            raise
