"""selection.json, and the program that dispatches by it and needs nothing of this project."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from reports.answers import dispatch
from reports.answers.called import Question
from reports.answers.condense import evidence
from reports.answers.devices import find_device
from reports.answers.evidence import Device, Evidence, load
from reports.answers.regret import judge
from reports.answers.rule import decide
from reports.answers.selection_file import selection
from reports.places import DATA, EVIDENCE, PUBLISHED
from reports.tests import factory
from suite import ROOT
from suite.cases import Case, parse

SHAPES = ((256, 256), (2048, 2048), (2048, 2047), (4096, 4096), (8192, 8192), (4096, 4095), (5000, 4097))
CASES = tuple(Case(*shape) for shape in SHAPES)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Device:
    """Large cases have another winner than small ones."""
    data = tmp_path_factory.mktemp("data")
    small = factory.run(cases=CASES[:3], backends={"cupy_rawkernel": 0.96, "numba_cuda": 0.99})
    large = factory.run(cases=CASES[3:], backends={"cupy_rawkernel": 0.99, "numba_cuda": 0.96})
    factory.write(data, large | {"benchmarks": small["benchmarks"] + large["benchmarks"]})
    (found,) = evidence(data).devices.values()
    return found


@pytest.fixture(scope="module")
def file(device: Device, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("selection") / "selection.json"
    path.write_text(selection(Evidence({device.slug: device}), {device.slug: judge(device, None)}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "case", [*CASES, Case(6000, 6000), Case(9000, 9001), Case(300, 300), Case(1500, 1501), Case(100, 4096)]
)
def test_the_dispatcher_answers_as_select_does(case: Case, device: Device, file: Path) -> None:
    chosen = dispatch.choose(json.loads(file.read_text()), device.name, "graph-cold", case.dtype, case.rows, case.cols)
    assert chosen == decide(device, Question(case, "graph-cold")).backend != ""


def test_what_is_not_known_is_none(device: Device, file: Path) -> None:
    document = json.loads(file.read_text())
    assert dispatch.choose(document, "NVIDIA GeForce RTX 4090", "graph-cold", "float32", 4096, 4096) is None
    assert dispatch.choose(document, device.name, "graph-cold", "float64", 4096, 4096) is None
    assert dispatch.choose(document, device.name, "graph-cold", "bfloat16", 4096, 4096) is None
    assert dispatch.choose(document, device.name, "launched", "float32", 4096, 4096) is None  # no run has host's times
    assert dispatch.choose(document | {"schema_version": 2}, device.name, "graph-cold", "float32", 4096, 4096) is None


def test_it_says_what_it_is_valid_for(device: Device, file: Path) -> None:
    (found,) = json.loads(file.read_text())["devices"].values()
    assert found["valid_for"]["device"] == device.name
    assert found["valid_for"]["commits"] == [factory.H100["commit"]]
    assert found["valid_for"]["runs"] == [run.file for run in device.runs]
    assert found["regret_by"] == "leave-one-out"
    assert {parse(f"{case}-contiguous") for case in found["measured"]["graph-cold"]} == set(CASES)


def blocks_of_the_readme() -> tuple[str, str]:
    """The program, and the command below it, as the README prints them."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```\n\n```\n(.*?)\n```\n", readme, re.DOTALL)
    assert found
    return found[1], found[2]


def test_the_readme_prints_the_program_of_thirty_lines() -> None:
    source, _ = blocks_of_the_readme()
    assert source == Path(dispatch.__file__).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 30
    imports = [each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Import | ast.ImportFrom)]
    names = {each.module if isinstance(each, ast.ImportFrom) else each.names[0].name for each in imports}
    assert names <= set(sys.stdlib_module_names)


def test_the_program_runs_as_the_readme_prints_it() -> None:
    _, command = blocks_of_the_readme()
    python, *arguments = shlex.split(command)
    assert python == "python"
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    committed = load(PUBLISHED / EVIDENCE, DATA)
    assert committed
    device = find_device(committed.devices, "NVIDIA H100 80GB HBM3")
    assert device
    assert done.stdout == decide(device, Question(Case(4096, 4096), "launched")).backend + "\n" != "\n"


@pytest.mark.parametrize(("question", "said"), [
    (["graph-cold", "float32", "4096", "4096"], "cupy_rawkernel"),
    (["graph-cold", "float64", "4096", "4096"], "not known: measure"),
])  # fmt: skip
def test_a_copy_of_the_program_runs_alone(
    question: list[str], said: str, device: Device, file: Path, tmp_path: Path
) -> None:
    source, _ = blocks_of_the_readme()
    (tmp_path / "mine.py").write_text(source, encoding="utf-8")
    run = [sys.executable, "-I", "mine.py", str(file), device.name, *question]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"{said}\n"
