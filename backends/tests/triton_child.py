"""Triton's interpreter or its compiler in a process of its own.

The interpreter is switched on by the environment before triton is imported, and excludes the compiler from its process.
It multiplies bfloat16 as if it were integers, so that type is left to the GPU.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backends import Launch
from backends.tests import matrix

ROOT = Path(__file__).parents[2]


def child(function: Callable[[], Any], *, interpret: bool) -> Any:
    """What a module's function returns in a process of its own; skips the test where there is no Triton."""
    pytest.importorskip("triton")
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    if interpret:
        environment["TRITON_INTERPRET"] = "1"
    code = f"import json; import {function.__module__} as t; print(json.dumps(t.{function.__name__}()))"
    command = [sys.executable, "-W", "ignore::RuntimeWarning", "-c", code]  # the interpreter's numpy on inf · 0
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def wrong(launch: Launch, case: matrix.Operands) -> int:
    """Elements in and around C that are not as they must be after a launch into poison."""
    case.storages[2].fill_(matrix.POISON)
    assert launch() is case.out
    return case.differences()
