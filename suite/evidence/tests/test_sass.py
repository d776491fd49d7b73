"""The command that reads compiled code: what it compiles, what does not compile, and every refusal as one line."""

from __future__ import annotations

import pytest

import backends
from suite.cases import HEADLINE
from suite.evidence import cubin, sass


@pytest.mark.parametrize(
    ("error", "kind", "case"),
    [
        (ModuleNotFoundError("No module named 'triton'"), "unavailable", None),
        (backends.Unsupported("no float64"), "unsupported", HEADLINE.id),
        (RuntimeError("ptxas\nfailed"), "crashed", HEADLINE.id),
    ],
)
def test_what_does_not_compile_is_an_outcome(
    error: Exception, kind: str, case: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(backends, "compile_for", fail)
    entry = backends.find(["triton_tuned"])
    compiled, outcomes = sass.compile_all(entry, [HEADLINE], (8, 9))
    assert compiled == []
    assert [(outcome.backend, outcome.kind, outcome.case) for outcome in outcomes] == [("triton_tuned", kind, case)]
    assert "\n" not in outcomes[0].reason
    monkeypatch.setattr(cubin, "cuobjdump", lambda: "cuobjdump")
    for name in sass.SIMULATORS:
        monkeypatch.delenv(name, raising=False)
    assert sass.main(["--backends", "triton_tuned"]) == (1 if kind == "crashed" else 0)


def test_a_missing_library_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "compile_for", lambda *_: __import__("no_such_library"))
    _, outcomes = sass.compile_all(backends.find(["numba_cuda"]), [HEADLINE] * 3, (8, 9))
    assert [outcome.reason for outcome in outcomes] == ["No module named 'no_such_library'"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--capability", "1.3"], "unknown compute capability 1.3; choose from 8.0, 8.6, 8.9, 9.0, 10.0, 12.0"),
        (["--capability", "sm_89"], "unknown compute capability sm_89"),
        (["--capability", "8.6"], "no device of compute capability 8.6 is known here"),
        (["--case", "4096"], "not a case id: '4096'"),
        (["--case", "64x64-float32-column_major"], "only contiguous operands"),
        (["--case", "0x64-float32-contiguous"], "0x64-float32-contiguous holds no element"),
        (["--sms", "0"], "a device has 1 to 100,000 SMs, not 0"),
        (["--sms", "9" * 400], "a device has 1 to 100,000 SMs, not 99"),
        (["--json", "no/such/folder/file.json"], "no folder no/such/folder to write file.json to"),
        (["--dtype", "int8"], "unknown dtype int8; choose from float32"),
        (["--backends", "none_such"], "unknown backend none_such; choose from"),
        (
            ["--backends", "torch_broadcast"],
            "torch_broadcast cannot compile without a device; choose from triton_tuned",
        ),
    ],
)
def test_a_request_that_cannot_be_served_is_one_line(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in sass.SIMULATORS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cubin, "cuobjdump", lambda: "cuobjdump")
    assert sass.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err


@pytest.mark.parametrize("name", sass.SIMULATORS)
def test_simulators_are_refused(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(name, "1")
    assert sass.main([]) == 2
    assert capsys.readouterr().err.count("\n") == 1
