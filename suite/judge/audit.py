"""What timing and judging rest on in a candidate's process: functions taken before its file runs, compared after.

This runs beside the candidate. It finds functions that were replaced, not a candidate that rewrites the interpreter's
memory. What such a one could gain is bounded by the judge's own clock and its own reading of C.
"""

from __future__ import annotations

import builtins
import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import torch
from torch.overrides import _get_current_function_mode_stack
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack

import suite.statistics  # noqa: F401  # not needed here, but a file that replaces parts of it is to be seen

OPERATORS = ("aten::mul.out", "aten::mul.Tensor", "aten::copy_", "aten::bitwise_not.out", "aten::empty_strided")
"""What ceilings, references and the reading of C are made of; a library may register other code for them."""

REPLACED_BY_TORCH = ("manual_seed",)
"""torch.compile of torch 2.11 wraps it at first use, and no input is drawn from it."""

Part = tuple[int, int, int]
"""One function: its own identity, that of its code, that of its defaults."""


class Audit:
    """The functions as they were when this was made."""

    def __init__(self) -> None:
        # Held, so that no new object can have the identity of one that is gone.
        self._held = dict(_watched())
        self._parts = {name: _part(each) for name, each in self._held.items()}
        self._tables = _tables()
        self._hooks = _hooks()

    def changed(self) -> list[str]:
        """The names of what is no longer what it was."""
        now = dict(_watched())
        found = [name for name, part in self._parts.items() if name not in now or _part(now[name]) != part]
        found += [name for name, table in _tables().items() if table != self._tables[name]]
        return found + [name for name, value in _hooks().items() if value != self._hooks[name]]


def _watched() -> Iterator[tuple[str, Any]]:
    """Every callable by its full name: of clocks, torch, this suite, and the classes among them."""
    modules = [builtins, time, os, sys, gc, threading, torch, torch.cuda, torch.cuda.graphs, torch.cuda.streams]
    modules += [sys.modules[name] for name in ("triton.testing",) if name in sys.modules]
    ours = [module for name, module in sys.modules.items() if name.split(".")[0] in ("suite", "backends")]
    for module in (*modules, *ours):
        if not isinstance(module, ModuleType):
            continue
        for name, value in list(vars(module).items()):
            if not callable(value) or (name.startswith("__") and module is not builtins):
                continue
            # Storages change with the default dtype.
            if module is torch and (name.endswith("Storage") or name in REPLACED_BY_TORCH):
                continue
            yield f"{module.__name__}.{name}", value
            if isinstance(value, type) and (module in ours or value in CLASSES):
                for inner, member in list(vars(value).items()):
                    if callable(member) or isinstance(member, (property, staticmethod, classmethod)):
                        yield f"{module.__name__}.{name}.{inner}", member


CLASSES = (torch.Tensor, torch.cuda.Event, torch.cuda.Stream, torch.cuda.CUDAGraph)


def _part(value: Any) -> Part:
    inner = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
    if not isinstance(inner, FunctionType):
        return id(value), 0, 0
    return id(value), id(inner.__code__), id(inner.__defaults__)


def _tables() -> dict[str, str]:
    """Which kernel torch's dispatcher runs for each of OPERATORS."""
    return {name: str(torch._C._dispatch_dump_table(name)) for name in OPERATORS}


def _hooks() -> dict[str, int]:
    """What watches or redirects every call."""
    return {
        "sys.settrace": id(sys.gettrace()),
        "sys.setprofile": id(sys.getprofile()),
        "torch function modes": len(_get_current_function_mode_stack()),
        "torch dispatch modes": len(_get_current_dispatch_mode_stack()),
    }


class Threads:
    """Python's threads and the time that they work, beside the one that launches."""

    def __init__(self) -> None:
        self._before = {thread.ident for thread in threading.enumerate()}

    def at_work(self, launch: Callable[[], object], idle: Callable[[], None]) -> list[str]:
        """New threads that worked during or after the launches, and whether the process works on when it should idle.

        launch: some launches; idle: waits for the device.
        """
        new = [each for each in threading.enumerate() if each.ident not in self._before]
        before = {each.name: _worked_ns(each.native_id) for each in new}
        launch()
        idle()
        time.sleep(0.02)
        found = [f"thread {each.name}" for each in new if _worked_ns(each.native_id) > before[each.name]]
        return found + self._that_started(new)

    def _that_started(self, known: list[threading.Thread]) -> list[str]:
        late = [each for each in threading.enumerate() if each.ident not in self._before and each not in known]
        return [f"thread {each.name}, started by a launch" for each in late]


def _worked_ns(native_id: int | None) -> int:
    """Nanoseconds that a thread has run, as the scheduler counts them; 0 where it does not say."""
    try:
        return int(Path(f"/proc/self/task/{native_id}/schedstat").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0
