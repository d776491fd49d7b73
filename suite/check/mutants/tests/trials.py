"""Tries candidate files in processes of their own, one fork for each: by the gate, and by what a careless user does.

Run as a program: jobs come in as JSON lines {"name", "how", "wrong_in", "path"}; each answer is a JSON line. No file is
run where it lies, in the process that asks, or with anything open that is not its own.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from suite.check.mutants.tests import naive, strict

PATIENCE_S = 20.0
AT_ONCE = 4
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
MEMORY_BYTES = 3 << 30
HOW: dict[str, Callable[[Path, str], Any]] = {
    "gate": strict.after_the_usual,
    "layouts": strict.layouts_say,
    "naive": naive.fooled,
    "strict": strict.unlike_work,
}


def _child(job: dict[str, str], folder: Path) -> None:
    """Runs in the fork: leaves its answer in a file, since descriptors are the candidate's to write."""
    os.setsid()
    atexit._clear()  # what the program that forked has to tidy up
    os.chdir(folder)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    output = os.open("output", os.O_CREAT | os.O_WRONLY)
    for standard in (0, 1, 2):
        os.dup2(output, standard)
    os.closerange(3, 256)
    file = Path(shutil.copy(job["path"], folder))
    answer = HOW[job["how"]](file, job["wrong_in"])
    (folder / "answer").write_text(json.dumps(answer))
    sys.exit(1)  # an exit code of 0 is then the candidate's doing


def _begin(job: dict[str, str], folder: Path) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        _child(job, folder)
    except SystemExit as asked:
        with contextlib.suppress(BaseException):
            atexit._run_exitfuncs()
        code = 1 if asked.code else 0
    except BaseException as error:
        with contextlib.suppress(BaseException):
            (folder / "answer").write_text(json.dumps(f"raised {type(error).__name__}: {error}"[:500]))
    finally:
        os._exit(code)


def _end(child: int, folder: Path, status: int | None) -> dict[str, Any]:
    """What came of it; every process of its session is gone afterwards."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if status is None:
        os.waitpid(child, 0)
    answer, output = folder / "answer", folder / "output"
    said = json.loads(answer.read_text()) if answer.exists() else "no answer"
    beside = sorted(file.name for file in folder.glob("*.py"))
    passed = output.exists() and b"PASSED" in output.read_bytes()[: 1 << 16]
    code = None if status is None else os.waitstatus_to_exitcode(status)
    return {"said": said, "code": code, "beside": beside, "printed_passed": passed}


def _end_orphans() -> None:
    """Kill what left its session, which is this process's child by now."""
    for orphan in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(orphan), signal.SIGKILL)


def answers(jobs: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    """The jobs' answers as they come, a few at once."""
    waiting = list(reversed(jobs))
    running: dict[int, tuple[dict[str, str], Path, float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        while waiting or running:
            if waiting and len(running) < AT_ONCE:
                job, folder = waiting.pop(), Path(tempfile.mkdtemp(dir=scratch))
                running[_begin(job, folder)] = job, folder, time.monotonic() + PATIENCE_S
                continue
            time.sleep(0.005)
            for child, (job, folder, deadline) in list(running.items()):
                pid, status = os.waitpid(child, os.WNOHANG)
                if pid or time.monotonic() > deadline:
                    del running[child]
                    yield {**job, **_end(child, folder, status if pid else None)}
    _end_orphans()


def main() -> None:
    """Answer the jobs on standard input."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for name in ("PYTEST_CURRENT_TEST", "CI"):  # some files are honest where they see them
        os.environ.pop(name, None)
    torch.set_num_threads(1)  # threads do not survive a fork
    for answer in answers([json.loads(line) for line in sys.stdin]):
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
