"""`tox -e bench` as its user sees it: bad input is one clear line, and two runs compare as pytest-benchmark's do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch

from backends import DiagbenchError
from suite.record.store import read_run
from suite.session import options

ROOT = Path(__file__).parents[3]
SMALL = ("suite/session/bench_throughput.py", "--sweep", "33x17-float32-contiguous", "--backends", "torch_broadcast")
WITHOUT = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
"""Plugins that the environment of benches does not have, or does not load."""


def pytest_run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "pytest", "-q", *WITHOUT, *arguments)
    alone = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"}
    return subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--backends", "torch_broadcst"), "torch_broadcst"),
        (("--candidate", "suite/cases.py"), "ModelNew"),
    ],
)
def test_bad_options_are_one_line_and_measure_nothing(arguments: tuple[str, ...], said: str) -> None:
    done = pytest_run("suite/session/bench_throughput.py", *arguments)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1
    assert said in lines[0]


@pytest.mark.parametrize(("given", "said"), [
    ({"--sweep": "huge"}, "quick, full"),
    ({"--sweep": "4x4-int3-contiguous"}, "int3"),
    ({"--candidate": [Path("nowhere.py")]}, "nowhere.py"),
    ({"--candidate": [Path("constraints.txt")]}, r"ending in \.py"),
    ({"--record": Path("/proc/nowhere")}, "/proc/nowhere"),
    ({"--record": Path("runs"), "numprocesses": 2}, "one alone can measure"),
])  # fmt: skip
def test_every_bad_option_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(DiagbenchError, match=said):
        options.parse(asked(**given))


def test_backends_that_cannot_run_here_are_no_run(tmp_path: Path) -> None:
    absent = "numba_cpu" if torch.cuda.is_available() else "numba_cuda"
    done = pytest_run("suite/session/bench_throughput.py", "--backends", absent, "--record", str(tmp_path / "records"))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"no backend can be measured here: {absent}" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not list(tmp_path.rglob("*.json*"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs, the second compared with the first by pytest-benchmark's own option."""
    folder = tmp_path_factory.mktemp("runs")
    done = pytest_run(*SMALL, "--record", str(folder / "0"))
    assert done.returncode == 0, done.stdout + done.stderr
    (first,) = folder.rglob("*.json")
    both = (f"{SMALL[-1]},torch_diag_matmul", f"--benchmark-compare={first}", "--record", str(folder / "1"))
    done = pytest_run(*SMALL[:-1], *both)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Comparing against" in done.stdout + done.stderr
    return sorted(folder.rglob("*.json"))


def test_a_record_keeps_the_caveats_of_its_backends(runs: list[Path], tmp_path: Path) -> None:
    assert read_run(runs[0]).run.caveats == {}
    assert list(read_run(runs[1]).run.caveats) == ["torch_diag_matmul"]
    before = json.loads(runs[0].read_text())
    del before["diagbench"]["caveats"]
    older = tmp_path / "older.json"
    older.write_text(json.dumps(before))
    assert read_run(older).run.caveats == {}


def test_a_run_is_one_complete_record(runs: list[Path]) -> None:
    assert len(runs) == 2
    record = read_run(runs[0])
    names = {(one.measurement.series, one.measurement.backend) for one in record.benchmarks}
    assert {("cold", "torch_broadcast"), ("hot", "control_aa"), ("cold", "ceiling_memcpy")} <= names
    assert all(len(one.samples_s) == one.measurement.rounds for one in record.benchmarks)
    assert [path.suffix for path in runs[0].parent.iterdir() if path.name.startswith(".")] == []


def test_pytest_benchmark_compares_two_runs(runs: list[Path]) -> None:
    command = ("pytest-benchmark", "compare", *map(str, runs))
    tool = Path(sys.executable).with_name(command[0])
    done = subprocess.run((tool, *command[1:]), cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert "torch_broadcast" in done.stdout


def test_benchmark_compare_refuses_another_device(runs: list[Path], tmp_path: Path) -> None:
    raw = json.loads(runs[0].read_text())
    raw["machine_info"]["diagbench"]["name"] = "NVIDIA Imaginary"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(raw))
    theirs = pytest_run(*SMALL, f"--benchmark-compare={other}")
    assert theirs.returncode == pytest.ExitCode.USAGE_ERROR
    assert "NVIDIA Imaginary" in theirs.stderr
    assert "Traceback" not in theirs.stderr


def test_benchmark_disable_runs_every_backend_once() -> None:
    done = pytest_run(*SMALL, "--benchmark-disable")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "smoke" in done.stderr


@pytest.mark.parametrize(
    "text", ["null", "[]", '{"benchmarks": []}', "{}", '{"benchmarks": 3, "machine_info": 1}', "\x00"]
)
def test_what_is_no_run_is_refused_to_compare_with(text: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(DiagbenchError, match=r"other\.json: not"):
        options._require_comparable(asked(benchmark_compare=str(path)))


@pytest.mark.parametrize(("given", "said"), [
    ({"benchmark_compare": "junk"}, "no file or saved run junk"),
    ({"benchmark_compare": True}, "no saved run"),
    ({"benchmark_compare": "a/b/c"}, "no file or saved run a/b/c"),
    ({"benchmark_compare": "x" * 300}, "no file or saved run xxx"),
    ({"benchmark_compare_fail": ["mean:5%"]}, "needs --benchmark-compare"),
])  # fmt: skip
def test_a_comparison_that_would_be_none_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(DiagbenchError, match=said):
        options._require_comparable(asked(**given))


def asked(**given: object) -> pytest.Config:
    values: dict[str, object] = {
        **{"--sweep": "quick", "--backends": None, "--candidate": [], "--record": None, "--publish": False},
        **{"benchmark_compare": [], "benchmark_compare_fail": None, "benchmark_storage": "/nowhere"},
        **{"benchmark_disable": False, "collectonly": False},
    }
    options = SimpleNamespace(
        getoption=lambda name, *default: (values | given)[name] if name in values | given else default[0],
        invocation_params=SimpleNamespace(args=()),
    )
    return cast(pytest.Config, options)


def test_publishing_needs_a_place() -> None:
    with pytest.raises(DiagbenchError, match="--record DIR"):
        options.parse(asked(**{"--publish": True}))
