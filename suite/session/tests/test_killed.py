"""What was measured before a kill is there after it: a whole run, killed three times."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from suite import ROOT
from suite.record.store import read_run
from suite.session.tests.test_options import WITHOUT

SWEEP = "33x17-float32-contiguous,8x8-float32-contiguous"
COMMAND = (
    *("env", "-u", "PYTEST_XDIST_WORKER"),  # under which pytest-benchmark times nothing
    *(sys.executable, "-m", "pytest", "-q", *WITHOUT, "suite/session/bench_throughput.py"),
    *("--sweep", SWEEP, "--backends", "torch_broadcast"),
)


def campaigns(folder: Path) -> dict[str, list[float]]:
    """Key of each campaign in the folder's journal -> its backend's samples."""
    found = {}
    for journal in folder.glob(".*.journal"):
        for text in journal.read_text().splitlines():
            line = json.loads(text) if text.endswith("}") else {}
            if line.get("kind") == "campaign":
                found[line["key"]] = line["answer"]["contenders"]["torch_broadcast"]["samples_s"]
    return found


def test_a_run_that_is_killed_three_times_loses_only_what_was_in_progress(tmp_path: Path) -> None:
    kept: dict[str, list[float]] = {}
    for enough in (0, 1, 3):
        run = subprocess.Popen(
            (*COMMAND, "--record", tmp_path), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while len(campaigns(tmp_path)) < enough or not list(tmp_path.glob(".*.journal")):
            assert run.poll() is None
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
        run.wait()
        now = campaigns(tmp_path)
        assert {key: now[key] for key in kept} == kept
        kept = now
        assert list(tmp_path.glob("*.json")) == []
    done = subprocess.run((*COMMAND, "--record", tmp_path), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = tmp_path.glob("*.json")
    recorded = {
        f"{one.measurement.case} {one.measurement.series} {restart}": list(samples_s)
        for one in read_run(path).benchmarks
        for restart, samples_s in enumerate(one.by_restart, 1)
        if one.measurement.backend == "torch_broadcast"
    }
    assert len(kept) >= 3
    assert len(recorded) == 12
    assert {key: recorded[key] for key in kept} == kept
    assert list(tmp_path.glob(".*")) == []
