"""`python -m reports select` as it is typed: its lines, its codes, its JSON, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.answers.condense import evidence
from reports.answers.devices import NotMeasured, find_device
from reports.tests import factory
from suite.cases import Case


@pytest.fixture
def data(tmp_path: Path) -> Path:
    shapes = ((256, 256), (2048, 2048), (4096, 4096), (8192, 8192))
    cases = tuple(Case(*shape) for shape in shapes)
    factory.write(tmp_path, factory.run(cases=cases, series=("cold", "hot", "launch", "call")))
    return tmp_path


def command(*more: str) -> list[str]:
    return ["select", "--rows", "4096", "--cols", "4096", "--dtype", "float32", *more]


def test_several_devices_must_be_told_apart(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    factory.write(data, factory.run(machine=factory.CPU))
    assert main(command(), data=data, published=data) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "NVIDIA H100 80GB HBM3" in said
    assert "Some CPU" in said
    assert main(command("--device", "some-cpu"), data=data, published=data) == 0
    with pytest.raises(NotMeasured):
        find_device(evidence(data).devices, None)


@pytest.mark.parametrize("more", [["--rows", "-1"], ["--calls", "0"]])
def test_what_makes_no_sense_is_one_line_and_code_1(
    more: list[str], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(*more), data=data, published=data) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1


def test_without_any_run_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(), data=tmp_path, published=tmp_path) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_json_holds_the_answer_and_its_exit_code(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command("--json", "--rows", "6000"), data=data, published=data) == 3
    reply = json.loads(capsys.readouterr().out)
    assert (reply["status"], reply["exit_code"], reply["backend"]) == ("interpolated", 3, "cupy_rawkernel")
    assert reply["runs"][0]["commit"] == factory.H100["commit"]


@pytest.mark.parametrize("more", [[], ["--rows", "3000"], ["--device", "RTX 4080"], ["--dtype", "float16"]])
def test_an_answer_is_at_most_six_lines(more: list[str], data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(command(*more), data=data, published=data)
    assert 2 <= len(capsys.readouterr().out.splitlines()) <= 6
