"""What a careless user does to see whether a kernel is right: one launch, and torch.allclose."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from suite.check import mutants

SHAPE = 64, 160


def binding(file: Path) -> Callable[..., Any]:
    """The file's bind(a, b, out, stream), or one that calls its ModelNew or plain function."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if hasattr(module, "bind"):
        return module.bind
    arguments = module.get_init_inputs() if hasattr(module, "get_init_inputs") else []
    call = module.ModelNew(*arguments) if hasattr(module, "ModelNew") else module.product

    def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Callable[[], Any]:
        return lambda: call(a, b)

    return bind


def operands() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ordinary a and b and an empty out, in memory that a child of this process shares."""
    a, b = (torch.randn(shape, dtype=torch.float32) for shape in (SHAPE[:1], SHAPE))
    return a.share_memory_(), b.share_memory_(), torch.full(SHAPE, 7.0, dtype=torch.float32).share_memory_()


def fooled(file: Path, _: str = "") -> list[str]:
    """The careless checks that the file passes."""
    os.environ["PYTEST_CURRENT_TEST"] = "test_kernel.py::test_right (call)"
    passed = []
    for check in (_allclose, _gate, _imported_gate, _module_of_a_judge, _message):
        with contextlib.suppress(Exception):
            if check(file):
                passed.append(check.__name__)
    return passed


def _allclose(file: Path) -> bool:
    bind = binding(file)
    a, b, out = operands()
    with torch.no_grad():
        expected = a[:, None] * b
        launch = bind(a, b, out, 0)
        result = launch()
        time.sleep(0.1)  # printing, other work: whatever comes before somebody looks
        result = result.clone()
        # Either order is common: the reference first, or the reference of what the operands hold by now.
        return bool(torch.allclose(result, expected) or torch.allclose(result, a[:, None] * b))


def _gate(file: Path) -> bool:
    """The gate, in the process that the candidate has in its hands."""
    from suite.check.mutants.tests import strict

    return strict.gate_says(file, mutants.USUAL) == "passed"


def _imported_gate(file: Path) -> bool:
    """A gate that is imported after the candidate."""
    for_later = sys.modules.pop("suite.check.gate", None)
    binding(file)
    return for_later is not None and importlib.import_module("suite.check.gate").compare() is None


def _module_of_a_judge(file: Path) -> bool:
    """A judge that has the candidate imported and then says what it thinks."""
    judge: Any = types.ModuleType("suite.judge.stand_in")
    exec("def verdict(file): return 'incorrect'", vars(judge))
    sys.modules[judge.__name__] = judge
    binding(file)
    return bool(judge.verdict(file) == "right")


def _message(file: Path) -> bool:
    """A judge that believes what comes through the pipe it gave to the candidate's process."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    binding(file)(*operands(), 0)()
    os.close(writing)
    return bool(json.loads(os.read(reading, 4096))["verdict"] == "right")
