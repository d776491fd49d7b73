"""What is said of an exception, in one line."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import backends
from suite.cases import Case
from suite.measure.timing import Device
from suite.record.measurement import Outcome
from suite.worker.failures import one_line
from suite.worker.messages import Gate
from suite.worker.server import Server

BUILD = """Error building extension 'mine': [1/2] c++ -MMD -MF main.o.d -c main.cpp -o main.o
FAILED: main.o
main.cpp:5:3: error: 'scale' was not declared in this scope
main.cpp:9:1: error: expected ';' before '}' token
ninja: build stopped: subcommand failed."""

NVCC = """Error building extension 'mine'
/tmp/cuda.cu(12): error: identifier "blockIdxx" is undefined
1 error detected in the compilation of "cuda.cu"."""


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("no luck today", "RuntimeError: no luck today"),
        ("first line\nsecond line", "RuntimeError: first line"),
        ("", "RuntimeError: no message"),
        (BUILD, "RuntimeError: main.cpp:5:3: error: 'scale' was not declared in this scope"),
        (NVCC, 'RuntimeError: /tmp/cuda.cu(12): error: identifier "blockIdxx" is undefined'),
        (
            "main.cpp:1:10: fatal error: cute.h: No such file",
            "RuntimeError: main.cpp:1:10: fatal error: cute.h: No such file",
        ),
    ],
)
def test_a_compilers_first_error_tells_more_than_the_first_line(message: str, said: str) -> None:
    assert one_line(RuntimeError(message)) == said


def test_a_library_that_does_not_fit_is_unavailable_in_every_case_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise AttributeError("module 'torch' has no attribute 'later'\nsecond line")

    monkeypatch.setattr(backends, "importlib", SimpleNamespace(import_module=broken))
    server, (entry,) = Server(Device(), 0.0), backends.find(["torch_broadcast"])
    said = "its import raised AttributeError: module 'torch' has no attribute 'later'"
    for case in (Case(8, 4), Case(8, 5)):
        assert server.answer(Gate(case, entry)) == Outcome(backend=entry.name, kind="unavailable", reason=said)
