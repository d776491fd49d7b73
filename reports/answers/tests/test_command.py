"""`python -m reports select` as it is typed: its lines, its codes, its JSON, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.answers.called import MOST_CALLS
from reports.answers.condense import evidence
from reports.answers.devices import NotMeasured, find_device
from reports.tests import factory
from suite.cases import Case
from suite.text import UNSHOWN


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


LONG = "x" * 5000

REFUSED: list[list[str]] = [
    ["select", "--rows", "4"],
    *(
        ["select", "--revalidate", *more]
        for more in (["--device", "H100"], ["--layout", "row_padded"], ["--calls", "5"])
    ),
    ["select", "--device", ""],
    ["select", "--layout", LONG],
    *(["select", f"--{number}", digits] for number in ("rows", "cols", "calls") for digits in ("-1", "9" * 400, LONG)),
    ["select", "--calls", "0"],
    ["regret", ""],
    ["regret", "nofile.json"],
    ["regret", LONG],
    ["compare", "/", "\x1b[31m"],
    ["export", "nofile\n.json"],
    ["merge", LONG, "--to", "somewhere"],
    ["merge", "reports", "--to", ""],
]


@pytest.mark.parametrize("arguments", REFUSED, ids=lambda given: " ".join(given)[:40])
def test_what_makes_no_sense_is_one_short_line(
    arguments: list[str], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(arguments, data=data, published=data)
    except SystemExit as refused:  # by argparse
        code = int(str(refused.code))
    assert code in (1, 2)
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert len(said.err) < 800
    assert not UNSHOWN.search(said.err)


def test_a_file_that_is_not_there_is_said_to_be_missing(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["regret", "nofile.json"], data=data) == 1
    assert "nofile.json: cannot be read (No such file or directory)" in capsys.readouterr().err


def test_what_is_no_run_is_not_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, text in enumerate(('{"variants": []}', "[]", '{"benchmarks": {}}')):
        file = tmp_path / f"{number}.json"
        file.write_text(text)
        assert main(["export", str(file)]) == 1
        assert "not a diagbench run" in capsys.readouterr().err


CODES = [
    (["--rows", "4096", "--cols", "4096", "--device", "H100"], 0, "measured"),
    (["--rows", "6000", "--cols", "6000", "--device", "H100"], 3, "interpolated"),
    (["--rows", "8192", "--cols", "8192", "--device", "sm_89"], 4, "predicted"),
    (["--rows", "8192", "--cols", "8192", "--device", "RTX 4080"], 5, "unknown"),
    (["--rows", "0", "--cols", "8192", "--device", "H200"], 5, "unknown"),
    (["--device", "RTX 4080"], 5, "unknown"),
]


@pytest.mark.parametrize(("question", "code", "status"), CODES)
def test_the_exit_code_tells_what_an_answer_is_with_json_and_without(
    question: list[str], code: int, status: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the committed records answer."""
    asked = ["select", "--dtype", "float32", *question]
    assert main(asked) == code
    said = capsys.readouterr().out
    assert main([*asked, "--json"]) == code
    reply = json.loads(capsys.readouterr().out)
    assert (reply["status"], reply["exit_code"]) == (status, code)
    if "RTX 4080" in question:
        assert "nearest measured: NVIDIA H100 80GB HBM3, NVIDIA H200" in said
        assert reply["nearest"] == ["NVIDIA H100 80GB HBM3", "NVIDIA H200"]
    assert (status == "predicted") == ("PREDICTED" in said and "the model's error where it was checked" in said)


def test_what_is_exported_into_a_folder_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run,) = data.glob("*/*.json")
    for to in ("/", str(data)):
        assert main(["export", str(run), "--to", to]) == 1
        assert "Is a directory" in capsys.readouterr().err


@pytest.mark.parametrize("device", ["a\nb\x1b[31mc", LONG, "\u202eGPU", "\udcff"])
@pytest.mark.parametrize("more", [[], ["--rows", "8", "--cols", "8", "--dtype", "float32"]])
def test_a_device_s_name_is_said_back_on_one_line_and_not_whole(
    device: str, more: list[str], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["select", "--device", device, *more], data=data, published=data) == 5
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == (3 if more else 1)
    assert max(map(len, lines)) < 300
    assert not any(map(UNSHOWN.search, lines))


def test_a_first_use_among_any_number_of_calls(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls = ["--called", "first-use", "--calls", str(MOST_CALLS)]
    assert main(command(*calls), data=data, published=data) in (0, 5)
    assert f"{MOST_CALLS} calls" in capsys.readouterr().out


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
